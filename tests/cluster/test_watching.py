"""Does the hub see pods and events through what breaks, without reading them all again?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import kubernetes_asyncio
import pytest
from jupyter_kf_spawner import watching
from jupyter_kf_spawner.watching import PodWatch, StartingEvents
from kubernetes import client
from kubernetes_asyncio.client import CoreV1Api

OURS = {"component": "singleuser-server"}


@pytest.fixture
def through_the_proxy(api_proxy):
    """kubernetes_asyncio's default configuration, as KubeSpawner sets it."""
    before = kubernetes_asyncio.client.Configuration.get_default_copy()
    asyncio.run(kubernetes_asyncio.config.load_kube_config(str(api_proxy.kubeconfig)))
    yield api_proxy
    kubernetes_asyncio.client.Configuration.set_default(before)


async def becomes(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, f"not {what}"
        await asyncio.sleep(0.05)


def make(api, namespace: str, name: str, labels: dict = OURS) -> None:
    """A pod that no machine can take."""
    container = {"name": "main", "image": "none", "resources": {"requests": {"cpu": "9999"}}}
    body = {"metadata": {"name": name, "labels": labels}, "spec": {"containers": [container]}}
    client.CoreV1Api(api).create_namespaced_pod(namespace, body)


def lists(api_proxy, kind: str) -> int:
    """How often all objects of a kind were asked for."""
    asked = [one for one in list(api_proxy.requests) if one.path.split("?")[0].endswith(f"/{kind}")]
    return sum(one.method == "GET" and not one.is_watch for one in asked)


def test_pods_are_read_once_in_pages_and_a_watch_that_broke_goes_on(
    through_the_proxy, api, namespace, monkeypatch
):
    proxy = through_the_proxy
    monkeypatch.setattr(watching, "PAGE", 2)
    for name in ("a", "b", "c"):
        make(api, namespace, name)
    make(api, namespace, "other", labels={})

    async def story() -> None:
        pods = PodWatch(namespace=namespace, labels=OURS)

        def seen(*names: str) -> Callable[[], bool]:
            return lambda: set(pods.pods) == {f"{namespace}/{name}" for name in names}

        await pods.start()
        try:
            assert seen("a", "b", "c")() and lists(proxy, "pods") == 2
            assert all("managedFields" not in pod["metadata"] for pod in pods.pods.values())
            await becomes(lambda: proxy.drop_watches() > 0, "watching, until it broke")
            make(api, namespace, "d")
            client.CoreV1Api(api).delete_namespaced_pod("a", namespace, grace_period_seconds=0)
            await becomes(seen("b", "c", "d"), "the new pod and not the old one")
            assert lists(proxy, "pods") == 2
            too_old = proxy.answer(410, contains="watch=True")
            proxy.drop_watches()
            make(api, namespace, "e")
            await becomes(seen("b", "c", "d", "e"), "all, read again")
            assert not too_old.times and lists(proxy, "pods") > 2
            assert all("managedFields" not in pod["metadata"] for pod in pods.pods.values())
        finally:
            await pods.stop()

    asyncio.run(story())


def test_events_are_kept_of_starting_pods_only_and_without_reading_those_of_others(
    through_the_proxy, api, namespace
):
    proxy = through_the_proxy

    async def story() -> None:
        async with kubernetes_asyncio.client.ApiClient() as connection:
            events = StartingEvents(CoreV1Api(connection), namespace)
            await asyncio.gather(events.follow(f"{namespace}/a"), events.follow(f"{namespace}/c"))
            make(api, namespace, "a")
            make(api, namespace, "b")
            await becomes(lambda: bool(events.of(f"{namespace}/a")), "an event of a")
            (event,) = events.of(f"{namespace}/a")
            assert event["reason"] == "FailedScheduling"
            proxy.drop_watches()
            make(api, namespace, "c")
            await becomes(lambda: bool(events.of(f"{namespace}/c")), "an event of c")
            assert not events.of(f"{namespace}/b")
            events.forget(f"{namespace}/a")
            assert not events.of(f"{namespace}/a")
            looked = [one.path for one in list(proxy.requests) if "/events" in one.path]
            assert all("limit=1&" in f"{path}&" or "watch=True" in path for path in looked), looked
            events.forget(f"{namespace}/c")
            proxy.drop_watches()
            await becomes(lambda: events.at_rest, "at rest when nothing starts")

    asyncio.run(story())


@pytest.mark.parametrize("trouble", ["refused", "slow"])
def test_a_start_goes_on_where_events_may_not_be_seen(
    trouble, through_the_proxy, namespace, monkeypatch
):
    monkeypatch.setattr(watching, "_ASK_S", 0.3)
    if trouble == "slow":
        through_the_proxy.behaviour.latency_s = 60
    else:
        through_the_proxy.answer(403, times=99, contains="/events")

    async def story() -> None:
        async with kubernetes_asyncio.client.ApiClient() as connection:
            events = StartingEvents(CoreV1Api(connection), namespace)
            await asyncio.wait_for(events.follow(f"{namespace}/a"), 50)
            assert events.of(f"{namespace}/a") == []
            events.forget(f"{namespace}/a")
            await becomes(lambda: events.at_rest, "at rest")

    asyncio.run(story())
