"""What goes wrong under a server, and what its callers are told then."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import threading

import pytest

from jupyter_kf.server import watch
from jupyter_kf.server.hub import Hub
from jupyter_kf.server.routes import BASE
from jupyter_kf.serving import routing
from tests.faces.server.scene import ended_run
from tests.faces.server.test_events import Heard

HTML = "<script>alert(1)</script>"


class Hanging:
    """Something that listens where an endpoint would, takes every request, and never answers."""

    def __init__(self, path) -> None:
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(path))
        self._server.listen(64)
        self.taken, self._came = [], threading.Condition()
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        while True:
            try:
                taken = self._server.accept()[0]
            except OSError:
                return
            with self._came:
                self.taken.append(taken)
                self._came.notify_all()

    def until(self, count: int) -> None:
        with self._came:
            assert self._came.wait_for(lambda: len(self.taken) >= count, 60)

    def close(self) -> None:
        if self._server.fileno() >= 0:
            self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()
        for taken in self.taken:
            taken.close()


@pytest.fixture
def raw(extension, http_server_client, jp_auth_header):
    """Sends a request that nobody waits for; gives what reads its answer."""
    writers = []

    async def send(head: str, body: str = "") -> asyncio.StreamReader:
        port = http_server_client.get_http_port()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = [head.format(f"/a%40b{BASE}"), "Host: localhost", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in jp_auth_header.items()]
        writer.write(("\r\n".join([*lines, "", ""]) + body).encode())
        writers.append(writer)
        return reader

    yield send
    for writer in writers:
        writer.close()


@pytest.fixture
def hanging(client):
    """An endpoint `slow` that was proven once, and hangs now."""
    run_id = ended_run(client, "slow", "LOST")
    model = client.store.blobs.put_json({"type": "model", "transform": None, "outputs": []})
    client.store.refs.add("model", "slow", model, {})
    routing.add_version(client.store.root, "slow", {"run": run_id, "model": model})
    path = routing.version_socket(client.store.root, "slow", run_id)
    hanging = Hanging(path)
    now = routing.Current(version=1, run=run_id, model=model, socket=str(path))
    assert routing.promote(client.store.root, "slow", now)
    yield hanging
    hanging.close()


class TestHanging:
    """With an endpoint that takes requests and never answers."""

    @pytest.fixture
    def jp_server_config(self):
        extensions = {"jpserver_extensions": {"jupyter_kf": True}}
        return {"ServerApp": extensions, "KfExtension": {"endpoint_patience_s": 0.4}}

    async def test_the_way_through_gives_up_with_a_504(self, api, hanging):
        got = await api("GET", "/endpoints/slow/proxy/v2/health/ready")
        assert (got.status, got.json["code"]) == (504, "kf-2210")
        assert "0.4 s" in got.json["cause"]

    async def test_a_prediction_gives_up_and_says_what_became_of_it(self, api, hanging):
        got = await api("POST", "/endpoints/slow/predict", {"rows": [{}]})
        assert (got.status, got.json["code"]) == (503, "kf-2204")
        assert "LOST" in got.json["cause"]

    async def test_other_routes_answer_meanwhile(self, api, client, extension, hanging, raw):
        extension.hub.patience_s = 60.0
        run = await asyncio.to_thread(client.train, "import time\ntime.sleep(600)", name="long")
        old = ended_run(client, "old")
        more_than_threads = 14
        head = "POST {}/endpoints/slow/predict HTTP/1.1", '{"rows": [{}]}'
        waiting = [await raw(*head) for _ in range(more_than_threads)]
        through = await raw("GET {}/endpoints/slow/proxy/v2 HTTP/1.1")
        await asyncio.to_thread(hanging.until, 13)  # twelve threads, and the way through
        for path in ("/runs", "/where", "/endpoints", "/endpoints/slow", "/models/slow"):
            assert (await api("GET", path)).status == 200
        cancelled = await asyncio.wait_for(api("POST", f"/runs/{run.id}/cancel"), 30)
        assert cancelled.json["run"]["state"] == "CANCELLED"
        assert (await asyncio.wait_for(api("DELETE", f"/runs/{old}"), 30)).status == 200
        assert not any(reader._buffer for reader in (*waiting, through))
        hanging.close()
        for reader in (*waiting, through):
            assert b" 503 " in await reader.readline()


async def test_who_leaves_leaves_the_endpoint_too(hanging, raw):
    reader = await raw("GET {}/endpoints/slow/proxy/v2 HTTP/1.1")
    await asyncio.to_thread(hanging.until, 1)
    (taken,) = hanging.taken
    assert await asyncio.to_thread(taken.recv, 65_536)
    reader._transport.close()
    taken.settimeout(60)
    assert await asyncio.to_thread(taken.recv, 65_536) == b""


async def test_a_path_can_not_smuggle_a_header(hanging, raw):
    path = "v2%20HTTP/1.1%0d%0aX-Evil:%20yes%0d%0a?_xsrf=t&a=1"
    await raw(f"GET {{}}/endpoints/slow/proxy/{path} HTTP/1.1")
    await asyncio.to_thread(hanging.until, 1)
    head = (await asyncio.to_thread(hanging.taken[0].recv, 65_536)).decode()
    line, *headers = head.split("\r\n")
    assert line == "GET /v2%20HTTP/1.1%0D%0AX-Evil:%20yes%0D%0A?a=1 HTTP/1.1"
    names = {header.partition(":")[0].lower() for header in headers}
    assert not names & {"x-evil", "authorization", "cookie"}


async def test_an_endpoint_that_is_gone_is_said_to_be(api, hanging):
    hanging.close()
    got = await api("GET", "/endpoints/slow/proxy/v2")
    assert (got.status, got.json["code"]) == (503, "kf-2211")


async def test_a_request_that_is_too_large_for_the_way_through_is_refused(api, hanging):
    body = b"x" * (64 * 2**20 + 1)
    got = await api("POST", "/endpoints/slow/proxy/v2", body)
    assert (got.status, got.json["code"]) == (413, "kf-2351")


@pytest.mark.parametrize(
    ("header", "status", "body", "range_"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=10-", 416, None, None),
        ("bytes=99-100", 416, None, None),
        ("bytes=-0", 416, None, None),
        ("bytes=5-2", 200, b"0123456789", None),
        ("bytes=0-1,4-5", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
        ("bytes=x-y", 200, b"0123456789", None),
        ("bytes=" + "9" * 18 + "-", 416, None, None),
        ("bytes=" + "9" * 5_000 + "-", 200, b"0123456789", None),
    ],
)
async def test_a_range_of_a_log_is_sent_or_refused(api, client, header, status, body, range_):
    run_id = ended_run(client, "one", log=b"0123456789")
    got = await api("GET", f"/runs/{run_id}/log", headers={"Range": header})
    assert got.status == status
    if status == 416:
        assert got.json["code"] == "kf-2350"
    else:
        assert (got.body, got.headers.get("Content-Range")) == (body, range_)


async def test_html_in_a_log_an_artefact_and_an_error_stays_text(api, client):
    run_id = ended_run(client, "one", log=HTML.encode())
    outputs = client.store.runs.folder(run_id).outputs
    (outputs / "deep").mkdir(parents=True)
    name = 'deep/<img src=x onerror="alert(1)">.html'
    (outputs / name).write_text(HTML)
    log = await api("GET", f"/runs/{run_id}/log")
    kept = await api("GET", f"/runs/{run_id}/artefacts/{name}")
    lost = await api("GET", f"/runs/{HTML}")
    assert log.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert kept.headers["Content-Type"] == "application/octet-stream"
    assert kept.headers["Content-Disposition"].startswith("attachment; ")
    assert "<" not in kept.headers["Content-Disposition"]
    assert lost.status == 404 and lost.headers["Content-Type"] == "application/json"
    for got in (log, kept, lost):
        assert got.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in got.headers["Content-Security-Policy"]
    paper = (await api("GET", f"/runs/{run_id}")).json
    assert [one["name"] for one in paper["artefacts"]] == [name]


async def test_an_artefact_that_leads_out_of_its_run_is_not_there(api, client, tmp_path):
    run_id = ended_run(client, "one")
    outputs = client.store.runs.folder(run_id).outputs
    outputs.mkdir()
    (tmp_path / "secret").write_text("secret")
    (outputs / "link").symlink_to(tmp_path / "secret")
    (outputs / "folder").symlink_to(tmp_path)
    for name in ("link", "folder/secret", "../spec.json", "..%2Fspec.json", "nope"):
        got = await api("GET", f"/runs/{run_id}/artefacts/{name}")
        assert (got.status, got.json["code"][:5]) == (404, "kf-11"), name


async def test_a_store_that_became_unreadable_is_said_and_then_works_again(
    api, client, extension, store_dir, monkeypatch
):
    monkeypatch.setattr(watch, "_AGAIN_S", 0.05)
    run_id = ended_run(client, "one")
    heard = Heard(extension.serverapp.event_logger)
    assert (await api("GET", "/runs")).json["total"] == 1
    while not extension.watch.looked:
        await asyncio.sleep(0.01)
    await heard.until(lambda c: c["thing"] == "resources")  # the server's first word
    heard.changes.clear()
    kept = store_dir.with_name("kept")
    store_dir.rename(kept)
    store_dir.write_text("not a folder")
    for path in ("/runs", f"/runs/{run_id}", "/models", "/endpoints", "/studies", "/where"):
        got = await api("GET", path)
        assert (got.status, got.json["code"]) == (507, "kf-3021"), path
    while extension.watch._looks is not None:
        await asyncio.sleep(0.01)
    seq = extension.hub.seq
    store_dir.unlink()
    kept.rename(store_dir)
    assert (await api("GET", "/runs")).json["total"] == 1
    gap = await heard.until(lambda c: c["thing"] == "resources")
    assert gap["seq"] > seq + 1
    new = ended_run(client, "new")
    await heard.until(lambda c: c["id"] == new and c["action"] == "ended")


async def test_a_store_of_another_format_keeps_no_server_from_starting(api, store_dir):
    (store_dir / "format").write_text("99\n")
    got = await api("GET", "/where")
    assert (got.status, got.json["code"]) == (507, "kf-3004")
    (store_dir / "format").write_text("1\n")
    assert (await api("GET", "/where")).status == 200


async def test_a_damaged_run_is_said_to_be_and_the_others_are_listed(api, client):
    damaged, whole = ended_run(client, "one"), ended_run(client, "two")
    client.store.runs.folder(damaged).spec.write_text("{")
    got = await api("GET", f"/runs/{damaged}")
    assert (got.status, got.json["code"]) == (507, "kf-3022")
    rows = (await api("GET", "/runs")).json["rows"]
    assert [row["id"] for row in rows] == [whole]


async def test_a_bug_of_ours_is_a_500_without_its_traceback(api, extension):
    extension.hub._make = None
    got = await api("GET", "/where")
    assert (got.status, got.json["code"]) == (500, "kf-9000")
    assert "Traceback" not in got.body.decode() and "NoneType" not in got.body.decode()


async def test_a_folder_deleted_between_listing_and_reading_is_left_out(api, client):
    run = await asyncio.to_thread(client.train, "import time\ntime.sleep(600)", name="one")
    await asyncio.to_thread(run.cancel)
    shutil.rmtree(client.store.runs.folder(run.id).path)
    assert (await api("GET", "/runs")).json["total"] == 0
    assert (await api("GET", f"/runs/{run.id}")).status == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "", 404), ("POST", "/nothing", 404), ("PUT", "/runs", 405)],
)
async def test_what_is_no_route_is_refused_in_our_form(api, method, path, status):
    got = await api(method, path)
    assert got.status == status and got.json["code"].startswith("kf-11")


@pytest.mark.parametrize(
    "query", [{"limit": "many"}, {"limit": "1001"}, {"offset": "-1"}, {"state": "DONE"}]
)
async def test_a_query_of_the_wrong_type_is_refused(api, query):
    got = await api("GET", "/runs", params=query)
    assert (got.status, got.json["code"]) == (400, "kf-1004")


async def test_jupyterlabs_cache_buster_is_no_mistake(api):
    assert (await api("GET", "/runs", params={"1764000000000": ""})).status == 200


async def test_nothing_is_looked_at_while_nobody_listens(api, extension, client):
    ended_run(client, "one")
    for _ in range(3):
        await api("GET", "/runs")
    assert (extension.watch.looked, extension.watch.resting) == (0, True)
    heard = Heard(extension.serverapp.event_logger)
    while not extension.watch.looked:
        await asyncio.sleep(0.01)
    heard.bus.remove_listener(schema_id=None, listener=heard._hear)
    while not extension.watch.resting:
        await asyncio.sleep(0.01)


async def test_numbers_of_any_size_are_sent(api, client):
    run = client.train("1", name="one", params={"big": 10**30}, wait=True)
    got = await api("GET", f"/runs/{run.id}")
    assert json.loads(got.body)["run"]["spec"]["params"]["big"] == 10**30


async def test_what_is_asked_while_the_server_ends_is_told_so_and_is_no_bug():
    hub, held, begun = Hub(), threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        return held.wait(60)

    busy = [asyncio.ensure_future(hub.quick(work)) for _ in range(40)]
    await asyncio.to_thread(begun.wait, 60)
    hub.close()
    held.set()
    late = asyncio.ensure_future(hub.slow(lambda: 1))
    ended = await asyncio.gather(*busy, late, return_exceptions=True)
    refused = [each for each in ended if isinstance(each, BaseException)]
    assert True in ended  # those that had a thread
    assert late.exception() in refused
    assert {getattr(each, "code", each) for each in refused} == {2212}
