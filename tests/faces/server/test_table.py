"""The kept listing says what a fresh one says, whatever comes, goes and ends."""

from __future__ import annotations

import shutil

from jupyter_kf.server.table import Table
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


def test_a_list_that_a_caller_changes_stays_the_callers(client):
    table = Table(client)
    ended_run(client, "one")
    table.runs().clear()
    assert len(table.runs()) == 1
