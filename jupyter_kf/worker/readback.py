"""Do these columns of pandas come back from Arrow as they were? Asked before anything is stored.

Most dtypes do, which is tested; here are those whose values decide it: Python objects,
categories and what other libraries bring. Standard library at import.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from jupyter_kf.errors import DataError
from jupyter_kf.worker.pandas_notes import MASKED

_FIX = "turn it into numbers, text, booleans, times or categories first"


def prove(frame: Any, table: Any, to_frame: Callable[[Any], Any]) -> None:
    """Compares the columns of a pandas frame with what `to_frame` makes of the table.

    Raises:
        DataError: kf-1405, a column would come back as something else, or not at all.
    """
    doubtful = [name for name, dtype in frame.dtypes.items() if not _is_sure(dtype)]
    if not doubtful:
        return
    try:
        back = to_frame(_only(table, doubtful))
    except Exception:
        back = None  # which one it is, is found below
    for name in doubtful:
        try:
            one = to_frame(_only(table, [name])) if back is None else back
            reason = _difference(frame[name], one[name])
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        if reason:
            raise no_form(name, frame[name].dtype, reason)


def no_form(name: str, dtype: Any, reason: str) -> DataError:
    """The error for a column that can't be stored; what is usual with it has its own advice."""
    fix = _FIX
    if "Interval" in str(getattr(dtype, "categories", None).__class__.__name__):
        fix = f'name the intervals: pandas.cut(..., labels=[...]), or df["{name}"].astype(str)'
    elif "dateutil" in reason or "tzfile" in reason:
        fix = f'give the zone by its name: df["{name}"].dt.tz_convert("Europe/Berlin")'
    elif str(dtype).endswith("[pyarrow]"):
        fix = f'give it a dtype of pandas: df["{name}"].astype(float), or .astype(object)'
    return DataError(1405, f"column `{name}` ({dtype}) can't be stored", cause=reason, fix=fix)


def missing(column: Any, name: str) -> str:
    """How a column of Python objects writes a missing value: "none" or "nan".

    Raises:
        DataError: kf-1403, they are of several types, or of one that loses something.
    """
    import pandas as pd

    found = pd.api.types.infer_dtype(column, skipna=True)
    if found == "time" and _zoned_time(column):
        raise DataError(
            1403,
            f"column `{name}` holds times of day with a zone",
            cause="a time of day is kept without its zone",
            fix="keep the zone in a column of its own, or join date and time: a datetime has one",
        )
    moments = found == "date" and (column.map(type) == datetime.datetime).any()
    if not moments and found in ("string", "empty", "bytes", "boolean", "date", "time", "decimal"):
        holes = column[column.isna()]
        return "none" if all(value is None for value in holes) else "nan"
    present = column.dropna()
    kinds = present.map(lambda value: type(value).__name__)
    first = kinds.iloc[0]
    if (kinds == first).all() and first in ("list", "dict", "ndarray"):
        return "none"
    other = kinds[kinds != first]
    position = column.index.get_loc(other.index[0]) if len(other) else 0
    mixed = f"{first} and {other.iloc[0]} (row {position})" if len(other) else first
    raise DataError(
        1403,
        f"column `{name}` holds {mixed} as Python objects",
        cause="a column has one type, on disk and in production",
        fix=f'make it one: df["{name}"].astype(str), or pandas.to_numeric(df["{name}"])',
    )


def _zoned_time(values: Any) -> bool:
    """Whether a time of day among these has a zone, which Arrow drops."""
    return any(isinstance(v, datetime.time) and v.tzinfo is not None for v in values)


def _is_sure(dtype: Any) -> bool:
    import numpy as np
    import pandas as pd

    if isinstance(dtype, np.dtype):
        return dtype.kind in "iufbMm"
    return isinstance(dtype, pd.StringDtype) or str(dtype) in MASKED


def _only(table: Any, names: list[str]) -> Any:
    from jupyter_kf.worker.tables import only_columns

    return only_columns(table.select(names))


def _difference(have: Any, back: Any) -> str:
    """What is another after the way there and back; "" when nothing is."""
    if have.dtype != back.dtype:
        return f"it would come back as {back.dtype}"
    categories = getattr(have.dtype, "categories", None)
    if categories is not None:
        if not categories.equals(back.dtype.categories):
            return "its categories would change"
        same = (have.cat.codes.to_numpy() == back.cat.codes.to_numpy()).all()
        return "" if same else "its values would change"
    if str(have.dtype) != "object":
        return "" if have.reset_index(drop=True).equals(back) else "its values would change"
    holes = have.isna().to_numpy()
    for row, (value, got) in enumerate(zip(have, back, strict=True)):
        if not holes[row] and not _alike(value, got):
            return f"{value!r} (row {row}) would come back as {got!r}"
    return ""


def _alike(one: Any, other: Any) -> bool:
    """Equal, also inside lists and records; NaN and None are both a missing value."""
    one, other = (v.tolist() if hasattr(v, "tolist") else v for v in (one, other))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(v, other[k]) for k, v in one.items())
    return bool(one == other) or all(v is None or v != v for v in (one, other))
