"""What is the cluster doing with the server? Events and the pod as sentences with a next step.

Pure: dictionaries as the API sends them go in, sentences come out. Knows Kubernetes' own words
(scheduler, kubelet, attach controller, cluster autoscaler) and no cluster. May import nothing of
ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["going", "waiting", "failed"]
Event = Mapping[str, Any]


@dataclass(frozen=True)
class Sentence:
    """One thing to say.

    Attributes:
        what: what happens.
        percent: how far a start is after it, 0 to 100; 0 says nothing about it.
        verdict: "going" well; "waiting" for something that may come; "failed" for good.
        reason: a short label of a fixed set, for the hub's metrics.
        advice: what to do; whatever does not go well has one.
    """

    what: str
    percent: int = 0
    verdict: Verdict = "going"
    reason: str = ""
    advice: str = ""

    @property
    def text(self) -> str:
        """What happens, and what to do if anything."""
        return f"{self.what} {self.advice}".strip()


def verdict(said: Iterable[Sentence]) -> Sentence | None:
    """What counts of a story: the last failure for good if there is one, else the last word."""
    every = list(said)
    failed = [one for one in every if one.verdict == "failed"]
    return next(iter(reversed(failed or every)), None)


def sentence(event: Event) -> Sentence | None:
    """What one event says to a user; None for what concerns nobody."""
    reason, message = str(event.get("reason") or ""), str(event.get("message") or "")
    for reasons, pattern, say in _RULES:
        if reason in reasons and (found := re.search(pattern, message, re.DOTALL)):
            return say(found)
    if event.get("type") == "Warning" and message:
        what = f"The cluster says: {_short(message)}"
        return Sentence(what, 0, "waiting", "other", "Wait; if it stays so, tell your admin.")
    return None


def told(events: Iterable[Event], pod: Event | None = None) -> list[Sentence]:
    """The story so far: each sentence once, in order, and what the pod itself says at the end.

    While a machine is being added, the scheduler goes on saying that there is no room.
    """
    found: list[Sentence] = []
    coming = False
    for event in events:
        reason = event.get("reason")
        coming = reason == "TriggeredScaleUp" or (coming and reason != "NotTriggerScaleUp")
        said = sentence(event)
        known = coming and reason == "FailedScheduling"
        if said is not None and not (known and said.reason in ("gpu", "capacity")):
            found.append(said)
    if pod is not None and (said := of_pod(pod)) is not None:
        found.append(said)
    return list(dict.fromkeys(found))


def of_pod(pod: Event) -> Sentence | None:
    """What the state of the pod says, where events are late or lost."""
    status = pod.get("status") or {}
    # First, since what is taken away is also killed, with a status of its own.
    if (said := _disrupted(status)) is not None:
        return said
    for container in status.get("containerStatuses") or ():
        state = container.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
        before = (container.get("lastState") or {}).get("terminated") or {}
        if "OOMKilled" in (ended.get("reason"), before.get("reason")):
            return OUT_OF_MEMORY
        if waiting.get("reason") in _WAITING:
            return _WAITING[waiting["reason"]](str(waiting.get("message") or ""))
        if ended and ended.get("exitCode"):
            return _crashed(ended["exitCode"])
    return None


def ending(pod: Event | None, events: Iterable[Event]) -> Sentence | None:
    """Why a server that ran is gone; None when nothing was wrong, or nothing is known."""
    if pod is not None and (said := of_pod(pod)) is not None and said.verdict == "failed":
        return said
    said_last, by_itself = None, _ended_well(pod)
    for event in events:
        if (text := _ENDINGS.get(str(event.get("reason")))) is not None:
            said_last = text
        by_itself = by_itself and event.get("reason") != "Killing"
    return said_last or (_IDLE if by_itself else None)


def _ended_well(pod: Event | None) -> bool:
    """Whether the server's program ended with success."""
    containers = ((pod or {}).get("status") or {}).get("containerStatuses") or ()
    ends = [(one.get("state") or {}).get("terminated") for one in containers]
    return bool(ends) and all(end is not None and end.get("exitCode") == 0 for end in ends)


def of_refusal(status: int, body: str) -> Sentence:
    """Why the API server did not take the pod or its volume.

    Args:
        status: HTTP status, 400 to 499.
        body: the answer, JSON or text.
    """
    message = (
        str(found[1]) if (found := re.search(r'"message":\s*"((?:[^"\\]|\\.)*)"', body)) else body
    )
    message = message.replace('\\"', '"')
    if quota := re.search(
        r"exceeded quota: ([\w.-]+), requested: (.*?), used: (.*?), limited: (.*)", message
    ):
        return Sentence(
            f"The namespace's quota {quota[1]} is used up: {quota[2]} was asked for,"
            f" {quota[3]} is in use of {_short(quota[4])}.",
            0,
            "failed",
            "quota",
            "Choose less, or stop another server.",
        )
    if "violates PodSecurity" in message:
        what = "The cluster's security rules do not allow this server"
    elif status == 403:
        what = "The hub may not start this server"
    else:
        what = "The cluster does not take this server"
    what = f"{what}: {_short(message)}."
    return Sentence(what, 0, "failed", "rejected", "Tell your admin.")


OUT_OF_MEMORY = Sentence(
    "The server used more memory than it has and was ended.",
    0,
    "failed",
    "out-of-memory",
    "Choose more memory, or load less at a time.",
)
_PREEMPTED = Sentence(
    "The server had to make room for one with a higher priority.",
    0,
    "failed",
    "preempted",
    "Start it again; your files in the workspace are there.",
)
_EVICTED = Sentence(
    "The machine ran short and the server was moved off it.",
    0,
    "failed",
    "evicted",
    "Start it again; your files in the workspace are there. If it happens again, ask for more"
    " memory.",
)
_NODE_LOST = Sentence(
    "The machine was taken away or failed.",
    0,
    "failed",
    "node-lost",
    "Start the server again; your files in the workspace are there.",
)
_IDLE = Sentence(
    "The server stopped itself: nothing was running in it for some time, or it was shut down from"
    " its own menu. Your files in the workspace are there.",
    reason="idle",
)
_ENDINGS = {
    "Preempted": _PREEMPTED,
    "Evicted": _EVICTED,
    "TaintManagerEviction": _NODE_LOST,
    "NodeNotReady": _NODE_LOST,
    "OOMKilling": OUT_OF_MEMORY,
}


def _disrupted(status: Mapping[str, Any]) -> Sentence | None:
    if status.get("reason") == "Evicted":
        return _EVICTED
    for condition in status.get("conditions") or ():
        if condition.get("type") == "DisruptionTarget" and condition.get("status") == "True":
            return {
                "PreemptionByScheduler": _PREEMPTED,
                "TerminationByKubelet": _EVICTED,
                "EvictionByEvictionAPI": _EVICTED,
            }.get(str(condition.get("reason")), _NODE_LOST)
    return None


def _crashed(code: object) -> Sentence:
    what = f"The server's program ended by itself with status {code}."
    return Sentence(what, 0, "failed", "crashed", _ANOTHER_IMAGE)


_ANOTHER_IMAGE = (
    "Choose another image, or ask your admin for its log; a broken file in ~/.jupyter can be the"
    " cause too."
)
ASKED = Sentence("The cluster was asked for the server.", 5)
# The port is open and nothing answers: no word of the cluster's, which looks at the port only.
SILENT = Sentence(
    "The server's program runs, and does not answer.", 0, "failed", "silent", _ANOTHER_IMAGE
)


def _image(message: str) -> Sentence:
    """Why an image can't be had."""
    name = f" {found[1]}" if (found := re.search(r'image "([^"]{1,200})"', message)) else ""
    if re.search(r"Never|not present", message):
        why = "is not on the machine, and the catalogue says never to pull it"
    elif re.search(r"not found|manifest unknown|NotFound|does not exist", message):
        why = "does not exist in its registry, or needs a password"
    elif re.search(r"denied|unauthorized|Unauthorized|forbidden|403|401", message):
        why = "may not be pulled: the registry wants a password"
    elif re.search(r"parse|invalid reference|InvalidImageName", message):
        why = "has a name that is none"
    else:
        what = f"The image{name} can't be pulled yet; the cluster tries again."
        return Sentence(what, 0, "waiting", "image", "Wait, or choose another.")
    advice = "Choose another image, and tell your admin."
    return Sentence(f"The image{name} {why}.", 0, "failed", "image", advice)


def _config(message: str) -> Sentence:
    missing = re.search(r'(secret|configmap) "([^"]{1,253})" not found', message)
    what = f"The {missing[1]} {missing[2]} is missing." if missing else f"{_short(message)}."
    # The hub's own Secret follows its pod within a second: that is no failure.
    advice = "If it does not come, tell your admin."
    return Sentence(what, 0, "waiting", "configuration", advice)


_WAITING: dict[str, Callable[[str], Sentence]] = {
    "ErrImageNeverPull": lambda message: _image(f"Never {message}"),
    "InvalidImageName": lambda message: _image(f"InvalidImageName {message}"),
    "ErrImagePull": _image,
    "ImagePullBackOff": _image,
    "CreateContainerConfigError": _config,
    "CrashLoopBackOff": lambda _: Sentence(
        "The server's program ends again and again.", 0, "failed", "crashed", _ANOTHER_IMAGE
    ),
}


def _unschedulable(found: re.Match[str]) -> Sentence:
    message = found.string
    why = [text for pattern, text in _NO_ROOM if re.search(pattern, message)]
    devices = re.findall(r"Insufficient ([a-z0-9.-]+/[\w.-]*\w)", message)
    why += [f"no {device} is free" for device in dict.fromkeys(devices)]
    text = "; ".join(why) or _short(message)
    label = "gpu" if devices else "volume" if "olume" in message else "capacity"
    return Sentence(
        f"No machine can take the server now: {text}.", 15, "waiting", label, f"{_NEXT[label]}."
    )


_NEXT = {
    "gpu": "Choose another kind, or none, or wait until somebody stops",
    "volume": "Choose another volume; if none is yours to choose, tell your admin",
    "capacity": "Choose a smaller size, or wait until somebody stops",
}
_NO_ROOM = (
    (r"ReadWriteOncePod", "a volume is in use by another server, and only one may use it"),
    (r"Insufficient cpu", "too few CPUs are free"),
    (r"Insufficient memory", "too little memory is free"),
    (r"Too many pods", "the machines have as many servers as they may"),
    (r"didn't match Pod's node affinity|didn't match .*selector", "none is of the kind asked for"),
    (r"untolerated taint", "the others are reserved or not ready"),
    (r"unbound immediate PersistentVolumeClaims", "the workspace's volume is being made"),
    (r"persistentvolumeclaim .* not found", "a volume does not exist"),
    (r"volume node affinity conflict", "the volume is in another zone"),
    (r"didn't find available persistent volumes", "no volume of that size is free"),
)


def _short(message: str) -> str:
    text = " ".join(message.split())
    return text if len(text) <= 300 else text[:297] + "..."


def _say(
    what: str, percent: int, verdict: Verdict = "going", reason: str = "", advice: str = ""
) -> Callable[[re.Match[str]], Sentence]:
    return lambda found: Sentence(found.expand(what), percent, verdict, reason, advice)


def _from(say: Callable[[str], Sentence]) -> Callable[[re.Match[str]], Sentence]:
    return lambda found: say(found.string)


# Reasons of events, a pattern in the message, the sentence; the first that fits counts.
_RULES: tuple[tuple[frozenset[str], str, Callable[[re.Match[str]], Sentence | None]], ...] = tuple(
    (frozenset(reasons.split()), pattern, say)
    for reasons, pattern, say in (
        ("Scheduled", "", _say("A machine was found.", 30)),
        ("FailedScheduling", "", _unschedulable),
        (
            "TriggeredScaleUp",
            "",
            _say("A new machine is being started; that takes 2 to 10 minutes.", 20),
        ),
        (
            "NotTriggerScaleUp",
            r"Insufficient ([a-z0-9.-]+/[\w.-]*\w)",
            _say(
                r"No machine with a free \1 can be added.",
                15,
                "failed",
                "gpu",
                "Choose another kind.",
            ),
        ),
        (
            "NotTriggerScaleUp",
            "",
            _say(
                "No machine can be added for this server.",
                15,
                "waiting",
                "capacity",
                "Choose a smaller size.",
            ),
        ),
        (
            "FailedAttachVolume",
            "Multi-Attach",
            _say(
                "A volume is still in use by another server.",
                35,
                "waiting",
                "volume",
                "Stop that one, or wait a few minutes if it has just ended.",
            ),
        ),
        ("SuccessfulAttachVolume", "", _say("A volume was attached.", 45)),
        (
            "FailedMount FailedAttachVolume",
            r'(secret|configmap|persistentvolumeclaim) "([^"]{1,253})" not found',
            _say(r"The \1 \2 is missing.", 35, "waiting", "volume", "Tell your admin."),
        ),
        (
            "FailedMount FailedAttachVolume",
            "",
            _say(
                "A volume can't be mounted yet; the cluster tries again.",
                35,
                "waiting",
                "volume",
                "Start again without the data volumes; if it is the workspace's, tell your admin.",
            ),
        ),
        (
            "Pulling",
            "",
            _say("The image is being fetched; the first time on a machine takes minutes.", 50),
        ),
        ("Pulled", "already present", _say("The image is there already.", 70)),
        ("Pulled", "", _say("The image was fetched.", 70)),
        ("Failed", r"^Error: \w+$", lambda _: None),
        ("Failed InspectFailed ErrImageNeverPull", r"image", _from(_image)),
        ("Failed", r"not found", _from(_config)),
        ("BackOff", "pulling image", lambda _: None),
        ("BackOff", "restarting", _from(_WAITING["CrashLoopBackOff"])),
        ("Created", "", _say("The server's container was made.", 80)),
        ("Started", "", _say("The server's program is starting.", 85)),
        ("Unhealthy", "[Rr]eadiness", _say("The server does not answer yet.", 88)),
        (
            "FailedCreatePodSandBox",
            "",
            _say(
                "The machine can't set up the network yet; it tries again.",
                40,
                "waiting",
                "node",
                "Start again, perhaps on another machine; if it stays so, tell your admin.",
            ),
        ),
        *(((reason, "", lambda _, said=said: said)) for reason, said in _ENDINGS.items()),
        ("Killing", "", _say("The server is being stopped.", 0)),
    )
)
