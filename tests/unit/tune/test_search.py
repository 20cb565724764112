"""The study in its journal, without any trial's process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest

from jupyter_kf.backends.local.trials.journal import OwnedJournal
from jupyter_kf.backends.local.trials.records import best_of, improved
from jupyter_kf.backends.local.trials.search import Search, Wanted
from jupyter_kf.errors import TuneError
from jupyter_kf.specs.space import Space

X = {"x": "float(0, 1)"}


def wanted(params: dict[str, str] = X, **fields: Any) -> Wanted:
    fields = {"trials": 8, "sampler": "random"} | fields
    return Wanted(Space.of(params), ("loss",), (False,), **fields)


def work(search: Search, most: int = 1000) -> list[dict[str, Any]]:
    """Runs trials to their end; returns their parameters."""
    done = []
    while search.more and len(done) < most:
        number, params = search.ask()
        search.tell(number, "complete", [len(done)])
        done.append(params)
    return done


def test_exactly_the_trials_asked_for_are_run_over_two_sittings(tmp_path: Path) -> None:
    first = Search(tmp_path / "journal.log", wanted())
    before = work(first, most=3)
    first.close()
    second = Search(tmp_path / "journal.log", wanted())
    after = work(second)
    assert (len(before), len(after), second.ended) == (3, 5, 8)
    assert [past.params for past in second.past()] == before + after
    second.close()


def test_a_resumed_random_search_does_not_repeat_its_first_draws(tmp_path: Path) -> None:
    first = Search(tmp_path / "journal.log", wanted())
    before = work(first, most=4)
    first.close()
    second = Search(tmp_path / "journal.log", wanted())
    assert not {p["x"] for p in before} & {p["x"] for p in work(second)}
    second.close()


def test_trials_of_a_dead_driver_are_repeated_with_the_same_parameters(tmp_path: Path) -> None:
    first = Search(tmp_path / "journal.log", wanted())
    work(first, most=2)
    lost = [first.ask() for _ in range(2)]
    first.close()
    for _ in range(2):  # a second driver that dies at once changes nothing
        Search(tmp_path / "journal.log", wanted()).close()
    second = Search(tmp_path / "journal.log", wanted())
    assert second.ended == 2
    number, params = second.ask()
    assert (second.repeats(number), params) == lost[0]
    second.tell(number, "failed")
    assert work(second, most=1) == [lost[1][1]]
    work(second)
    states = [past.state for past in second.past()]
    assert (states.count("vanished"), states.count("complete"), states.count("failed")) == (2, 7, 1)
    second.close()


def test_a_repeated_trial_that_is_lost_again_is_repeated_again(tmp_path: Path) -> None:
    params = []
    for _ in range(3):
        search = Search(tmp_path / "journal.log", wanted(trials=1))
        params.append(search.ask()[1])
        search.close()
    assert params[0] == params[1] == params[2]


def test_a_grid_tries_each_point_once_over_two_sittings(tmp_path: Path) -> None:
    grid = wanted({"a": "int(1, 3)", "b": "choice(u, v)"}, sampler="grid", trials=100)
    first = Search(tmp_path / "journal.log", grid)
    before = work(first, most=2)
    lost = first.ask()[1]
    first.close()
    second = Search(tmp_path / "journal.log", grid)
    assert second.total == 6
    after = work(second)
    assert after[0] == lost
    assert len({str(sorted(p.items())) for p in before + after}) == len(before + after) == 6
    second.close()


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_the_same_seed_tries_the_same_parameters(tmp_path: Path, sampler: str) -> None:
    drawn = []
    for n in range(3):
        search = Search(tmp_path / f"{n}.log", wanted(sampler=sampler, seed=n // 2))
        drawn.append(work(search))
        search.close()
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("sampler", ["auto", "random", "tpe", "cmaes", "grid"])
def test_every_sampler_works(tmp_path: Path, sampler: str) -> None:
    space = {"a": "float(0, 1, step=0.25)", "b": "int(1, 64, step=9)"}
    search = Search(tmp_path / "journal.log", wanted(space, sampler=sampler, trials=14))
    assert len(work(search)) == 14
    search.close()


@pytest.mark.parametrize("trials", [5, 300])
def test_several_objectives_work_with_the_automatic_sampler(tmp_path: Path, trials: int) -> None:
    both = Wanted(Space.of(X), ("a", "b"), (True, False), trials, parallel=2)
    search = Search(tmp_path / "journal.log", both)
    for _ in range(5):
        number, params = search.ask()
        search.tell(number, "complete", [params["x"], 1 - params["x"]])
    assert len(search.past()[0].values or ()) == 2
    search.close()


def test_another_space_is_not_continued(tmp_path: Path) -> None:
    Search(tmp_path / "journal.log", wanted()).close()
    with pytest.raises(TuneError, match="with another space"):
        Search(tmp_path / "journal.log", wanted({"x": "int(0, 1)"}))


def test_more_trials_may_be_asked_for_later(tmp_path: Path) -> None:
    first = Search(tmp_path / "journal.log", wanted(trials=2))
    work(first)
    first.close()
    second = Search(tmp_path / "journal.log", wanted(trials=5, sampler="tpe"))
    assert len(work(second)) == 3
    second.close()


def test_two_drivers_can_not_hold_one_journal(tmp_path: Path) -> None:
    journal = OwnedJournal(tmp_path / "journal.log")
    with pytest.raises(TuneError, match="still being searched"):
        OwnedJournal(tmp_path / "journal.log")
    journal.close()
    OwnedJournal(tmp_path / "journal.log").close()


def test_a_killed_driver_holds_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    code = (
        "import pathlib, time\n"
        "from jupyter_kf.backends.local.trials.journal import OwnedJournal\n"
        f"journal = OwnedJournal(pathlib.Path({str(path)!r}))\n"
        "print('held', flush=True)\ntime.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(TuneError):
            OwnedJournal(path)
        child.kill()
    OwnedJournal(path).close()


@pytest.mark.parametrize("tail", [b'{"op_code": 4, "wor', b"\x00" * 40, b'{"op_code"\n'])
def test_a_torn_last_line_is_removed(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "journal.log"
    search = Search(path, wanted())
    work(search, most=3)
    search.close()
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    again = Search(path, wanted())
    assert path.read_bytes()[: len(whole)] == whole
    assert again.ended == 3
    assert len(work(again)) == 5
    again.close()


def test_damage_amid_the_journal_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    search = Search(path, wanted())
    work(search, most=2)
    search.close()
    lines = path.read_bytes().splitlines(keepends=True)
    lines[3] = b"\x00" * len(lines[3].rstrip()) + b"\n"
    path.write_bytes(b"".join(lines))
    with pytest.raises(TuneError, match="damaged") as caught:
        Search(path, wanted())
    assert "line 4 of" in caught.value.cause


def test_optunas_own_tools_read_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    search = Search(path, wanted())
    params = work(search)
    search.close()
    backend = optuna.storages.journal.JournalFileBackend(str(path))
    storage = optuna.storages.JournalStorage(backend)
    study = optuna.load_study(study_name=None, storage=storage)
    assert [trial.params for trial in study.trials] == params
    assert study.best_value == 0


def test_the_best_is_the_earliest_of_equals() -> None:
    entries = [{"trial": n, "values": [v]} for n, v in enumerate([3.0, 1.0, 2.0, 1.0])]
    assert [entry["trial"] for entry in best_of(entries, (False,))] == [1]
    assert [entry["trial"] for entry in best_of(entries, (True,))] == [0]


def test_a_front_keeps_what_nothing_else_beats() -> None:
    points = [(1, 5), (2, 2), (5, 1), (3, 3), (2, 2), (0, 6), (1, 1)]
    entries = [{"trial": n, "values": list(map(float, p))} for n, p in enumerate(points)]
    front = best_of(entries, (False, False))
    assert sorted(entry["trial"] for entry in front) == [5, 6]
    assert improved(front, {"trial": 9, "values": [2.0, 2.0]}, (False, False)) is None


def test_the_journals_lines_are_plain_json(tmp_path: Path) -> None:
    search = Search(tmp_path / "journal.log", wanted())
    work(search)
    search.close()
    assert all(json.loads(line) for line in (tmp_path / "journal.log").open())
