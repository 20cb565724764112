"""The endpoint as the process it is: a real model and transform, from the store to the answer."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression

from jupyter_kf.blobs import Blobs, write_json
from jupyter_kf.errors import KfError
from jupyter_kf.layout import RunFolder
from jupyter_kf.serving import routing
from jupyter_kf.serving.client import connect
from jupyter_kf.specs import ServeSpec
from jupyter_kf.store.datasets import snapshot_frame
from jupyter_kf.worker import model as models
from jupyter_kf.worker.fitting import run as run_transform
from jupyter_kf.worker.report import Reporter
from jupyter_kf.worker.transform import load

SOURCE = """
import pandas as pd

def fit(df):
    return {"mean": float(df["distance"].mean())}

def transform(df, state):
    return pd.DataFrame({
        "far": df["distance"].fillna(state["mean"]) / 1000,
        "hour": df["at"].dt.hour.astype("float64").fillna(-1.0),
        "own": (df["carrier"] == "AA").astype("float64"),
    })
"""


def flights(n: int, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    distance = random.integers(100, 3000, n).astype("float64")
    distance[::17] = np.nan
    return pd.DataFrame(
        {
            "distance": distance,
            "at": pd.Timestamp("2013-01-01") + pd.to_timedelta(random.integers(0, 8760, n), "h"),
            "carrier": random.choice(["AA", "UA", "DL"], n),
        }
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[Path, str]:
    """A store with a certified transform and a model behind it; and the model's digest."""
    store = tmp_path_factory.mktemp("store")
    blobs, frame = Blobs(store), flights(600)
    dataset = snapshot_frame(blobs, frame).digest
    folder = RunFolder(store / "runs" / "prepare-1")
    folder.inputs.mkdir(parents=True)
    folder.cell.write_text(SOURCE)
    spec = {
        "name": "prepare", "data": "flights", "target": None, "split": "0.8/0.2", "split_by": None,
        "seed": 0, "frame": "pandas", "ulp": 0, "batch_only": False,
    }  # fmt: skip
    job = {
        "format": 1, "run": "prepare-1", "kind": "transform", "name": "prepare",
        "store": str(store), "spec": spec, "dataset": dataset, "target": None,
    }  # fmt: skip
    write_json(folder.job, job)
    transform = run_transform(job, folder, Reporter(folder))["transform"]
    prepared = load(blobs, transform).transform(frame)
    late = (prepared["far"] > 1.5).astype(int)
    fitted = LogisticRegression().fit(prepared, late)
    return store, models.save(blobs, fitted, models.SaveContext(transform=transform))


class Process:
    """One endpoint process."""

    def __init__(self, store: Path, digest: str) -> None:
        n = len(routing.versions(store, "delay")) + 1
        self.folder = RunFolder(store / "runs" / f"delay-{n}")
        self.folder.path.mkdir(parents=True)
        version = routing.add_version(store, "delay", {"run": self.folder.id, "model": digest})
        job = {
            "run": self.folder.id, "kind": "serve", "store": str(store), "name": "delay",
            "model": digest, "version": version,
            "spec": ServeSpec.of(name="delay").model_dump(mode="json"),
        }  # fmt: skip
        write_json(self.folder.job, job)
        self.log = self.folder.log.open("wb")
        command = [sys.executable, "-P", "-m", "jupyter_kf.serving", str(self.folder.path)]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)

    def ready(self) -> dict[str, Any]:
        while not self.folder.ready.exists():
            assert self.process.poll() is None, self.folder.log.read_text()
            time.sleep(0.02)
        return json.loads(self.folder.ready.read_bytes())

    def outcome(self) -> tuple[int, dict[str, Any]]:
        code = self.process.wait(120)
        return code, json.loads(self.folder.outcome.read_bytes())


@contextlib.contextmanager
def endpoint(store: Path, digest: str) -> Iterator[Process]:
    one = Process(store, digest)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait(30)
        one.log.close()


@pytest.fixture
def served(trained, tmp_path) -> tuple[Path, str]:
    """The trained store, copied for one test."""
    import shutil

    store = tmp_path / "served"
    shutil.copytree(trained[0], store)
    return store, trained[1]


def test_an_endpoint_predicts_what_the_model_predicts_here(served):
    store, digest = served
    frame = flights(40, seed=1)
    expected = models.load(Blobs(store), digest).predict(frame)
    with endpoint(store, digest) as one:
        report = one.ready()["proof"]
        assert report["ok"] and report["rows"] >= 50 and len(report["paths"]) == 12
        with connect(store, "delay") as connection:
            by_frame = connection.predict(frame.assign(target=1)).outputs
            assert (by_frame["prediction"] == expected["prediction"]).all()
            np.testing.assert_array_max_ulp(by_frame["probability"], expected["probability"], 8)
            row = {"distance": 2000, "at": "2013-09-01T05:15:00", "carrier": "AA"}
            assert connection.predict(row).outputs["prediction"].tolist() == [1]
            with pytest.raises(KfError) as caught:
                connection.predict({**row, "carrier": 5})
            assert caught.value.code == 2312
        one.process.send_signal(signal.SIGTERM)
        code, outcome = one.outcome()
        assert (code, outcome["ok"], outcome["outputs"]["reason"]) == (0, True, "it was asked to")
        assert not Path(json.loads(one.folder.ready.read_bytes())["socket"]).exists()


def test_an_altered_file_is_refused_and_the_previous_version_keeps_the_traffic(served):
    store, digest = served
    with endpoint(store, digest) as first:
        first.ready()
        blobs = Blobs(store)
        manifest = blobs.get_json(digest)
        altered = blobs.path(next(iter(manifest["files"].values()))["digest"])
        altered.chmod(0o644)
        content = bytearray(altered.read_bytes())
        content[len(content) // 2] ^= 1
        altered.write_bytes(content)
        with endpoint(store, digest) as second:
            code, outcome = second.outcome()
            assert (code, outcome["error"]["code"]) == (1, "kf-3003")
            assert not second.folder.ready.exists()
        with connect(store, "delay") as connection:
            assert connection.predict(flights(2)).version == 1


def test_wrong_golden_outputs_are_named_and_the_exit_code_says_so(served):
    store, digest = served
    blobs = Blobs(store)
    manifest = blobs.get_json(digest)
    outputs = pa.ipc.open_file(blobs.get(manifest["golden"]["outputs"])).read_all()
    wrong = outputs["prediction"].to_pylist()
    wrong[3] = 1 - wrong[3]
    place = outputs.schema.get_field_index("prediction")
    outputs = outputs.set_column(place, "prediction", pa.array(wrong))
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, outputs.schema) as writer:
        writer.write_table(outputs)
    manifest["golden"]["outputs"] = blobs.put(sink.getvalue())
    with endpoint(store, blobs.put_json(manifest)) as one:
        code, outcome = one.outcome()
    assert (code, outcome["error"]["code"]) == (1, "kf-2110")
    assert "`prediction`, row 3" in outcome["error"]["cause"]
    assert routing.current(store, "delay") is None


def test_a_killed_endpoint_is_said_to_be_gone_and_the_next_version_replaces_it(served):
    store, digest = served
    with endpoint(store, digest) as first:
        first.ready()
        first.process.kill()
        first.process.wait(30)
        with pytest.raises(KfError) as caught, connect(store, "delay") as connection:
            connection.predict(flights(1))  # no other version is warm, and stands in for it
        assert caught.value.code == 2204
        with endpoint(store, digest) as second:
            second.ready()
            with connect(store, "delay") as connection:
                assert connection.predict(flights(1)).version == 2
