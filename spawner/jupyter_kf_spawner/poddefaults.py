"""What of a catalogue can Kubeflow's own Notebooks use? PodDefaults, which their form offers.

Image and size are fields of that form; data volumes, devices with their tolerations and nodes,
and the environment become one PodDefault each, so that both ways to a notebook have one list.
Pure. May import `catalogue`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jupyter_kf_spawner.catalogue import Catalogue


def poddefaults(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """Every PodDefault (kubeflow.org/v1alpha1), without a namespace.

    A volume is read-only here unless it is for everybody: PodDefaults know no groups. Offers for
    some groups only are left out for the same reason.
    """
    everyone: frozenset[str] = frozenset()
    for name, volume in catalogue.volumes.items():
        if volume.is_for(everyone):
            claim = {"claimName": volume.claim, "readOnly": volume.read_only}
            mount = {"name": name, "mountPath": volume.mount, "readOnly": volume.read_only}
            yield _poddefault(
                f"volume-{name}",
                volume.title,
                volumes=[{"name": name, "persistentVolumeClaim": claim}],
                volumeMounts=[mount],
            )
    for name, gpu in catalogue.gpus.items():
        tolerations = [
            entry.model_dump(exclude_none=True)
            for group in gpu.tolerations
            for entry in catalogue.tolerations[group]
        ]
        if gpu.is_for(everyone) and tolerations:
            title = f"{gpu.title}: machines that have it"
            yield _poddefault(f"gpu-{name}", title, tolerations=tolerations)
    variables: list[dict[str, Any]] = [
        {"name": name, "value": value.replace("$(", "$$(")}
        for name, value in catalogue.environment.items()
    ]
    for name, secret in catalogue.secrets.items():
        if "*" in secret.groups:
            source = {"secretKeyRef": {"name": secret.secret, "key": secret.key}}
            variables.append({"name": name, "valueFrom": source})
    if variables:
        yield _poddefault("environment", "Variables of the catalogue", env=variables)
    if catalogue.kubeflow and "*" in catalogue.kubeflow.groups:
        yield _poddefault(
            "kubeflow",
            "Use the cluster with %kf",
            serviceAccountName=catalogue.kubeflow.service_account,
            automountServiceAccountToken=True,
        )


def _poddefault(name: str, title: str, **spec: Any) -> dict[str, Any]:
    label = f"jupyter-kf-{name}"
    return {
        "apiVersion": "kubeflow.org/v1alpha1",
        "kind": "PodDefault",
        "metadata": {"name": label},
        "spec": {"desc": title, "selector": {"matchLabels": {label: "true"}}, **spec},
    }
