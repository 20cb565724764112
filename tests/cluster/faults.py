"""Which things go wrong in a real cluster, and how does a test make them go wrong?

Each is a context manager that leaves the cluster as it found it. `proxy.py` has those that happen
between client and API server.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.cluster.certificates import resign_token
from tests.cluster.control import ControlPlane, wait_for
from tests.cluster.node import Node

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

# No registry is asked for it: pods use it with imagePullPolicy Never.
MISSING_IMAGE = "localhost/no-such-image:1"


@contextmanager
def api_server_stopped(plane: ControlPlane) -> Iterator[None]:
    """Nobody listens on the API server's port; ready again, with the same data, afterwards."""
    plane.api_server.kill()
    try:
        yield
    finally:
        plane.api_server.start()
        plane.wait_ready()


@contextmanager
def node_not_ready(node: Node) -> Iterator[None]:
    """The kubelet has died and the cluster has noticed, about 20 s later; pods run on."""
    node.kubelet.kill()
    try:
        node.wait_not_ready()
        yield
    finally:
        node.kubelet.start()
        node.wait_ready()


@contextmanager
def gpus(node: Node, count: int, resource: str = "nvidia.com/gpu") -> Iterator[None]:
    """The node offers `count` devices that nobody has."""
    _set_capacity(node, resource, str(count))
    try:
        yield
    finally:
        _set_capacity(node, resource, "0")


@contextmanager
def quota(api: "ApiClient", namespace: str, **hard: str) -> Iterator[str]:
    """A ResourceQuota that is in force; `pods="1"` or `**{"requests.nvidia.com/gpu": "1"}`."""
    from kubernetes.client import CoreV1Api

    core: Any = CoreV1Api(api)
    name = "testbed-quota"
    core.create_namespaced_resource_quota(
        namespace, {"metadata": {"name": name}, "spec": {"hard": hard}}
    )

    def counted() -> bool:
        status = core.read_namespaced_resource_quota(name, namespace).status
        return bool(status and status.hard and status.used is not None)

    try:
        wait_for(counted, 60, "counted by the quota controller")
        yield name
    finally:
        core.delete_namespaced_resource_quota(name, namespace)


def says(api: "ApiClient", namespace: str, pod: str, reason: str, message: str) -> None:
    """An event of a pod, in the words of a part of the cluster that is not here."""
    from kubernetes.client import CoreV1Api

    core: Any = CoreV1Api(api)
    uid = core.read_namespaced_pod(pod, namespace).metadata.uid
    of = {"kind": "Pod", "name": pod, "namespace": namespace, "uid": uid, "apiVersion": "v1"}
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    core.create_namespaced_event(
        namespace,
        {
            "metadata": {"name": f"{pod}.{reason.lower()}"},
            "involvedObject": of,
            "reason": reason,
            "message": message,
            "type": "Normal",
            "source": {"component": "testbed"},
            "firstTimestamp": now,
            "lastTimestamp": now,
        },
    )


def account_token(api: "ApiClient", namespace: str, account: str = "default") -> str:
    """A token of a service account, valid for ten minutes."""
    from kubernetes.client import CoreV1Api

    core: Any = CoreV1Api(api)
    answer = core.create_namespaced_service_account_token(
        account, namespace, {"spec": {"expirationSeconds": 600}}
    )
    return str(answer.status.token)


def expired_token(plane: ControlPlane, api: "ApiClient", namespace: str) -> str:
    """The same, but its time was over an hour ago; signed with the cluster's own key."""
    now = int(time.time())
    token = account_token(api, namespace)
    return resign_token(token, plane.token_key, iat=now - 7200, nbf=now - 7200, exp=now - 3600)


def _set_capacity(node: Node, resource: str, count: str) -> None:
    """The kubelet copies a capacity it does not know to allocatable at its next report."""
    from kubernetes.client import CoreV1Api

    with node.plane.api_client() as api:
        core: Any = CoreV1Api(api)
        core.patch_node_status(node.name, {"status": {"capacity": {resource: count}}})

        def allocatable() -> bool:
            status = core.read_node(node.name).status
            found = (status.allocatable if status else None) or {}
            return found.get(resource) == count

        wait_for(allocatable, 60, f"{count} {resource} allocatable")
