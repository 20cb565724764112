"""Which few rows show what a transform does?

Rows of the dataset: nulls, extremes, rare categories, the longest text, and some by chance.
Made-up ones: a null where there was none, a category nobody has seen, empty and unicode text,
numbers beyond the range, times at clock changes. Standard library at import.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_kf.worker.tables import side

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

REAL, BY_CHANCE, MADE_UP = 88, 40, 160
"""Most rows of the dataset, those of them by chance, and most made-up rows: 248 in all."""

_LOCAL = (
    "2012-02-29T23:59:59", "2013-03-10T02:30:00", "2013-11-03T01:30:00",
    "2013-03-31T02:30:00", "2013-10-27T02:30:00", "1969-12-31T23:59:59",
)  # fmt: skip
_INSTANTS = (
    "2012-02-29T23:59:59", "2013-03-10T06:59:59", "2013-03-10T07:00:00", "2013-11-03T05:30:00",
    "2013-11-03T06:30:00", "2013-03-31T01:00:00", "2013-10-27T00:30:00", "2013-10-27T01:30:00",
)  # fmt: skip
"""Clock changes of America/New_York and Europe/Berlin, a leap day, the last second before 1970."""


@dataclass(frozen=True)
class MadeUp:
    """A row that nobody sent yet: a row of the dataset with some values replaced.

    Attributes:
        label: "null", "unseen category", ...
        values: column -> value.
    """

    label: str
    values: dict[str, Any]

    def sentence(self) -> str:
        """``unseen category in `carrier` ``."""
        names = [f"`{name}`" for name in self.values]
        more = f" and {len(names) - 3} more columns" if len(names) > 3 else ""
        return f"{self.label} in {', '.join(names[:3])}{more}"


def real_rows(table: Any, seed: int = 0) -> Array:
    """Positions of telling rows of a table, ascending."""
    import numpy as np

    n = table.num_rows
    rng = np.random.Generator(np.random.PCG64(seed))
    chosen = dict.fromkeys(rng.permutation(n)[:BY_CHANCE].tolist())
    telling = [_telling(column) for column in table.columns]
    for turn in range(max(map(len, telling), default=0)):
        for rows in telling:
            if turn < len(rows) and len(chosen) < min(REAL, n):
                chosen.setdefault(rows[turn])
    return np.array(sorted(chosen), dtype="int64")


def made_up(table: Any, kind: str) -> list[MadeUp]:
    """Rows to make up, at most `MADE_UP`; in wide tables one row replaces several columns.

    Args:
        kind: "pandas" or "polars": which columns can hold a null.
    """
    facts = side(table.schema) or {}
    dtypes, categories = facts.get("dtypes", {}), facts.get("categories", {})
    by_label: dict[str, list[tuple[str, Any]]] = {}
    for field, column in zip(table.schema, table.columns, strict=True):
        whole = kind == "pandas" and dtypes.get(field.name, "").startswith(("int", "uint", "bool"))
        if not whole:
            by_label.setdefault("null", []).append((field.name, None))
        for label, value in _values(field.type, column, field.name in categories):
            by_label.setdefault(label, []).append((field.name, value))
    single = sum(map(len, by_label.values()))
    share = max(1, -(-single // (MADE_UP - len(by_label)))) if single > MADE_UP else 1
    return [
        MadeUp(label, dict(changes[i : i + share]))
        for label, changes in by_label.items()
        for i in range(0, len(changes), share)
    ][:MADE_UP]


def rows_of(table: Any, real: Array, made: Sequence[MadeUp], bases: Array) -> Any:
    """Golden rows as a table: the real ones, then the made-up ones.

    Args:
        bases: positions of rows that made-up ones begin as; used in turn.
    """
    import numpy as np
    import pyarrow as pa

    picks = np.concatenate([real, np.resize(bases, len(made))]).astype("int64")
    rows = table.take(picks).combine_chunks()
    for i, field in enumerate(table.schema):
        changes = {len(real) + k: m.values[field.name] for k, m in enumerate(made)
                   if field.name in m.values}  # fmt: skip
        if changes:
            values = rows.column(i).combine_chunks()
            at = np.arange(len(values))
            at[list(changes)] = len(values) + np.arange(len(changes))
            fresh = pa.array(list(changes.values()), type=field.type)
            rows = rows.set_column(i, field, pa.concat_arrays([values, fresh]).take(pa.array(at)))
    return rows


def _telling(column: Any) -> list[int]:
    """Rows of a column worth having: a null, the extremes, rare and frequent values."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    found: list[int] = []
    if column.null_count:
        found.append(int(np.argmax(column.is_null().to_numpy())))
    if column.null_count == len(column):
        return found
    column = _ordered(column)
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        lengths = pc.utf8_length(column)
        found += [pc.index(lengths, pc.max(lengths)).as_py()]
        found += [pc.index(lengths, pc.min(lengths)).as_py()]
        counted = pc.value_counts(column.drop_null())
        order = np.argsort(counted.field("counts").to_numpy(), kind="stable")[:2]
        rare = [counted.field("values")[int(k)] for k in order]
        return found + [pc.index(column, value).as_py() for value in rare]
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_temporal(kind):
        limits = pc.min_max(column)
        for part in ("min", "max"):
            if limits[part].is_valid:
                found.append(pc.index(column, limits[part]).as_py())
    elif pa.types.is_boolean(kind):
        found += [pc.index(column, pa.scalar(value)).as_py() for value in (True, False)]
    return [row for row in found if row >= 0]


def _ordered(column: Any) -> Any:
    """The column in a type of the same order whose extremes Arrow can tell."""
    import pyarrow as pa

    if pa.types.is_duration(column.type):
        return column.cast("int64")
    return column.cast("float32") if pa.types.is_float16(column.type) else column


def _values(kind: Any, column: Any, categorical: bool) -> list[tuple[str, Any]]:
    """Values that a column of this type may meet one day, with what they are called."""
    import pyarrow as pa
    import pyarrow.compute as pc

    t = pa.types
    if categorical:
        return []  # only known categories are ever let in
    if t.is_string(kind) or t.is_large_string(kind):
        return [
            ("unseen category", "kf-unseen"),
            ("empty text", ""),
            ("unicode text", "Zürich ☃ 𝒳 日本"),
        ]
    if t.is_integer(kind):
        limits = pc.min_max(column)
        low, high = (0 if limits[p].as_py() is None else limits[p].as_py() for p in ("min", "max"))
        bottom, top = _limits(kind)
        wanted = [("zero", 0), ("a number above the range", 2 * high + 1),
                  ("a number below the range", 2 * low - high - 1)]  # fmt: skip
        return [(label, min(max(value, bottom), top)) for label, value in wanted]
    if t.is_float64(kind) or t.is_float32(kind):
        return [("zero", 0.0), ("a large number", 1e15), ("a negative number", -1e6)]
    if t.is_timestamp(kind):
        texts = _LOCAL if kind.tz is None else _INSTANTS
        times = [datetime.datetime.fromisoformat(text) for text in texts]
        if kind.tz is not None:
            times = [time.replace(tzinfo=datetime.UTC) for time in times]
        return [(f"the time {text}", time) for text, time in zip(texts, times, strict=True)]
    if t.is_date(kind):
        return [("a leap day", datetime.date(2012, 2, 29))]
    return []


def _limits(kind: Any) -> tuple[int, int]:
    bits = kind.bit_width
    if str(kind).startswith("u"):
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
