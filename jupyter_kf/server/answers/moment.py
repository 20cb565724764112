"""The moment an answer belongs to, and how a mistake is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A mistake, of the caller or ours: what happened, why, and what to do."""

    code: str
    message: str
    cause: str
    fix: str


@dataclass(frozen=True)
class Brief:
    """An error in a list: its code and its sentence."""

    code: str
    message: str


@dataclass(frozen=True)
class At:
    """The moment an answer belongs to: later events have a higher `seq` of the same `epoch`."""

    seq: int
    epoch: str
