"""How is a server written for KubeSpawner? Its traits, as plain values.

Every text is literal: KubeSpawner expands braces in some traits, so braces are doubled there.
Every pod is "restricted" in the sense of Pod Security, whatever was chosen. Pure. May import
`resolve`, `handoff`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jupyter_kf_spawner.catalogue.models import Affinity, Catalogue
from jupyter_kf_spawner.handoff import VARIABLE, handoff
from jupyter_kf_spawner.resolve import Resolved

LABEL = "jupyter-kf.org/"
"""Prefix of our labels and annotations."""
# Names of our volumes begin so; what the hub's own configuration mounts is left alone.
_OURS = "kf-"


def traits(catalogue: Catalogue, resolved: Resolved, namespace: str) -> dict[str, Any]:
    """Values of KubeSpawner's traits; those not named stay as the hub is configured.

    Args:
        namespace: where the server will be.
    """
    size = resolved.size
    volumes, mounts = _volumes(catalogue, resolved)
    values: dict[str, Any] = {
        "image": resolved.image.image,
        "image_pull_policy": resolved.image.pull_policy,
        "cpu_limit": resolved.cpu,
        "cpu_guarantee": round(resolved.cpu * size.guarantee, 3),
        "mem_limit": resolved.memory,
        "mem_guarantee": int(resolved.memory * size.guarantee),
        "priority_class_name": size.priority_class or "",
        "tolerations": _tolerations(catalogue, resolved),
        "node_affinity_required": _required(catalogue, resolved),
        "node_affinity_preferred": _preferred(catalogue, resolved),
        "volumes": volumes,
        "volume_mounts": mounts,
        "environment": _environment(catalogue, resolved, namespace),
        "extra_labels": _labels(resolved),
        **_devices(resolved),
        **_identity(catalogue, resolved),
    }
    if resolved.image.command:
        values["cmd"] = list(resolved.image.command)
    if catalogue.workspace and resolved.workspace != "hub":
        values["storage_pvc_ensure"] = resolved.workspace == "new"
        values["storage_capacity"] = str(resolved.workspace_size)
        values["storage_access_modes"] = [catalogue.workspace.access]
        if catalogue.workspace.storage_class:
            values["storage_class"] = catalogue.workspace.storage_class
    return values


def literal(value: Any) -> Any:
    """The value with its braces doubled, for traits in which KubeSpawner expands them."""
    if isinstance(value, str):
        return value.replace("{", "{{").replace("}", "}}")
    if isinstance(value, dict):
        return {key: literal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [literal(inner) for inner in value]
    return value


def _devices(resolved: Resolved) -> dict[str, Any]:
    # Extended resources can't be overcommitted: limit and request are the same.
    count = {resolved.gpu.resource: str(resolved.gpus)} if resolved.gpu else {}
    return {"extra_resource_limits": dict(count), "extra_resource_guarantees": dict(count)}


def _identity(catalogue: Catalogue, resolved: Resolved) -> dict[str, Any]:
    """Who the processes are, on the node and towards the cluster."""
    safe = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    return {
        "uid": catalogue.security.uid,
        "gid": catalogue.security.gid,
        "fs_gid": catalogue.security.fs_gid,
        "privileged": False,
        "allow_privilege_escalation": False,
        "container_security_context": {**safe, "capabilities": {"drop": ["ALL"]}},
        "pod_security_context": {**safe, "fsGroupChangePolicy": "OnRootMismatch"},
        "service_account": catalogue.kubeflow.service_account
        if resolved.kubeflow and catalogue.kubeflow
        else None,
        "automount_service_account_token": resolved.kubeflow,
    }


def _labels(resolved: Resolved) -> dict[str, str]:
    labels = {
        LABEL + "spawned": "true",
        LABEL + "image": resolved.image_name,
        LABEL + "size": resolved.size_name,
        # The network policies open the API server to these pods only.
        LABEL + "uses-api": "true" if resolved.kubeflow else "false",
    }
    if resolved.gpu_name:
        labels[LABEL + "gpu"] = resolved.gpu_name
    return labels


def _environment(catalogue: Catalogue, resolved: Resolved, namespace: str) -> dict[str, Any]:
    # Kubernetes expands $(NAME) in values, KubeSpawner braces: neither is meant here.
    plain: dict[str, Any] = {
        name: literal(value.replace("$(", "$$(")) for name, value in catalogue.environment.items()
    }
    for name in catalogue.secrets:
        if name in resolved.secrets:
            secret = catalogue.secrets[name]
            source = {"secretKeyRef": {"name": secret.secret, "key": secret.key}}
            plain[name] = {"name": name, "valueFrom": source}
    plain[VARIABLE] = literal(handoff(catalogue, resolved, namespace))
    return plain


def _volumes(
    catalogue: Catalogue, resolved: Resolved
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    volumes: list[dict[str, Any]] = []
    mounts: list[dict[str, Any]] = []

    def add(name: str, source: dict[str, Any], path: str, *, read_only: bool = False) -> None:
        volumes.append({"name": _OURS + name, **source})
        mount: dict[str, Any] = {"name": _OURS + name, "mountPath": path}
        mounts.append({**mount, "readOnly": True} if read_only else mount)

    if catalogue.workspace and resolved.workspace == "none":
        limit = {"emptyDir": {"sizeLimit": str(resolved.workspace_size)}}
        add("workspace", limit, catalogue.workspace.mount)
    elif catalogue.workspace and resolved.workspace != "hub":
        # The usual claim's name is KubeSpawner's to say, when it writes the pod.
        claim = "{pvc_name}" if resolved.workspace == "new" else literal(resolved.workspace)
        add("workspace", {"persistentVolumeClaim": {"claimName": claim}}, catalogue.workspace.mount)
    for number, data in enumerate(resolved.mounts):
        claim_source: dict[str, Any] = {"claimName": data.claim}
        if data.read_only:
            claim_source["readOnly"] = True
        source = {"persistentVolumeClaim": claim_source}
        add(f"data-{number}", source, data.path, read_only=data.read_only)
    if resolved.size.shm:
        memory = {"emptyDir": {"medium": "Memory", "sizeLimit": str(resolved.size.shm)}}
        add("shm", memory, "/dev/shm")  # noqa: S108 - the path that Linux programs expect
    return volumes, mounts


def _tolerations(catalogue: Catalogue, resolved: Resolved) -> list[dict[str, Any]]:
    names = [*resolved.size.tolerations]
    names += resolved.gpu.tolerations if resolved.gpu else ()
    names += catalogue.spot.tolerations if resolved.spot and catalogue.spot else ()
    listed = [
        toleration.model_dump(exclude_none=True)
        for name in dict.fromkeys(names)
        for toleration in catalogue.tolerations[name]
    ]
    return [entry for place, entry in enumerate(listed) if entry not in listed[:place]]


def _affinities(catalogue: Catalogue, resolved: Resolved) -> list[Affinity]:
    names = [*resolved.size.affinity]
    names += resolved.gpu.affinity if resolved.gpu else ()
    names += catalogue.spot.affinity if resolved.spot and catalogue.spot else ()
    return [catalogue.affinity[name] for name in dict.fromkeys(names)]


def _required(catalogue: Catalogue, resolved: Resolved) -> list[dict[str, Any]]:
    """One term: within a term all expressions must hold, while one of several terms is enough."""
    expressions = [
        _in(key, values)
        for affinity in _affinities(catalogue, resolved)
        for key, values in affinity.required.items()
    ]
    if resolved.gpu:
        expressions += [_in(key, [value]) for key, value in resolved.gpu.node_labels.items()]
    return [{"matchExpressions": expressions}] if expressions else []


def _preferred(catalogue: Catalogue, resolved: Resolved) -> list[dict[str, Any]]:
    return [
        {
            "weight": affinity.weight,
            "preference": {"matchExpressions": [_in(k, v) for k, v in affinity.preferred.items()]},
        }
        for affinity in _affinities(catalogue, resolved)
        if affinity.preferred
    ]


def _in(key: str, values: Iterable[str]) -> dict[str, Any]:
    return {"key": key, "operator": "In", "values": list(values)}


def applied(configured: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """What the traits become: the hub's own configuration stays where it says more.

    Variables, labels, tolerations, preferences and volumes are added to the configured ones; of
    two volumes at one folder the catalogue's counts. A configured need for nodes holds as well:
    terms of which one is enough are each narrowed. The rest is the catalogue's.
    """
    values = dict(wanted)
    for name in ("environment", "extra_labels"):
        values[name] = {**configured[name], **wanted[name]}
    for name in ("extra_resource_limits", "extra_resource_guarantees"):
        values[name] = {**configured[name], **wanted[name]}
    for name in ("tolerations", "node_affinity_preferred"):
        values[name] = [*_listed(configured[name]), *wanted[name]]
    terms = _listed(configured["node_affinity_required"])
    if terms and wanted["node_affinity_required"]:
        more = wanted["node_affinity_required"][0]["matchExpressions"]
        values["node_affinity_required"] = [
            {**term, "matchExpressions": [*term.get("matchExpressions", []), *more]}
            for term in terms
        ]
    elif terms:
        values["node_affinity_required"] = terms
    ours = {mount["mountPath"].rstrip("/") for mount in wanted["volume_mounts"]}
    kept = [
        mount
        for mount in _listed(configured["volume_mounts"])
        if mount.get("mountPath", "").rstrip("/") not in ours
    ]
    still = {mount.get("name") for mount in kept}
    values["volume_mounts"] = [*kept, *wanted["volume_mounts"]]
    values["volumes"] = [
        *(volume for volume in _listed(configured["volumes"]) if volume.get("name") in still),
        *wanted["volumes"],
    ]
    if not wanted["priority_class_name"]:
        values["priority_class_name"] = configured["priority_class_name"]
    return values


def undone(asked: dict[str, Any], values: dict[str, Any]) -> list[str]:
    """Traits that were set to `asked` and would not hold in `values`, sorted.

    A need for nodes is narrowed, which is no loss.
    """
    narrowed = {"node_affinity_required"}
    return sorted(
        name
        for name in asked.keys() & values.keys() - narrowed
        if not _holds(asked[name], values[name])
    )


def _holds(asked: Any, final: Any) -> bool:
    """Whether a value that was asked for is still there in the one that counts."""
    if isinstance(asked, dict) and isinstance(final, dict):
        return all(final.get(key) == value for key, value in asked.items())
    if isinstance(asked, dict | list) and isinstance(final, list):
        return all(one in final for one in _listed(asked))
    return bool(asked == final)


def _listed(value: Any) -> list[Any]:
    """KubeSpawner takes lists, and mappings whose values are sorted by their keys."""
    return [value[key] for key in sorted(value)] if isinstance(value, dict) else list(value or ())
