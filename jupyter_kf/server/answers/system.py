"""Answers about the installation: where, resources, doctor, verbs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_kf.backends.base import Resources, Unsupported
from jupyter_kf.client.doctor import Finding
from jupyter_kf.records import Dataset
from jupyter_kf.server.answers.moment import At, Problem
from jupyter_kf.specs.flags import Flag


@dataclass(frozen=True)
class May:
    """What who asks may do here besides looking: what is refused is not to be offered.

    Attributes:
        runs: start and cancel them; `delete`: delete them.
        endpoints: start, stop, check and ask them.
        things: make datasets and models, as by promoting a trial.
        cells: run code in this server's kernels, so cells of ours too.
    """

    runs: bool
    delete: bool
    endpoints: bool
    things: bool
    cells: bool


@dataclass(frozen=True)
class Where(At):
    """Where jobs go from here, how many are at work, serve, and wait for their turn."""

    backend: str
    namespace: str
    store: str
    version: str
    running: int
    serving: int
    waiting: int
    may: May


@dataclass(frozen=True, kw_only=True)
class ResourcesPaper(Resources):
    """What the backend has, who uses it, and who waits, at this moment."""

    seq: int
    epoch: str


@dataclass(frozen=True)
class DoctorPaper:
    """What the server's own installation can do, and what is wrong with it."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class VerbPaper:
    """A verb: its JSON schema, and its fields as they are typed."""

    schema: Mapping[str, Any]
    takes_code: bool
    positional: tuple[str, ...]
    flags: tuple[Flag, ...]


@dataclass(frozen=True)
class Planned:
    """What would be started; nothing was. `objects` are in the backend's own terms."""

    run_id: str
    backend: str
    kind: str
    spec: Mapping[str, Any]
    objects: tuple[Mapping[str, Any], ...]
    unsupported: tuple[Unsupported, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class PlanAnswered:
    """The answer of a dry run."""

    plan: Planned


@dataclass(frozen=True)
class Snapshotted(At):
    """The dataset that was made."""

    dataset: Dataset


@dataclass(frozen=True)
class Cell:
    """A cell's text."""

    cell: str


@dataclass(frozen=True)
class Mistake(Problem):
    """What is wrong with a request, and the field of it that is meant; None for the whole."""

    field: str | None


@dataclass(frozen=True)
class Draft:
    """A cell's text, or all that is wrong with what it should ask for."""

    cell: str | None
    problems: tuple[Mistake, ...]


Document = dict[str, Any]
VerbPapers = dict[str, VerbPaper]
