"""What do a dataset's columns look like: the reference that drift is measured against later?

Vectorised over whole columns, one column in memory at a time. Counts stand in fixed bins, so
that later rows can be counted into the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

BINS = 20
TOP = 50
SAMPLE = 1_000_000
"""Quantile edges and distinct counts of longer columns come from this many evenly spaced rows."""


def profile(columns: dict[str, Any], read: Callable[[str], Any], rows: int) -> dict[str, Any]:
    """All columns, as one JSON object.

    Args:
        columns: name -> Arrow type.
        read: gives a whole column as a pyarrow.ChunkedArray.
    """
    return {
        "type": "profile",
        "format": 1,
        "rows": rows,
        "columns": {name: _column(read(name)) for name in columns},
    }


def _column(values: Any) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    found: dict[str, Any] = {"type": str(kind), "nulls": values.null_count}
    present = values.drop_null()
    if not len(present):
        return {**found, "distinct": 0}
    sample = _sampled(present)
    if pa.types.is_boolean(kind):
        true = pc.sum(present).as_py()
        false = len(present) - true
        return {**found, "distinct": 1 + (true > 0 and false > 0), "true": true, "false": false}
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return {**found, **_text(present)}
    if pa.types.is_temporal(kind) and not pa.types.is_duration(kind):
        found |= {"first": _iso(pc.min(present)), "last": _iso(pc.max(present))}
        as_int = pc.cast(present, pa.timestamp("us") if not _timed(kind) else kind)
        return {**found, **_numbers(_integers(as_int), sample), "unit": _unit(as_int.type)}
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return {**found, **_numbers(pc.cast(present, "float64", safe=False).to_numpy(), sample)}
    return found


def _numbers(values: Array, sample: Any) -> dict[str, Any]:
    """Moments, quantile edges and counts between them, and an equal-width histogram."""
    import numpy as np
    import pyarrow.compute as pc

    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    found: dict[str, Any] = {"distinct": pc.count_distinct(sample).as_py()}
    if len(finite) < len(values):
        found["not_finite"] = len(values) - len(finite)
    if not len(finite):
        return found
    floats = finite.astype("float64")
    low, high = float(floats.min()), float(floats.max())
    few = np.sort(floats[:: max(1, len(floats) // SAMPLE)])
    picks = few[np.linspace(0, len(few) - 1, BINS + 1).round().astype(int)]
    edges = np.unique(np.concatenate(([low], picks[1:-1], [high])))
    scale = max(abs(low), abs(high), 1.0)
    mean = float(np.mean(floats / scale)) * scale
    found |= {
        "min": low,
        "max": high,
        "mean": mean,
        "std": float(np.std(floats / scale)) * scale,
        "quantiles": [float(edge) for edge in edges],
        "counts": _counts(floats, edges),
        "histogram": _histogram(floats, low, high),
    }
    return {name: _json(value) for name, value in found.items()}


def _counts(values: Array, edges: Array) -> list[int]:
    """Rows in [e0, e1), [e1, e2), ..., [ek-1, ek]."""
    import numpy as np

    if len(edges) < 2:
        return [len(values)]
    return [int(n) for n in np.histogram(values, bins=edges)[0]]


def _histogram(values: Array, low: float, high: float) -> dict[str, Any]:
    import numpy as np

    if not low < high or not np.isfinite(high - low):
        return {"low": low, "high": high, "counts": [len(values)]}
    counts = np.histogram(values, bins=BINS, range=(low, high))[0]
    return {"low": low, "high": high, "counts": [int(n) for n in counts]}


def _text(present: Any) -> dict[str, Any]:
    import pyarrow.compute as pc

    counted = pc.value_counts(present)
    order = pc.sort_indices(
        counted.flatten()[1].cast("int64"), sort_keys=[("", "descending")]
    ).slice(0, TOP)
    top = counted.take(order).to_pylist()
    top.sort(key=lambda entry: (-entry["counts"], entry["values"]))
    lengths = pc.utf8_length(present)
    return {
        "distinct": len(counted),
        "top": [{"value": e["values"], "count": e["counts"]} for e in top],
        "others": len(present) - sum(entry["counts"] for entry in top),
        "length": {
            "min": pc.min(lengths).as_py(),
            "mean": pc.mean(lengths).as_py(),
            "max": pc.max(lengths).as_py(),
        },
    }


def _sampled(present: Any) -> Any:
    step = len(present) // SAMPLE
    if step < 2:
        return present
    import numpy as np

    return present.take(np.arange(0, len(present), step))


def _timed(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_timestamp(kind) or pa.types.is_time(kind))


def _unit(kind: Any) -> str:
    return str(getattr(kind, "unit", "us"))


def _integers(values: Any) -> Array:
    import pyarrow as pa

    if pa.types.is_time32(values.type):
        values = values.cast("int32")
    integers: Array = values.cast("int64").to_numpy()
    return integers


def _iso(scalar: Any) -> str:
    value = scalar.as_py() if getattr(scalar.type, "unit", "us") != "ns" else None
    return str(scalar.cast("string").as_py()) if value is None else value.isoformat()


def _json(value: Any) -> Any:
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return None
    return value
