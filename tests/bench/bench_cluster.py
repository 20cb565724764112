"""How fast does a real Kubernetes start on this machine, and what does it take?

Warm: the binaries are in the cache, which tells what their build took. With XDG_CACHE_HOME and
GOCACHE empty, `make cluster-setup` is a cold one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
from kubernetes.client import CoreV1Api

from tests.bench.table import Row, clocked
from tests.cluster import build, images, instances, provider
from tests.cluster.control import ControlPlane, wait_for
from tests.cluster.journal import Journal
from tests.cluster.node import Node

CONTROL_BOUND_S, NODE_BOUND_S, PODS = 20.0, 10.0, 5


def main() -> list[Row]:
    """Start to ready, create to Running, end; against nothing, since nothing runs without it."""
    if missing := provider.control_tier_missing() or provider.node_tier_missing():
        if provider.required():
            raise RuntimeError(missing.why)
        print(f"NOT MEASURED, no cluster: {missing.why}", file=sys.stderr)
        return []
    images.pause()
    with cluster() as (plane, control_s):
        alone = memory_mib(plane)
        node = Node(plane)
        node_s = clocked(node.start)
        both = memory_mib(plane)
        running_s = [create_to_running_s(plane, number) for number in range(PODS)]
        state = plane.state
        end_s = clocked(lambda: instances.end(state))
    return [
        stated("control tier, start to ready", control_s, "s", CONTROL_BOUND_S),
        stated("node tier, more", node_s, "s", NODE_BOUND_S),
        stated("a pod, create to Running", sorted(running_s)[PODS // 2], "s"),
        stated("both tiers, to nothing left", end_s, "s"),
        stated("memory of the control tier", alone, "MiB"),
        stated("memory of both tiers", both, "MiB"),
        *of_the_build(),
    ]


def of_the_build() -> list[Row]:
    """What the binaries that are used took when they were built, and their size."""
    built = {
        name: facts
        for upstream in build.UPSTREAMS
        for name, facts in upstream.built().items()
        if name in upstream.binaries
    }
    silent = [name for name, facts in built.items() if "cpu_s" not in facts]
    if silent:
        print(f"NOT MEASURED, built before times were kept: {', '.join(silent)}", file=sys.stderr)
    told = [facts for name, facts in built.items() if name not in silent]
    size = sum(facts["bytes"] for facts in built.values())
    count = f"{len(told)} of {len(built)} binaries"
    return [
        stated(f"building {count}", sum(facts["seconds"] for facts in told) / 60, "min"),
        stated(f"building {count}, CPU", sum(facts["cpu_s"] for facts in told) / 60, "min"),
        stated("binaries in the cache", size / 2**20, "MiB"),
    ]


@contextmanager
def cluster() -> Iterator[tuple[ControlPlane, float]]:
    """A control plane and the seconds that its start took."""
    began = time.perf_counter()
    state = instances.create()
    try:
        plane = ControlPlane(state).start()
        yield plane, time.perf_counter() - began
    finally:
        instances.end(state)


def stated(name: str, value: float, unit: str, bound: float | None = None) -> Row:
    """A figure without a baseline of its own."""
    return Row(name, "no cluster", 0.0, value, "difference", unit, bound)


def create_to_running_s(plane: ControlPlane, number: int) -> float:
    """Seconds for one pod of the pause image."""
    name = f"bench-{number}"
    container = {"name": "main", "image": images.PAUSE_NAME, "imagePullPolicy": "Never"}
    body: Any = {"metadata": {"name": name}, "spec": {"containers": [container]}}
    with plane.api_client() as api:
        began = time.perf_counter()
        CoreV1Api(api).create_namespaced_pod("default", body)

    def running() -> bool:
        found = plane.read(f"/api/v1/namespaces/default/pods/{name}")
        return bool(found.get("status", {}).get("phase") == "Running")

    try:
        wait_for(running, 60, f"{name} running", every_s=0.02)
    except TimeoutError as error:
        found = plane.read(f"/api/v1/namespaces/default/pods/{name}").get("status")
        events = plane.read("/api/v1/namespaces/default/events").get("items", [])
        told = [f"{event['reason']}: {event['message']}" for event in events]
        raise TimeoutError(f"{error}: {found}; {told}") from error
    return time.perf_counter() - began


def memory_mib(plane: ControlPlane) -> float:
    """Proportional memory of every process that the cluster has started, with their children."""
    roots = [
        int(entry["stat"].split(" ", 1)[0])
        for entry in Journal(plane.state).entries()
        if entry["undo"] == "process"
    ]
    processes = {
        process
        for pid in roots
        if psutil.pid_exists(pid)
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
    }
    pss_bytes = sum(int(process.memory_full_info().pss) for process in processes)
    return pss_bytes / 2**20


if __name__ == "__main__":
    from tests.bench.table import show

    for upstream in build.UPSTREAMS:
        build.build(upstream)
    print(show(main()))
