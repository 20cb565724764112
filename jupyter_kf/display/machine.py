"""What an installation can do and what a backend has, as cards. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_kf.backends.base import Resources
from jupyter_kf.client.doctor import Finding
from jupyter_kf.display.card import Card, Table
from jupyter_kf.display.values import number
from jupyter_kf.units import format_memory


def doctor(findings: Sequence[Finding]) -> Card:
    """A line for each thing looked at."""
    rows = [(f.what, "ok" if f.ok else "look", f.says) for f in findings]
    bad = sum(not f.ok for f in findings)
    badge, tone = ("all well", "good") if not bad else (f"{bad} to look at", "bad")
    return Card("doctor", badge, tone, table=Table(("what", "", "says"), rows))


def resources(r: Resources) -> Card:
    """What there is, what runs asked for, and who waits for what."""
    free = "" if r.memory.free_bytes is None else f"{format_memory(r.memory.free_bytes)} free, "
    facts = [
        ("cores", f"{number(r.cpu.used_by_runs)} of {number(r.cpu.capacity)} asked for by runs"),
        *([] if r.cpu.busy_share is None else [("busy", f"{r.cpu.busy_share:.0%} of all cores")]),
        (
            "memory",
            f"{free}{format_memory(r.memory.used_by_runs_bytes)} of "
            f"{format_memory(r.memory.capacity_bytes)} asked for by runs",
        ),
        ("gpus", f"{sum(g.free for g in r.gpus)} free of {len(r.gpus)}" if r.gpus else "none"),
        *((f"gpu {g.id}", f"of run {g.run}") for g in r.gpus if g.run),
        *((q.name, f"{number(q.used)} of {number(q.limit)} {q.unit}") for q in r.quota or ()),
        ("running", _of_slots(r)),
        ("waiting", str(r.queue.waiting)),
    ]
    rows = [(each.id, each.reason) for each in r.queue.waiting_runs]
    return Card(f"resources of {r.backend}", facts=facts, table=Table(("run", "why"), rows))


def _of_slots(r: Resources) -> str:
    most = "" if r.queue.slots is None else f", at most {r.queue.slots} at once"
    return f"{r.queue.running}{most}"
