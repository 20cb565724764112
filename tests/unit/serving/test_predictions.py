"""The sampled log: whole files, bounded, and never in the way of an answer."""

from __future__ import annotations

import pyarrow as pa

from jupyter_kf.serving import batch, routing
from jupyter_kf.serving.client import Connection
from jupyter_kf.serving.predictions import LogLimits, PredictionLog
from jupyter_kf.serving.schema import RawSchema
from tests.unit.serving.fakes import FLOATS, FakeModel, rows_of, serving

WHO = {"model": "f" * 64, "endpoint": "delay", "version": "1", "run": "delay-1"}


def read(folder):
    files = sorted(folder.glob("*.arrow"))
    return [pa.ipc.open_file(str(path)).read_all() for path in files]


def offer(log, n, schema=FLOATS):
    model = FakeModel(schema)
    table = rows_of(schema, 2)
    arrays = tuple(c.combine_chunks() for c in table.columns)
    for i in range(n):
        log.offer(f"r{i}", batch.Batch(2, arrays=arrays), model.predict(table))


def test_what_was_asked_and_answered_can_be_read_back(tmp_path):
    asked = {"x0": [1.5, None], "x1": [2.0, 3.0], "x2": [0.0, 1.0]}
    with (
        serving(tmp_path, FakeModel(FLOATS), log_rate=1) as running,
        running.connection(headers={"x-request-id": "abc"}) as connection,
    ):
        got = connection.predict(asked)
    (table,) = read(routing.endpoint_folder(tmp_path, "delay").predictions)
    assert table.schema.metadata[b"model"] == b"f" * 64
    assert table["request"].to_pylist() == ["abc", "abc"]
    assert table["time"].type == pa.timestamp("us", tz="UTC")
    assert table["inputs"].to_pylist()[0] == {"x0": 1.5, "x1": 2.0, "x2": 0.0}
    assert table["inputs"].to_pylist()[1]["x0"] is None
    outputs = table["outputs"].to_pylist()
    assert [row["prediction"] for row in outputs] == got.outputs["prediction"].tolist()
    assert [row["probability"] for row in outputs] == got.outputs["probability"].tolist()


def test_files_are_bounded_and_the_oldest_go_first(tmp_path):
    counted = []
    limits = LogLimits(rate=1, flush_s=0, total_bytes=20_000)
    log = PredictionLog(tmp_path, RawSchema(FLOATS), WHO, limits, lambda *n: counted.append(n))
    for _ in range(30):
        before = len(counted)
        offer(log, 5)
        while len(counted) == before:
            pass
    log.close()
    files = list(tmp_path.glob("*.arrow"))
    assert sum(path.stat().st_size for path in files) <= 20_000
    assert sum(written for written, _ in counted) == 150
    assert sum(t.num_rows for t in read(tmp_path)) < 300


def test_a_folder_that_cannot_be_written_costs_samples_and_not_answers(tmp_path):
    routing.endpoint_folder(tmp_path, "delay").path.mkdir(parents=True)
    routing.endpoint_folder(tmp_path, "delay").predictions.write_text("in the way")
    model = FakeModel(FLOATS)
    with serving(tmp_path, model, log_rate=1) as running:
        with running.connection() as connection:
            assert connection.predict({"x0": 1.0, "x1": 2.0, "x2": 3.0}).version == 1
        running.endpoint.app.log.close()
        with Connection("delay", running.endpoint.socket) as connection:
            text = connection.exchange("GET", "/metrics")[2].decode()
    assert "jupyter_kf_log_dropped_total 1.0" in text


def test_a_full_queue_drops_and_counts(tmp_path):
    counted = []
    limits = LogLimits(rate=1, flush_s=60, queued=4)
    log = PredictionLog(tmp_path, RawSchema(FLOATS), WHO, limits, lambda *n: counted.append(n))
    offer(log, 50)
    log.close()
    assert sum(written + dropped for written, dropped in counted) == 50


def test_a_rate_of_zero_keeps_nothing(tmp_path):
    folder, limits = tmp_path / "log", LogLimits(rate=0)
    log = PredictionLog(folder, RawSchema(FLOATS), WHO, limits, lambda *_: None)
    offer(log, 3)
    log.close()
    assert not folder.exists()
