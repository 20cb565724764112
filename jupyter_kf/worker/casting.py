"""May these values become that type without losing anything?

Widths of numbers, units of times and kinds of text may change; meaning may not: text is no
number, a truth value is no 1. Standard library at import.
"""

from __future__ import annotations

from typing import Any


class Unfit(Exception):
    """Values that can't become a type.

    Attributes:
        row: the first that can't, where that is known.
        kind: what the values are.
        reason: why not.
    """

    def __init__(self, row: int | None, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.row, self.kind, self.reason = row, kind, reason


def fits_number(values: Any, have: Any, want: Any) -> Any:
    """numpy numbers as another numpy number type; None when this is not such a case.

    Raises:
        Unfit: a value would change.
    """
    import numpy as np

    if not (isinstance(have, np.dtype) and isinstance(want, np.dtype)):
        return None
    if have.kind not in "iuf" or want.kind not in "iuf" or type(values).__module__ == "pyarrow.lib":
        return None
    array = values if isinstance(values, np.ndarray) else np.asarray(values)
    with np.errstate(all="ignore"):
        made = array.astype(want)
        back = made.astype(have)
    same = back == array
    if have.kind == "f" and want.kind == "f":
        same |= np.isnan(array)
    elif have.kind == "f":
        same &= np.isfinite(array)
    elif want.kind == "f":
        same &= np.abs(made) <= 2.0 ** (53 if want.itemsize == 8 else 24)
    elif have.kind != want.kind:
        same &= (made >= 0) & (array >= 0)
    if not same.all():
        row = int((~same).argmax())
        raise Unfit(row, str(have), f"{array[row].item()!r} is no {want} value")
    return made


def cast(values: Any, want: Any) -> Any:
    """Values of any kind as an Arrow array of a type.

    Args:
        values: list, numpy or pandas array, pandas or polars Series, Arrow array.

    Raises:
        Unfit: they are of several types, of another meaning, or would change.
    """
    import pyarrow as pa

    array = _array(values, want if _is_text(want) else None)
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if array.type == want:
        return array
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), want)
    if not _same_meaning(array, want):
        raise Unfit(_first(array), str(array.type), _shown(array))
    try:
        made = array.cast(want, safe=True)
    except pa.ArrowException as error:
        raise Unfit(None, str(array.type), str(error).partition("\n")[0]) from None
    if pa.types.is_floating(array.type) and pa.types.is_floating(want):
        changed = made.cast(array.type).equals(array)
        if not changed and not _equal_with_nan(made.cast(array.type), array):
            raise Unfit(None, str(array.type), f"a value is no {want} value")
    return made


def _array(values: Any, text: Any) -> Any:
    """Values as Arrow finds them; where text is wanted only text is taken, at once."""
    import pyarrow as pa

    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
    if isinstance(values, pa.Array):
        return values
    if hasattr(values, "to_arrow"):  # a polars Series
        return values.to_arrow()
    try:
        array = pa.array(values, type=text if isinstance(values, list) else None, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise Unfit(None, "mixed", str(error).partition("\n")[0]) from None
    if isinstance(array, pa.ChunkedArray):
        return array.combine_chunks()
    return array


def _same_meaning(array: Any, want: Any) -> bool:
    import pyarrow as pa

    have, t = array.type, pa.types
    if t.is_integer(have):
        return bool(t.is_integer(want) or t.is_floating(want))
    if t.is_floating(have):
        return bool(t.is_floating(want) or (t.is_integer(want) and not array.null_count))
    if _is_text(have):
        return _is_text(want)
    if t.is_timestamp(have):
        return bool(t.is_timestamp(want) and (have.tz is None) == (want.tz is None))
    families = (t.is_duration, t.is_date, t.is_time, t.is_decimal, t.is_nested, _is_bytes)
    return any(family(have) and family(want) for family in families)


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind)) or str(kind) == (
        "string_view"
    )


def _is_bytes(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _first(array: Any) -> int | None:
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    return int(valid.argmax()) if valid.any() else None


def _shown(array: Any) -> str:
    row = _first(array)
    if array.null_count and row is not None and str(array.type) in ("double", "float"):
        return f"{array.null_count} of its values are null"
    return "it is empty" if row is None else f"it holds {array[row].as_py()!r}"


def _equal_with_nan(a: Any, b: Any) -> bool:
    import numpy as np

    left, right = (x.to_numpy(zero_copy_only=False) for x in (a, b))
    return bool(np.array_equal(left, right, equal_nan=True))
