"""Real studies of small cells, in their own processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jupyter_kf.errors import TuneError
from jupyter_kf.refs import Refs
from jupyter_kf.store.studies import promote

Make = Callable[..., Any]


def test_a_study_runs_all_its_trials_and_leaves_its_account(
    make_study: Make, store_dir: Path
) -> None:
    study = make_study(
        "seen.append(x)\nprint('x is', *seen)\nkf.report(loss=(x - 0.3) ** 2)",
        {"x": "float(0, 1)"},
        preamble="seen = []",
        trials=12,
        parallel=2,
        sampler="auto",
    )
    outcome = study.run()
    facts, outputs = study.study, outcome["outputs"]
    best = min(facts["trials"], key=lambda trial: trial["values"][0])
    assert outcome["ok"]
    assert (outputs["trials"], outputs["complete"], outputs["failed"]) == (12, 12, 0)
    assert facts["best"] == [best["number"]] == [outputs["best"][0]["trial"]]
    assert {trial["state"] for trial in facts["trials"]} == {"SUCCEEDED"}
    first = study.folder / "trials" / "0"
    assert (first / "log.txt").read_text() == f"x is {facts['trials'][0]['params']['x']}\n"
    reported = json.loads((first / "metrics.jsonl").read_text())
    assert reported["values"]["loss"] == facts["trials"][0]["values"][0]
    progress = [json.loads(line) for line in (study.folder / "metrics.jsonl").open()]
    assert [line["progress"] for line in progress] == [n / 12 for n in range(1, 13)]
    assert progress[-1]["values"]["loss"] == best["values"][0]
    assert [line["remaining_s"] is None for line in progress] == [True] * 2 + [False] * 10
    assert "best so far" in study.log
    for trial, said in ((None, "kept no model"), (99, "no trial 99")):
        with pytest.raises(TuneError, match=said):
            promote(store_dir, study.folder, trial)
    assert Refs(store_dir).names("model") == []


def test_a_promotion_while_the_study_runs_says_how_far_it_is(
    make_study: Make, store_dir: Path, tmp_path: Path
) -> None:
    cell = f"""
import pathlib, time
if x == 'raises': raise ValueError('no such x')
while not pathlib.Path({str(tmp_path / "go")!r}).exists(): time.sleep(0.01)
kf.report(loss=1)
"""
    study = make_study(cell, {"x": "choice(raises, waits)"}, sampler="grid", trials=2, parallel=2)
    study.start()
    study.until(
        lambda s: s.ended() == 1 and {t["state"] for t in s.trials} == {"FAILED", "RUNNING"}
    )
    runs = next(t["number"] for t in study.trials if t["state"] == "RUNNING")
    for trial, what in ((None, "has no best trial yet"), (runs, f"trial {runs} of")):
        with pytest.raises(TuneError, match=what) as refusal:
            promote(store_dir, study.folder, trial)
        assert "still running: 1 of its 2 trials" in refusal.value.cause
    (tmp_path / "go").touch()
    study.driver.wait(60)
    with pytest.raises(TuneError, match="kept no model"):
        promote(store_dir, study.folder)


def test_trials_that_fail_in_every_way_leave_the_study_running(make_study: Make) -> None:
    cell = """
import os, signal, sys
if kind == 'raises': raise ValueError('no such kind')
if kind == 'dies': os.kill(os.getpid(), signal.SIGKILL)
if kind == 'leaves': os._exit(0)
if kind == 'nan': kf.report(loss=float('nan'))
if kind == 'silent': kf.report(los=1)
if kind == 'exits': kf.report(loss=2); sys.exit(0)
if kind == 'ok': kf.report(loss=1)
"""
    kinds = "ok, raises, dies, leaves, nan, silent, exits"
    study = make_study(cell, {"kind": f"choice({kinds})"}, sampler="grid", trials=50)
    outcome = study.run()
    by_kind = {trial["params"]["kind"]: trial for trial in study.trials}
    reasons = {kind: trial["reason"] for kind, trial in by_kind.items()}
    assert (outcome["outputs"]["trials"], outcome["outputs"]["failed"]) == (7, 5)
    assert reasons["ok"] == reasons["exits"] == ""
    assert "ValueError: no such kind" in reasons["raises"]
    assert "line 3" in reasons["raises"]
    assert "SIGKILL" in reasons["dies"]
    assert "ended itself with code 0" in reasons["leaves"]
    assert "`loss` was nan" in reasons["nan"]
    assert "never reported `loss`" in reasons["silent"]
    assert "`los`" in reasons["silent"]
    assert outcome["outputs"]["best"][0]["params"] == {"kind": "ok"}
    told = [json.loads(line) for line in (study.folder / "metrics.jsonl").open()]
    # Two trials did not fail, from which it can't be known how long those to come take.
    assert [line["remaining_s"] for line in told] == [None] * 6 + [0.0]


def test_when_the_first_three_trials_fail_alike_the_study_says_so_at_once(make_study: Make) -> None:
    study = make_study("raise ValueError(f'bad x: {x}')", {"x": "float(0, 1)"}, trials=50)
    outcome = study.run()
    assert not outcome["ok"]
    assert outcome["error"]["code"] == "kf-2050"
    assert "ValueError: bad x" in outcome["error"]["message"]
    assert "first 3 trials failed alike" in outcome["error"]["cause"]
    assert len(study.trials) == 3


def test_a_study_of_which_no_trial_completed_failed(make_study: Make) -> None:
    outcome = make_study("kf.report(other=1)", {"x": "float(0, 1)"}, trials=2).run()
    assert outcome["error"]["code"] == "kf-2535"
    assert "never reported `loss`" in outcome["error"]["cause"]


def test_a_preamble_that_fails_is_the_studys_error(make_study: Make) -> None:
    study = make_study("kf.report(loss=x)", {"x": "float(0, 1)"}, preamble="import no_such_module")
    outcome = study.run()
    assert not outcome["ok"]
    assert "no_such_module" in outcome["error"]["message"] + outcome["error"]["cause"]


def test_hopeless_trials_are_ended_early_and_no_except_stops_it(make_study: Make) -> None:
    cell = """
for step in range(20):
    try:
        kf.report(step=step, loss=x * 100 + step)
    except Exception:
        pass
"""
    study = make_study(
        cell, {"x": "int(0, 1000)"}, trials=14, early_stop="median", sampler="random"
    )
    outcome = study.run()
    assert outcome["ok"], study.log
    outputs = outcome["outputs"]
    pruned = [trial for trial in study.trials if trial["pruned"]]
    assert outputs["pruned"] == len(pruned) > 0
    assert outputs["pruned"] + outputs["complete"] == 14
    assert all(trial["reason"].startswith("pruned at step") for trial in pruned)
    assert all(trial["state"] == "CANCELLED" for trial in pruned)
    assert not outputs["notes"]
    lines = (study.folder / "trials" / str(pruned[0]["number"]) / "metrics.jsonl").read_text()
    assert lines.count("\n") < 20


def test_asha_ends_most_trials_at_their_first_steps(make_study: Make) -> None:
    cell = "for step in range(1, 10): kf.report(step=step, acc=1 - x)"
    study = make_study(
        cell,
        {"x": "float(0, 1)"},
        metric=["acc"],
        maximize=True,
        trials=12,
        early_stop="asha",
        parallel=2,
    )
    outcome = study.run()
    assert outcome["ok"], study.log
    outputs = outcome["outputs"]
    assert outputs["pruned"] > 0 < outputs["complete"]
    assert outputs["best"][0]["values"][0] == max(
        trial["values"][0] for trial in study.trials if trial["values"]
    )


def test_early_stop_without_steps_is_noted(make_study: Make) -> None:
    study = make_study("kf.report(loss=x)", {"x": "float(0, 1)"}, trials=3, early_stop="median")
    assert "kf.report(step=..., loss=...)" in study.run()["outputs"]["notes"][0]


def test_an_inactive_parameter_has_the_train_runs_value_or_none(make_study: Make) -> None:
    study = make_study(
        "assert (depth, rate) == (7, None) if booster == 'linear' else depth in (3, 4)\n"
        "kf.report(loss=depth)",
        {
            "depth": "int(3, 4) if booster == 'tree'",
            "rate": "float(0, 1, step=1) if booster == 'tree' and depth < 4",
            "booster": "choice(tree, linear)",
        },
        sampler="grid",
        train_params={"depth": 7},
    )
    assert study.run()["outputs"]["complete"] == 4
    assert sorted(map(str, (trial["params"] for trial in study.trials)))[0] == (
        "{'booster': 'linear'}"
    )


def test_several_objectives_give_a_front(make_study: Make) -> None:
    study = make_study(
        "kf.report(cost=n, error=10 - n if n < 8 else 9)",
        {"n": "int(0, 10)"},
        metric=["cost", "error"],
        sampler="grid",
        trials=11,
    )
    front = study.run()["outputs"]["best"]
    assert sorted(entry["params"]["n"] for entry in front) == list(range(8))


def test_without_optuna_the_error_has_the_install_command(make_study: Make) -> None:
    study = make_study("kf.report(loss=x)", {"x": "int(0, 1)"})
    code = (
        "import sys; sys.modules['optuna'] = None\n"
        "from jupyter_kf.backends.local.trials.__main__ import main\n"
        f"sys.exit(main([{str(study.folder)!r}]))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 1
    assert "kf-2520" in ended.stderr
    assert 'pip install "jupyter-kf[tune]"' in ended.stderr
