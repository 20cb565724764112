"""What is there on the cluster now: volumes and their owners, free devices, a pod's events.

Asks, and changes nothing but the one Secret of a server's token, and a volume that its user
deletes. Whatever the hub may not see is unknown (None), never a failure of a start. May import
kubernetes_asyncio, `quota`, `quantities`, `watching`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kubernetes_asyncio.client.exceptions import ApiException

from jupyter_kf_spawner.quantities import size, size_text
from jupyter_kf_spawner.quota import left
from jupyter_kf_spawner.watching import pages

OWNER = "hub.jupyter.org/username"
"""Annotation with the user's name, and label with its slug, that KubeSpawner writes on all."""
SERVER = "hub.jupyter.org/servername"
"""Annotation with the name of the server; empty for the usual one."""
TOKEN_VARIABLES = ("JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN")
_ASK_S = 5.0
# Of what a start depends on: when hundreds start at once, the hub itself is slow to hear answers.
_ANSWER_S = 30.0

log = logging.getLogger(__name__)


async def claims(api: Any, namespace: str, label: str, home: str) -> dict[str, str] | None:
    """Owners of the volume claims that concern a user, by name; None when unknown.

    Args:
        label: the user's name as KubeSpawner writes it into a label of all that it makes.
        home: the claim of the usual workspace, asked for by name: it may be another's.

    Returns:
        Each claim's annotation with its owner; "" is nobody's. The namespace may hold thousands
        of claims, so they are not listed.
    """
    mine = f"{OWNER}={label}"

    async def listed() -> dict[str, str]:
        found: dict[str, str] = {}
        listing = api.list_namespaced_persistent_volume_claim
        async for page in pages(listing, namespace=namespace, label_selector=mine):
            found |= dict(_owned(claim) for claim in page["items"])
        return found

    of_label, usual = await asyncio.gather(_known(listed()), owner_of(api, namespace, home))
    return None if of_label is None or usual is None else of_label | usual


async def owner_of(api: Any, namespace: str, name: str) -> dict[str, str] | None:
    """The owner of this claim by its name, nothing when there is none; None when unknown."""

    async def asked() -> dict[str, str]:
        answer = await api.read_namespaced_persistent_volume_claim(
            name, namespace, _preload_content=False
        )
        content = await answer.read()
        if answer.status == 404:
            return {}
        if answer.status != 200:
            raise ApiException(status=answer.status, reason=answer.reason)
        return dict([_owned(json.loads(content))])

    return await _known(asked())


async def _known(asking: Coroutine[Any, Any, dict[str, str]]) -> dict[str, str] | None:
    try:
        return await asyncio.wait_for(asking, _ANSWER_S)
    except Exception as error:
        log.info("volumes can't be seen: %s", _said(error))
        return None


def _owned(claim: Mapping[str, Any]) -> tuple[str, str]:
    metadata = claim["metadata"]
    return metadata["name"], (metadata.get("annotations") or {}).get(OWNER, "")


@dataclass(frozen=True)
class Volume:
    """A volume claim of a user's own.

    Attributes:
        name, uid: of the claim.
        size: as the claim asks for it.
        made: the day.
        used_by: the servers that have it now, in words.
        leaving: it is deleted already, and goes when nobody has it.
    """

    name: str
    uid: str
    size: str
    made: str
    used_by: tuple[str, ...] = ()
    leaving: bool = False


async def volumes(
    api: Any, namespace: str, label: str, user: str, pods: Iterable[Mapping[str, Any]]
) -> list[Volume] | None:
    """The claims that carry the user's name, and who has them; None when unknown.

    Args:
        label: the user's name as KubeSpawner writes it into labels.
        pods: the servers of the namespace.
    """
    try:
        listed = await asyncio.wait_for(
            api.list_namespaced_persistent_volume_claim(
                namespace, label_selector=f"{OWNER}={label}"
            ),
            _ASK_S,
        )
    except Exception as error:
        log.info("volumes can't be seen: %s", _said(error))
        return None
    users: dict[str, list[str]] = {}
    for pod in pods:
        said = (pod["metadata"].get("annotations") or {}).get(SERVER, "")
        for mounted in pod["spec"].get("volumes") or ():
            claim = (mounted.get("persistentVolumeClaim") or {}).get("claimName", "")
            users.setdefault(claim, []).append(f"the server {said}" if said else "your server")
    return [
        Volume(
            name=claim.metadata.name,
            uid=claim.metadata.uid,
            size=_size((claim.spec.resources.requests or {}).get("storage")),
            made=str(claim.metadata.creation_timestamp or "")[:10],
            used_by=tuple(users.get(claim.metadata.name, ())),
            leaving=claim.metadata.deletion_timestamp is not None,
        )
        for claim in listed.items
        if (claim.metadata.annotations or {}).get(OWNER) == user
    ]


async def delete_volume(api: Any, namespace: str, volume: Volume) -> None:
    """Deletes the claim that was looked at, and no other that has its name by now."""
    await asyncio.wait_for(
        api.delete_namespaced_persistent_volume_claim(
            volume.name, namespace, body={"preconditions": {"uid": volume.uid}}
        ),
        _ASK_S,
    )


async def free_devices(api: Any) -> dict[str, int] | None:
    """Free extended resources of all nodes together, by key; None when unknown.

    Needs list of nodes and of pods in all namespaces, which many hubs do not have. What was seen
    holds for half a minute: everybody's form shows the same.
    """
    global _devices_seen
    if _devices_seen is None or time.monotonic() - _devices_seen[0] > _DEVICES_S:
        _devices_seen = (time.monotonic(), asyncio.create_task(_count_devices(api)))
    try:
        # Shielded: one page that is closed must not take the answer from the others.
        return await asyncio.wait_for(asyncio.shield(_devices_seen[1]), _ASK_S)
    except Exception as error:
        log.debug("free devices can't be seen: %s", _said(error))
        return None


_DEVICES_S = 30.0
_devices_seen: tuple[float, asyncio.Task[dict[str, int]]] | None = None


async def _count_devices(api: Any) -> dict[str, int]:
    free: Counter[str] = Counter()
    async for page in pages(api.list_node):
        for node in page["items"]:
            if not node["spec"].get("unschedulable"):
                free.update(_devices(node["status"].get("allocatable") or {}))
    running = "status.phase!=Succeeded,status.phase!=Failed,spec.nodeName!="
    async for page in pages(api.list_pod_for_all_namespaces, field_selector=running):
        for pod in page["items"]:
            for container in pod["spec"]["containers"]:
                limits = (container.get("resources") or {}).get("limits")
                free.subtract(_devices(limits or {}))
    return {key: max(0, count) for key, count in free.items()}


async def quota_left(api: Any, namespace: str) -> dict[str, Decimal] | None:
    """What the namespace's quotas still allow; None when the hub may not see them."""
    found: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(_ASK_S):
            async for page in pages(api.list_namespaced_resource_quota, namespace=namespace):
                found += page["items"]
        return left(found)
    except Exception as error:
        log.info("quotas can't be seen: %s", _said(error))
        return None


async def events_of(api: Any, namespace: str, pod: str) -> list[dict[str, Any]]:
    """The pod's events, oldest first; none when they can't be seen.

    Asked for by the pod's name, so that the events of others cost the hub nothing.
    """
    try:
        listed = await asyncio.wait_for(
            api.list_namespaced_event(
                namespace, field_selector=f"involvedObject.kind=Pod,involvedObject.name={pod}"
            ),
            _ASK_S,
        )
    except Exception as error:
        log.info("events can't be seen: %s", _said(error))
        return []
    plain: list[dict[str, Any]] = api.api_client.sanitize_for_serialization(listed)["items"]
    return sorted(plain, key=_when)


class AdoptingApi:
    """The API client, but a pod of this very start counts as made when it is there already.

    A slow API server can make the pod and answer too late; the next try is then told that the
    pod exists. It is ours when its annotation `mark` has the same value: then there is nothing
    to delete and make again.

    Attributes:
        asked: the mark of the last pod that the API server was asked to make; "" before.
    """

    def __init__(self, api: Any, mark: str) -> None:
        self._api, self._mark = api, mark
        self.asked = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    async def create_namespaced_pod(self, namespace: str, body: Any) -> None:
        """The pod is made, or was made before by the same start."""
        mine = (body.metadata.annotations or {}).get(self._mark)
        self.asked = mine or ""
        try:
            await _unread(self._api.create_namespaced_pod, namespace, body)
        except ApiException as error:
            if error.status != 409:
                raise
            there = await self._api.read_namespaced_pod(body.metadata.name, namespace)
            ours = mine is not None and (there.metadata.annotations or {}).get(self._mark) == mine
            if not ours or there.metadata.deletion_timestamp is not None:
                raise


async def _unread(call: Any, *arguments: Any) -> None:
    """The call, without making the client's objects of an answer that nobody reads.

    Raises:
        ApiException: as the client would.
    """
    answer = await call(*arguments, _preload_content=False)
    content = await answer.read()
    if not 200 <= answer.status <= 299:
        error = ApiException(status=answer.status, reason=answer.reason)
        error.body = content.decode()
        raise error


def take_token(pod: Any, secret: str) -> dict[str, str]:
    """Moves the hub's token from the pod's text to a Secret's keys; returns what to store.

    Whoever may read pods can then not act as the user.
    """
    stored: dict[str, str] = {}
    for variable in pod.spec.containers[0].env or ():
        if variable.name in TOKEN_VARIABLES and variable.value:
            stored[variable.name] = variable.value
            variable.value = None
            variable.value_from = {"secretKeyRef": {"name": secret, "key": variable.name}}
    return stored


async def put_secret(api: Any, namespace: str, secret: Mapping[str, Any]) -> None:
    """The Secret with this content; one of this owner's that a killed hub left is made anew.

    Not replaced in place: the Zero to JupyterHub chart lets its hub make and delete only.

    Raises:
        ApiException: 409 when the name is taken by what is not the owner's.
    """
    name, owner = secret["metadata"]["name"], secret["metadata"]["annotations"][OWNER]
    try:
        making = _unread(api.create_namespaced_secret, namespace, secret)
        await asyncio.wait_for(making, _ANSWER_S)
    except ApiException as error:
        if error.status != 409 or not await drop_secret(api, namespace, name, owner):
            raise
        making = _unread(api.create_namespaced_secret, namespace, secret)
        await asyncio.wait_for(making, _ANSWER_S)


async def drop_secret(api: Any, namespace: str, name: str, owner: str) -> bool:
    """Deletes this owner's Secret; False when there is none of that name, or it is another's."""
    try:
        there = await asyncio.wait_for(api.read_namespaced_secret(name, namespace), _ANSWER_S)
        if (there.metadata.annotations or {}).get(OWNER) != owner:
            return False
        body = {"preconditions": {"uid": there.metadata.uid}}
        deleting = api.delete_namespaced_secret(name, namespace, body=body)
        await asyncio.wait_for(deleting, _ANSWER_S)
    except ApiException as error:
        if error.status == 404:
            return False
        raise
    return True


def _devices(quantities: Mapping[str, str]) -> dict[str, int]:
    return {key: int(n) for key, n in quantities.items() if "/" in key and str(n).isdigit()}


def _when(event: Mapping[str, Any]) -> str:
    metadata = event.get("metadata") or {}
    return str(
        event.get("lastTimestamp") or event.get("eventTime") or metadata.get("creationTimestamp")
    )


def _size(asked: Any) -> str:
    """A claim's size as people write it: KubeSpawner's are in bytes."""
    try:
        return size_text(size(str(asked)))
    except ValueError:
        return str(asked or "of unknown size")


def _said(error: Exception) -> str:
    if isinstance(error, ApiException):
        return f"{error.status} {error.reason}"
    return str(error) or type(error).__name__
