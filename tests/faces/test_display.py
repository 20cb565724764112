from __future__ import annotations

import re
import time
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kf.backends.base import Plan, Unsupported
from jupyter_kf.client.compare import Applied, compare
from jupyter_kf.display import html, text
from jupyter_kf.display.card import Card, Table, as_html, as_text
from jupyter_kf.display.values import type_word
from jupyter_kf.errors import BackendError, ParityError
from jupyter_kf.records import Check, Run, RunList, State, Study, Trial
from jupyter_kf.specs import TrainSpec


def run(**fields) -> Run:
    return Run(
        **{"id": "delay-1", "kind": "train", "name": "delay", "state": State.RUNNING} | fields
    )


class Tags(HTMLParser):
    """Collects what a browser would see as tags and as text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, data):
        self.text += data


OURS = {"div", "b", "span", "table", "thead", "tbody", "tr", "th", "td", "pre", "progress"}


@given(st.text())
def test_whatever_a_name_or_a_log_contains_is_shown_as_text(evil):
    card = Card(evil, evil, "bad", 0.5, [(evil, evil)], Table([evil], [[evil]]), [evil], evil)
    page = Tags(as_html(card))
    assert page.tags <= OURS
    as_text(card)


def test_a_moment_is_said_with_its_year_and_zone_wherever_it_is_printed_or_saved(monkeypatch):
    monkeypatch.setenv("TZ", "XKF-05:45")
    time.tzset()
    try:
        ended = run(state=State.SUCCEEDED, started_s=1_764_307_800.0, ended_s=1_764_307_860.0)
        assert "took  1 min 0 s, until 2025-11-28 11:16 XKF" in text(ended)
        assert "2025-11-28 11:16 XKF" in html(ended)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert " 1970-01-01 " in text(RunList([run(created_s=43_200.0)]))


def test_script_in_an_error_is_not_a_script():
    error = BackendError(2050, "the cell raised <script>alert(1)</script>", cause="x", fix="y")
    page = Tags(html(run(state=State.FAILED, error=error)))
    assert "script" not in page.tags
    assert "<script>alert(1)</script>" in page.text


def test_a_failed_run_says_what_cause_fix():
    error = BackendError(2050, "the cell raised ValueError", cause="line 3", fix="look there")
    shown = text(run(state=State.FAILED, error=error))
    assert "kf-2050: the cell raised ValueError" in shown
    assert "Cause: line 3" in shown
    assert "Fix: look there" in shown


def test_a_running_run_says_how_to_follow_and_end_it():
    shown = text(run(progress=0.25, metrics={"auc": 0.91234567}))
    assert "25%" in shown
    assert "0.9123" in shown
    assert "%kf logs delay-1 -f" in shown and "%kf cancel delay-1" in shown


def test_an_endpoint_that_was_ended_is_stopped_and_not_cancelled():
    ended = run(kind="serve", name="delay", state=State.CANCELLED)
    assert text(ended).startswith("serve delay  STOPPED")
    assert "STOPPED" in text(RunList([ended])) and "CANCELLED" in text(
        RunList([run(state=State.CANCELLED)])
    )
    assert "%kf stop delay" in text(run(kind="serve", name="delay"))


def test_a_batch_says_where_its_results_are():
    shown = text(run(kind="batch", spec={"input": "/in/*.parquet", "output": "/out"}))
    assert "/in/*.parquet" in shown and "/out" in shown


def test_a_check_that_met_an_error_says_it_whole():
    error = ParityError(2111, "a golden row is refused", cause="it is", fix="look at it")
    shown = text(Check("endpoint late@1", False, (error.to_dict(),)))
    assert "kf-2111: a golden row is refused" in shown and "Fix: look at it" in shown


def test_no_runs_yet_says_what_to_type():
    assert "%kf data" in text(RunList())


def test_a_comparison_shows_only_what_differs():
    runs = [
        run(
            id=f"d-{lr}",
            spec={"seed": 0, "queue": None, "env": {}, "params": {"lr": lr}},
            metrics={"auc": lr},
        )
        for lr in (1, 2)
    ]
    got = compare(runs)
    assert dict(got.settings) == {"param lr": (1, 2)}
    assert dict(got.same) == {"seed": 0}  # what all left empty is no setting
    assert "1 setting is the same" in text(got)
    assert "param lr" in text(got) and "seed" not in text(got)
    searched = compare([run(spec={"metric": [m, "size"]}) for m in ("auc", "loss")])
    assert "auc, size" in text(searched) and "[" not in text(searched)


def test_a_comparison_says_that_the_code_differs_and_where():
    runs = [run(id=f"d-{n}", spec={"params": {"depth": n}}) for n in (9, 3)]
    boosted, linear = (
        f"from sklearn import {kind}\nrows = 1\nmodel = {kind}()\n"
        for kind in ("boosted", "linear")
    )
    got = compare(runs, code=(boosted, linear))
    first, second = got.settings["code"]
    assert first != second and len(first) == len(second) == 12
    lines = text(got).splitlines()
    assert any(line.split() == ["code", first, second] for line in lines)
    assert {"-model = boosted()", "+model = linear()"} <= set(lines)
    same = compare(runs, code=(boosted, boosted))
    assert (dict(same.settings), dict(same.same)) == ({"param depth": (9, 3)}, {"code": first})
    assert "boosted" not in text(same)


def test_two_versions_of_a_transform_are_told_apart_by_their_code_or_by_what_they_learnt():
    runs = [run(id=f"d-{n}", spec={"transform": "prepare"}) for n in (1, 2)]
    old, new, refitted = (
        Applied(f"prepare@{n}", str(n), f"def transform(df):\n    return df * {k}\n")
        for n, k in ((1, 2), (2, 3), (3, 3))
    )
    got = compare(runs, transforms=(old, new))
    assert got.settings["transform"] == ("prepare@1", "prepare@2")
    assert {"-    return df * 2", "+    return df * 3"} <= set(text(got).splitlines())
    assert "learnt from other rows" in text(compare(runs, transforms=(new, refitted)))
    gone = compare(runs, transforms=(old, replace(new, code=None)))
    assert "the store has lost the code of prepare@2" in text(gone)
    same = compare(runs, transforms=(old, old))
    assert (same.same["transform"], "return df" in text(same)) == ("prepare@1", False)


def test_a_long_difference_of_code_is_cut_and_one_of_three_runs_asks_for_two():
    texts = ["".join(f"{kind}{n}\n" for n in range(40)) for kind in "abc"]
    runs = [run(id=f"d-{n}") for n in range(3)]
    shown = text(compare(runs[:2], code=texts[:2])).splitlines()
    assert sum(line[:1] in ("-", "+", "@") for line in shown) == 20
    assert "... and 63 more lines" in shown
    assert "compare two of them" in text(compare(runs, code=texts))
    assert "code" not in compare(runs).settings  # endpoints ran none


def test_a_study_shows_its_best_trials_first():
    trials = tuple(
        Trial(n, State.SUCCEEDED, {"x": n}, (value,)) for n, value in enumerate([0.2, 0.9, 0.5])
    )
    study = Study(
        run(kind="tune", state=State.SUCCEEDED, spec={"trials": 3}),
        ("auc",),
        (True,),
        trials,
        (trials[1],),
    )
    lines = text(study).splitlines()
    first = next(line for line in lines if line.strip().startswith("1 *"))
    assert lines.index(first) < lines.index(next(x for x in lines if x.strip().startswith("2 ")))
    assert "%kf promote delay" in text(study)
    assert any(line.split() == ["best", "is", "largest", "auc"] for line in lines)
    assert "smallest auc (or --maximize?)" in text(replace(study, maximize=(False,)))
    loss = replace(study, metrics=("loss",), maximize=(False,))
    assert "smallest loss\n" in text(loss)
    grid = replace(study, total=3, run=replace(study.run, spec={"trials": 20}))
    assert any(line.split() == ["trials", "3", "of", "3"] for line in text(grid).splitlines())


def test_a_check_names_what_differs():
    finding = {"path": "JSON", "column": "prediction", "row": 3, "expected": 1, "got": 0}
    shown = text(Check("endpoint delay", False, (finding,)))
    assert "differs" in shown and "prediction" in shown


def test_a_plan_shows_what_is_refused_and_why():
    spec = TrainSpec.of(name="d", image="x")
    refused = Unsupported("image", "processes have no image", "leave it out")
    shown = text(Plan("d-1", "local", "train", spec, ({"argv": ["python"]},), (refused,)))
    assert "not started" in shown and "processes have no image" in shown


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_tone_in_both_themes(state):
    assert f"{state}" in html(run(state=state))
    assert "var(--jp-" in html(run(state=state))


def test_a_type_is_said_as_the_pages_say_it():
    said = [type_word(kind) for kind in ("large_string", "int64", "string_view")]
    assert said == ["string", "int64", "string"]
    assert type_word("dictionary<values=string, indices=int32, ordered=0>") == "string"


def test_a_snapshot_of_what_goes_on_says_when_it_was_so_and_an_ended_one_does_not():
    for state, dated in ((State.RUNNING, True), (State.READY, True), (State.SUCCEEDED, False)):
        for thing in (run(state=state), Study(run(kind="tune", state=state), ("a",), (True,))):
            said = re.search(r"as it was at \d{4}-\d\d-\d\d \d\d:\d\d \S+<", html(thing))
            assert (said is not None) == dated
            assert "as it was" not in text(thing)  # a terminal shows what is now
    assert "as it was" not in html(RunList([run()]))
