"""May one person have this much? Per-user limits over all of the user's servers.

Pure. May import `catalogue.models`, `errors`, `quantities`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from jupyter_kf_spawner.catalogue.models import Limit, is_for
from jupyter_kf_spawner.errors import Refusal
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
    mine = [entry for entry in limits if is_for(entry.groups, groups)]
    servers = (*running, wanted)
    held = {
        "servers": float(len(servers)),
        "cpu": round(sum(server.cpu for server in servers), 3),
        "memory": float(sum(server.memory for server in servers)),
        "gpus": float(sum(server.gpus for server in servers)),
    }
    asked = {"servers": 1.0, "cpu": wanted.cpu, "memory": wanted.memory, "gpus": wanted.gpus}
    for field, total in held.items():
        bounds = [bound for entry in mine if (bound := getattr(entry, field)) is not None]
        if bounds and asked[field] and total > max(bounds):
            word, show = _WORDS[field]
            left = max(0, max(bounds) - (total - asked[field]))
            raise Refusal(
                "limit",
                f"your servers may have {show(max(bounds))} {word} together, and this would make"
                f" {show(total)}",
                fix=f"Ask for at most {show(left)}, or stop another server"
                if left
                else "Stop another server first",
                field="" if field == "servers" else field,
            )


def _whole(amount: Any) -> str:
    return str(int(amount))


_WORDS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "servers": ("servers at a time", _whole),
    "cpu": ("CPU", cores_text),
    "memory": ("of memory", lambda amount: size_text(int(amount))),
    "gpus": ("GPUs", _whole),
}
