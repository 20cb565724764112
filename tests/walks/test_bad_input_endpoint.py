"""Rows that do not fit, versions that do not hold, endpoints that are gone: through the client."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pytest

import jupyter_kf as kf
from jupyter_kf.blobs import read_json
from jupyter_kf.display import text
from jupyter_kf.errors import KfError
from jupyter_kf.records import State, plain

PREPARE = """
import pandas as pd

def fit(df):
    return {"mean": float(df["km"].mean())}

def transform(df, state):
    return pd.DataFrame({
        "km": df["km"].fillna(state["mean"]),
        "c": (df["zone"] == "c").astype("float64"),
    })
"""
# Of no framework: each version, batch and check is a process, which would import it first.
TRAIN = """
import json

class Above:
    def __init__(self, limit):
        self.limit = limit

    def predict(self, rows):
        return (rows["km"] * rows["c"]).to_numpy() > self.limit

def read(folder):
    return Above(json.loads((folder / "limit.json").read_text()))

kf.report(score=float((Above(6.0).predict(X_valid) == y_valid).mean()))
kf.save(kept, loader=read)
"""


def trips(n: int = 200, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"km": random.gamma(2, 4, n), "zone": random.choice(["a", "b", "c"], n)})
    return frame.assign(late=frame["km"] * (frame["zone"] == "c") > 6)


@pytest.fixture(autouse=True)
def _isolated() -> None:
    """One store and one runtime folder for this module: its model and endpoint are shared."""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    found = kf.connect(store=tmp_path_factory.mktemp("store"))
    found.data("trips", trips())
    found.transform(PREPARE, name="prepare", data="trips", target="late")
    kept = tmp_path_factory.mktemp("kept") / "limit.json"
    kept.write_text("6.0")
    fields = {"data": "trips", "transform": "prepare", "params": {"kept": str(kept)}}
    run = found.train(TRAIN, name="late", wait=True, **fields)
    assert run.state is State.SUCCEEDED, run.error
    yield found
    for name in ("late", "frail"):
        if (found.store.root / "endpoints" / name).exists():
            found.stop(name)


@pytest.fixture(scope="module")
def served(client):
    """The client, with version 1 of `late` READY."""
    client.serve("late", wait=True)
    return client


GOOD = {"km": 9.5, "zone": "c"}
ROWS = {
    "a column missing": (lambda f: f[["km"]], 2310),
    "a column renamed": (lambda f: f.rename(columns={"km": "KM"}), 2310),
    "text for a number": (lambda f: f.assign(km="far"), 2312),
    "numbers for text": (lambda f: f.assign(zone=5), 2312),
    "mixed values": (lambda f: f.assign(zone=[1, "a"] * (len(f) // 2)), 2340),
    "live objects": (lambda f: f.assign(zone=[object()] * len(f)), 2340),
    "no rows": (lambda f: f.head(0), 2316),
    "1,200 other columns": (lambda _: pd.DataFrame(np.ones((2, 1200))).add_prefix("c"), 2310),
    "no columns": (lambda _: pd.DataFrame(index=[0, 1]), 2310),
    "a dict without a column": (lambda _: {"km": 1.0}, 2310),
    "a dict with one too many": (lambda _: {**GOOD, "more": 1}, 2309),
    "a text in a number's place": (lambda _: {**GOOD, "km": "far"}, 2312),
    "the second row without a column": (lambda _: [GOOD, {"km": 1.0}], 2310),
    "rows that are numbers": (lambda _: [1, 2], 2308),
    "no list": (lambda _: 5, 2341),
    "nothing": (lambda _: None, 2341),
    "an empty list": (lambda _: [], 2316),
}


@pytest.mark.parametrize("case", ROWS)
def test_rows_that_do_not_fit_are_refused_and_named(served, case):
    make, code = ROWS[case]
    with pytest.raises(KfError) as caught:
        served.predict("late", make(trips(10)))
    error = caught.value
    assert error.code == code, error
    assert error.cause and error.fix and "Traceback" not in str(error)
    assert len(served.predict("late", trips(3))) == 3  # and it still answers


FILES = {
    "rows.parquet": lambda frame, path: frame.to_parquet(path),
    "rows.csv": lambda frame, path: frame.to_csv(path, index=False),
    "rows.json": lambda frame, path: frame.to_json(path, orient="records", double_precision=15),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_predicted_as_its_frame_is(served, tmp_path, name):
    FILES[name](trips(20)[["km", "zone"]], tmp_path / name)
    expected = served.predict("late", trips(20))
    assert served.predict("late", tmp_path / name).equals(expected)
    got = kf_command(served, "predict", "late", str(tmp_path / name), "--json")
    assert got.returncode == 0, got.stderr
    assert json.loads(got.stdout) == plain(expected.to_dict("records"))


def test_a_csv_is_read_with_the_types_that_the_model_takes(served, tmp_path):
    rows = trips(3).assign(zone=["2026-01-01", "2026-01-02", "c"])
    rows[["zone", "km", "late"]].head(2).to_csv(tmp_path / "dates.csv", index=False)
    expected = served.predict("late", rows.head(2))
    assert served.predict("late", tmp_path / "dates.csv").equals(expected)
    rows[["zone", "km"]].assign(km="far").to_csv(tmp_path / "far.csv", index=False)
    with pytest.raises(KfError, match="line 2: column `km`") as caught:
        served.predict("late", tmp_path / "far.csv")
    assert caught.value.code == 2410


@pytest.mark.parametrize("text", [json.dumps([GOOD, GOOD]), f"{json.dumps(GOOD)}\n" * 2])
def test_rows_come_from_standard_input_too(served, text):
    got = kf_command(served, "predict", "late", "-", "--json", stdin=text)
    assert got.returncode == 0, got.stderr
    assert len(json.loads(got.stdout)) == 2
    refused = kf_command(served, "predict", "late", "-", stdin="km 9.5")
    assert refused.returncode == 1 and "kf-1419: predict: standard input" in refused.stderr


def kf_command(client, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("jupyter-kf"), *words]
    env = {**os.environ, "JUPYTER_KF_STORE": str(client.store.root)}
    return subprocess.run(command, input=stdin, capture_output=True, text=True, env=env)


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.assign(zone="never seen"),
        lambda f: f.assign(zone=None),
        lambda f: f.assign(km=None),
        lambda f: f.assign(km=f["km"].astype(int)),
        lambda f: f.assign(zone=f["zone"].astype("category")),
        lambda f: f[["late", "zone", "km"]],
        lambda f: pd.concat([f, pd.DataFrame(np.ones((len(f), 1200))).add_prefix("c")], axis=1),
    ],
)
def test_what_the_transform_was_proven_with_is_answered(served, change):
    rows = change(trips(10))
    prepared = served.get_transform("prepare")
    assert len(prepared(rows[["km", "zone"]])) == 10
    assert len(served.predict("late", rows)) == 10


def test_two_versions_roll_back_and_say_what_there_is(served):
    second = served.serve("late", wait=True)
    assert (second.version, second.state) == (2, State.READY)
    back = served.serve("late", version=1)
    assert (back.version, back.why) == (1, "a roll back from version 2")
    assert len(served.predict("late", GOOD)) == 1
    with pytest.raises(KfError) as caught:
        served.serve("late", version=77)
    assert caught.value.code == 1111 and "1, 2" in caught.value.cause


def with_wrong_golden_outputs(client) -> str:
    """A model called `wrong` that will not predict what its golden rows expect."""
    blobs = client.store.blobs
    manifest = blobs.get_json(client.get_model("late@1").digest)
    outputs = pa.ipc.open_file(blobs.get(manifest["golden"]["outputs"])).read_all()
    wrong = outputs["prediction"].to_pylist()
    wrong[3] = not wrong[3]
    place = outputs.schema.get_field_index("prediction")
    outputs = outputs.set_column(place, "prediction", pa.array(wrong))
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, outputs.schema) as writer:
        writer.write_table(outputs)
    manifest["golden"]["outputs"] = blobs.put(sink.getvalue())
    digest = blobs.put_json(manifest)
    client.store.refs.add("model", "wrong", digest, {"metrics": {}})
    return digest


def test_a_version_that_fails_its_proof_leaves_the_traffic_where_it_was(served):
    before = served.endpoint("late").version
    with_wrong_golden_outputs(served)
    with pytest.raises(KfError) as caught:
        served.serve("late", model="wrong", wait=True)
    assert caught.value.code == 2110
    assert "`prediction`, row 3" in caught.value.cause
    assert served.endpoint("late").version == before
    assert len(served.predict("late", GOOD)) == 1
    check = served.check("wrong")
    assert not check.ok and check.findings[0]["row"] == 3


def altered(store: Path, digest: str) -> Path:
    """The object of this digest with one bit changed, and a copy beside it of how it was."""
    path = kf.connect(store=store).store.blobs.path(digest)
    shutil.copy2(path, path.with_suffix(".was"))
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return path


def test_a_model_whose_file_was_altered_is_refused_wherever_it_is_used(served, tmp_path):
    trips(20).to_parquet(tmp_path / "in.parquet")
    files = served.get_model("late@1").manifest["files"]
    path = altered(served.store.root, next(iter(files.values()))["digest"])
    try:
        before = served.endpoint("late").version
        with pytest.raises(KfError) as caught:
            served.serve("late", wait=True)
        assert caught.value.code == 3003
        with pytest.raises(KfError) as caught:
            served.check("late@1")
        assert caught.value.code == 3003
        paths = {"input": str(tmp_path / "in.parquet"), "output": str(tmp_path / "out")}
        assert served.batch("late", wait=True, **paths).error.code == 3003
        assert not list((tmp_path / "out").glob("*.parquet"))
        assert served.endpoint("late").version == before
        assert len(served.predict("late", GOOD)) == 1  # the version before keeps serving
    finally:
        path.with_suffix(".was").replace(path)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda f: f.rename(columns={"km": "KM"}), 2403),
        (lambda f: f.assign(km="far"), 2405),
    ],
)
def test_a_batch_names_the_file_and_the_column(served, tmp_path, change, code):
    change(trips(20)).to_parquet(tmp_path / "in.parquet")
    paths = {"input": str(tmp_path / "*.parquet"), "output": str(tmp_path / "out")}
    run = served.batch("late", wait=True, **paths)
    assert run.state is State.FAILED
    assert run.error.code == code, run.error
    assert "in.parquet" in run.error.what and "`km`" in run.error.what
    assert not list((tmp_path / "out").glob("*.parquet"))


def test_a_batch_says_what_predicted_how_much_into_where_and_plans_name_the_model(served, tmp_path):
    trips(20).to_parquet(tmp_path / "in.parquet")
    paths = {"input": str(tmp_path / "*.parquet"), "output": str(tmp_path / "out")}
    run = served.batch("late", wait=True, **paths)
    assert run.reason == f"20 rows predicted by late@1 into {tmp_path / 'out'}"
    assert len([m for m in served.metrics(run.id) if m.name == "rows"]) == 1
    again = served.batch("late", wait=True, **paths)
    assert again.reason.endswith("; files there already: 1")
    shown = text(served.plan("serve", name="late"))
    assert "late@1: the only version" in shown, shown
    assert "late@1" in text(served.plan("batch", name="late", **paths))


NO_FOLDER = {
    "below a file": lambda tmp_path: tmp_path / "in.parquet" / "out",
    "below a link to nowhere": lambda tmp_path: tmp_path / "dangling" / "out",
    "with a name too long": lambda tmp_path: tmp_path / ("x" * 300),
    "where no folder can be made": lambda _: Path("/proc/nothing/out"),
}


@pytest.mark.parametrize("where", NO_FOLDER)
def test_a_batch_whose_folder_can_not_exist_says_so(served, tmp_path, where):
    trips(20).to_parquet(tmp_path / "in.parquet")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone" / "far")
    output = NO_FOLDER[where](tmp_path)
    run = served.batch("late", wait=True, input=str(tmp_path / "*.parquet"), output=str(output))
    assert (run.state, run.error.code) == (State.FAILED, 2413), run.error
    assert str(output) in run.error.what and "--output" in run.error.fix


def killed(client, endpoint):
    pid = read_json(client.store.runs.folder(endpoint.run.id).ready)["pid"]
    os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=20)
    ended = client.run(endpoint.run.id)
    while not ended.state.ended:
        ended = client.run(endpoint.run.id)
    assert (ended.state, ended.error.code) == (State.FAILED, 2006)


def test_a_killed_endpoint_is_stood_in_for_and_says_so_when_nobody_is_left(served):
    first = served.serve("frail", model="late@1", wait=True)
    second = served.serve("frail", model="late@1", wait=True)
    killed(served, second)
    assert len(served.predict("frail", GOOD)) == 1
    assert served.check("frail").ok
    now = served.endpoint("frail")
    assert (now.version, now.instead_of, now.run.id) == (1, 2, first.run.id)
    killed(served, first)
    for ask in (lambda: served.predict("frail", GOOD), lambda: served.check("frail")):
        with pytest.raises(KfError, match=r"%kf serve frail --version \d+`") as caught:
            ask()
        assert caught.value.code == 2204 and "FAILED" in caught.value.cause


def test_an_endpoint_that_was_stopped_says_so_and_shows_the_way_back(served):
    first = served.serve("frail", model="late@1", wait=True)
    second = served.serve("frail", model="late@1", wait=True)
    assert served.cancel(second.run.id).state is State.CANCELLED
    warm = first.version
    for ask in (lambda: served.predict("frail", GOOD), lambda: served.check("frail")):
        with pytest.raises(KfError, match=f"--version {warm}") as caught:
            ask()
        assert caught.value.code == 2204 and "STOPPED" in caught.value.cause
    assert served.serve("frail", version=warm).run.id == first.run.id
    assert len(served.predict("frail", GOOD)) == 1
    served.stop("frail")
    with pytest.raises(KfError, match="STOPPED") as caught:
        served.predict("frail", GOOD)
    assert caught.value.code == 2204 and f"--version {warm}`" in caught.value.fix
    stopped = text(served.endpoint("frail"))
    assert f"%kf serve frail --version {warm}    starts it again (as it does" in stopped
    # Any of them can be started, whichever had the traffic: it is a version of its own then.
    again = served.serve("frail", version=second.version, wait=True)
    assert (again.state, again.model) == (State.READY, second.model)
    assert again.why == f"a roll back to version {second.version}, whose model it is"
    served.stop("frail")
    for each in (first, second, again):
        served.delete(each.run.id)
    assert served.show("frail").state is State.LOST  # its run is gone; all else is still listed
    assert "frail" in {one.name for one in served.list("endpoints")}
