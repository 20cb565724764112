"""Which columns go into a model or a transform, and what is usual in them? Pure reading.

From manifests and profiles, which are JSON: no frame library is imported for it, and an endpoint
that does not answer has its form all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from jupyter_kf.errors import NotFound
from jupyter_kf.store import Store


@dataclass(frozen=True)
class Column:
    """A column that goes in or comes out.

    `categories` are all its texts, when they are few; `min` and `max` as seen in training, times
    as ISO texts; `example` a value that was common there; `empty` whether a text was ever empty.
    """

    name: str
    type: str
    nullable: bool
    example: Any
    categories: tuple[str, ...] | None = None
    min: float | str | None = None
    max: float | str | None = None
    empty: bool | None = None


def of_endpoint(store: Store, model: str) -> tuple[Column, ...]:
    """What a row for an endpoint of this model holds."""
    return of_model(store, store.blobs.get_json(model), _trained_on(store, model))


def of_model(store: Store, manifest: Mapping[str, Any], dataset: str | None) -> tuple[Column, ...]:
    """What a row for this model holds.

    Args:
        dataset: digest of the rows it was trained on, for a model without a transform.
    """
    if manifest.get("transform"):
        return taken(store, store.blobs.get_json(manifest["transform"]))
    if not dataset:
        return ()
    wanted = (manifest.get("input") or {}).get("columns") or ()
    profile = _profile(store, dataset)
    told = tuple(_columns(store, dataset, profile))
    return tuple(column for column in told if column.name in wanted) if wanted else told


def taken(store: Store, manifest: Mapping[str, Any]) -> tuple[Column, ...]:
    """What a transform takes, in the order of the rows it was made with."""
    dataset = (manifest.get("fit") or {}).get("dataset")
    return tuple(_columns(store, dataset, manifest.get("domains") or {}))


def returned(told: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    """What a transform returns, from its schema's columns (`aside.schema`)."""
    return tuple(_column(one["name"], {}, one) for one in told)


def _columns(store: Store, dataset: str | None, domains: Mapping[str, Any]) -> Iterator[Column]:
    rows = _manifest(store, dataset)
    order: Sequence[Mapping[str, Any]] = rows.get("columns") or ()
    named = {one["name"]: one for one in order}
    for name in [n for n in named if n in domains] or sorted(domains):
        yield _column(name, domains[name], named.get(name))


def _column(name: str, facts: Mapping[str, Any], stored: Mapping[str, Any] | None) -> Column:
    top = [str(one["value"]) for one in facts.get("top") or ()]
    whole = bool(top) and not facts.get("others")
    timed = "first" in facts
    return Column(
        name=name,
        type=str((stored or facts).get("type", "")),
        nullable=bool(stored["nullable"]) if stored else bool(facts.get("nulls")),
        example=_example(facts, top),
        categories=tuple(sorted(top)) if whole else None,
        min=facts["first"] if timed else facts.get("min"),
        max=facts["last"] if timed else facts.get("max"),
        empty=facts["length"]["min"] == 0 if facts.get("length") else None,
    )


def _example(facts: Mapping[str, Any], top: Sequence[str]) -> Any:
    """A value from the middle: the most frequent text or truth, the median number or time."""
    if top:
        return top[0]
    if "true" in facts:
        return bool(facts["true"] > facts.get("false", 0))  # older profiles count the true only
    quantiles = facts.get("quantiles") or ()
    if "first" in facts:
        return _time(facts, quantiles[len(quantiles) // 2]) if quantiles else facts["first"]
    if not quantiles:
        return None
    middle = quantiles[len(quantiles) // 2]
    return round(middle) if "int" in str(facts.get("type")) else middle


def _time(facts: Mapping[str, Any], units: float) -> Any:
    """A moment as ISO text of the column's type, by its units since 1970, to the second.

    With its zone's offset exactly where the column has a zone; what is no day or moment, or in a
    zone that is not known here, is as the first was.
    """
    kind = str(facts.get("type"))
    zone = re.search(r"tz=([^]]+)\]", kind)
    if not kind.startswith(("date", "timestamp")):
        return facts["first"]
    try:
        of = _zone(zone[1]) if zone else UTC
        second = round(units / _IN_A_SECOND[str(facts.get("unit", "us"))])
        moment = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)).astimezone(of)
    except (LookupError, ValueError, OverflowError):
        return facts["first"]
    if kind.startswith("date"):
        return moment.date().isoformat()
    return (moment if zone else moment.replace(tzinfo=None)).isoformat()


def _zone(name: str) -> tzinfo:
    """A zone as Arrow writes it: by its name, or as an offset from UTC."""
    if name[0] in "+-":
        return datetime.strptime(name, "%z").tzinfo or UTC
    return ZoneInfo(name)


_IN_A_SECOND = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}


def _manifest(store: Store, dataset: str | None) -> Mapping[str, Any]:
    try:
        return store.blobs.get_json(dataset) if dataset else {}
    except NotFound:
        return {}  # the dataset was removed; what was learnt of it stays


def _profile(store: Store, dataset: str) -> Mapping[str, Any]:
    try:
        profile = store.refs.by_digest("dataset", dataset).note.get("profile")
        return store.blobs.get_json(profile).get("columns", {}) if profile else {}
    except NotFound:
        return {}


def _trained_on(store: Store, model: str) -> str | None:
    try:
        found: str | None = store.refs.by_digest("model", model).note.get("dataset")
    except NotFound:
        return None
    return found
