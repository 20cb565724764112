"""Are these values what the column holds, exactly? Then here they are as an Arrow array.

Pure: nothing is guessed, rounded or padded. Three ways in: JSON values, numpy tensors, Arrow.
Every refusal names column, row, expected and got. May import `schema`, `refusals`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import NoneType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jupyter_kf.serving import refusals
from jupyter_kf.serving.schema import Column

Values = Sequence[Any]
Array = np.ndarray[Any, Any]

NOT_FINITE = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
"""Doubles that JSON lacks, as text. Source: Protocol Buffers, JSON mapping."""

_EXACT = 1 << 53  # every integer up to here is a double


def from_json(column: Column, values: Values) -> pa.Array:
    """JSON values as an array of the column's value type.

    Args:
        values: (n_rows,), as a JSON parser gives them.

    Raises:
        RequestError: kf-2312 type, kf-2313 not exact, kf-2314 null, kf-2318 time.
    """
    kinds = set(map(type, values))
    if NoneType in kinds:
        kinds.discard(NoneType)
        if not column.nullable:
            raise refusals.null_value(column.name, _first(values, lambda v: v is None))
        if not kinds:
            return pa.nulls(len(values), column.value_type)
    if kinds == column.natural:
        return pa.array(values, column.value_type)
    return _READERS[column.kind](column, values, kinds)


def _bools(column: Column, values: Values, kinds: set[type]) -> pa.Array:
    _only(column, values, kinds, (bool,))
    return pa.array(values, column.value_type)


def _ints(column: Column, values: Values, kinds: set[type]) -> pa.Array:
    _only(column, values, kinds, (int, float))
    if float in kinds:
        bad = _first(values, lambda v: type(v) is float and not _whole(v))
        if bad is not None:
            raise refusals.not_exact(column.name, bad, column.shown, values[bad])
        values = [int(v) if type(v) is float else v for v in values]
    limits = np.iinfo(column.numpy)
    low, high = int(limits.min), int(limits.max)
    bad = _first(values, lambda v: v is not None and not low <= v <= high)
    if bad is not None:
        raise refusals.not_exact(column.name, bad, column.shown, values[bad])
    return pa.array(values, column.value_type)


def _floats(column: Column, values: Values, kinds: set[type]) -> pa.Array:
    _only(column, values, kinds, (float, int, str))
    if str in kinds:
        bad = _first(values, lambda v: type(v) is str and v not in NOT_FINITE)
        if bad is not None:
            raise refusals.wrong_type(column.name, bad, column.shown, values[bad])
        values = [NOT_FINITE[v] if type(v) is str else v for v in values]
    if int in kinds:
        bad = _first(values, lambda v: type(v) is int and not _same(v, column.numpy))
        if bad is not None:
            raise refusals.not_exact(column.name, bad, column.shown, values[bad])
    wide = np.array([0.0 if v is None else v for v in values], np.float64)
    nulls = np.array([v is None for v in values]) if None in values else None
    return pa.array(_narrow(column, wide, rounded=True), column.value_type, mask=nulls)


def _texts(column: Column, values: Values, kinds: set[type]) -> pa.Array:
    _only(column, values, kinds, (str,))
    return pa.array(values, column.value_type)


def _times(column: Column, values: Values, kinds: set[type]) -> pa.Array:
    _only(column, values, kinds, (str,))
    try:
        return pc.cast(pa.array(values, pa.string()), column.value_type)
    except pa.ArrowException:
        bad = _first(values, lambda v: v is not None and not _is_time(v, column.value_type))
        got = None if bad is None else values[bad]
        raise refusals.bad_time(column.name, bad, column.shown, got) from None


def _nulls(column: Column, values: Values, kinds: set[type]) -> pa.Array:
    _only(column, values, kinds, ())
    return pa.nulls(len(values), column.value_type)


def _others(column: Column, _values: Values, _kinds: set[type]) -> pa.Array:
    raise refusals.arrow_only(column.name, column.shown)


_READERS: dict[str, Callable[[Column, Values, set[type]], pa.Array]] = {
    "bool": _bools,
    "int": _ints,
    "float": _floats,
    "text": _texts,
    "time": _times,
    "null": _nulls,
    "other": _others,
}


def from_numpy(column: Column, array: Array, nulls: Array | None = None) -> pa.Array:
    """A tensor of bools or numbers as an array of the column's value type.

    Args:
        array: (n_rows,), in the type that was declared on the wire.
        nulls: (n_rows,) bool, where there is no value; None when there are none.

    Raises:
        RequestError: kf-2312, kf-2313, kf-2314.
    """
    if nulls is not None and nulls.any() and not column.nullable:
        raise refusals.null_value(column.name, int(np.flatnonzero(nulls)[0]))
    have = array.dtype.kind
    if column.kind == "bool" and have == "b":
        return pa.array(array, mask=nulls)
    if column.kind == "int" and have in "iuf":
        return _tensor_to_ints(column, array, nulls)
    if column.kind == "float" and have in "iuf":
        return pa.array(_narrow(column, array), column.value_type, mask=nulls)
    raise refusals.wrong_type(column.name, None, column.shown, f"a tensor of {array.dtype}")


def _tensor_to_ints(column: Column, array: Array, nulls: Array | None) -> pa.Array:
    if array.dtype.kind == "f":
        missing = np.isnan(array)
        if missing.any():  # the one way in which a tensor of floats says null
            if not column.nullable:
                raise refusals.null_value(column.name, int(np.flatnonzero(missing)[0]))
            nulls = missing if nulls is None else nulls | missing
            array = np.where(missing, 0.0, array)
        whole = (array == np.trunc(array)) & (np.abs(array) <= _EXACT)
        _all_fit(column, array, whole)
        array = array.astype(np.int64)
    limits = np.iinfo(column.numpy)
    if array.dtype != column.numpy and len(array):
        # compared as Python integers, which never overflow
        if int(array.min()) < int(limits.min) or int(array.max()) > int(limits.max):
            fits = [int(limits.min) <= int(v) <= int(limits.max) for v in array]
            _all_fit(column, array, np.array(fits))
        array = array.astype(column.numpy)
    return pa.array(array, column.value_type, mask=nulls)


def _narrow(column: Column, array: Array, *, rounded: bool = False) -> Array:
    """Numbers in the column's float type; the nearest only for text, which has no float type."""
    target = column.numpy
    if array.dtype == target:
        return array
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = array.astype(target)
        if rounded:
            _all_fit(column, array, np.isfinite(narrow) | ~np.isfinite(array))
        elif array.dtype.kind == "f":
            _all_fit(column, array, (narrow.astype(array.dtype) == array) | np.isnan(array))
        else:
            exact = np.abs(array.astype(np.float64)) <= float(1 << (np.finfo(target).nmant + 1))
            _all_fit(column, array, exact)
    return narrow


def _all_fit(column: Column, array: Array, fits: Array) -> None:
    if not fits.all():
        row = int(np.flatnonzero(~fits)[0])
        raise refusals.not_exact(column.name, row, column.shown, array[row].item())


def from_arrow(column: Column, array: pa.Array) -> pa.Array:
    """A validated Arrow array in the column's value type, when no value changes by it.

    Raises:
        RequestError: kf-2312, kf-2313, kf-2314.
    """
    if array.null_count and not column.nullable:
        raise refusals.null_value(column.name, int(pc.index(array.is_null(), True).as_py()))
    if array.type == column.value_type:
        return array
    if pa.types.is_dictionary(array.type):
        return from_arrow(column, array.dictionary_decode())
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), column.value_type)
    if not _castable(column, array.type):
        raise refusals.wrong_type(column.name, None, column.shown, array.type)
    try:
        cast = pc.cast(array, column.value_type)
        if column.kind == "float" and pa.types.is_floating(array.type):
            same = pc.or_kleene(pc.equal(pc.cast(cast, array.type), array), pc.is_nan(array))
            if not pc.all(same).as_py() and len(array) > array.null_count:
                raise pa.ArrowInvalid("a value would be rounded")
        elif column.kind == "other" and not _comes_back(cast, array):
            raise pa.ArrowInvalid("a value would change")
    except pa.ArrowException as error:
        raise refusals.not_exact(column.name, None, column.shown, str(error)) from None
    return cast


def _castable(column: Column, have: pa.DataType) -> bool:
    is_ = pa.types
    if column.kind in ("int", "float"):
        return bool(is_.is_integer(have) or is_.is_floating(have))
    if column.kind == "text":
        return bool(is_.is_string(have) or is_.is_large_string(have) or is_.is_string_view(have))
    if column.kind == "time" and is_.is_timestamp(column.value_type):
        same_zone = is_.is_timestamp(have) and (have.tz is None) == (column.value_type.tz is None)
        # A day is its first moment, as in JSON: a CSV of midnights is read as days.
        return bool(same_zone or (is_.is_date(have) and column.value_type.tz is None))
    if column.kind == "other":
        families = (is_.is_decimal, is_.is_time, is_.is_duration, is_.is_nested, _is_bytes)
        return any(family(have) and family(column.value_type) for family in families)
    return column.kind == "time" and bool(is_.is_date(have))


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _comes_back(cast: pa.Array, array: pa.Array) -> bool:
    again = pc.cast(cast, array.type)
    # As text, in which NaN equals NaN: lists may hold one.
    return bool(again.equals(array)) or str(again.to_pylist()) == str(array.to_pylist())


def to_json(array: pa.Array) -> list[Any]:
    """The inverse of `from_json`: what a client puts into JSON for these values."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_floating(array.type):
        return [_json_float(v) for v in array.to_pylist()]
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        return _iso(array)
    return list(array.to_pylist())


def _json_float(value: float | None) -> Any:
    if value is None or (value == value and abs(value) != float("inf")):
        return value
    return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")


def _iso(array: pa.Array) -> list[str | None]:
    text = pc.cast(array, pa.string()).to_pylist()
    return [None if v is None else v.replace(" ", "T", 1) for v in text]


def _only(column: Column, values: Values, kinds: set[type], allowed: tuple[type, ...]) -> None:
    if kinds <= set(allowed):
        return
    row = _first(values, lambda v: v is not None and type(v) not in allowed)
    got = None if row is None else values[row]
    raise refusals.wrong_type(column.name, row, column.shown, got)


def _first(values: Values, test: Callable[[Any], bool]) -> int | None:
    found: Iterator[int] = (i for i, v in enumerate(values) if test(v))
    return next(found, None)


def _whole(value: float) -> bool:
    return value == value and abs(value) <= _EXACT and value == int(value)


def _same(value: int, target: np.dtype[Any]) -> bool:
    if abs(value) <= 2048:
        return True
    try:
        wide = float(value)
    except OverflowError:
        return False
    with np.errstate(over="ignore"):
        near = float(target.type(wide))
    return abs(near) != float("inf") and int(near) == value


def _is_time(value: str, target: pa.DataType) -> bool:
    try:
        pc.cast(pa.array([value], pa.string()), target)
    except pa.ArrowException:
        return False
    return True
