"""Quantities as people write them: "2Gi", "500m", "90s".

Kubernetes' quantity grammar for CPU and memory (resource management documentation, "Resource
units"), and plain durations. Standard library only.
"""

from __future__ import annotations

import re

from jupyter_kf.errors import SpecError

_MEMORY = {
    "": 1,
    "k": 10**3,
    "K": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_memory(text: str) -> int:
    """Bytes in "512Mi", "4Gi", "2G" or "1048576".

    Raises:
        SpecError: kf-1003.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(k|K|M|G|T|Ki|Mi|Gi|Ti)?", text.strip())
    if not found or float(found[1]) <= 0:
        raise _bad(text, "an amount of memory", "512Mi, 4Gi or 2G")
    return int(float(found[1]) * _MEMORY[found[2] or ""])


def format_memory(n_bytes: float) -> str:
    """The largest binary unit that keeps three digits: 1536 MiB is "1.5Gi"."""
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        if n_bytes >= _MEMORY[unit]:
            return f"{n_bytes / _MEMORY[unit]:.3g}{unit}"
    return f"{int(n_bytes)}B"


def parse_cpu(text: str) -> float:
    """Cores in "2", "0.5" or "500m".

    Raises:
        SpecError: kf-1003.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(m)?", text.strip())
    if not found or float(found[1]) <= 0:
        raise _bad(text, "an amount of CPU", "2, 0.5 or 500m")
    return float(found[1]) / (1000 if found[2] else 1)


def parse_duration(text: str) -> float:
    """Seconds in "90", "90s", "15m", "2h", "1d" or "1h30m".

    Raises:
        SpecError: kf-1003.
    """
    text = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?", text) and float(text) > 0:
        return float(text)
    if not re.fullmatch(r"(\d+(\.\d+)?[smhd])+", text):
        raise _bad(text, "a duration", "90s, 15m, 2h or 1h30m")
    total_s = sum(float(n) * _SECONDS[u] for n, u in re.findall(r"(\d+(?:\.\d+)?)([smhd])", text))
    if total_s <= 0:
        raise _bad(text, "a duration", "90s, 15m, 2h or 1h30m")
    return total_s


def format_duration(seconds: float) -> str:
    """Two largest units: "1 h 2 min", "3 min 4 s", "5.3 s"."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest_s = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest_s} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def _bad(text: str, what: str, examples: str) -> SpecError:
    return SpecError(
        1003,
        f"{text!r} is not {what}",
        cause=f"it is written as {examples}",
        fix=f"write {examples}",
    )
