"""What a verb would start, as a card. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from jupyter_kf.backends.base import Plan
from jupyter_kf.display.card import Card
from jupyter_kf.display.values import number
from jupyter_kf.units import format_duration, format_memory


def plan(p: Plan) -> Card:
    """What would be started; nothing was."""
    refused = [f"refused: {u.field}: {u.reason}. Fix: {u.fix}" for u in p.unsupported]
    processes = [_process(o) for o in p.objects if "needs" in o]
    others = [o for o in p.objects if "needs" not in o]  # manifests: meant to be read as they are
    return Card(
        f"plan of {p.kind} on {p.backend}",
        "not started",
        facts=[fact for facts in processes for fact in facts],
        notes=[*refused, *p.notes],
        code="\n".join(json.dumps(dict(o), indent=1, default=str) for o in others),
    )


def _process(planned: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What matters of a process that would be started; `--json` has the rest."""
    needs, limits = planned["needs"], planned["limits"]
    held = {
        "cores": limits["cpu"] and number(limits["cpu"]),
        "memory": limits["memory_bytes"] and format_memory(limits["memory_bytes"]),
        "time": limits["time_limit_s"] and format_duration(limits["time_limit_s"]),
    }
    cores = f"{number(needs['cpu'])} core{'' if needs['cpu'] == 1 else 's'}"
    room = f"{cores}, {format_memory(needs['memory_bytes'])}"
    return [
        ("run", planned["run"]),
        ("command", shlex.join(planned["argv"])),
        ("environment", " ".join(f"{k}={v}" for k, v in planned["env"].items()) or "the kernel's"),
        *([("processes", str(planned["count"]))] if planned["count"] > 1 else []),
        ("waits for", f"{room}, {needs['gpu']} GPU" if needs["gpu"] else room),
        ("limits", ", ".join(f"{k} {v}" for k, v in held.items() if v) or "none"),
    ]
