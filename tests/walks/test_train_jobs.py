"""What a train cell may do in its job, and how it ends, through the client."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

import jupyter_kf as kf
from jupyter_kf import display
from jupyter_kf.client import orders, watch
from jupyter_kf.client.launch import Order, launch
from jupyter_kf.errors import ModelError, SpecError
from jupyter_kf.layout import RunFolder, scratch_path
from jupyter_kf.records import State, plain
from jupyter_kf.specs import TrainSpec
from jupyter_kf.worker.kept import keep_trained
from jupyter_kf.worker.report import Reporter


@pytest.fixture
def client():
    return kf.connect()


def lines(run) -> str:
    return "\n".join(run.logs())


def test_what_a_cell_defines_can_be_pickled_by_it(client):
    code = """
import pickle
class Point:
    def __init__(self, x):
        self.x = x
kf.report(x=pickle.loads(pickle.dumps(Point(3))).x)
"""
    run = client.train(code, name="pickles", wait=True)
    assert (run.state, dict(run.metrics)) == (State.SUCCEEDED, {"x": 3.0})


def test_a_function_is_trained_as_well_as_a_cell(client):
    def double(amount, kf):
        kf.report(doubled=amount * 2)

    run = client.train(double, params={"amount": 21}, wait=True)
    assert (run.name, dict(run.metrics)) == ("double", {"doubled": 42.0})


def test_rows_without_a_target_are_left_out_and_the_run_says_how_many(client):
    client.data("points", pd.DataFrame({"x": range(50), "y": [None, *range(49)]}))
    code = "kf.report(rows=len(X_train) + len(X_valid))"
    run = client.train(code, name="late", data="points", target="y", wait=True)
    assert (run.metrics["rows"], run.outputs["without_target"]) == (49, 1)
    assert "1 row without a target" in display.text(run)


def test_an_artefact_is_kept_by_digest_with_the_run(client):
    code = 'kf.artifact({"a": 1}, name="facts.json")'
    run = client.train(code, name="keeps", wait=True)
    entry = run.outputs["artifacts"]["facts.json"]
    assert client.store.blobs.get_json(entry["digest"]) == {"a": 1}


def test_an_artefact_s_name_may_be_a_path_and_stays_below_the_run(tmp_path):
    (tmp_path / "run-1").mkdir()
    kept = Reporter(RunFolder(tmp_path / "run-1"))
    kept.artifact("x" * 300, name="plots/long.txt")
    assert (tmp_path / "run-1" / "outputs" / "plots" / "long.txt").read_text() == "x" * 300
    for name in ("../elsewhere.txt", str(tmp_path / "elsewhere.txt")):
        with pytest.raises(SpecError) as refused:
            kept.artifact("x", name=name)
        assert refused.value.code == 1041
    assert not list(tmp_path.glob("elsewhere*"))


def test_a_metric_that_is_not_a_number_is_refused_by_name(client):
    run = client.train('kf.report(auc="high")', name="text", wait=True)
    assert run.error.code == 1010
    assert "`auc` is a str" in run.error.what


def test_a_metric_that_became_nan_is_shown_as_nan_and_not_as_what_it_was(client):
    cell = 'kf.report(loss=0.25, n=1)\nkf.report(loss=float("nan"))'
    run = client.train(cell, name="nan", wait=True)
    for seen in (run, client.runs()[0], kf.connect().run(run.id)):
        assert math.isnan(seen.metrics["loss"]) and seen.metrics["n"] == 1.0
    assert ["loss", "nan"] in [line.split() for line in display.text(run).splitlines()]
    assert plain(run)["metrics"]["loss"] == "NaN"  # as JSON has it, for browsers


def test_a_cell_that_exits_early_and_well_succeeds(client):
    run = client.train('import sys\nprint("enough")\nsys.exit(0)', name="early", wait=True)
    assert run.state is State.SUCCEEDED
    assert "enough" in lines(run)


def test_a_cell_that_exits_with_a_code_fails_with_it(client):
    run = client.train("import sys\nsys.exit(3)", name="exits", wait=True)
    assert run.error.code == 2051
    assert "3" in run.error.what


def test_a_run_that_is_long_in_the_writing_is_not_taken_for_lost(client, monkeypatch):
    monkeypatch.setattr(watch, "_SUBMIT_GRACE_S", 0.0)
    seen = []

    def travel(_inputs):
        seen.extend(kf.connect().runs())

    order = Order(TrainSpec.of(name="slow"), code="kf.report(x=1)", travel=travel)
    run_id = launch(client.store, client.backend, order)
    assert [(run.id, run.state) for run in seen] == [(run_id, State.PENDING)]
    assert client.run(run_id).wait().state is State.SUCCEEDED


def test_two_processes_of_a_torch_distributed_job_know_their_ranks(client):
    code = 'print(f"rank {kf.rank} of {kf.world_size}")\nkf.report(rank=kf.rank)'
    run = client.train(code, name="ddp", nodes=2, runtime="torch-distributed", wait=True)
    assert run.state is State.SUCCEEDED, lines(run)
    assert {"rank 0 of 2", "rank 1 of 2"} <= {line[-11:] for line in run.logs()}
    assert dict(run.metrics) == {"rank": 0.0}


def test_a_cancelled_run_leaves_no_copy_of_its_folder_of_files(client, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.txt").write_text("a")
    client.data("photos", tmp_path / "photos")
    code = "import time\nprint(data, flush=True)\ntime.sleep(600)"
    run = client.train(code, name="looks", data="photos")
    copy = Path(next(iter(client.logs(run.id, follow=True))))
    assert [path.name for path in copy.iterdir()] == ["a.txt"]
    client.cancel(run.id)
    assert not copy.exists() and not scratch_path(run.id).exists()


def test_what_the_backend_can_not_honour_is_refused_before_anything_is_kept(client, store_dir):
    with pytest.raises(kf.errors.KfError) as refused:
        client.train("pass", name="image", image="python:3")
    assert refused.value.code == 2040
    assert not list((store_dir / "runs").glob("*"))


def test_a_run_is_cancelled_from_another_client(client):
    run = client.train("import time\nprint('up', flush=True)\ntime.sleep(600)", name="long")
    assert next(run.logs(follow=True)) == "up"
    assert kf.connect().cancel(run.id).state is State.CANCELLED
    assert run.refresh().state is State.CANCELLED


def test_a_run_goes_on_after_its_client_is_gone_and_another_sees_its_end(client, store_dir):
    import subprocess
    import sys

    submit = (
        "import jupyter_kf as kf\nprint(kf.connect().train('kf.report(done=1)', name='alone').id)"
    )
    done = subprocess.run(
        [sys.executable, "-c", submit], capture_output=True, text=True, check=True
    )
    assert dict(client.wait(done.stdout.strip()).metrics) == {"done": 1.0}


def test_a_study_is_resumed_without_saying_its_space_again(client):
    client.train("kf.report(loss=(x - 2) ** 2)", name="parabola", params={"x": 1.0}, wait=True)
    first = client.tune(
        "parabola", params={"x": "float(0, 4)"}, metric=("loss",), trials=3, wait=True
    )
    assert len(first.trials) == 3
    more = client.tune("parabola", resume="parabola", trials=5, wait=True)
    assert more.run.id != first.run.id
    assert [t.state for t in more.trials] == [State.SUCCEEDED] * 5
    assert more.trials[:3] == first.trials


def test_a_study_can_be_looked_at_before_its_first_trial(client):
    client.train("kf.report(loss=x)", name="line", params={"x": 1.0}, wait=True)
    study = client.tune("line", params={"x": "float(0, 4)"}, metric=("loss",), trials=2)
    assert len(study.trials) <= 2
    assert study.wait(120).state is State.SUCCEEDED


UNPROVEN = """
class Mean:
    def __init__(self, value):
        self.value = value

model = Mean(4.5)
"""


def test_a_model_without_rows_is_told_of_before_and_is_not_lost(client):
    run = client.train(UNPROVEN, name="mean")
    assert "will fail" in run.reason and "`X_train`" in run.reason and "--data" in run.reason
    run = run.wait()
    assert run.error is not None and run.error.code == 2615
    assert lines(run).startswith("look: if it leaves a model, this run will fail")
    kept = RunFolder(client.store.root / "runs" / run.id).outputs / "trained.pkl"
    assert f"pickle.load(open({str(kept)!r}" in run.error.fix
    found = client.train(
        f"{UNPROVEN}\nimport pickle\nkf.report(kept=pickle.load(open({str(kept)!r}, 'rb')).value)"
        "\nmodel = None",
        name="again",
        wait=True,
    )
    assert found.metrics["kept"] == 4.5


@pytest.mark.parametrize(
    "more", ["X_train = None", "model = None\nglobals()['X_train'] = 1", "from math import *"]
)
def test_a_cell_that_may_leave_rows_is_not_told_that_it_fails(client, more):
    order = orders.train(client.store, TrainSpec(name="mean"), UNPROVEN + more, {})
    assert order.job["look"] == ""


def test_what_can_not_be_pickled_is_told_too_and_a_folder_is_copied(tmp_path):
    folder = RunFolder(tmp_path)
    error = ModelError(2615, "no rows", cause="none", fix="give some")
    told = keep_trained(folder, lambda: 1, error)
    assert told.code == 2615 and "could not be kept" in told.fix
    assert list(folder.outputs.iterdir()) == []
    assert "pickle.load" in keep_trained(folder, "a text", error).fix
    files = tmp_path / "files"
    files.mkdir()
    (files / "weights").write_text("1")
    assert "is kept in" in keep_trained(folder, files, error).fix
    assert (folder.outputs / "trained" / "weights").read_text() == "1"
