"""How do definitions and webhooks get into the API server?

By server-side apply, one request for each object, without kubectl: its discovery and its check of
megabytes of definitions would take longer than the start of what they belong to.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.control import ControlPlane, wait_for

# The definitions are megabytes; the parser written in C reads them ten times as fast.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEFINITION = "CustomResourceDefinition"
_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
PATHS = {
    "Namespace": "/api/v1/namespaces",
    "ConfigMap": "/api/v1/namespaces/{namespace}/configmaps",
    "Service": "/api/v1/namespaces/{namespace}/services",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices",
    DEFINITION: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "MutatingWebhookConfiguration": f"{_ADMISSION}/mutatingwebhookconfigurations",
    "ValidatingWebhookConfiguration": f"{_ADMISSION}/validatingwebhookconfigurations",
    "ValidatingAdmissionPolicy": f"{_ADMISSION}/validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": f"{_ADMISSION}/validatingadmissionpolicybindings",
    "ClusterTrainingRuntime": "/apis/trainer.kubeflow.org/v1alpha1/clustertrainingruntimes",
}


def documents(path: Path, *, deep: bool = True) -> list[dict[str, Any]]:
    """All YAML documents of a file, or of a folder's files; `deep` descends."""
    pattern = "**/*.yaml" if deep else "*.yaml"
    files: Iterable[Path] = [path] if path.is_file() else sorted(path.glob(pattern))
    return [
        document
        for file in files
        for document in yaml.load_all(file.read_text(), LOADER)
        if isinstance(document, dict) and "kind" in document
    ]


def of_kind(kind: str, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leaves Kustomize's own files out, among others."""
    return [one for one in found if one["kind"] == kind]


def apply(plane: ControlPlane, objects: list[dict[str, Any]]) -> None:
    """Apply in the order given, then wait until defined kinds are served.

    Raises:
        RuntimeError: the API server refused one; with its words.
        TimeoutError: a definition was not established in a minute.
    """
    for one in objects:
        metadata = one["metadata"]
        folder = PATHS[one["kind"]].format(namespace=metadata.get("namespace"))
        path = f"{folder}/{metadata['name']}?fieldManager=testbed&force=true"
        plane.request("PATCH", path, json.dumps(one).encode(), "application/apply-patch+yaml")
    for one in of_kind(DEFINITION, objects):
        _wait_established(plane, one["metadata"]["name"])


def _wait_established(plane: ControlPlane, name: str) -> None:
    def established() -> bool:
        status = plane.read(f"{PATHS[DEFINITION]}/{name}").get("status") or {}
        return any(
            found["type"] == "Established" and found["status"] == "True"
            for found in status.get("conditions") or []
        )

    wait_for(established, 60, f"established: {name}")
