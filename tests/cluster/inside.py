"""What does a command print inside a running container?"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kubernetes.client import ApiClient


def run_in(api: "ApiClient", pod: Any, command: list[str]) -> str:
    """Standard output and error of a command in the pod's first container."""
    from kubernetes.client import CoreV1Api
    from kubernetes.stream import stream

    printed: str = stream(
        CoreV1Api(api).connect_get_namespaced_pod_exec,
        pod.metadata.name,
        pod.metadata.namespace,
        container=pod.spec.containers[0].name,
        command=command,
        stderr=True,
        stdin=False,
        stdout=True,
        tty=False,
    )
    return printed
