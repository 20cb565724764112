"""Answers about endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_kf.client.columns import Column
from jupyter_kf.records import Check, Endpoint, State
from jupyter_kf.server.answers.moment import At
from jupyter_kf.server.answers.runs import RunRow


@dataclass(frozen=True)
class EndpointRow:
    """An endpoint as lists show it; `model` as name@version, `versions` how many were tried."""

    name: str
    state: State
    version: int
    model: str
    versions: int
    run: RunRow
    parity_ok: bool | None


@dataclass(frozen=True)
class EndpointPage(At):
    """Some of the endpoints, by name."""

    total: int
    rows: tuple[EndpointRow, ...]


@dataclass(frozen=True)
class ProvenColumn:
    """An output on the golden rows; `worst` difference is 0 where only equal values pass."""

    name: str
    worst: float | None
    rows: int
    ok: bool


@dataclass(frozen=True)
class Wire:
    """A way that golden rows took: so many `rows` of those that can travel it."""

    path: str
    rows: int
    of: int


@dataclass(frozen=True)
class Proven:
    """What was proven before the endpoint took traffic."""

    ok: bool
    ulp: int
    columns: tuple[ProvenColumn, ...]
    checked_s: float
    wires: tuple[Wire, ...]
    suggestion: str


@dataclass(frozen=True)
class Checked:
    """The last check of an endpoint's version since it took traffic, whoever made it."""

    at_s: float
    check: Check


@dataclass(frozen=True)
class Counted:
    """What an endpoint counted, from its start to its end."""

    requests_total: int
    rows_total: int
    errors_total: int


@dataclass(frozen=True)
class EndpointPaper(At):
    """All about one endpoint: `schema` is what a row holds, `warm` the version to go back to.

    `counted` is what a version that is over had counted in the end; None while it lives.
    `starting` are the versions that are on their way to the traffic; `models` has each version's
    model as name@version, by its digest.
    """

    endpoint: Endpoint
    schema: tuple[Column, ...]
    parity: Proven | None
    checked: Checked | None
    warm: int | None
    counted: Counted | None
    starting: tuple[int, ...]
    models: Mapping[str, str]


@dataclass(frozen=True)
class Latency:
    """Seconds from a request's head to its answer, of those that were not refused."""

    p50: float
    p90: float
    p99: float


@dataclass(frozen=True)
class Stats:
    """What the version with the traffic counted since it started; its speed in the last minute."""

    requests_total: int
    rows_total: int
    errors_total: int
    latency_s: Latency | None
    rate_per_s: float | None
    at_s: float
    version: int


@dataclass(frozen=True)
class Predicted:
    """One record for each row: `prediction` and, of a classifier, `probability_<class>`."""

    predictions: tuple[Mapping[str, Any], ...]
    took_s: float


@dataclass(frozen=True)
class EndpointAnswered(At):
    """An endpoint as it is after what was asked of it."""

    endpoint: Endpoint
