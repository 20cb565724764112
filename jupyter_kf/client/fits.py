"""Does a dataset have the columns that a transform takes? Asked before a job starts.

Pure reading of manifests, which are JSON: no frame library is imported for it. Only what the job
would refuse for certain is refused; values are looked at by the job.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jupyter_kf.errors import NotFound, SpecError
from jupyter_kf.refs import Entry
from jupyter_kf.store import Store


def refuse_misfit(store: Store, transform: str, dataset: str) -> None:
    """Lets a dataset pass whose columns are of the kinds that a transform was made for.

    Args:
        transform, dataset: digests.

    Raises:
        SpecError: kf-1042, a column is missing or of another kind.
    """
    rows = store.blobs.get_json(dataset)
    if rows["form"] != "table":
        return
    made = store.blobs.get_json(transform)
    have = {column["name"]: str(column["type"]) for column in rows["columns"]}
    wrong = [
        f"`{name}` is {have.get(name, 'missing')}, not {facts['type']}"
        for name, facts in made["domains"].items()
        if name not in have or _differ(have[name], str(facts["type"]))
    ]
    if not wrong:
        return
    its, now = _entry(store, "transform", transform), _entry(store, "dataset", dataset)
    seen = (made.get("fit") or {}).get("dataset") or (its.note.get("dataset") if its else None)
    first = _entry(store, "dataset", seen) if seen and seen != dataset else None
    name = its.name if its else "NAME"
    again = "make the transform again with these rows, "
    again += f"`%%kf transform {name} --data {_called(now)}`"
    raise SpecError(
        1042,
        f"transform `{_called(its)}` does not take the rows of {_called(now)}: "
        + "; ".join(wrong[:5])
        + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""),
        cause=f"it was made for {_called(first)}, whose columns are of other types"
        if first
        else "it was made for rows with other columns",
        fix=f"give --data {_called(first)}; or {again}" if first else again,
    ).at("data")


def _entry(store: Store, kind: str, digest: str) -> Entry | None:
    try:
        return store.refs.by_digest(kind, digest)
    except NotFound:
        return None  # its name was removed


def _called(entry: Entry | None) -> str:
    return entry.ref if entry else "a version without a name"


def _differ(have: str, want: str) -> bool:
    kinds = _family(have), _family(want)
    return None not in kinds and kinds[0] != kinds[1]


def _family(kind: str) -> str | None:
    """What the job lets become each other, as `worker.casting`; None where it depends."""
    found = next((word for word in _FAMILIES if kind.startswith(word)), None)
    return _FAMILIES[found] if found else None


_FAMILIES: Mapping[str, Any] = {
    **dict.fromkeys(("int", "uint", "float", "double", "halffloat"), "number"),
    **dict.fromkeys(("string", "large_string"), "text"),
    "timestamp": "timestamp",
    "date": "date",
    "bool": "bool",
}
