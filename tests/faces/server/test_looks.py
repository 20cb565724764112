"""The watcher's looks: one call for all runs that are due, and nothing for those that rest."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import replace

import pytest

from jupyter_kf.backends.local.backend import LocalBackend
from jupyter_kf.client import Client
from jupyter_kf.records import State
from jupyter_kf.server import looks
from jupyter_kf.server.looks import Looks
from jupyter_kf.store import Store
from tests.faces.server.scene import ended_run


class Counting(LocalBackend):
    """The local back end, which remembers what it was asked to observe at once."""

    def __init__(self, root) -> None:
        super().__init__(root)
        self.observed: list[list[str]] = []

    def observe(self, refs):
        self.observed.append(sorted(ref.run_id for ref in refs))
        return super().observe(refs)


@pytest.fixture
def counted(store_dir, monkeypatch):
    """A client whose back end counts, three runs that sleep, and looks at them."""
    client = Client(Store(store_dir))
    client.backend = backend = Counting(store_dir)
    client._watch._backends["local"] = backend
    runs = [client.train("import time\ntime.sleep(600)", name=f"run-{i}", cpu="0.1") for i in "abc"]
    for run in runs:
        started = client.store.runs.folder(run.id).started
        while client.run(run.id).state != "RUNNING" or not started.exists():
            pass  # its files rest from now on
    yield client, backend, sorted(run.id for run in runs)
    for run in runs:
        run.cancel()


def test_all_runs_that_are_due_are_observed_in_one_call(counted, monkeypatch):
    client, backend, ids = counted
    seen = Looks(client)
    monkeypatch.setattr(looks, "OBSERVE_S", 0.0)
    seen.look()
    backend.observed.clear()
    seen.look()
    assert backend.observed == [ids]


def test_runs_whose_files_rest_are_not_observed_again(counted, monkeypatch):
    client, backend, ids = counted
    monkeypatch.setattr(looks, "OBSERVE_S", 1e9)
    seen = Looks(client)
    while seen.look():
        pass
    backend.observed.clear()
    assert seen.look() == []
    assert backend.observed == []
    line = {"t": 1.0, "step": 1, "values": {"auc": 0.5}, "progress": None, "remaining_s": None}
    with client.store.runs.folder(ids[0]).metrics.open("a") as metrics:
        metrics.write(json.dumps(line) + "\n")
    (news,) = seen.look()
    assert (news.id, news.action, news.row.metrics) == (ids[0], "changed", {"auc": 0.5})
    assert backend.observed == [[ids[0]]]


def test_a_few_stats_say_whether_a_look_would_find_anything(counted):
    client, _, ids = counted
    seen = Looks(client)

    def settled() -> Looks:
        while seen.look() or seen.moved():
            pass
        return seen

    settled()
    with client.store.runs.folder(ids[0]).metrics.open("a") as metrics:
        metrics.write('{"t": 1.0, "step": 1, "values": {"auc": 0.5}, "progress": null}\n')
    assert seen.moved()
    settled()
    ended_run(client, "new")
    assert seen.moved()
    settled()
    (client.store.root / "refs" / "model" / "new").mkdir(parents=True)
    assert seen.moved()
    assert not settled().moved()


def test_a_killed_supervisor_is_noticed_though_it_leaves_no_trace(counted, monkeypatch):
    import os
    import signal

    client, _, ids = counted
    seen = Looks(client)
    folder = client.store.runs.folder(ids[0])
    for pid, _ in json.loads(folder.heartbeat.read_text())["pids"]:
        os.kill(pid, signal.SIGKILL)
    monkeypatch.setattr(looks, "OBSERVE_S", 0.0)
    while not (found := [n for n in seen.look() if n.id == ids[0] and n.action == "ended"]):
        pass
    assert found[0].row.state in ("LOST", "FAILED")


def test_a_run_that_came_and_ended_between_two_looks_is_told_as_both(client):
    seen = Looks(client)
    run_id = ended_run(client, "quick")
    told = [(news.id, news.action) for news in seen.look() if news.thing == "run"]
    assert told == [(run_id, "created"), (run_id, "ended")]
    assert [news for news in seen.look() if news.thing == "run"] == []


def test_a_folder_without_its_spec_becomes_a_run_when_it_has_one(client):
    seen = Looks(client)
    folder = client.store.root / "runs" / "half-abc"
    folder.mkdir(parents=True)
    assert [news for news in seen.look() if news.thing == "run"] == []
    asked = {"id": "half-abc", "kind": "train", "name": "half", "created_s": 1.0}
    asked |= {"backend": "local", "spec": {}}
    (folder / "spec.json").write_text(json.dumps(asked))
    (news,) = [news for news in seen.look() if news.thing == "run"]
    assert (news.id, news.action) == ("half-abc", "created")


def test_a_run_that_came_was_shown_and_went_between_two_looks_is_told(client):
    shown: set[str] = set()
    seen = Looks(client, shown)
    run_id = ended_run(client, "brief")
    shown.add(run_id)
    shutil.rmtree(client.store.runs.folder(run_id).path)
    told = [(one.id, one.action) for one in seen.look() if one.thing == "run"]
    assert told == [(run_id, "deleted")]
    assert not shown


def test_what_there_is_left_is_told_when_a_run_is_let_in_and_not_when_it_reports(counted):
    client, _, ids = counted
    seen = Looks(client)
    while seen.look():
        pass
    line = {"t": 1.0, "step": 1, "values": {"auc": 0.5}, "progress": None, "remaining_s": None}
    with client.store.runs.folder(ids[0]).metrics.open("a") as metrics:
        metrics.write(json.dumps(line) + "\n")
    assert [news.thing for news in seen.look()] == ["run"]
    # As it was seen while it waited: it has its cores now, though it is the same run.
    seen._rows[ids[1]] = replace(seen._rows[ids[1]], state=State.PENDING)
    seen._marks[ids[1]] = ()
    told = [(news.thing, news.id, news.action) for news in seen.look()]
    assert told == [("run", ids[1], "changed"), ("resources", "local", "changed")]


def test_a_slow_disk_does_not_put_off_the_next_look_at_names(client, monkeypatch):
    seen, versions = Looks(client), Looks._versions

    def slowly(self, kind):
        time.sleep(0.1)  # five kinds: with its work's share alone, a rest of 25 s
        return versions(self, kind)

    monkeypatch.setattr(Looks, "_versions", slowly)
    ended_run(client, "new")
    assert [one.action for one in seen.look() if one.thing == "run"] == ["created", "ended"]
    assert seen._refs_due_s - time.monotonic() < looks._MOST_REFS_S


def test_a_run_whose_folder_was_there_before_the_first_look_and_its_spec_after_is_told(client):
    folder = client.store.runs.new("train", "half", {}, "local")
    spec = folder.spec.read_bytes()
    folder.spec.unlink()
    seen = Looks(client)
    folder.spec.write_bytes(spec)
    assert (folder.id, "created") in {(one.id, one.action) for one in seen.look()}


def test_a_run_that_came_within_one_tick_of_the_clock_is_told(client, monkeypatch):
    seen, runs = Looks(client), client.store.root / "runs"
    ended_run(client, "one")
    tick = time.time_ns()
    os.utime(runs, ns=(tick, tick))
    with monkeypatch.context() as slowly:
        slowly.setattr(looks, "_FRESH_NS", 10**12)  # however long this machine took until here
        slowly.setattr(looks, "_COARSE_NS", 10**12)
        assert seen.look()
    second = ended_run(client, "two")
    os.utime(runs, ns=(tick, tick))  # as a coarse clock would have it
    while not looks.at_rest(looks.mark_of(runs)):
        pass
    assert second in {one.id for one in seen.look()}


def test_what_is_no_run_does_not_make_every_look_a_listing(client, monkeypatch):
    runs, listed = client.store.root / "runs", []
    ended_run(client, "one")
    (runs / "junk").mkdir()
    (runs / ".DS_Store").touch()
    for path in (runs / "junk", runs):
        os.utime(path, (1, 1))  # long ago
    seen, ids = Looks(client), client.store.runs.ids
    monkeypatch.setattr(client.store.runs, "ids", lambda: listed.append(1) or ids())
    for _ in range(5):
        seen.look()
    assert len(listed) == 1


def test_a_metric_that_stands_still_is_news(client, tmp_path):
    gate = tmp_path / "gate"
    cell = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.01)"
    run = client.train(cell, name="flat")
    try:
        seen = Looks(client)
        metrics = client.store.runs.folder(run.id).metrics
        while client.run(run.id).state != "RUNNING":
            pass
        line = json.dumps({"t": 1, "step": 1, "values": {"acc": 1.0}}) + "\n"
        for _ in range(3):
            with metrics.open("a") as stream:
                stream.write(line)
            assert run.id in {one.id for one in seen.look()}
        assert run.id not in {one.id for one in seen.look()}
    finally:
        gate.touch()
        run.wait()


def test_a_new_run_that_was_shown_while_the_watcher_listed_is_not_deleted(client, monkeypatch):
    shown: set[str] = set()
    seen, ids, come = Looks(client, shown), client.store.runs.ids, ["new"]

    def and_then_it_comes():
        here = ids()
        if come:
            shown.add(ended_run(client, come.pop()))
        return here

    monkeypatch.setattr(client.store.runs, "ids", and_then_it_comes)
    news = [*seen.look(), *seen.look()]
    assert [one.action for one in news if one.thing == "run"] == ["created", "ended"]


def test_nothing_is_kept_of_runs_that_ended(client):
    seen = Looks(client)
    run = client.train("kf.report(a=1)", name="short")
    while not client.run(run.id).state.ended:
        seen.look()
    seen.look()
    assert (seen._marks, seen._rows) == ({}, {})
