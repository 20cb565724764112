"""Answers about models, transforms, datasets and studies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jupyter_kf.client.columns import Column
from jupyter_kf.client.lineage import Node
from jupyter_kf.records import Dataset, Model, Study, Transform, Trial, Version
from jupyter_kf.server.answers.moment import At
from jupyter_kf.server.answers.runs import RunRow


@dataclass(frozen=True)
class ThingRow:
    """The newest version of a model, a transform or a dataset."""

    kind: Literal["model", "transform", "dataset"]
    name: str
    version: int
    versions: int
    digest: str
    created_s: float
    summary: Mapping[str, Any]


@dataclass(frozen=True)
class ThingPage(At):
    """Some of the things of one kind, the newest first."""

    total: int
    rows: tuple[ThingRow, ...]


@dataclass(frozen=True)
class ModelPaper(At):
    """A model; by its bare name the best of it, and `why` that is so."""

    thing: Model
    versions: tuple[Version, ...]
    why: str
    run: str | None
    transform: Node | None
    used_by: tuple[Node, ...]


@dataclass(frozen=True)
class DatasetPaper(At):
    """A dataset; its profile is the thing's own."""

    thing: Dataset
    versions: tuple[Version, ...]
    profile: Mapping[str, Any] | None
    used_by: tuple[Node, ...]


@dataclass(frozen=True)
class TransformPaper(At):
    """A transform: `used_by` has this version, `behind` what has an older one of its name."""

    thing: Transform
    versions: tuple[Version, ...]
    code: str
    schema_in: tuple[Column, ...]
    schema_out: tuple[Column, ...]
    certificate: Mapping[str, Any]
    fitted_on: Node | None
    used_by: tuple[Node, ...]
    behind: tuple[Node, ...]


@dataclass(frozen=True)
class StudyRow:
    """A study as lists show it; `trials` counts them by state, `total` those there will be."""

    run: RunRow
    name: str
    metrics: tuple[str, ...]
    maximize: tuple[bool, ...]
    trials: Mapping[str, int]
    total: int
    best: tuple[Trial, ...]


@dataclass(frozen=True)
class StudyPage(At):
    """Some of the studies that fit, the newest first; `counts` are as in `RunPage`."""

    total: int
    counts: Mapping[str, int]
    rows: tuple[StudyRow, ...]


@dataclass(frozen=True)
class StudyPaper(At):
    """All about one study.

    `importance` is each parameter's share, of the first metric; None before four trials have
    finished and without Optuna. While `importance_pending`, a `study` event is to come with it.
    `promoted` has the models that trials became, as name@version by the trials' numbers.
    """

    study: Study
    space: Mapping[str, str]
    importance: Mapping[str, float] | None
    importance_pending: bool
    promoted: Mapping[str, str]


@dataclass(frozen=True)
class Promoted(At):
    """The model's version that a trial became."""

    model: Model
