"""What is said about a server while it starts, and why is it gone when it ended by itself?

A mixin that stands before KubeSpawner: it watches the pod and its events, and gives a start up
when the cluster says that it can't succeed. May import kubespawner, `cluster`, `watching`,
`story`, `choosing`, `rejecting`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from jupyterhub.utils import make_ssl_context, url_path_join, wait_for_http_server
from kubespawner import KubeSpawner
from kubespawner.spawner import PodReflector
from traitlets import Float, default

from jupyter_kf_spawner import cluster, story
from jupyter_kf_spawner.choosing import Choosing
from jupyter_kf_spawner.pods import LABEL
from jupyter_kf_spawner.rejecting import rejected
from jupyter_kf_spawner.watching import PodWatch, StartingEvents

SPAWN_ID = LABEL + "spawn-id"
# Before the hub's own time-out, which counts as a failure of the hub.
_MARGIN_S = 3.0
_LOOK_S = 1.0


# What we replace or set of KubeSpawner's own: a release without it would quietly do without us.
SEAMS = (
    "_start_reflector",
    "_apply_overrides",
    "_ensure_namespace",
    "_get_reflector_key",
    "_options_from_form",
    "_start_watching_pods",
)
if missing := [name for name in SEAMS if not hasattr(KubeSpawner, name)]:
    raise ImportError(
        f"jupyter-kf-spawner needs {', '.join(missing)} of KubeSpawner, which this release has not:"
        " install jupyterhub-kubespawner>=7.1,<8"
    )


class Telling(Choosing, KubeSpawner):
    """The story of a start, and the last word about a server that ended."""

    patience_s = Float(
        120.0,
        help="""
        Seconds for which a start waits for room, a volume or an image before it gives up.

        A new machine that is being added is waited for until `start_timeout`.
        """,
    ).tag(config=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._told: list[story.Sentence] = []
        self._spawn_id = ""

    # One for all spawners of a namespace, as KubeSpawner's reflectors.
    _starting: ClassVar[dict[Any, StartingEvents]] = {}

    # KubeSpawner's own watch keeps the events of the whole namespace in the hub's memory.
    @default("events_enabled")
    def _no_watch_of_all_events(self) -> bool:
        return False

    @property
    def _pod(self) -> str:
        return f"{self.namespace}/{self.pod_name}"

    @property
    def _events(self) -> StartingEvents:
        key = self._get_reflector_key("starting")
        if key not in self._starting:
            self._starting[key] = StartingEvents(self.api, key[1])
        return self._starting[key]

    async def _start_reflector(
        self, kind: str, reflector_class: Any, replace: bool = False, **more: Any
    ) -> Any:
        """KubeSpawner's reflector of pods costs much where there are thousands of them."""
        chosen = PodWatch if reflector_class is PodReflector else reflector_class
        return await super()._start_reflector(kind, chosen, replace=replace, **more)

    async def _listen(self) -> None:
        """Before the pod is made, so that none of its events is missed."""
        await self._events.follow(self._pod)

    async def _answering(self, starting: asyncio.Future[Any]) -> Any:
        """The server's URL, when it answers as the hub will ask it.

        Else the hub waits for it after the start, and counts a server that says nothing as a
        failure of the hub; one bad file in a user's folder is enough for that.

        Raises:
            SpawnException: it does not answer within the hub's own `http_timeout`.
        """
        url = await starting
        known = self.user.settings
        names = ("internal_ssl_key", "internal_ssl_cert", "internal_ssl_ca")
        key, certificate, authority = (known.get(name) for name in names)
        asking = wait_for_http_server(
            url_path_join(url, self.server.base_url, "api"),
            timeout=self.http_timeout,
            ssl_context=make_ssl_context(key, certificate, cafile=authority),
        )
        try:
            # The hub's own bound lies between two questions; one alone may take five minutes.
            await asyncio.wait_for(asking, self.http_timeout)
        except TimeoutError:
            self._told.append(story.SILENT)
            raise rejected(
                story.SILENT.text, story.SILENT.reason, whose=self._log_name, status=409
            ) from None
        return url

    async def _watched(self, starting: asyncio.Future[Any]) -> Any:
        """Waits for the start, and ends it early when the cluster says it can't succeed."""
        began = time.monotonic()
        waiting_since: float | None = None
        while True:
            await asyncio.wait({starting}, timeout=_LOOK_S)
            if starting.done():
                return starting.result()
            now = time.monotonic()
            late = now - began > self.start_timeout - _MARGIN_S
            said = self._look()
            stuck = said is not None and said.verdict == "waiting"
            waiting_since = (waiting_since or now) if stuck else None
            given_up = waiting_since is not None and now - waiting_since > self.patience_s
            if said is not None and (said.verdict == "failed" or given_up or (late and stuck)):
                raise rejected(said.text, said.reason, whose=self._log_name, status=409)
            if late:
                raise rejected(
                    f"The server did not start in {self.start_timeout} s."
                    + (f" The last word was: {said.text}" if said else "")
                    + " Try again, or choose another image.",
                    "timeout",
                    whose=self._log_name,
                    status=504,
                )

    def _pod_seen(self) -> dict[str, Any] | None:
        """The server's pod as the hub's watch knows it."""
        pods = self.pod_reflector.pods if self.pod_reflector else {}
        pod: dict[str, Any] | None = pods.get(self._pod)
        return pod

    def _look(self) -> story.Sentence | None:
        """The newest sentence about this start's pod."""
        pod = self._pod_seen()
        if pod is None or pod["metadata"].get("annotations", {}).get(SPAWN_ID) != self._spawn_id:
            return story.verdict(self._told)
        uid = pod["metadata"]["uid"]
        events = self._events.of(self._pod)
        mine = [event for event in events if event["involvedObject"].get("uid") == uid]
        self._told = story.told(mine, pod)
        return story.verdict(self._told)

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """The story as it comes: a percentage that never falls, and a sentence."""
        percent, shown = 5, set[story.Sentence]()
        notes = self.resolved.notes if self.resolved else ()
        for note in notes:
            yield {"progress": percent, "message": note}
        while True:
            done = self._start_future is not None and self._start_future.done()
            # Sentences come, and go when a later event says more than they did.
            for said in [one for one in self._story() if one not in shown]:
                percent = max(percent, said.percent)
                shown.add(said)
                yield {"progress": percent, "message": said.text}
            if done:
                return
            await asyncio.sleep(_LOOK_S / 2)

    def _story(self) -> list[story.Sentence]:
        """What there is to say: that the cluster was asked, once it was, and what came of it.

        Before that the choice may still be refused, by us or where its volume and token are made.
        """
        asked = self._spawn_id != "" and self.api.asked == self._spawn_id
        return [*([story.ASKED] if asked else []), *self._told]

    async def poll(self) -> int | None:
        """As KubeSpawner's; a server that ended by itself leaves word why."""
        # KubeSpawner removes a pod that has ended, and `stop` forgets what it held.
        before, held = self._pod_seen(), self.holds is not None
        status: int | None = await super().poll()
        if status is not None and held:
            said = await self._last_word(before)
            self.ended = f"Your last server: {said.text}" if said else ""
        return status

    async def _last_word(self, pod: dict[str, Any] | None) -> story.Sentence | None:
        """Why the server is gone: the pod as it last was, else its events."""
        uid = getattr(self, "pod_id", None)  # unknown after a restart of the hub
        watch = self.pod_reflector
        if isinstance(watch, PodWatch):
            of, said = watch.gone.get(self._pod, ("", None))
            if said is not None and uid in (None, of):
                return said
        listed = await cluster.events_of(self.api, self.namespace, self.pod_name)
        mine = [one for one in listed if uid in (None, one["involvedObject"].get("uid"))]
        return story.ending(self._pod_seen() or pod, mine)
