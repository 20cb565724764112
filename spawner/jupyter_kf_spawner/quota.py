"""How much is left of the namespace's quota, and does a server fit into it? Advice, never a bound.

Kubernetes' own grammar of quantities, since quotas are written by anybody. Pure. May import
`quantities`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from jupyter_kf_spawner.quantities import cores_text, size_text

Left = Mapping[str, Decimal]
"""What is left of each limited quantity, by Kubernetes' name: `limits.cpu` in cores, ..."""

_SCALE = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}
_SHORT = {"cpu": "requests.cpu", "memory": "requests.memory", "count/pods": "pods"}


def left(quotas: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """What a pod without a priority class finds, of several quotas the least.

    Args:
        quotas: ResourceQuotas as the API sends them. One with scopes holds for some pods only, and
            is passed over: of whether it holds for a server nothing is said.
    """
    found: dict[str, Decimal] = {}
    for quota in quotas:
        spec, status = quota.get("spec") or {}, quota.get("status") or {}
        if spec.get("scopes") or spec.get("scopeSelector"):
            continue
        for name, hard in (status.get("hard") or {}).items():
            used = (status.get("used") or {}).get(name, "0")
            rest = max(Decimal(0), amount(hard) - amount(used))
            key = _SHORT.get(name, name)
            found[key] = min(rest, found.get(key, rest))
    return found


def amount(quantity: str) -> Decimal:
    """A quantity of Kubernetes as a number: "1500m", "2Gi", "1e3".

    Raises:
        ValueError: it is none.
    """
    plain = re.fullmatch(r"([+-]?[0-9.]+)([numkMGTPE]|[KMGTPE]i)?", str(quantity))
    if plain:
        return Decimal(plain[1]) * _SCALE[plain[2] or ""]
    if re.fullmatch(r"[+-]?[0-9.]+[eE][+-]?[0-9]+", str(quantity)):
        return Decimal(quantity)
    raise ValueError(f"not a quantity: {quantity!r}")


def needs(cpu: float, memory: int, guarantee: float) -> dict[str, Decimal]:
    """What a server of this size takes, by Kubernetes' names."""
    cores, share = Decimal(str(cpu)), Decimal(str(guarantee))
    return {
        "limits.cpu": cores,
        "limits.memory": Decimal(memory),
        "requests.cpu": cores * share,
        "requests.memory": memory * share,
        "pods": Decimal(1),
    }


def lacking(there: Left, wanted: Mapping[str, Decimal]) -> list[str]:
    """What is too little for it, in words: "memory"; empty when it fits."""
    short = [name for name, much in wanted.items() if name in there and there[name] < much]
    return list(dict.fromkeys(_WORDS.get(name, name) for name in short))


def times(there: Left, wanted: Mapping[str, Decimal]) -> int | None:
    """How many such servers it is enough for; None when it counts none of what they take."""
    counted = [int(there[name] / much) for name, much in wanted.items() if name in there and much]
    return min(counted, default=None)


def left_text(there: Left) -> str:
    """What is left, in words: "3 CPU, 6Gi of memory"; "" when no quota counts any of it."""
    said = []
    for kind in ("cpu", "memory"):
        rest = [there[key] for key in (f"limits.{kind}", f"requests.{kind}") if key in there]
        if rest and kind == "cpu":
            said.append(f"{cores_text(float(min(rest)))} CPU")
        elif rest:
            said.append(f"{size_text(_whole_mib(min(rest)))} of memory")
    said += [f"{there['pods']:f} servers or other pods"] if "pods" in there else []
    return ", ".join(said)


def devices_left(there: Left, resource: str) -> int | None:
    """How many of a device the quota still allows; None when it doesn't count them."""
    rest = there.get(f"requests.{resource}")
    return None if rest is None else int(rest)


def _whole_mib(n_bytes: Decimal) -> int:
    return int(n_bytes) // 2**20 * 2**20 if n_bytes >= 2**20 else int(n_bytes)


_WORDS = {
    "limits.cpu": "CPU",
    "requests.cpu": "CPU",
    "limits.memory": "memory",
    "requests.memory": "memory",
    "pods": "servers",
}
