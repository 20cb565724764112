"""The kept listing says what a fresh one says, whatever comes, goes and ends."""

from __future__ import annotations

import shutil

from jupyter_kf.blobs import write_json
from jupyter_kf.records import Origin
from jupyter_kf.server.table import Table
from jupyter_kf.verbs import perform, read_call
from tests.faces.server.scene import ended_run


def test_it_is_the_clients_own_listing_after_each_change(client):
    table = Table(client)
    ids = [ended_run(client, f"run-{i}") for i in range(3)]
    sleeper = client.train("import time\ntime.sleep(600)", name="sleeper")
    steps = [
        lambda: None,
        lambda: ended_run(client, "later"),
        lambda: shutil.rmtree(client.store.runs.folder(ids[1]).path),
        sleeper.cancel,
        lambda: client.delete(sleeper.id),
    ]
    for step in steps:
        step()
        for _ in range(3):
            got, want = table.runs(), client.runs()
            assert [run.id for run in got] == [run.id for run in want]
            assert [run.state.ended for run in got] == [run.state.ended for run in want]


def test_its_words_are_searched_in_lower_case(client):
    table = Table(client)
    ended_run(client, "one", "FAILED")
    (run,) = table.runs()
    assert "failed" in table.words(run) and "auc" in table.words(run)


def test_a_run_is_found_by_what_it_was_asked_where_it_came_from_and_why_it_failed(client):
    client.origin = Origin("Räder & Co.ipynb")
    asked = {"data": "points", "params": {"lr": 0.25, "kind": "Forest"}, "transform": "prepare"}
    folder = client.store.runs.new("train", "one", asked, "local", client.origin)
    error = {"code": "kf-2050", "message": "the cell raised KeyError", "cause": "line 3: df['Km']"}
    write_json(folder.result, {"state": "FAILED", "error": error | {"fix": "so"}})
    ended_run(client, "other")
    for words in ("lr=0.25", "forest points", "PREPARE", "räder", "kf-2050", "keyerror km", "one-"):
        assert [run.id for run in client.runs(search=words)] == [folder.id], words
    assert len(client.runs(search="")) == 2 and client.runs(search="one two") == []
    words = ["runs", "--search", "lr=0.25 train"]
    assert [run.id for run in perform(client, read_call(words), None, {})] == [folder.id]


def test_a_list_that_a_caller_changes_stays_the_callers(client):
    table = Table(client)
    ended_run(client, "one")
    table.runs().clear()
    assert len(table.runs()) == 1
