"""What a promotion means for what is served, and how a result is seen without waiting."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pandas as pd
import pytest

import jupyter_kf as kf
from jupyter_kf import display
from jupyter_kf.client import Client, studies
from jupyter_kf.client.choose import better_before, choose_model
from jupyter_kf.client.showing import beside
from jupyter_kf.errors import KfError
from jupyter_kf.records import Dataset, Model, Run, State, Study
from jupyter_kf.store import Store

CELL = """
from sklearn.tree import DecisionTreeClassifier
model = DecisionTreeClassifier(max_depth=depth, random_state=0).fit(X_train, y_train)
kf.report(auc=model.score(X_valid, y_valid))
"""


# A model of no framework, since these stories are of names, and each process would import it.
# Whoever loads it waits for the file that it names.
FITTED = """
import numpy as np
import pathlib
import time
X_train = np.arange(20.0).reshape(-1, 1)

class Twice:
    def predict(self, rows):
        return np.asarray(rows)[:, 0] * 2.0

def read(folder):
    gate = pathlib.Path((folder / "kept").read_text())
    while not gate.exists():
        time.sleep(0.02)
    return Twice()

kf.save(kept, loader=read)
"""


def fitted(client, name: str, loss: str) -> Path:
    """Leaves a model; the file without which it is not loaded, which is there."""
    kept, gate = (client.store.root.with_name(name) for name in ("kept", "gate"))
    kept.write_text(str(gate))
    gate.touch()
    code = f"kf.report(loss={loss})" + FITTED
    assert client.train(code, name=name, params={"kept": str(kept)}, wait=True).error is None
    return gate


def model(store: Store, digest: str, auc: float, trial: int | None = None) -> None:
    note = {"metrics": {"auc": auc}} | ({} if trial is None else {"trial": trial})
    store.refs.add("model", "late", digest * 64, note)


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "s")
    note = {"run": "late-1", "metrics": ["auc"], "maximize": [True]}
    store.refs.add("study", "late", "0" * 64, note)
    return store


def test_the_best_version_is_meant_and_the_newest_among_equals(store):
    for digest, auc in (("a", 0.9), ("b", 0.95), ("c", 0.95), ("d", 0.8)):
        model(store, digest, auc)
    assert choose_model(store, "late").entry.n == 3


def test_a_promoted_trial_is_meant_though_an_older_version_scored_higher(store):
    model(store, "a", 0.99)
    model(store, "b", 0.7, trial=4)
    choice = choose_model(store, "late")
    assert (choice.entry.n, choice.why) == (2, "trial 4, which was promoted")


def test_only_a_better_model_overtakes_a_promoted_one(store):
    model(store, "a", 0.7, trial=4)
    model(store, "b", 0.6)
    assert choose_model(store, "late").entry.n == 1
    model(store, "c", 0.8)
    assert choose_model(store, "late").entry.n == 3


@pytest.mark.parametrize(
    ("maximize", "scores", "said"),
    [
        (True, (0.99, 0.5, 0.7), "late@1 was better: auc 0.99, and 0.7 now, where higher is"),
        (False, (0.99, 0.5, 0.7), "late@2 was better: auc 0.5, and 0.7 now, where lower is"),
        (True, (0.6, 0.7, 0.7), ""),
        (True, (0.6, float("nan"), 0.7), ""),
        (True, (0.9, 0.8, float("nan")), ""),
    ],
)
def test_a_promotion_says_that_an_older_version_was_better_with_both_figures(
    tmp_path, maximize, scores, said
):
    store = Store(tmp_path / "s")
    note = {"run": "late-1", "metrics": ["auc"], "maximize": [maximize]}
    store.refs.add("study", "late", "0" * 64, note)
    for digest, auc in zip("ab", scores, strict=False):
        model(store, digest, auc)
    model(store, "c", scores[2], trial=4)
    promoted = store.refs.newest("model", "late")
    told = better_before(store, promoted)
    assert said in told and bool(said) == bool(told)
    card = Model("late", 3, promoted.digest, {"flavour": "x"}, notes=(told,) if told else ())
    assert said in display.text(card)


def test_models_that_were_measured_on_different_data_are_said_to_be(store):
    for digest, auc, data in (("a", 0.9, "1"), ("b", 0.8, "2"), ("c", 0.95, "1")):
        note = {"metrics": {"auc": auc}, "dataset": data * 64}
        store.refs.add("model", "late", digest * 64, note)
        said = "though they were measured on 2 different datasets"
        assert (said in choose_model(store, "late").why) == (digest != "a")
    note = {"metrics": {"auc": 0.5}, "dataset": "1" * 64, "trial": 4}
    store.refs.add("model", "late", "d" * 64, note)
    like = better_before(store, store.refs.newest("model", "late"))
    assert "late@3 was better" in like and "different datasets" not in like


def test_a_version_and_a_model_are_two_wishes():
    with pytest.raises(KfError) as refused:
        client = kf.connect()
        run = client.train("model = None\nkf.report(a=1)", name="late", wait=True)
        assert "left no model: when the cell ended, `model` was None" in display.text(run)
        client.serve("late", version=1, model="late@1")
    assert refused.value.code in (1027, 1111)


def test_a_run_and_a_study_are_shown_as_they_are_now_by_id_and_by_name():
    client = kf.connect()
    run = client.train("kf.report(loss=x)", name="line", params={"x": 1.0}, wait=True)
    assert isinstance(client.show(run.id), Run)
    study = client.tune("line", params={"x": "float(0, 4)"}, metric=("loss",), trials=2)
    assert f"%kf show {study.run.id}" in display.text(study) or study.run.state.ended
    study.wait(120)
    for text in (study.run.id, "line"):
        found = client.show(text)
        assert isinstance(found, Study)
        assert len(found.trials) == 2
    with pytest.raises(KfError) as missing:
        client.show("lime")
    assert missing.value.code == 1116
    assert "did you mean `line`" in missing.value.cause
    # Several things may share a name: one is shown, and the others are told.
    assert beside(client, "line") == ""
    client.data("line", pd.DataFrame({"x": [1.0]}))
    assert isinstance(client.show("line"), Dataset)
    assert beside(client, "line") == "`line` is also a study: %kf show study/line"
    assert isinstance(client.show("study/line"), Study) and beside(client, "study/line") == ""
    assert client.show("run/line").id == run.id
    assert isinstance(client.show("line@1"), Dataset) and beside(client, "line@1") == ""
    with pytest.raises(KfError) as unknown:
        client.show("stud/line")
    assert unknown.value.code == 1147 and "study/line" in unknown.value.fix


def test_a_name_that_rows_would_bind_says_which_flag_binds_it():
    client = kf.connect()
    for code, says in (("X_test", "--split"), ("X_train", "--data"), ("report(a=1)", "kf.report")):
        with pytest.raises(KfError) as refused:
            client.train(code, name="t")
        assert (refused.value.code, says in refused.value.fix) == (1204, True)


def test_a_model_that_is_still_being_trained_is_not_said_to_be_missing():
    client = kf.connect()
    run = client.train("import time\nwhile True:\n    time.sleep(0.05)", name="slow")
    try:
        with pytest.raises(KfError) as refused:
            client.serve("slow")
        assert refused.value.code == 1146 and run.id in refused.value.cause
    finally:
        run.cancel()


def test_a_study_whose_metric_nobody_reports_changes_nothing(store):
    model(store, "a", 0.95, trial=4)
    model(store, "b", 0.2)
    store.refs.add(
        "study", "late", "1" * 64, {"run": "late-2", "metrics": ["rmse"], "maximize": [False]}
    )
    choice = choose_model(store, "late")
    assert (choice.entry.n, choice.why) == (1, "the highest auc of 2 versions: 0.95")


def test_a_promotion_stands_when_nothing_compares_what_came_after(tmp_path):
    store = Store(tmp_path / "s")
    model(store, "a", 0.95, trial=4)
    model(store, "b", 0.99)
    choice = choose_model(store, "late")
    assert choice.entry.n == 1
    assert choice.why.startswith("trial 4, which was promoted; no study's metric compares")


def test_a_metric_that_is_no_number_is_never_the_best(store):
    model(store, "a", float("nan"))
    model(store, "b", 0.5)
    assert choose_model(store, "late").entry.n == 2


def test_a_train_run_without_a_model_is_named_when_its_model_is_asked_for():
    client = kf.connect()
    run = client.train("fitted = 1", name="nothing", wait=True)
    with pytest.raises(KfError) as refused:
        client.serve("nothing")
    assert refused.value.code == 1107 and run.id in refused.value.what
    assert client.show("nothing").id == run.id


def lineage_of(client: Client, run: str) -> set[str]:
    """What stands in the lineage of a run."""
    return {node.label for node in client.lineage(run).nodes}


def test_a_failed_search_hides_neither_the_best_trial_nor_the_runs_of_its_name():
    client = kf.connect()
    client.data("points", pd.DataFrame({"x": range(60), "y": [n % 2 for n in range(60)]}))
    code = CELL + "\nassert depth < 4"
    client.train(code, name="late", data="points", target="y", params={"depth": 3}, wait=True)
    asked = {"metric": "auc", "maximize": True, "trials": 2, "wait": True}
    study = client.tune("late", params={"depth": "int(2, 3)"}, **asked)
    best = f"trial {study.best[0].number}, the best"
    assert lineage_of(client, study.run.id) == {"dataset points@1", f"run {study.run.id}", best}
    failed = client.tune("late", params={"depth": "int(5, 6)"}, **asked)
    assert not failed.best
    assert lineage_of(client, failed.run.id) >= {"dataset points@1", f"run {failed.run.id}"}
    promoted = client.promote("late")
    assert "model late@2" in lineage_of(client, study.run.id) and best not in lineage_of(
        client, study.run.id
    )
    assert promoted.version == 2
    assert (promoted.run, promoted.trial) == (study.run.id, study.best[0].number)
    assert promoted.params == study.best[0].params
    client.train(code, name="late", data="points", target="y", params={"depth": 2}, wait=True)
    again = client.promote("late")
    assert (again.ref, len(client.versions("model", "late"))) == ("late@2", 3)
    assert f"trial {promoted.trial} is already late@2" in display.text(again)
    assert studies.promoted(client.store, study.run) == {promoted.trial: "late@2"}
    other = {"run": study.run.id, "trial": 1 - promoted.trial}
    client.store.refs.add("model", "late", promoted.digest, other)
    back = client.promote(study.run.id, promoted.trial)  # a decision for the first once more
    assert (back.ref, choose_model(client.store, "late").entry.n) == ("late@5", 5)
    assert f"depth={promoted.params['depth']}" in display.text(client.show("late"))
    assert client.meant("late").kind == "train"


def test_a_transform_that_was_fitted_on_other_rows_is_told_and_versions_can_be_asked_for():
    client = kf.connect()
    rows = pd.DataFrame({"x": [float(n) for n in range(60)], "y": [n % 2 for n in range(60)]})
    client.data("points", rows)
    scale = "def fit(df):\n    return {'m': float(df['x'].mean())}\n"
    scale += "def transform(df, state):\n    return df[['x']] - state['m']"
    client.transform(scale, name="centre", data="points@1", target="y")
    client.data("points", rows + {"x": 1.0, "y": 0})
    asked = {"name": "late", "params": {"depth": 3}, "wait": True}
    same = client.train(CELL, data="points@1", transform="centre@1", **asked)
    assert same.reason == ""
    other = client.train(CELL, data="points", transform="centre", **asked)
    assert [run.id for run in client.compare("late@1", "late@2").runs] == [same.id, other.id]
    assert other.reason == (
        "look: transform `centre` was fitted on points@1, and these rows are points@2"
    )
    leak = client.train(CELL, data="points@1", transform="centre", split="0.5/0.5", **asked)
    assert "it has seen rows that validate this model" in leak.reason
    with pytest.raises(KfError) as missing:
        client.train(CELL, data="points@7", **asked)
    assert missing.value.code == 1103
    runs = len(client.runs())
    client.data("points", rows.assign(x=rows["x"].astype(str)))
    with pytest.raises(KfError, match=r"centre@1.* points@3: `x` is .*string, not double") as other:
        client.train(CELL, data="points", transform="centre", **asked)
    assert other.value.code == 1042 and "points@1" in other.value.cause
    assert "--data points@1" in other.value.fix and len(client.runs()) == runs


def test_a_metric_that_is_no_number_is_listed_like_any_other():
    client = kf.connect()
    fitted(client, "nan", "float('nan')")
    assert "loss nan" in display.text(client.list())
    assert math.isnan(client.get_model("nan").metrics["loss"])


def test_rows_that_are_given_a_second_name_keep_their_first_in_lineage():
    client = kf.connect()
    rows = pd.DataFrame({"x": [float(n) for n in range(60)], "y": [n % 2 for n in range(60)]})
    client.data("points", rows)
    client.train(CELL, name="late", data="points", target="y", params={"depth": 2}, wait=True)
    client.data("again", rows)
    labels = [node.label for node in client.lineage("late").nodes]
    assert "dataset points@1" in labels and "dataset again@1" not in labels


def test_more_runs_than_are_shown_are_counted():
    client = kf.connect()
    for _ in range(3):
        client.train("1", name="one", wait=True)
    assert "2 of 3 runs" in display.text(client.runs().first(2))
    assert display.text(client.runs("one").first(5)).startswith("3 runs")


def test_a_run_whose_cell_has_ended_says_that_its_model_is_proven():
    client = kf.connect()
    kept, gate = (client.store.root.with_name(name) for name in ("kept", "gate"))
    kept.write_text(str(gate))
    run = client.train(FITTED, name="two", params={"kept": str(kept)})
    while "proven on golden rows" not in (now := run.refresh()).reason:
        assert not now.state.ended, now
        time.sleep(0.02)
    assert now.state is State.RUNNING and now.reason in display.text(now)
    gate.touch()
    ended = run.wait(60)
    assert (ended.state, ended.reason) == (State.SUCCEEDED, "")
    assert client.metrics(run.id) == []


def test_a_version_that_is_coming_is_named_while_the_one_before_is_stopped():
    client = kf.connect()
    gate = fitted(client, "two", "0.0")
    client.serve("two", wait=True)
    client.stop("two")
    gate.unlink()
    run = client.serve("two")
    try:
        assert client.show("two").run.id == run.id
        with pytest.raises(KfError) as silent:  # it has not loaded its model
            client.predict("two", pd.DataFrame({"x0": [1.0]}))
        assert "version 2" in silent.value.cause and "show two" in silent.value.fix
    finally:
        gate.touch()
        run.wait(60)
        client.stop("two")
