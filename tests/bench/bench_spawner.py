"""What does a spawn cost the hub, when 200 people come at once to a busy namespace?

Two real hubs with their proxies, one with KubeSpawner as it comes and one with ours, take turns on
one real API server with kwok nodes: in the namespace run 5,000 servers of the hub, and 35,000
events of others lie about. Each hub's 200 users ask at the same moment over REST; nobody has the
page with the progress open, which would cost KubeSpawner more. A pod of kwok runs nothing, so the
hubs find every notebook server at one address, which answers at once.

CPU and memory are those of the hub's process; calls are counted by the API server's audit log,
bytes on the wire by a relay that can't read them.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
from jupyter_kf_spawner.catalogue import load
from jupyter_kf_spawner.render import SOMEBODY, manifest
from jupyter_kf_spawner.resolve import Identity, Usage, resolve
from kubernetes.client import CoreV1Api

from tests.bench.crowd import Audit, Store, Wires
from tests.bench.table import Row
from tests.cluster import instances, provider
from tests.cluster.control import ControlPlane, wait_for
from tests.cluster.kwok import PLACEMENT, Kwok
from tests.spawner.hub import ROOT, TOKEN, Hub, running_hub

SPAWNS, PODS, EVENTS, ROUNDS = 200, 5_000, 35_000, 2
BOUND = 0.8
PATIENCE_S = 240
LONGEST_S = 900
"""It takes two minutes on a quiet machine; KubeSpawner's retries make it long on a busy one."""
NAMESPACE = "notebooks"
SIDES = ("stock", "ours")
OPTIONS = {"stock": {}, "ours": {"workspace": "none"}}
# Both: 200 at once are let in, and pods go to kwok's nodes.
COMMON = """
c.JupyterHub.concurrent_spawn_limit = 0
c.JupyterHub.cleanup_servers = False
c.JupyterHub.authenticate_prometheus = False
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0}}
c.Spawner.start_timeout = c.Spawner.http_timeout = 240
c.KubeSpawner.pod_connect_ip = "127.0.0.1"
c.KubeSpawner.port = {port}
c.KubeSpawner.tolerations = {tolerations}
c.KubeSpawner.node_selector = {selector}
"""
# The same amounts as the catalogue's defaults.
STOCK = f"""
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.KubeSpawner.namespace = "{NAMESPACE}"
c.KubeSpawner.image = "localhost/jupyter-kf-scipy:0.1.0"
c.KubeSpawner.cpu_limit = c.KubeSpawner.cpu_guarantee = 1
c.KubeSpawner.mem_limit = c.KubeSpawner.mem_guarantee = "2G"
c.KubeSpawner.delete_grace_period = 1
"""


@dataclass
class Wave:
    """What 200 spawns cost one hub."""

    cpu_s: float
    pss_mib: float
    peak_mib: float
    calls: Counter[str]
    sent: int
    received: int
    seconds: float
    failed: int


def main() -> list[Row]:
    """Waves in turns, then what is left when all have stopped."""
    if missing := provider.control_tier_missing():
        if provider.required():
            raise RuntimeError(missing.why)
        print(f"NOT MEASURED, no cluster: {missing.why}", file=sys.stderr)
        return []
    waves: dict[str, list[Wave]] = {side: [] for side in SIDES}
    with scene() as (plane, audit, wires), tempfile.TemporaryDirectory() as folder:
        left = take_turns(plane, audit, wires, Path(folder), waves)
    return rows(waves, left)


def take_turns(
    plane: ControlPlane, audit: Audit, wires: Wires, folder: Path, waves: dict[str, list[Wave]]
) -> int:
    """Fills `waves`; returns how much is left over when all have stopped."""
    with contextlib.ExitStack() as running:
        hubs = {side: running.enter_context(hub_of(side, plane, wires, folder)) for side in SIDES}
        for side, hub in hubs.items():
            asyncio.run(start_and_stop(hub, [f"{side}-first"], OPTIONS[side]))
        for number in range(ROUNDS):
            for side, hub in hubs.items():
                users = [f"{side}-{number}-{one}" for one in range(SPAWNS)]
                waves[side].append(wave(side, hub, users, audit, wires))
        return orphans(plane)


def rows(waves: dict[str, list[Wave]], left: int) -> list[Row]:
    """CPU as the median wave's, memory as the last wave's."""
    stock, ours = (waves[side] for side in SIDES)

    def median(side: list[Wave], attribute: str, share: float) -> float:
        return statistics.median(getattr(one, attribute) for one in side) * share

    def row(name: str, attribute: str, unit: str, share: float, bound: float | None) -> Row:
        values = (median(side, attribute, share) for side in (stock, ours))
        return Row(f"spawn: {name}", "KubeSpawner", *values, "ratio", unit, bound)

    for side in SIDES:
        print(f"\n{side}: {[(round(w.seconds), round(w.cpu_s, 1)) for w in waves[side]]}"
              f" {waves[side][-1].calls.most_common()}", file=sys.stderr)  # fmt: skip
    calls = (sum(side[-1].calls.values()) / SPAWNS for side in (stock, ours))
    failed = (float(sum(one.failed for one in side)) for side in (stock, ours))
    return [
        row("hub CPU, 200 at once", "cpu_s", "ms", 1000 / SPAWNS, BOUND),
        row("hub memory after it", "pss_mib", "MiB", 1, BOUND),
        row("hub memory at most", "peak_mib", "MiB", 1, BOUND),
        Row("spawn: API calls", "KubeSpawner", *calls, "ratio", "", None),
        row("bytes from the API server", "received", "KiB", 1 / 1024 / SPAWNS, None),
        row("bytes to the API server", "sent", "KiB", 1 / 1024 / SPAWNS, None),
        Row("spawn: false failures", "KubeSpawner", next(failed), 0, "difference", "", None),
        Row("spawn: false failures of ours", "none", 0, next(failed), "difference", "", 0),
        Row("spawn: pods and Secrets left over", "none", 0, left, "difference", "", 0),
    ]


@contextlib.contextmanager
def scene() -> Iterator[tuple[ControlPlane, Audit, Wires]]:
    """The control plane, its kwok nodes, and the crowd in the namespace."""
    state = instances.create()
    try:
        plane = ControlPlane(state)
        audit = Audit(plane)
        plane.start()
        kwok = Kwok(plane).start()
        kwok.add_nodes(4, cpu="10000", memory="100Ti", pods="5000")
        with plane.api_client() as api:
            CoreV1Api(api).create_namespace({"metadata": {"name": NAMESPACE}})
        fill(plane)
        with Wires(plane, list(SIDES)) as wires:
            yield plane, audit, wires
    finally:
        instances.end(state)


def fill(plane: ControlPlane) -> None:
    """One server and its event in the ordinary way, then their copies."""
    catalogue = load(ROOT / "images" / "catalogue.yaml")
    usage = Usage(claims={}, home="h")
    resolved = resolve(catalogue, Identity(SOMEBODY), usage, {"workspace": "none"})
    pod = asyncio.run(manifest(catalogue, resolved))
    pod["spec"] |= PLACEMENT
    for container in pod["spec"]["containers"]:
        for amounts in container["resources"].values():
            amounts.update({name: str(amount) for name, amount in amounts.items()})
    path = f"/api/v1/namespaces/{NAMESPACE}"
    wait_for(lambda: bool(plane.read(f"{path}/serviceaccounts/default")), 30, "an account")
    with plane.api_client() as api:
        CoreV1Api(api).create_namespaced_pod(NAMESPACE, pod)
    name = pod["metadata"]["name"]

    def running() -> dict[str, Any]:
        found = plane.read(f"{path}/pods/{name}")
        return found if found.get("status", {}).get("phase") == "Running" else {}

    wait_for(lambda: bool(running()), 60, "the first server running")
    wait_for(lambda: bool(plane.read(f"{path}/events")["items"]), 30, "its event")
    server, event = running(), plane.read(f"{path}/events")["items"][0]
    event |= {"apiVersion": "v1", "kind": "Event"}
    store = Store(plane)
    store.copies(server, "pods", [f"crowd-{number}" for number in range(PODS)])
    store.copies(event, "events", [f"other-{number}" for number in range(EVENTS)])
    listed = f"{path}/pods?limit=1&labelSelector=component%3Dsingleuser-server"

    def all_there() -> bool:
        return plane.read(listed)["metadata"].get("remainingItemCount", PODS) >= PODS - 1

    wait_for(all_there, 60, "the crowd to be served", every_s=1)


@contextlib.contextmanager
def hub_of(side: str, plane: ControlPlane, wires: Wires, folder: Path) -> Iterator[Hub]:
    """A hub on that side, known to the API server by a name of its own."""
    home = folder / side
    home.mkdir()
    server = f"https://127.0.0.1:{wires.ports[side]}"
    groups = ["system:masters", "bench:hubs"]
    config = plane.authority.kubeconfig(home / f"hub-{side}", server, f"hub-{side}", groups)
    more = COMMON.format(
        port=wires.notebooks,
        tolerations=PLACEMENT["tolerations"],
        selector=PLACEMENT["nodeSelector"],
    )
    settings = {
        "KUBECONFIG": str(config),
        "JUPYTER_KF_HUB_ADDRESS": "127.0.0.1",
        "JUPYTER_KF_HUB_NAMESPACE": NAMESPACE,
    }
    with running_hub(home, more + (STOCK if side == "stock" else ""), **settings) as hub:
        yield hub


def wave(side: str, hub: Hub, users: list[str], audit: Audit, wires: Wires) -> Wave:
    """All users at once; the figures end when every server is ready, then all are stopped."""
    process = psutil.Process(hub.process.pid)
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")
    asyncio.run(make_users(hub, users))
    before, position, began = process.cpu_times(), audit.position(), time.monotonic()
    sent, received = wires.sent[side], wires.received[side]
    failed = asyncio.run(start(hub, users, OPTIONS[side]))
    after = process.cpu_times()
    status = Path(f"/proc/{process.pid}/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak
    got = Wave(
        cpu_s=after.user + after.system - before.user - before.system,
        pss_mib=process.memory_full_info().pss / 2**20,
        peak_mib=int(peak[1]) / 1024,
        calls=Counter(audit.calls(f"hub-{side}", position)),
        sent=wires.sent[side] - sent,
        received=wires.received[side] - received,
        seconds=time.monotonic() - began,
        failed=failed,
    )
    asyncio.run(stop(hub, users))
    return got


async def start_and_stop(hub: Hub, users: list[str], options: dict[str, str]) -> None:
    """Without figures, so that the first wave finds a hub that has done it before."""
    await make_users(hub, users)
    await start(hub, users, options)
    await stop(hub, users)


def _api(hub: Hub) -> httpx.AsyncClient:
    headers = {"Authorization": f"token {TOKEN}"}
    limits = httpx.Limits(max_connections=SPAWNS)
    return httpx.AsyncClient(
        base_url=f"{hub.url}/hub/api", headers=headers, timeout=240, limits=limits
    )


async def make_users(hub: Hub, users: list[str]) -> None:
    """They exist before they come."""
    async with _api(hub) as api:
        (await api.post("/users", json={"usernames": users})).raise_for_status()


async def start(hub: Hub, users: list[str], options: dict[str, str]) -> int:
    """Until each server is ready or has failed; how many failed."""
    async with _api(hub) as api:
        before = await _ready(api, hub)
        paths = [f"/users/{user}/server" for user in users]
        answers = await asyncio.gather(*(api.post(path, json=options) for path in paths))
        refused = [one.text for one in answers if one.status_code not in (201, 202)]
        assert not refused, refused[0]
        until, looks = time.monotonic() + PATIENCE_S, 0
        while (ready := await _ready(api, hub) - before) < len(users):
            # The hub does not count every failure; to list its users costs it too much to do often.
            looks += 1
            if looks % 15 == 0 and not await _pending(api):
                break
            assert time.monotonic() < until, f"{ready} ready\n{hub.log.read_text()[-3000:]}"
            await asyncio.sleep(1)
        return len(users) - ready


async def _ready(api: httpx.AsyncClient, hub: Hub) -> int:
    """How many starts have succeeded since the hub began."""
    text = (await api.get(f"{hub.url}/hub/metrics")).text
    counted = re.findall(r"jupyterhub_server_spawn_duration_seconds_count\{(.*)\} ([0-9.]+)", text)
    return sum(round(float(count)) for labels, count in counted if 'status="success"' in labels)


async def _pending(api: httpx.AsyncClient) -> bool:
    """Whether a server is still being started or stopped."""
    users = (await api.get("/users", params={"state": "active", "limit": SPAWNS})).json()
    return any(one["servers"][""]["pending"] for one in users)


async def stop(hub: Hub, users: list[str]) -> None:
    """Until the hub has none of their servers."""
    async with _api(hub) as api:
        await asyncio.gather(*(api.delete(f"/users/{user}/server") for user in users))
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            active = await api.get("/users", params={"state": "active", "limit": 1})
            if not active.json():
                return
            await asyncio.sleep(1)
        raise TimeoutError("servers that do not stop")


def orphans(plane: ControlPlane) -> int:
    """Pods of servers that no hub knows, and Secrets of tokens."""
    path = f"/api/v1/namespaces/{NAMESPACE}"

    def left() -> list[str]:
        pods = plane.read(f"{path}/pods?labelSelector=component%3Dsingleuser-server")["items"]
        secrets = plane.read(f"{path}/secrets")["items"]
        names = [one["metadata"]["name"] for one in (*pods, *secrets)]
        return [name for name in names if not name.startswith("crowd-") and SOMEBODY not in name]

    with contextlib.suppress(TimeoutError):
        wait_for(lambda: not left(), 30, "nothing left", every_s=1)
    return len(left())


if __name__ == "__main__":
    from tests.bench.table import show

    print(show(main()))
