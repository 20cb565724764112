"""Changes on the server's bus: numbered, in order, from one watcher that rests when it may."""

from __future__ import annotations

import asyncio
import json
import shutil
import time

import pytest
from jupyter_server.auth import Authorizer

from jupyter_kf.refs import Refs
from jupyter_kf.server import events, looks, watch
from jupyter_kf.server.handler import RUNS
from tests.faces.server.scene import ended_run


class Heard:
    """A listener on the bus, as a browser's web socket is."""

    def __init__(self, bus) -> None:
        self.bus, self.changes, self.came = bus, [], asyncio.Event()
        bus.add_listener(schema_id=events.SCHEMA_ID, listener=self._hear)

    async def _hear(self, logger, schema_id, data) -> None:
        self.changes.append(data | {"heard_s": time.time()})
        self.came.set()

    async def until(self, what) -> dict:
        """The first change that fits, heard already or still to come."""
        seen = 0
        while True:
            for change in self.changes[seen:]:
                if what(change):
                    return change
            seen = len(self.changes)
            self.came.clear()
            if seen == len(self.changes):
                await asyncio.wait_for(self.came.wait(), 60)


@pytest.fixture
def heard(extension, jp_asyncio_loop):
    """A listener; the watcher has seen what was there before."""
    heard = Heard(extension.serverapp.event_logger)
    extension.hub.awake.set()

    async def first_look():
        while not extension.watch.looked:
            await asyncio.sleep(0.01)
        await heard.until(lambda change: change["thing"] == "resources")  # the first word

    jp_asyncio_loop.run_until_complete(first_look())
    heard.changes.clear()
    yield heard
    heard.bus.remove_listener(schema_id=events.SCHEMA_ID, listener=heard._hear)


async def test_a_bug_in_a_look_does_not_end_the_watch(extension, heard, client, monkeypatch):
    failed = []

    def broken(looks):
        failed.append(looks)
        raise ValueError("not foreseen")

    monkeypatch.setattr(watch, "_AGAIN_S", 0.01)
    with monkeypatch.context() as once:
        once.setattr(looks.Looks, "look", broken)
        async with asyncio.timeout(60):
            while len(failed) < 3:
                await asyncio.sleep(0.01)
    # Ask again for all. Words of the looks that failed may be heard late: they have older numbers.
    before = extension.hub.seq
    await heard.until(lambda change: change["thing"] == "resources" and change["seq"] > before)
    run = ended_run(client, "later")
    await heard.until(lambda change: change["id"] == run)


async def test_a_look_that_waits_for_the_disk_is_not_followed_by_a_long_rest(
    extension, client, monkeypatch
):
    rests, nap, look, make = [], watch.Watch._nap, looks.Looks.look, watch.Watch._make

    def slow(work):
        def slowly(self):
            time.sleep(1)  # a disk that is slow, or a machine that is busy: no work of ours
            return work(self)

        return slowly

    def rest(self, seconds):
        rests.append(seconds)
        return nap(self, min(seconds, 0.01))

    monkeypatch.setattr(watch.Watch, "_make", slow(make))
    monkeypatch.setattr(looks.Looks, "look", slow(look))
    monkeypatch.setattr(watch.Watch, "_nap", rest)
    heard = Heard(extension.serverapp.event_logger)
    await heard.until(lambda change: change["thing"] == "resources")  # it has seen what was there
    run = ended_run(client, "later")
    await heard.until(lambda change: change["id"] == run)
    while not rests:
        await asyncio.sleep(0.01)
    heard.bus.remove_listener(schema_id=events.SCHEMA_ID, listener=heard._hear)
    assert max(rests) <= watch._MOST_S


async def test_after_a_calm_minute_what_moves_is_told_at_once_and_the_rest_when_somebody_asks(
    api, extension, heard, client, monkeypatch
):
    async def calm():
        """It waits in its thread, and would for ever if nothing moved."""
        looked = extension.watch.looked
        while extension.watch.looked == looked:
            await asyncio.sleep(0.01)

    refs = Refs(client.store.root)
    refs.add("dataset", "one", "sha256:" + "1" * 64, {})
    await heard.until(lambda change: change["id"] == "one")
    monkeypatch.setattr(watch, "_CALM_LOOK_S", 1e9)
    monkeypatch.setattr(watch, "_CALM_S", -1.0)
    await calm()
    run = ended_run(client, "later")
    await heard.until(lambda change: change["id"] == run)
    refs.add("dataset", "two", "sha256:" + "2" * 64, {})
    await heard.until(lambda change: change["id"] == "two")
    heard.changes.clear()
    refs.add("dataset", "one", "sha256:" + "3" * 64, {})  # its folder's folder is as it was
    assert (await api("GET", "/endpoints/none/stats")).status == 404  # an open page asks so
    await asyncio.sleep(0.3)  # many naps; none of them sees it
    assert "one" not in [change["id"] for change in heard.changes]
    await api("GET", "/where")
    await heard.until(lambda change: change["id"] == "one")


async def test_who_listens_first_is_told_to_ask_again_for_what_nobody_watched(extension):
    before = extension.hub.at()
    heard = Heard(extension.serverapp.event_logger)
    first = await heard.until(bool)
    assert (first["thing"], first["action"]) == ("resources", "changed")
    assert first["epoch"] == before.epoch
    assert first["seq"] > before.seq + 1  # a gap
    heard.bus.remove_listener(schema_id=events.SCHEMA_ID, listener=heard._hear)


async def test_a_runs_life_is_told_in_order(api, client, heard):
    at = (await api("GET", "/where")).json
    run = await asyncio.to_thread(
        client.train, "kf.report(auc=0.25)\nkf.report(auc=0.5)", name="one"
    )
    end = await heard.until(lambda c: c["id"] == run.id and c["action"] == "ended")
    assert end["row"]["state"] == "SUCCEEDED"
    assert end["row"]["metrics"] == {"auc": 0.5}
    told = [c for c in heard.changes if c["thing"] == "run"]
    assert told[0]["action"] == "created"
    assert [c["seq"] for c in heard.changes] == list(
        range(at["seq"] + 1, at["seq"] + 1 + len(heard.changes))
    )
    assert {c["epoch"] for c in heard.changes} == {at["epoch"]}


async def test_a_run_that_reports_is_told_with_its_metrics(client, heard, tmp_path):
    gate = tmp_path / "gate"
    code = f"import os, time\nkf.report(auc=0.25)\nwhile not os.path.exists({str(gate)!r}):\n"
    run = await asyncio.to_thread(client.train, code + "    time.sleep(0.01)", name="one")
    await heard.until(lambda c: c["row"] and c["row"]["metrics"] == {"auc": 0.25})
    gate.touch()
    await heard.until(lambda c: c["id"] == run.id and c["action"] == "ended")


async def test_a_deleted_run_is_told(client, heard):
    run_id = ended_run(client, "old")
    await heard.until(lambda c: c["id"] == run_id and c["action"] == "ended")
    shutil.rmtree(client.store.runs.folder(run_id).path)
    await heard.until(lambda c: c["id"] == run_id and c["action"] == "deleted")


async def test_a_new_dataset_is_told(client, heard):
    import pandas as pd

    await asyncio.to_thread(client.data, "points", pd.DataFrame({"x": [1.0]}))
    got = await heard.until(lambda c: c["thing"] == "dataset")
    assert (got["id"], got["action"]) == ("points", "created")


async def test_many_changes_at_once_leave_a_gap_instead_of_a_flood(heard):
    bus = heard.bus
    news = [events.News("run", f"run-{i}", "changed") for i in range(events.MOST_AT_ONCE + 5)]
    hub = bus.parent.web_app.settings["jupyter_kf_hub"]
    before = hub.seq
    events.sender(bus, hub, events.Readers(bus))(news)
    last = await heard.until(lambda c: c["id"] == news[-1].id)
    assert last["seq"] == before + len(news)
    assert not [c for c in heard.changes if c["id"] == news[0].id]


async def test_who_comes_to_listen_is_told_the_number_of_the_last_change(api, heard):
    at = (await api("GET", "/where")).json
    later = Heard(heard.bus)
    hello = await later.until(bool)
    assert (hello["action"], hello["seq"], hello["epoch"]) == ("hello", at["seq"], at["epoch"])
    later.bus.remove_listener(schema_id=events.SCHEMA_ID, listener=later._hear)
    again = Heard(heard.bus)  # in its place: as many listen as before
    assert (await again.until(bool))["action"] == "hello"
    assert (await api("GET", "/where")).json["seq"] == at["seq"]
    again.bus.remove_listener(schema_id=events.SCHEMA_ID, listener=again._hear)


async def browser(fetch):
    """A web socket on the bus, as a page has one; gives what reads the next change from it."""
    socket = await fetch("api", "events", "subscribe")

    async def until(what):
        while True:
            change = json.loads(await asyncio.wait_for(socket.read_message(), 60))
            if change["schema_id"] == events.SCHEMA_ID and what(change):
                return change

    await until(bool)
    return socket, until


class NoRuns(Authorizer):
    """Keeps runs from who asks, after a while of thinking."""

    may = False

    async def is_authorized(self, handler, user, action, resource):
        await asyncio.sleep(0)
        return self.may or resource != RUNS


class TestMayNotReadRuns:
    """With an authorizer that lets everybody listen to the bus, and not read runs."""

    @pytest.fixture
    def jp_server_config(self):
        extensions = {"jpserver_extensions": {"jupyter_kf": True}}
        return {"ServerApp": {**extensions, "authorizer_class": NoRuns}}

    async def test_the_bus_tells_only_that_a_run_changed(self, extension, client, jp_ws_fetch):
        socket, until = await browser(jp_ws_fetch)
        run_id = ended_run(client, "secret", "FAILED")
        end = await until(lambda change: change["action"] == "ended")
        assert (end["id"], end["row"]) == (run_id, None)
        assert "it broke" not in json.dumps(end)
        socket.close()

    async def test_rows_are_sent_again_when_who_may_not_read_them_has_left(
        self, extension, client, heard, jp_ws_fetch
    ):
        socket, _ = await browser(jp_ws_fetch)
        hidden = ended_run(client, "one")
        assert (await heard.until(lambda change: change["id"] == hidden))["row"] is None
        socket.close()
        while len(extension.watch._readers._now()) > 1:
            await asyncio.sleep(0.01)
        shown = ended_run(client, "two")
        assert (await heard.until(lambda change: change["id"] == shown))["row"]["id"] == shown

    async def test_who_may_read_them_gets_rows(self, extension, client, jp_ws_fetch, monkeypatch):
        monkeypatch.setattr(NoRuns, "may", True)
        socket, until = await browser(jp_ws_fetch)
        ended_run(client, "open")
        assert (await until(lambda change: change["action"] == "ended"))["row"]["name"] == "open"
        socket.close()
