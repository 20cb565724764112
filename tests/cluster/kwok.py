"""How do thousands of nodes and pods fit on a laptop?

kwok plays the kubelet for nodes that carry its annotation: pods bound to them become Running, and
Succeeded when they belong to a Job, without any container. For scale (lists, watches, the
scheduler), not for behaviour: nothing is executed there.
"""

from pathlib import Path
from typing import Any

from tests.cluster import build
from tests.cluster.control import ControlPlane, wait_for
from tests.cluster.processes import Process, listens
from tests.ports import free_port

ANNOTATION = {"kwok.x-k8s.io/node": "fake"}
TAINT = {"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}
SELECTOR = {"type": "kwok"}
# What a pod's spec needs to land on a kwok node, and no other pod lands there.
PLACEMENT: dict[str, Any] = {
    "nodeSelector": SELECTOR,
    "tolerations": [{**TAINT, "operator": "Equal"}],
}
STAGES = ("node/fast", "node/heartbeat-with-lease", "pod/fast")


class Kwok:
    """The kwok controller beside one control plane."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self._port = free_port()
        stages = [
            path
            for folder in STAGES
            for path in sorted(build.KWOK.manifest("kustomize/stage", folder).glob("*.yaml"))
            if path.name != "kustomization.yaml"
        ]
        argv: list[str | Path] = [
            build.KWOK.binary("kwok"),
            f"--kubeconfig={plane.kubeconfig}",
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
            "--node-lease-duration-seconds=40",
            f"--server-address=127.0.0.1:{self._port}",
            *(f"--config={path}" for path in stages),
        ]
        self.process = Process(plane.state, "kwok", argv)

    def start(self) -> "Kwok":
        self.process.start()
        self.process.wait_until(lambda: listens(self._port), 60, "listening")
        return self

    def add_nodes(self, count: int, prefix: str = "kwok", **capacity: str) -> list[str]:
        """Make `count` Ready nodes, each with 64 cores, 256Gi, 1,000 pods, and what is asked.

        Args:
            capacity: more resources, such as `**{"nvidia.com/gpu": "8"}`.
        """
        from kubernetes.client import CoreV1Api

        names = [f"{prefix}-{number}" for number in range(count)]
        resources = {"cpu": "64", "memory": "256Gi", "pods": "1000", **capacity}
        with self.plane.api_client() as api:
            core: Any = CoreV1Api(api)
            for name in names:
                core.create_node(_node(name, resources))

            def all_ready() -> bool:
                found = core.list_node(label_selector="type=kwok").items
                ready = {node.metadata.name for node in found if _is_ready(node)}
                return ready.issuperset(names)

            wait_for(all_ready, 60, f"{count} kwok nodes ready")
        return names

    def remove_nodes(self, names: list[str]) -> None:
        from kubernetes.client import CoreV1Api

        with self.plane.api_client() as api:
            for name in names:
                CoreV1Api(api).delete_node(name)


def _node(name: str, resources: dict[str, str]) -> Any:
    return {
        "metadata": {
            "name": name,
            "annotations": ANNOTATION,
            "labels": {**SELECTOR, "kubernetes.io/hostname": name},
        },
        "spec": {"taints": [TAINT]},
        "status": {"capacity": resources, "allocatable": resources},
    }


def _is_ready(node: Any) -> bool:
    conditions = node.status.conditions or []
    return any(found.type == "Ready" and found.status == "True" for found in conditions)
