"""What happens to servers while they start, with the moment at which it was known.

`Told` is what a user's progress page hears; `Watch` is what the cluster says to whoever watches.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import urllib3
from kubernetes import client, watch

from tests.spawner.hub import TOKEN, Hub


@dataclass
class Told:
    """Everything that was said about a start until it ended: (moment, sentence)."""

    said: list[tuple[float, str]] = field(default_factory=list)
    percents: list[float] = field(default_factory=list)
    failed: bool = False

    @property
    def climbs(self) -> bool:
        """Whether the percentage never fell, and ended at 100."""
        return self.percents == sorted(self.percents) and self.percents[-1:] == [100]

    @property
    def last(self) -> str:
        """The sentence at the end."""
        return self.said[-1][1]

    def moment(self, words: str) -> float | None:
        """When these words were first read."""
        return next((at for at, text in self.said if words in text), None)


def start(
    hub: Hub, user: str, options: dict[str, Any], *, until_said: str = "", within_s: float = 240
) -> Told:
    """Asks for a server and listens to its progress as a browser does.

    To its end, or until the words of `until_said`. A slow refusal comes with the progress.
    """
    answer = hub.ask(user, options)
    if answer.status_code >= 400:
        return Told([(time.time(), answer.json()["message"])], failed=True)
    return follow(hub, user, until_said=until_said, within_s=within_s)


def follow(
    hub: Hub, user: str, *, server: str = "", until_said: str = "", within_s: float = 240
) -> Told:
    """Listens to a start's progress as a browser does, to its end or until these words."""
    told = Told()
    headers = {"Authorization": f"token {TOKEN}"}
    path = f"servers/{server}" if server else "server"
    url = f"{hub.url}/hub/api/users/{user}/{path}/progress"
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        with httpx.stream("GET", url, headers=headers, timeout=within_s) as stream:
            for line in stream.iter_lines():
                if not line.startswith("data:"):
                    continue
                one = json.loads(line.removeprefix("data:"))
                told.said.append((time.time(), one.get("message", "")))
                told.percents.append(one["progress"])
                told.failed = bool(one.get("failed"))
                heard = bool(until_said) and until_said in told.said[-1][1]
                if told.failed or one.get("ready") or heard:
                    return told
        # While a failed start is cleaned up, the hub says for a moment that nothing starts.
        time.sleep(0.1)
    raise AssertionError(f"the story of {user} has no end: {told}\n{hub.log.read_text()[-3000:]}")


class Watch:
    """The namespace's events and pods as they come, each with the moment it came.

    Attributes:
        said: (moment, pod's name, "reason: message" of an event or of a container's state).
    """

    def __init__(self, api: Any, namespace: str) -> None:
        self.said: list[tuple[float, str, str]] = []
        self._core = client.CoreV1Api(api)
        self._namespace = namespace
        self._watches = [watch.Watch(), watch.Watch()]
        sources = (self._core.list_namespaced_event, self._core.list_namespaced_pod)
        self._threads = [
            threading.Thread(target=self._follow, args=pair, daemon=True)
            for pair in zip(self._watches, sources, strict=True)
        ]

    def __enter__(self) -> Watch:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._watches:
            one.stop()

    def moment(self, pod: str, words: str) -> float | None:
        """When the cluster first said these words of the pod."""
        return next((at for at, name, text in self.said if name == pod and words in text), None)

    def _follow(self, one: watch.Watch, source: Any) -> None:
        with contextlib.suppress(urllib3.exceptions.HTTPError):  # the cluster's end is ours
            for event in one.stream(source, self._namespace, timeout_seconds=300):
                self._note(event["object"], time.time())

    def _note(self, thing: Any, now: float) -> None:
        if hasattr(thing, "involved_object"):
            text = f"{thing.reason}: {thing.message}"
            self.said.append((now, thing.involved_object.name, text))
            return
        for container in thing.status.container_statuses or ():
            for state in (container.state.waiting, container.state.terminated):
                if state is not None:
                    self.said.append((now, thing.metadata.name, f"state {state.reason}"))
