"""Whose is a namespace? Where each user has one, a server is made only in the user's own.

A user's name decides the namespace's, so a user who is called like somebody's namespace would else
get a server in it. One is the user's when it says so by our label and the owner's annotation; the
hub writes both when it makes it. May import kubernetes_asyncio, `cluster`, `errors`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from kubernetes_asyncio.client.exceptions import ApiException

from jupyter_kf_spawner.cluster import OWNER
from jupyter_kf_spawner.errors import Refusal, shown
from jupyter_kf_spawner.pods import LABEL

OWNED = LABEL + "user-namespace"
"""Label of a namespace that the hub may use for the user whom the annotation names."""
ENFORCE = "pod-security.kubernetes.io/enforce"
_ASK_S = 10.0


def marked(namespace: Any, user: str) -> Any:
    """The namespace as it will be made, marked as this user's.

    And held to Pod Security's "restricted", unless the hub is configured to say another level.
    """
    metadata = namespace.metadata
    metadata.labels = {ENFORCE: "restricted", **(metadata.labels or {}), OWNED: "true"}
    metadata.annotations = {**(metadata.annotations or {}), OWNER: user}
    return namespace


async def ensure(api: Any, namespace: Any, user: str) -> None:
    """The namespace is there and is this user's; made when it is not there.

    Args:
        namespace: as `marked` gives it.

    Raises:
        Refusal: it is another's, it ends, or the hub may not look or make it.
        ApiException: the API server is in trouble.
    """
    name = namespace.metadata.name
    there = await _read(api, name)
    if there is None:
        try:
            await asyncio.wait_for(api.create_namespace(namespace), _ASK_S)
            return
        except ApiException as error:
            if error.status == 403:
                raise Refusal(
                    "namespace",
                    f"you have no namespace yet, and the hub may not make {name}",
                    fix=f"Ask your admin to make it, with {_marks(user)}",
                ) from None
            if error.status != 409:
                raise
            there = await _read(api, name)
    check(there, name, user)


def check(there: Any, name: str, user: str) -> None:
    """Nothing, when the namespace is this user's.

    Raises:
        Refusal: it is not, or it ends.
    """
    metadata = there.metadata if there is not None else None
    if metadata is None or metadata.deletion_timestamp is not None:
        raise Refusal(
            "namespace",
            f"your namespace {name} is being removed",
            fix="Try again in a minute",
        )
    owner = (metadata.annotations or {}).get(OWNER)
    if owner != user or (metadata.labels or {}).get(OWNED) != "true":
        raise Refusal(
            "namespace",
            f"the namespace {name} is there and is not marked as yours",
            fix=f"Tell your admin: one that is to be used needs {_marks(user)}",
        )


async def _read(api: Any, name: str) -> Any:
    """The namespace, or None when there is none."""
    try:
        return await asyncio.wait_for(api.read_namespace(name), _ASK_S)
    except ApiException as error:
        if error.status == 404:
            return None
        if error.status == 403:
            raise Refusal(
                "namespace",
                f"the hub may not see whose the namespace {name} is",
                fix="Tell your admin: the hub needs `get` on namespaces",
            ) from None
        raise


def _marks(user: str) -> str:
    return f"the label {OWNED}=true and the annotation {OWNER}={shown(user, 80)}"
