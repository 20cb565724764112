"""May one person have this much? Per-user limits over all of the user's servers.

Pure. May import `catalogue.models`, `errors`, `quantities`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from jupyter_kf_spawner.catalogue.models import Limit, is_for
from jupyter_kf_spawner.errors import Refusal, count
from jupyter_kf_spawner.quantities import cores_text, size_text


@dataclass(frozen=True)
class Running:
    """What one server holds: cores, bytes, devices."""

    cpu: float
    memory: int
    gpus: int = 0


def check_limits(
    limits: Iterable[Limit],
    groups: frozenset[str],
    running: Iterable[Running],
    wanted: Running,
) -> None:
    """Nothing, when the user's servers and the wanted one stay within the limits.

    Of the entries that concern the user, the most generous counts, for each quantity alone; an
    entry that doesn't speak of a quantity changes nothing about it.

    Raises:
        Refusal: with how much is left.
    """
    limits, servers = tuple(limits), (*running, wanted)
    held = {
        "servers": float(len(servers)),
        "cpu": round(sum(server.cpu for server in servers), 3),
        "memory": float(sum(server.memory for server in servers)),
        "gpus": float(sum(server.gpus for server in servers)),
    }
    asked = {"servers": 1.0, "cpu": wanted.cpu, "memory": wanted.memory, "gpus": wanted.gpus}
    for field, total in held.items():
        bound = most(limits, groups, field)
        if bound is not None and asked[field] and total > bound:
            raise _refusal(field, bound, total, asked[field])


def most(limits: Iterable[Limit], groups: frozenset[str], field: str) -> float | None:
    """How much of it the user's servers may have together; None where nothing limits it."""
    mine = [entry for entry in limits if is_for(entry.groups, groups)]
    bounds = [bound for entry in mine if (bound := getattr(entry, field)) is not None]
    return max(bounds) if bounds else None


def worded(field: str, amount: float) -> str:
    """`2 servers`, `8 CPU`, `32Gi of memory`, `1 GPU`."""
    return _WORDS[field](amount)


def _refusal(field: str, most: float, total: float, asked: float) -> Refusal:
    """That `total` is too much where `asked` of it is wished for now."""
    show = _WORDS[field]
    others, left = total - asked, max(0, most - (total - asked))
    what = f"your servers may have {show(most)} together, and this would make {show(total)}"
    if field == "servers":
        what = f"you may have {show(most)} at a time, and this would make {show(total)}"
    fix = f"Ask for at most {show(left)}" if left else "Stop another server first"
    if left and others:
        fix += ", or stop another server"
    if not most:
        fix = "Leave it out"
    return Refusal("limit", what, fix=fix, field="" if field == "servers" else field)


_WORDS: dict[str, Callable[[Any], str]] = {
    "servers": lambda amount: count(int(amount), "server"),
    "cpu": lambda amount: f"{cores_text(amount)} CPU",
    "memory": lambda amount: f"{size_text(int(amount))} of memory",
    "gpus": lambda amount: count(int(amount), "GPU"),
}
