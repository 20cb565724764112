"""Which run a name means for those who want to see or to end one."""

from __future__ import annotations

import json

import pytest

import jupyter_kf as kf
from jupyter_kf.backends.base import Observation
from jupyter_kf.blobs import write_json
from jupyter_kf.client.compare import Applied
from jupyter_kf.errors import KfError, NotFound
from jupyter_kf.records import State


@pytest.fixture
def client():
    return kf.connect()


def make(client, kind: str, created_s: float, ended: bool = True) -> str:
    """A run's folder, as a submitter and an observer leave it."""
    folder = client.store.runs.new(kind, "late", {}, "local")
    asked = {"kind": kind, "name": "late", "backend": "local", "spec": {}}
    write_json(folder.spec, {**asked, "created_s": created_s})
    if ended:
        write_json(folder.result, {"state": "SUCCEEDED"})
    return folder.id


def test_of_ended_runs_the_newest_train_run_is_meant(client):
    make(client, "train", 1)
    train = make(client, "train", 2)
    make(client, "batch", 3)
    assert client.meant("late").id == train


@pytest.mark.parametrize(("kind", "told"), [("train", True), ("tune", False)])
def test_a_search_that_does_not_know_how_long_it_takes_is_not_guessed(client, kind, told):
    folder = client.store.runs.folder(make(client, kind, 1, ended=False))
    line = {"t": 30.0, "step": 1, "values": {}, "progress": 0.25, "remaining_s": None}
    folder.metrics.write_text(json.dumps(line) + "\n")
    seen = Observation(State.RUNNING, started_s=20.0)
    run = client.store.runs.read(folder.id, seen)
    assert (run.progress, run.remaining_s) == (0.25, 30.0 if told else None)


def test_a_run_that_lives_is_meant_before_any_that_ended(client):
    batch = make(client, "batch", 1, ended=False)  # "being submitted" for its first half minute
    make(client, "train", 2)
    assert client.meant("late").id == batch
    assert client.meant("late").state is State.PENDING


def test_without_a_train_run_the_newest_is_meant_and_an_id_means_itself(client):
    first = make(client, "serve", 1)
    second = make(client, "batch", 2)
    assert client.meant("late").id == second
    assert client.meant(first).id == first
    assert client.meant(first[:-1] if first[:-1] != second[:-1] else first).id == first
    with pytest.raises(KfError, match="there is no run") as caught:
        client.meant("early")
    assert caught.value.code == 1105


def test_a_transform_that_the_store_has_lost_is_named_and_hides_no_comparison(client):
    first, second = make(client, "train", 1), make(client, "train", 2)
    write_json(client.store.runs.folder(first).job, {"transform": "ab" * 32})
    got = client.compare(first, second)
    assert got.transforms == (Applied("ab" * 6, "ab" * 32, None), None)
    assert got.settings["transform"] == ("ab" * 6, None)


def test_the_id_of_a_run_that_was_deleted_is_not_taken_for_another_misspelt(client):
    gone, _there = make(client, "train", 1), make(client, "train", 2)
    client.store.runs.delete(gone)
    for ask in (client.run, client.show, client.lineage):
        with pytest.raises(NotFound) as refused:
            ask(gone)
        assert "it was deleted, or never was here" in refused.value.cause.replace("the run", "it")
    with pytest.raises(NotFound) as refused:
        client.run("laet")
    assert "did you mean `late-" in refused.value.cause or "known: late-" in refused.value.cause
