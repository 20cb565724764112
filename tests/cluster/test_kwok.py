"""Do five thousand pods fit?

In a cluster of its own, which is thrown away afterwards: removing so many objects one by one would
keep the session's cluster busy for a minute.
"""

import pytest
from kubernetes import client

from tests.cluster import instances
from tests.cluster.control import ControlPlane, wait_for
from tests.cluster.kwok import PLACEMENT, Kwok

PODS, NODES = 5_000, 10


@pytest.fixture
def large(kwok):
    """A control plane and its ten kwok nodes; `kwok` is asked for its check that all is built."""
    state = instances.create()
    try:
        plane = ControlPlane(state).start()
        yield plane, Kwok(plane).start().add_nodes(NODES)
    finally:
        instances.end(state)


def replica_set(node, pods):
    """Bound to its node from the start: what is measured is not the scheduler."""
    container = {"name": "main", "image": "none"}
    labels = {"on": node}
    return {
        "metadata": {"name": node},
        "spec": {
            "replicas": pods,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container], "nodeName": node, **PLACEMENT},
            },
        },
    }


def test_the_scheduler_uses_kwok_nodes_for_pods_that_tolerate_them(api, namespace, kwok):
    core = client.CoreV1Api(api)
    nodes = kwok.add_nodes(2, prefix="shared")
    try:
        spec = {"containers": [{"name": "main", "image": "none"}], **PLACEMENT}
        core.create_namespaced_pod(namespace, {"metadata": {"name": "light"}, "spec": spec})

        def running():
            return core.read_namespaced_pod("light", namespace).status.phase == "Running"

        wait_for(running, 60, "running")
        assert core.read_namespaced_pod("light", namespace).spec.node_name in nodes
    finally:
        kwok.remove_nodes(nodes)


@pytest.mark.timeout(1000)
def test_five_thousand_pods_run_and_are_listed(large):
    plane, nodes = large
    with plane.api_client() as api:
        apps, core = client.AppsV1Api(api), client.CoreV1Api(api)
        for node in nodes:
            apps.create_namespaced_replica_set("default", replica_set(node, PODS // NODES))

        def ready():
            sets = apps.list_namespaced_replica_set("default").items
            return sum(one.status.ready_replicas or 0 for one in sets) == PODS

        wait_for(ready, 800, f"{PODS} pods ready", every_s=1)
        answer = core.list_namespaced_pod("default", _preload_content=False)
        assert answer.data.count(b'"nodeName":"kwok-') == PODS
