"""One endpoint on its real socket: protocols, limits, codes, combining, stopping."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from jupyter_kf.errors import KfError, ParityError, RequestError, ServeError
from jupyter_kf.serving import encode, routing
from jupyter_kf.serving.client import Connection, connect
from jupyter_kf.serving.metrics import Metrics
from jupyter_kf.serving.schema import RawSchema
from tests.unit.serving.fakes import (
    FLOATS,
    MIXED,
    PATIENCE_S,
    FakeModel,
    FakeTransform,
    rows_of,
    serving,
)

INFER, ROWS, V1 = "/v2/models/delay/infer", "/v2/models/delay/rows", "/v1/models/delay:predict"
JSON = {"content-type": "application/json"}
THREE = [{"x0": 1.0, "x1": 2.0, "x2": None}, {"x0": 0.5, "x1": -1.0, "x2": 3}]


@pytest.fixture(scope="module")
def floats(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("store"), FakeModel(FLOATS)) as running:
        yield running


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("store"), max_rows=500, max_body="1Mi") as running:
        yield running


def ask(running, path, body, headers=JSON, method="POST"):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with running.connection() as connection:
        return connection.exchange(method, path, content, headers)


def refused(running, path, body, headers=JSON, method="POST"):
    code, _, content = ask(running, path, body, headers, method)
    said = json.loads(content)
    assert said["error"] and said["cause"] and said["fix"]
    return code, int(said["code"].removeprefix("kf-")), said["message"]


def test_it_is_ready_only_after_all_paths_were_proven(mixed):
    report = json.loads(mixed.folder.ready.read_bytes())["proof"]
    assert report["ok"] and report["rows"] == 40
    taken = {path["path"]: path["rows"] for path in report["paths"]}
    assert taken["Arrow, as a batch"] == taken["v2 JSON, as a batch"] == 40
    assert 0 < taken["v2 binary, as a batch"] < 40  # tensors have no null
    for form in encode.FORMS:  # as far as the time went; at least one of each
        assert taken[f"{form.name}, one by one"] > 0
        assert taken[f"{form.name}, one row each, 32 at once"] > 0


@pytest.mark.parametrize("form", encode.FORMS, ids=lambda form: form.name)
def test_every_form_of_the_same_rows_gives_the_same_predictions(mixed, form):
    schema, table = RawSchema(MIXED), rows_of(MIXED, 60, seed=3)
    table = table.take(encode.can_travel(schema, table, form, nan_is_null=False))
    body, headers = form.write(schema, table)
    code, said, content = ask(mixed, "/v2/models/delay" + form.suffix, body, headers)
    assert code == 200, content
    got = encode.read_outputs(said, content)
    expected = mixed.model.predict(table)
    assert (got["prediction"] == expected["prediction"]).all()
    assert got["probability"].tobytes() == expected["probability"].tobytes()


def test_v1_answers_lists_objects_and_columns_alike(floats):
    lists = [[1.0, 2.0, None], [0.5, -1.0, 3]]
    columns = {"x0": [1.0, 0.5], "x1": [2.0, -1.0], "x2": [None, 3]}
    answers = []
    for body in ({"instances": lists}, {"instances": THREE}, {"inputs": columns}):
        code, _, content = ask(floats, V1, body)
        assert code == 200, content
        answers.append(json.loads(content)["predictions"])
    assert answers[0] == answers[1] == answers[2]
    assert len(answers[0]) == 2


def test_one_tensor_of_all_columns_is_read_when_they_are_numbers(floats):
    tensor = {"name": "input-0", "shape": [2, 3], "datatype": "FP64"}
    flat = {"inputs": [{**tensor, "data": [1.0, 2.0, None, 0.5, -1.0, 3]}]}
    nested = {"inputs": [{**tensor, "data": [[1.0, 2.0, None], [0.5, -1.0, 3]]}]}
    for body in (flat, nested):
        code, _, content = ask(floats, INFER, body)
        assert code == 200, content
        got = json.loads(content)["outputs"][0]["data"]
        assert got == json.loads(ask(floats, V1, {"instances": THREE})[2])["predictions"]


def test_fp32_gives_the_same_number_by_json_and_by_binary(mixed):
    table = rows_of(MIXED, 40, seed=5)
    schema = RawSchema(MIXED)
    table = table.take(encode.can_travel(schema, table, encode.FORMS[1], nan_is_null=False))
    tenth = np.full(table.num_rows, 0.1, np.float32)
    body = json.loads(encode.tensors_json(schema, table)[0])
    body["inputs"][0] |= {"datatype": "FP32", "data": [0.1] * table.num_rows}  # a double column
    by_json = json.loads(ask(mixed, INFER, body)[2])["outputs"][0]["data"]
    binary = [*body["inputs"]]
    binary[0] = {"name": "delay", "datatype": "FP32", "shape": [table.num_rows]}
    binary[0]["parameters"] = {"binary_data_size": 4 * table.num_rows}
    text = json.dumps({"inputs": binary}).encode()
    headers = {"inference-header-content-length": str(len(text))}
    content = ask(mixed, INFER, text + tenth.tobytes(), headers)[2]
    assert json.loads(content)["outputs"][0]["data"] == by_json


def test_asked_outputs_come_alone_and_the_id_comes_back(floats):
    tensor = {"name": "t", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 3]}
    body = {"id": "abc-1", "inputs": [tensor], "outputs": [{"name": "probability"}]}
    code, headers, content = ask(floats, INFER, body, {**JSON, "x-request-id": "trace-9"})
    said = json.loads(content)
    assert (code, said["id"], headers["x-request-id"]) == (200, "abc-1", "trace-9")
    assert [output["name"] for output in said["outputs"]] == ["probability"]
    assert said["outputs"][0]["shape"] == [1, 2]


def test_metadata_names_the_columns_and_classes(mixed):
    said = json.loads(ask(mixed, "/v2/models/delay", b"", method="GET")[2])
    assert [tensor["datatype"] for tensor in said["inputs"]][:6] == [
        "FP64", "FP32", "INT64", "INT8", "BOOL", "BYTES",
    ]  # fmt: skip
    assert said["parameters"]["classes"] == ["no", "yes"]
    assert said["parameters"]["columns"]["day"] == {"type": "int8", "nullable": False}
    for path in ("/v2/health/live", "/v2/health/ready", "/v2", "/v1/models/delay", "/"):
        assert ask(mixed, path, b"", method="GET")[0] == 200


def test_who_has_the_proofs_key_is_no_traffic_and_any_other_is(tmp_path):
    with serving(tmp_path, FakeModel(FLOATS)) as running:
        metrics, key = running.endpoint.app.metrics, running.folder.proof_key
        assert key.stat().st_mode & 0o777 == 0o600
        asked = running.endpoint.app.last_asked
        for header, counted in ((key.read_text(), 0), ("of somebody else", 1), ("", 2)):
            head = {**JSON, "jupyter-kf-proof": header}
            assert ask(running, ROWS, {"rows": THREE}, head)[0] == 200
            assert ask(running, ROWS, {"rows": [{"x0": "many"}]}, head)[0] == 400
            told = {"requests_total": 2, "rows_total": 2, "errors_total": 1}
            expected = {name: counted * n for name, n in told.items()}
            until = time.monotonic() + 30  # it counts when the answer is out
            while metrics.totals() != expected and time.monotonic() < until:
                time.sleep(0.01)
            assert metrics.totals() == expected
            assert (running.endpoint.app.last_asked == asked) == (counted == 0)


def test_metrics_count_by_code_and_protocol(floats):
    ask(floats, V1, {"instances": THREE})
    refused(floats, V1, {"instances": []})
    text = ask(floats, "/metrics", b"", method="GET")[2].decode()
    assert 'jupyter_kf_requests_total{code="400",protocol="v1"}' in text
    assert 'jupyter_kf_requests_total{code="200",protocol="v1"}' in text
    assert "jupyter_kf_predict_rows_sum" in text
    assert 'jupyter_kf_model_info{model="ffffffffffff",name="delay",version="1"} 1.0' in text


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"{", 2307, "JSON"),
        (b"", 2307, "JSON"),
        (b'{"instances": [[1, 2, NaN]]}', 2307, "JSON"),
        (b'{"instances": [[1, 2, 3]]} x', 2307, "JSON"),
        (b'{"instances": [["\xff"]]}', 2317, "UTF-8"),
        (b"[" * 100_000, 2307, "JSON"),
        ([1], 2308, "neither"),
        ({"instances": [[1, 2, 3]], "inputs": {}}, 2308, "both"),
        ({"instances": 3}, 2308, "number"),
        ({"instances": []}, 2316, "no rows"),
        ({"instances": [[1, 2]]}, 2315, "row 0"),
        ({"instances": [[1, 2, 3], [1, 2, 3, 4]]}, 2315, "row 1"),
        ({"instances": [[1, 2, 3], {"x0": 1}]}, 2308, "row 1"),
        ({"instances": [[1, 2, "3"]]}, 2312, "`x2`, row 0: expected double, got the text '3'"),
        ({"instances": [[1, 2, True]]}, 2312, "`x2`"),
        ({"instances": [[1, 2, [3]]]}, 2312, "`x2`"),
        ({"instances": [[1, 2, 3], [1, 2, 2**53 + 1]]}, 2313, "`x2`, row 1"),
        (b'{"instances": [[1, 2, 1e999]]}', 2307, "JSON"),
        ({"instances": [{"x0": 1, "x1": 2}]}, 2310, "`x2` is missing in row 0"),
        ({"instances": [{"x1": 2}]}, 2310, "columns `x0`, `x2` are missing in row 0"),
        ({"instances": [{"x0": 1, "x1": 2, "x3": 3}]}, 2309, "`x3`"),
        (b'{"instances": [{"x0": 1, "x1": 2, "x2": 3, "x0": 4}]}', 2311, "`x0` is given twice"),
        (b'{"instances": [{"x0": 1, "x1": 2, "x2": 3, "x0" : 4}]}', 2311, "`x0`"),
        ({"inputs": {"x0": [1], "x1": [1], "x2": [1, 2]}}, 2315, "`x2`"),
        ({"inputs": {"x0": [1], "x1": [1], "x2": 1}}, 2308, "`x2`"),
        ({"instances": [[1, 2, 3]], "instance": 1}, 2308, "instance"),
    ],
)
def test_v1_refuses_what_is_not_exact(floats, body, code, words):
    status, got, message = refused(floats, V1, body)
    assert (status, got) == (400, code)
    assert words in message


def tensors(**changed):
    named = {"x0": [1.0, 2.0], "x1": [1.0, 2.0], "x2": [1.0, 2.0]}
    found = [
        {"name": name, "datatype": "FP64", "shape": [2], "data": data}
        for name, data in named.items()
    ]
    found[1] |= changed
    return {"inputs": found}


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({}, 2308, "no inputs"),
        ({"inputs": []}, 2316, "no rows"),
        ({"inputs": [3]}, 2308, "input 0"),
        (tensors(shape=[3]), 2315, "`x1`: expected 3 values for its shape [3], got 2"),
        (tensors(shape=[1], data=[1.0]), 2315, "`x1`: expected 2 rows as in `x0`"),
        (tensors(shape=[2, 2], data=[1.0] * 4), 2315, "`x1`"),
        (tensors(shape=[-2]), 2315, "`x1`"),
        (tensors(shape=[2.0]), 2315, "`x1`"),
        (tensors(shape=[]), 2315, "`x1`"),
        (tensors(shape=[1 << 50]), 2315, "`x1`"),
        (tensors(data=None), 2308, "`x1`"),
        (tensors(data=[[1.0], [2.0, 3.0]], shape=[2, 1]), 2315, "`x1`"),
        (tensors(datatype="FP128"), 2312, "`x1`"),
        (tensors(datatype="BYTES", data=["a", "b"]), 2312, "`x1`"),
        (tensors(datatype="INT64", data=[1.0, 2.5]), 2312, "`x1`, row 0"),
        (tensors(datatype="INT8", data=[1, 300]), 2313, "`x1`, row 1"),
        (tensors(datatype="FP32", data=[1, 1e300]), 2313, "`x1`, row 1"),
        (tensors(datatype="BOOL", data=[True, False]), 2312, "`x1`"),
        (tensors(name="x9"), 2309, "`x9`"),
        (tensors(name="x0"), 2311, "`x0`"),
        (tensors(name=None), 2308, "no name"),
        (tensors(parameters={"binary_data_size": 16}), 2319, "`x1`"),
        (tensors(extra=1), 2308, "extra"),
        ({"inputs": tensors()["inputs"][:2]}, 2310, "`x2`"),
        ({**tensors(), "outputs": [{"name": "margin"}]}, 2321, "margin"),
        ({**tensors(), "outputs": [{}]}, 2308, "output"),
        ({**tensors(), "id": 5}, 2308, "id"),
        (
            {"inputs": [{"name": "t", "datatype": "FP64", "shape": [1, 2], "data": [1, 2]}]},
            2315,
            "3 columns",
        ),
    ],
)
def test_v2_refuses_what_lies(floats, body, code, words):
    status, got, message = refused(floats, INFER, body)
    assert (status, got) == (400, code), message
    assert words in message


def test_binary_tensors_must_be_as_long_as_they_say(floats):
    asked = {"name": "t", "datatype": "FP64", "shape": [1, 3]}
    asked["parameters"] = {"binary_data_size": 24}
    text = json.dumps({"inputs": [asked]}).encode()
    good = np.arange(3.0).tobytes()

    def send(body, length):
        return refused(floats, INFER, body, {"inference-header-content-length": str(length)})

    assert send(text + good[:-1], len(text))[1] == 2319
    assert send(text + good + b"x", len(text))[1] == 2319
    assert send(text + good, len(text) + 1)[1] == 2307
    assert send(text, 10**6)[1] == 2319
    assert send(text + good, "-1")[1] == 2323
    headers = {"inference-header-content-length": str(len(text))}
    assert ask(floats, INFER, text + good, headers)[0] == 200


def one(**changed):
    row = {
        "delay": 1.5, "small": 0.1, "count": 3, "day": 4, "late": True, "carrier": "AA",
        "at": "2013-09-01T05:15:00", "zoned": "2013-09-01T05:15:00Z", "date": "2013-09-01",
        "kind": "x",
    }  # fmt: skip
    return [row | changed]


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"count": "3"}, 2312, "`count`, row 0: expected int64, got the text '3'"),
        ({"count": 3.5}, 2313, "`count`"),
        ({"count": 2**63}, 2313, "`count`"),
        ({"count": 2**64}, 2313, "`count`"),
        ({"count": True}, 2312, "the boolean true"),
        ({"day": 128}, 2313, "int8"),
        ({"day": None}, 2314, "`day`, row 0 is null"),
        ({"late": 1}, 2312, "true or false"),
        ({"carrier": 5}, 2312, "expected text, got the number 5"),
        ({"small": 1e300}, 2313, "`small`"),
        ({"small": 16777217}, 2313, "`small`"),
        ({"delay": "fast"}, 2312, "`delay`"),
        ({"at": "yesterday"}, 2318, "`at`, row 0"),
        ({"at": "2013-02-30T00:00:00"}, 2318, "`at`"),
        ({"at": "2013-09-01T05:15:00Z"}, 2318, "`at`"),
        ({"at": 1378012500}, 2312, "`at`"),
        ({"zoned": "2013-09-01T05:15:00"}, 2318, "`zoned`"),
        ({"date": "2013-09-01T05:15:00"}, 2318, "`date`"),
        ({"kind": 3}, 2312, "`kind`"),
    ],
)
def test_rows_refuse_values_of_another_type(mixed, changed, code, words):
    status, got, message = refused(mixed, ROWS, {"rows": one(**changed)})
    assert (status, got) == (400, code), message
    assert words in message


@pytest.mark.parametrize(
    ("column", "value", "like"),
    [
        ("at", "2013-09-01T05:15:00Z", "like 2013-09-01T05:15:00, without an offset"),
        ("zoned", "2013-09-01T05:15:00", "like 2013-09-01T05:15:00+00:00"),
        ("date", "2013-09-01T05:15:00", "like 2013-09-01"),
    ],
)
def test_the_example_of_a_time_is_one_that_the_column_takes(mixed, column, value, like):
    refused_with = json.loads(ask(mixed, ROWS, {"rows": one(**{column: value})})[2])
    assert like in refused_with["fix"]
    given = refused_with["fix"].removeprefix("send text like ").partition(",")[0]
    assert ask(mixed, ROWS, {"rows": one(**{column: given})})[0] == 200


def test_a_refused_request_is_counted_and_does_not_make_the_served_look_faster():
    metrics = Metrics(lambda: 0, {"version": "1"})
    metrics.answered("rows", 200, 0.4)
    metrics.answered("rows", 400, 0.0001)
    assert metrics.totals() == {"requests_total": 2, "rows_total": 0, "errors_total": 1}
    text = metrics.text().decode()
    assert 'jupyter_kf_request_seconds_count{protocol="rows"} 1.0' in text


def test_nulls_are_kept_beside_integers_and_text(mixed):
    free = {name: None for name in MIXED.names if name != "day"}
    code, _, content = ask(mixed, ROWS, one(**free))
    assert code == 200
    table = pa.Table.from_pylist([{"day": 4, **free}], schema=MIXED)
    assert json.loads(content)["outputs"]["prediction"] == mixed.model.predict(table)["prediction"]


def test_not_finite_numbers_travel_as_text(floats):
    body = {"instances": [["NaN", "Infinity", "-Infinity"], [0, 0, 0]]}
    assert ask(floats, V1, body)[0] == 200
    assert refused(floats, V1, {"instances": [["nan", 0, 0]]})[1] == 2312


def arrow(table):
    return encode.arrow(RawSchema(table.schema), table)


def test_arrow_is_cast_only_without_loss(mixed):
    table = rows_of(MIXED, 5, seed=9)
    wide = table.set_column(2, "count", table["count"].cast(pa.float64()))
    wide = wide.set_column(9, "kind", table["kind"].cast(pa.string()))
    wide = wide.set_column(6, "at", table["at"].cast(pa.timestamp("ns")))
    code, headers, content = ask(mixed, ROWS, *arrow(wide))
    assert code == 200
    got = encode.read_outputs(headers, content)["prediction"]
    assert (got == mixed.model.predict(table)["prediction"]).all()
    lossy = table.set_column(1, "small", pa.array([0.1] * 5))
    assert refused(mixed, ROWS, *arrow(lossy))[1] == 2313
    text = table.set_column(2, "count", pa.array(["1"] * 5))
    assert refused(mixed, ROWS, *arrow(text))[1] == 2312
    assert refused(mixed, ROWS, *arrow(table.drop_columns(["at"])))[1] == 2310
    assert refused(mixed, ROWS, *arrow(table.append_column("at", table["at"])))[1] == 2311
    assert refused(mixed, ROWS, *arrow(table.slice(0, 0)))[1] == 2316
    body, headers = arrow(table)
    assert refused(mixed, ROWS, body[:-200], headers)[1] == 2320
    assert refused(mixed, ROWS, body + b"x", headers)[1] == 2320


def test_paths_methods_and_media_are_told_apart(floats):
    assert refused(floats, "/v2/models/other/infer", {})[:2] == (404, 2302)
    assert refused(floats, "/v2/models/delay/versions/2/infer", {})[:2] == (404, 2302)
    assert refused(floats, INFER, b"", method="GET")[:2] == (405, 2303)
    assert refused(floats, "/v2", b"")[:2] == (405, 2303)
    assert refused(floats, V1, b"", {"content-type": "text/csv"})[:2] == (415, 2306)
    assert refused(floats, V1, b"", {**JSON, "content-encoding": "br"})[:2] == (415, 2306)


def test_gzip_and_deflate_are_read_within_the_limit(mixed):
    body = json.dumps(one()).encode()
    assert ask(mixed, ROWS, gzip.compress(body), {**JSON, "content-encoding": "gzip"})[0] == 200
    assert ask(mixed, ROWS, zlib.compress(body), {**JSON, "content-encoding": "deflate"})[0] == 200
    bomb = gzip.compress(b" " * (50 << 20))
    headers = {**JSON, "content-encoding": "gzip"}
    assert refused(mixed, ROWS, bomb, headers)[:2] == (413, 2304)
    assert refused(mixed, ROWS, gzip.compress(body)[:-4], headers)[:2] == (400, 2325)
    assert refused(mixed, ROWS, body, headers)[:2] == (400, 2325)


def test_too_many_rows_are_refused(mixed):
    assert refused(mixed, ROWS, one() * 501)[:2] == (413, 2305)
    assert ask(mixed, ROWS, one() * 500)[0] == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_a_gigabyte_is_refused_and_not_kept(mixed, chunked):
    import psutil

    before = psutil.Process().memory_info().rss
    sent, block = 0, b" " * (1 << 20)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(mixed.endpoint.socket))
        length = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % (1 << 30)
        client.sendall(
            b"POST " + ROWS.encode() + b" HTTP/1.1\r\nhost: x\r\n" + length + b"\r\n\r\n"
        )
        frame = b"%x\r\n%s\r\n" % (len(block), block) if chunked else block
        for _ in range(1024):
            client.sendall(frame)
            sent += len(block)
        if chunked:
            client.sendall(b"0\r\n\r\n")
        assert b" 413 " in client.recv(4096)
        assert psutil.Process().memory_info().rss - before < 200 << 20
        # the connection is still good
        client.sendall(b"GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b" 200 " in client.recv(4096)
    assert sent == 1 << 30


def test_half_a_request_is_told_so_and_hangs_nobody(tmp_path):
    with serving(tmp_path, FakeModel(FLOATS), timeout="45s") as running:
        app = running.endpoint.app
        assert app.limits.timeout_s == app.combiner.limits.timeout_s == 45
        running.bodies_within(1)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(running.endpoint.socket))
            client.sendall(b"POST " + V1.encode() + b" HTTP/1.1\r\ncontent-length: 10\r\n\r\n{")
            assert ask(running, V1, {"instances": THREE})[0] == 200
            assert b" 408 " in client.recv(4096)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(running.endpoint.socket))
            client.sendall(b"POST /v2 HTTP/1.1\r\nx: ")
            with contextlib.suppress(ConnectionError):  # an endless head is cut off
                for _ in range(100):
                    client.sendall(b"y" * 4096)
                assert client.recv(10) == b""
        assert ask(running, "/v2/health/live", b"", method="GET")[0] == 200


def test_a_slow_model_is_late_and_liveness_does_not_wait(tmp_path):
    model, go = FakeModel(FLOATS), threading.Event()
    with serving(tmp_path, model) as running:
        running.answers_within(0.5)
        model.hook = lambda _table: go.wait(PATIENCE_S)
        try:
            with ThreadPoolExecutor(1) as pool:
                late = pool.submit(refused, running, V1, {"instances": THREE})
                assert ask(running, "/v2/health/live", b"", method="GET")[0] == 200
                assert late.result()[:2] == (504, 2208)
        finally:
            go.set()
        model.hook = lambda _table: None
        running.answers_within(PATIENCE_S)
        assert ask(running, V1, {"instances": THREE})[0] == 200


def test_a_model_that_calls_sys_exit_costs_its_own_request_only(tmp_path):
    with serving(tmp_path, FakeModel(FLOATS)) as running:
        running.model.hook = lambda _table: sys.exit(3)
        assert ask(running, V1, {"instances": THREE})[0] == 422
        running.model.hook = lambda _table: None
        assert ask(running, V1, {"instances": THREE})[0] == 200


def at_once(running, bodies, model):
    """Sends all while the model is held, so that they wait together; returns code and content."""
    go, held = threading.Event(), threading.Event()

    def hold(_table):
        held.set()
        go.wait(PATIENCE_S)

    model.hook = hold
    with ThreadPoolExecutor(len(bodies) + 1) as pool:
        first = pool.submit(ask, running, V1, {"instances": THREE})
        held.wait(PATIENCE_S)
        model.hook = lambda _table: None
        model.calls.clear()
        waiting = [pool.submit(ask, running, V1, body) for body in bodies]
        while running.endpoint_waiting() < len(bodies) + 1:
            pass
        go.set()
        assert first.result()[0] == 200
        return [(f.result()[0], json.loads(f.result()[2])) for f in waiting]


@pytest.mark.parametrize("combine", [True, False])
def test_waiting_requests_are_answered_in_one_call_only_when_row_wise(tmp_path, combine):
    model = FakeModel(FLOATS)
    model.row_wise = combine
    with serving(tmp_path, model) as running:
        bodies = [{"instances": [[float(i), 0.0, 1.0]] * (i + 1)} for i in range(8)]
        answers = at_once(running, bodies, model)
        assert sum(model.calls) == 36
        if combine:  # the last to arrive may miss the first call
            assert len(model.calls) <= 2
        else:
            assert sorted(model.calls) == [i + 1 for i in range(8)]
        for body, (code, said) in zip(bodies, answers, strict=True):
            assert code == 200
            alone = json.loads(ask(running, V1, body)[2])
            assert said == alone


def test_one_requests_error_is_not_the_others(tmp_path):
    model = FakeModel(FLOATS)
    with serving(tmp_path, model) as running:
        bodies = [{"instances": [[float(i), 0.0, 1.0]]} for i in range(5)]

        def fail(table):
            if 3.0 in table["x0"].to_pylist():
                raise ValueError("three is not allowed")

        original = model._outputs

        def outputs(table):
            fail(table)
            return original(table)

        model._outputs = outputs
        answers = at_once(running, bodies, model)
        assert [code for code, _ in answers] == [200, 200, 200, 422, 200]
        assert "three is not allowed" in answers[3][1]["cause"]


def test_tcp_wants_the_token(tmp_path):
    with serving(tmp_path, FakeModel(FLOATS), port=0) as running:
        ready = json.loads(running.folder.ready.read_bytes())
        token = routing.token(tmp_path, "delay")
        assert ready["url"].startswith("http://127.0.0.1:")
        assert (routing.endpoint_folder(tmp_path, "delay").token.stat().st_mode & 0o777) == 0o600
        assert (running.endpoint.socket.stat().st_mode & 0o777) == 0o600
        for wrong in (None, "x", token[:-1], token + "x"):
            with Connection("delay", ready["url"], token=wrong) as connection:
                assert connection.exchange("GET", "/v2/health/live")[0] == 401
        with Connection("delay", ready["url"], token=token) as connection:
            assert connection.predict(THREE).outputs["prediction"].shape == (2,)


def test_a_taken_port_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServeError) as caught, serving(tmp_path, FakeModel(FLOATS), port=port):
            pass
    assert caught.value.code == 2201 and str(port) in caught.value.what


def test_the_client_takes_frames_dicts_and_lists(mixed):
    table = rows_of(MIXED, 6, seed=11)
    expected = mixed.model.predict(table)["prediction"]
    with connect(mixed.store, "delay") as connection:
        by_table = connection.predict(table.append_column("target", pa.array([1] * 6)))
        assert (by_table.outputs["prediction"] == expected).all()
        frame = table.to_pandas()
        frame["kind"] = frame["kind"].astype("str")
        assert (connection.predict(frame).outputs["prediction"] == expected).all()
        single = connection.predict(one()[0])
        assert single.frame().columns.tolist() == [
            "prediction",
            "probability_no",
            "probability_yes",
        ]
        assert single.version == 1
        columns = {name: values * 3 for name, values in pd.DataFrame(one()).to_dict("list").items()}
        assert connection.predict(columns).outputs["prediction"].shape == (3,)
        with pytest.raises(RequestError) as caught:
            connection.predict(one(count="x"))
        assert caught.value.code == 2312
        with pytest.raises(RequestError) as caught:
            connection.predict(frame.drop(columns="at"))
        assert "`at`" in caught.value.what


def test_nobody_there_is_an_error_with_a_fix(tmp_path):
    with pytest.raises(KfError) as caught:
        connect(tmp_path, "delay")
    assert caught.value.code == 1121
    with pytest.raises(ServeError) as caught, Connection("delay", tmp_path / "x.sock") as nobody:
        nobody.predict(THREE)
    assert caught.value.code == 2204


def test_it_is_not_ready_when_a_prediction_differs(tmp_path):
    model = FakeModel(FLOATS)
    model.expected["probability"][17, 1] += 1e-9
    model.changes = {"pandas": ("3.1.1", "2.3.3")}
    with pytest.raises(ParityError) as caught, serving(tmp_path, model):
        pass
    error = caught.value
    assert error.code == 2110
    assert "probability[1]" in error.cause and "row 17" in error.cause
    assert "pandas 3.1.1 is now 2.3.3" in error.cause
    assert routing.current(tmp_path, "delay") is None


def test_it_is_not_ready_when_only_a_row_alone_differs(tmp_path):
    model = FakeModel(FLOATS)
    original = model._outputs

    def outputs(table):
        found = original(table)
        return found | {"probability": found["probability"] + 1e-9 * (table.num_rows == 1)}

    model._outputs = outputs
    with pytest.raises(ParityError) as caught, serving(tmp_path, model):
        pass
    assert caught.value.code == 2110 and "one by one" in caught.value.what


def test_it_is_not_ready_when_some_answers_are_of_another_type(tmp_path):
    model = FakeModel(FLOATS)
    original = model._outputs

    def outputs(table):
        found = original(table)
        odd = table.num_rows == 1 and found["prediction"][0] % 2
        return found | {"prediction": found["prediction"].astype("float64" if odd else "int64")}

    model._outputs = outputs
    with pytest.raises(ParityError) as caught, serving(tmp_path, model):
        pass
    assert caught.value.code == 2110
    assert "expected 'int64', got 'float64'" in caught.value.cause


def test_a_declared_ulp_is_allowed(tmp_path):
    model = FakeModel(FLOATS, ulp=2)
    model.expected["probability"] = np.nextafter(model.expected["probability"], 2)
    with serving(tmp_path, model) as running:
        assert json.loads(running.folder.ready.read_bytes())["proof"]["ulp"] == 2


def test_a_batch_dependent_model_is_refused(tmp_path):
    model = FakeModel(FLOATS)
    model.transform = FakeTransform({"row_wise": False, "frame": "pandas"})
    with pytest.raises(ServeError) as caught, serving(tmp_path, model):
        pass
    assert caught.value.code == 2203
    model = FakeModel(FLOATS)
    model.row_wise = False
    original = model._outputs

    def outputs(table):
        found = original(table)
        found["prediction"] = found["prediction"] + table.num_rows
        return found

    model._outputs = outputs
    model.expected = model._outputs(model.golden_inputs())
    with pytest.raises(ServeError) as caught, serving(tmp_path, model):
        pass
    assert caught.value.code == 2203


def test_an_idle_endpoint_ends_itself(tmp_path):
    with serving(tmp_path, FakeModel(FLOATS), idle_stop="1s") as running:
        running.endpoint_gone()
    assert not running.endpoint.socket.exists()
