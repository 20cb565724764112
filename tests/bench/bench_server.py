"""What does the server extension cost: a page of 10,000 runs, an event, an idle hour?"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from pathlib import Path

from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

import jupyter_kf as kf
from jupyter_kf.server.events import SCHEMA_ID
from tests.bench.bench_runs import RUNS, make_runs
from tests.bench.table import Row, clocked, interleaved
from tests.faces.server.process import Server

REPEATS = 15
PAGE_BOUND_S, EVENT_BOUND_S, IDLE_BOUND_SHARE = 0.06, 0.1, 0.01
IDLE_S = 8.0


def main() -> list[Row]:
    """One server, before and while somebody listens."""
    with tempfile.TemporaryDirectory(prefix="kf-") as folder:
        root = Path(folder)
        for name in ("CONFIG", "DATA", "RUNTIME"):
            os.environ[f"JUPYTER_{name}_DIR"] = str(root / name)
        os.environ["JUPYTER_KF_STORE"] = str(root / "store")
        kf.connect(store=root / "store")
        make_runs(root / "store")
        server = Server(root)
        try:
            return [*pages(server), *asyncio.run(events(server, root / "store"))]
        finally:
            server.close()


def pages(server: Server) -> list[Row]:
    """The first page and a search, against the smallest answer of the same server."""
    server.get("/runs")
    server.get("/runs?search=run1")
    times = interleaved(
        {
            "where": lambda: clocked(lambda: server.get("/openapi.json")),
            "page": lambda: clocked(lambda: server.get("/runs")),
            "search": lambda: clocked(lambda: server.get("/runs?search=run1+succ&limit=50")),
        },
        REPEATS,
    )
    base = "the document, which is kept"
    return [
        Row(f"first page of {RUNS:,} runs", base, times["where"], times["page"], "difference", "s",
            PAGE_BOUND_S),
        Row(f"search in {RUNS:,} runs", base, times["where"], times["search"], "difference", "s",
            PAGE_BOUND_S),
    ]  # fmt: skip


async def events(server: Server, store: Path) -> list[Row]:
    """From a change of a run's folder to a web socket, and what listening costs at rest."""
    url = f"ws://127.0.0.1:{server.port}/api/events/subscribe"
    request = HTTPRequest(url, headers={"Authorization": f"token {server.token}"})
    alone = await share(server)
    heard = await websocket_connect(request)
    await asyncio.to_thread(server.get, "/where")
    client = kf.connect(store=store)
    code = "import time\ntime.sleep(600)"
    run = await asyncio.to_thread(lambda: client.train(code, name="sleeper"))
    while await asyncio.to_thread(lambda: client.run(run.id).state.name) == "PENDING":
        await asyncio.sleep(0.05)
    folder = client.store.runs.folder(run.id)
    try:
        delays = []
        for step in range(REPEATS):
            line = {"t": time.time(), "step": step, "values": {"auc": float(step)}}
            with folder.metrics.open("a") as metrics:
                metrics.write(json.dumps(line | {"progress": None, "remaining_s": None}) + "\n")
            began = time.perf_counter()
            while not await told(heard, float(step)):
                pass
            delays.append(time.perf_counter() - began)
    finally:
        await asyncio.to_thread(run.cancel)
    asked = sorted(clocked(lambda: server.get("/openapi.json")) for _ in range(REPEATS))
    await asyncio.sleep(11)  # it slows down after ten seconds without news
    listened = await share(server)
    return [
        Row("event: from a report to a web socket", "one answer", asked[REPEATS // 2],
            sorted(delays)[REPEATS // 2], "difference", "s", EVENT_BOUND_S),
        Row("idle: share of a core while somebody listens", "nobody listens", alone, listened,
            "difference", "", IDLE_BOUND_SHARE),
    ]  # fmt: skip


async def told(heard, value: float) -> bool:
    """Whether the next message is of the metric's value."""
    message = json.loads(await heard.read_message())
    row = message.get("row") if message["schema_id"] == SCHEMA_ID else None
    return bool(row) and row["metrics"].get("auc") == value


async def share(server: Server) -> float:
    """The share of a core that the server uses now."""
    before = sum(server.process.cpu_times()[:2])
    await asyncio.sleep(IDLE_S)
    return (sum(server.process.cpu_times()[:2]) - before) / IDLE_S
