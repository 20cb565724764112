"""Do five thousand pods fit?"""

import time
from concurrent.futures import ThreadPoolExecutor

from kubernetes import client

from tests.cluster.control import wait_for
from tests.cluster.kwok import PLACEMENT

PODS = 5_000


def body(number):
    spec = {"containers": [{"name": "main", "image": "none"}], **PLACEMENT}
    return {"metadata": {"name": f"p-{number}"}, "spec": spec}


def test_five_thousand_pods_run_and_are_listed(api, namespace, kwok):
    core = client.CoreV1Api(api)
    nodes = kwok.add_nodes(10)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: core.create_namespaced_pod(namespace, body(n)), range(PODS)))

        def running():
            found = core.list_namespaced_pod(
                namespace, field_selector="status.phase=Running", resource_version="0", limit=1
            )
            return bool(found.items) and count("Running") == PODS

        def count(phase):
            selector = f"status.phase={phase}"
            found = core.list_namespaced_pod(
                namespace, field_selector=selector, _preload_content=False
            )
            return found.data.count(b'"hostIP":')

        wait_for(running, 240, f"{PODS} pods running")
        began = time.monotonic()
        listed = core.list_namespaced_pod(namespace)
        assert len(listed.items) == PODS
        assert time.monotonic() - began < 60
    finally:
        core.delete_collection_namespaced_pod(namespace, grace_period_seconds=0)
        kwok.remove_nodes(nodes)
