"""How much is "500m", "4Gi" or "90m"? CPU in cores, memory in bytes, time in seconds.

Kubernetes' grammar ("Resource units in Kubernetes"), narrowed to what a person writes. May import
nothing of ours: a catalogue's reader and a user's request raise different errors about it.
"""

from __future__ import annotations

import re

_MEMORY = {
    "": 1,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# Far above any machine, far below what overflows somewhere later.
MOST_CORES = 10_000
MOST_BYTES = 2**50
# A plain number below it was meant with a unit: no program runs in less.
LEAST_BYTES = 2**20


def cores(text: str | int | float) -> float:
    """Cores in "2", "0.5", "500m" or a number, to a thousandth.

    Raises:
        ValueError: it is none, or not between a thousandth and 10,000.
    """
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(m)?", _plain(text))
    amount = float(found[1]) / (1000 if found[2] else 1) if found else 0.0
    if not 0.001 <= amount <= MOST_CORES:
        raise ValueError("not an amount of CPU: write 2, 0.5 or 500m")
    return round(amount, 3)


def size(text: str | int) -> int:
    """Bytes in "512Mi", "4Gi", "2G" or a whole number.

    Raises:
        ValueError: it is none, or not between one byte and a pebibyte.
    """
    found = re.fullmatch(r"([0-9]{1,16}(?:\.[0-9]{1,6})?)(k|M|G|T|Ki|Mi|Gi|Ti)?", _plain(text))
    amount = int(float(found[1]) * _MEMORY[found[2] or ""]) if found else 0
    if not 1 <= amount <= MOST_BYTES:
        raise ValueError("not an amount of memory: write 512Mi, 4Gi or 2G")
    return amount


def with_unit(number: str) -> str:
    """What a plain number of memory was likely meant to be: 8 is 8Gi, 4096 is 4096Mi."""
    return f"{number}{'Gi' if float(number) < 512 else 'Mi'}"


def seconds(text: str | int) -> int:
    """Seconds in "90s", "15m", "2h", "1d" or "1h30m", or a whole number of them.

    Raises:
        ValueError: it is none.
    """
    plain = _plain(text)
    if re.fullmatch(r"[0-9]{1,9}", plain):
        return int(plain)
    if not re.fullmatch(r"([0-9]{1,6}[smhd])+", plain):
        raise ValueError("not a duration: write 90s, 15m, 2h or 1h30m")
    return sum(int(n) * _SECONDS[u] for n, u in re.findall(r"([0-9]+)([smhd])", plain))


def cores_text(amount: float) -> str:
    """The shortest way to write it: "2", "0.5"."""
    return f"{amount:g}"


def size_text(n_bytes: int) -> str:
    """In the largest binary unit of which it is whole quarters: "1.5Gi"; else in bytes."""
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        quarters, rest = divmod(n_bytes * 4, _MEMORY[unit])
        if quarters >= 4 and not rest:
            whole, part = divmod(quarters, 4)
            return f"{whole}{('', '.25', '.5', '.75')[part]}{unit}"
    return str(n_bytes)


def seconds_text(amount: int) -> str:
    """In words: "1 h 30 min", "45 s"."""
    parts = []
    for unit, word in (("d", "d"), ("h", "h"), ("m", "min"), ("s", "s")):
        count, amount = divmod(amount, _SECONDS[unit])
        if count:
            parts.append(f"{count} {word}")
    return " ".join(parts[:2]) or "0 s"


def _plain(text: str | int | float) -> str:
    if isinstance(text, bool):
        return ""
    return text.strip() if isinstance(text, str) else repr(text)
