"""How does the hub hear of its pods and their events, however many there are? By two watches.

KubeSpawner's reflectors keep each object whole and fetch all of them again every half minute. Here
a list is read in pages, a watch goes on where the last one ended, a pod is kept without what only
the API server needs, and an event only while its pod starts. May import kubespawner,
kubernetes_asyncio and `story`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from kubernetes_asyncio.client.exceptions import ApiException
from kubespawner.spawner import PodReflector
from traitlets import Int

from jupyter_kf_spawner import story

PAGE = 250
"""Objects in one answer: the rest of the hub's memory is what it keeps, not what it reads."""
_LONGEST_PAUSE_S = 30.0
_REMEMBERED = 1000
_ASK_S = 10.0
# The API server's bookmarks come about once a minute: a watch that is silent for longer is dead.
_SILENT_S = 90.0

log = logging.getLogger(__name__)


async def changes(
    listing: Any, version: str, timeout_s: int, **selection: Any
) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """The changes after `version` as they come, until the API server ends the watch.

    Args:
        listing: the client's method that lists the objects.
        timeout_s: after so long the API server ends the watch; the next goes on from the last
            object's version.
        selection: namespace and selectors.

    Yields:
        ADDED, MODIFIED or DELETED with the object; BOOKMARK with a version only.

    Raises:
        ApiException: 410 when `version` is too old.
    """
    answer = await listing(
        watch=True,
        resource_version=version,
        allow_watch_bookmarks=True,
        timeout_seconds=timeout_s,
        _preload_content=False,
        _request_timeout=(_SILENT_S, _SILENT_S),
        **selection,
    )
    try:
        if answer.status != 200:
            raise ApiException(status=answer.status, reason=answer.reason)
        async for line in answer.content:
            change = json.loads(line)
            kind, found = change["type"], change["object"]
            if kind == "ERROR":
                raise ApiException(status=found.get("code"), reason=found.get("message"))
            yield kind, found
    finally:
        answer.close()


async def pages(listing: Any, **selection: Any) -> AsyncIterator[dict[str, Any]]:
    """All objects there are now, a list of at most `PAGE` at a time.

    Raises:
        ApiException: as the API server says; 410 when reading took so long that it forgot.
    """
    token = ""
    while True:
        answer = await listing(
            limit=PAGE, _continue=token, _preload_content=False, _request_timeout=60, **selection
        )
        content = await answer.read()
        if answer.status != 200:
            raise ApiException(status=answer.status, reason=answer.reason)
        page: dict[str, Any] = json.loads(content)
        yield page
        token = page["metadata"].get("continue", "")
        if not token:
            return


def slim(pod: dict[str, Any]) -> dict[str, Any]:
    """The pod without what no spawner reads: who wrote which field of it last."""
    pod["metadata"].pop("managedFields", None)
    return pod


class PodWatch(PodReflector):
    """KubeSpawner's reflector of pods, for namespaces with thousands of them."""

    timeout_seconds = Int(
        240, help="Seconds after which the API server ends a watch; the next one goes on from there"
    ).tag(config=True)
    restart_seconds = Int(
        900, help="Seconds after which all pods are read again, should a watch ever miss one"
    ).tag(config=True)

    _version = ""
    _read_at = 0.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.gone: dict[str, tuple[str, story.Sentence]] = {}
        """Why a pod was taken away, with its uid, by its key: an eviction leaves no event."""
        super().__init__(*args, **kwargs)

    def _selection(self) -> dict[str, Any]:
        chosen = {"label_selector": self.label_selector, "field_selector": self.field_selector}
        return chosen if self.omit_namespace else {**chosen, "namespace": self.namespace}

    async def _list_and_update(self, _: str | None = None) -> str:
        """Reads all pods; returns the version from which a watch goes on."""
        found: dict[str, Any] = {}
        version = ""
        listing = getattr(self.api, self.list_method_name)
        async for page in pages(listing, **self._selection()):
            version = version or page["metadata"]["resourceVersion"]
            found.update((_key(pod), slim(pod)) for pod in page["items"])
        self.resources = found
        self._version, self._read_at = version, time.monotonic()
        if not self.first_load_future.done():
            self.first_load_future.set_result(None)
        return version

    async def _watch_and_update(self) -> None:
        """Keeps the pods up to date until the hub ends, or KubeSpawner stops it."""
        try:
            await self._keep_up()
        except asyncio.CancelledError:
            if not self._stopping:
                raise

    async def _keep_up(self) -> None:
        """Whatever breaks is begun again."""
        pause = 0.1
        while True:
            try:
                if not self._version or time.monotonic() - self._read_at > self.restart_seconds:
                    await self._list_and_update()
                await self._follow()
                pause = 0.1
            except TimeoutError:
                self.log.debug("The watch of %s was silent; it goes on", self.kind)
            except Exception as error:
                if isinstance(error, ApiException):
                    self._version = ""  # too old, or refused: read them all again
                pause = min(2 * pause, _LONGEST_PAUSE_S)
                self.log.warning("Watching %s: %r; again in %.1f s", self.kind, error, pause)
                await asyncio.sleep(pause)

    async def _follow(self) -> None:
        listing = getattr(self.api, self.list_method_name)
        async for kind, pod in changes(
            listing, self._version, self.timeout_seconds, **self._selection()
        ):
            self._version = pod["metadata"]["resourceVersion"]
            if kind == "DELETED":
                self.resources.pop(_key(pod), None)
                self._remember(pod)
            elif kind != "BOOKMARK":
                self.resources[_key(pod)] = slim(pod)

    def _remember(self, pod: Mapping[str, Any]) -> None:
        """What the last state of a deleted pod says; the newest thousand."""
        said = story.of_pod(pod)
        if said is not None and said.verdict == "failed":
            self.gone.pop(_key(pod), None)
            self.gone[_key(pod)] = (pod["metadata"]["uid"], said)
            while len(self.gone) > _REMEMBERED:
                del self.gone[next(iter(self.gone))]


class StartingEvents:
    """Events of the pods that a hub is starting, from one watch; of others nothing is kept.

    It begins with the first start and ends a while after the last. What happened before is not
    read: events of one pod can't be asked for without the API server reading those of all.
    """

    def __init__(self, api: Any, namespace: str | None) -> None:
        """Of one namespace, or of all when `namespace` is None."""
        self._listing = (
            api.list_namespaced_event if namespace else api.list_event_for_all_namespaces
        )
        self._selection = {"namespace": namespace} if namespace else {}
        self._of: dict[str, dict[str, dict[str, Any]]] = {}
        self._listens = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def follow(self, pod: str) -> None:
        """From now on the events of `namespace/name` are kept; returns when the watch listens.

        Or when it can't: then there are none, and the server starts all the same.
        """
        self._of[pod] = {}
        if self.at_rest:
            self._listens.clear()
            self._task = asyncio.create_task(self._watch())
        await self._listens.wait()

    def forget(self, pod: str) -> None:
        """Its events are dropped."""
        self._of.pop(pod, None)

    def of(self, pod: str) -> list[dict[str, Any]]:
        """Its events so far, in the order of their last change."""
        return list(self._of.get(pod, {}).values())

    @property
    def at_rest(self) -> bool:
        """Whether nothing is watched."""
        return self._task is None or self._task.done()

    async def _watch(self) -> None:
        version, pause = "", 0.1
        while self._of:
            try:
                version = version or await self._now()
                self._listens.set()
                async for kind, event in changes(
                    self._listing,
                    version,
                    60,
                    field_selector="involvedObject.kind=Pod",
                    **self._selection,
                ):
                    version = event["metadata"]["resourceVersion"]
                    if kind in ("ADDED", "MODIFIED"):
                        self._keep(event)
                pause = 0.1
            except TimeoutError:
                self._listens.set()  # no start waits for it
            except Exception as error:
                if isinstance(error, ApiException):
                    version = ""  # too old, or refused; a watch that broke goes on where it was
                pause = min(2 * pause, _LONGEST_PAUSE_S)
                log.info("events can't be seen: %r; again in %.1f s", error, pause)
                self._listens.set()
                await asyncio.sleep(pause)

    async def _now(self) -> str:
        """The version of the newest state; one event at most is read for it."""
        answer = await self._listing(
            limit=1, _preload_content=False, _request_timeout=_ASK_S, **self._selection
        )
        content = await answer.read()
        if answer.status != 200:
            raise ApiException(status=answer.status, reason=answer.reason)
        return str(json.loads(content)["metadata"]["resourceVersion"])

    def _keep(self, event: dict[str, Any]) -> None:
        about = event["involvedObject"]
        kept = self._of.get(f"{about.get('namespace')}/{about.get('name')}")
        if kept is not None:
            name = event["metadata"]["name"]
            kept.pop(name, None)  # one that comes again is the newest
            kept[name] = event


def _key(one: Mapping[str, Any]) -> str:
    return f"{one['metadata']['namespace']}/{one['metadata']['name']}"
