"""What all protocols share: a request's head, strict JSON, and outputs as JSON values.

Pure. A protocol turns a body into an `Asked`; its `answer` turns outputs into a body.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from jupyter_kf.errors import did_you_mean
from jupyter_kf.serving import refusals
from jupyter_kf.serving.batch import Batch
from jupyter_kf.serving.schema import RawSchema

Outputs = Mapping[str, np.ndarray[Any, Any]]
Answer = tuple[bytes, list[tuple[bytes, bytes]]]

_GAPS = (b" :", b"\n:", b"\t:", b"\r:")
JSON = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Head:
    """The headers that matter to a protocol."""

    media: str = "application/json"
    json_bytes: int | None = None  # Inference-Header-Content-Length
    request_id: str = ""


@dataclass(frozen=True)
class Identity:
    """Who answers.

    Attributes:
        outputs: name -> (Open Inference datatype, shape with -1 for rows).
        classes: of the probability columns, in order; None for a regression.
    """

    name: str
    version: int
    digest: str
    outputs: Mapping[str, tuple[str, list[int]]]
    classes: Sequence[Any] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A decoded request.

    Attributes:
        batch: its rows, checked.
        answer: outputs of these rows -> body and headers of the response.
    """

    batch: Batch
    answer: Callable[[Outputs], Answer]
    request_id: str = ""


def parse(body: bytes) -> Any:
    """The JSON value of a body.

    Raises:
        RequestError: kf-2307; kf-2317 when it is not UTF-8.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        reason = str(error)
    except RecursionError:
        reason = "it is nested too deeply"
    try:
        body.decode()
    except UnicodeDecodeError:
        raise refusals.bad_text("the body") from None
    raise refusals.bad_json(reason)


def refuse_duplicate_keys(body: bytes, pairs: int) -> None:
    """Refuses a body in which an object has a key twice; parsers keep one without a word.

    Args:
        pairs: how many key-value pairs the parsed value has. Where no colon follows a space and
            as many follow a quote, none was dropped; any other body is parsed again to be sure.

    Raises:
        RequestError: kf-2311.
    """
    if body.count(b'":') != pairs or any(gap in body for gap in _GAPS):
        try:
            json.loads(body, object_pairs_hook=_unique)
        except RecursionError:
            raise refusals.bad_json("it is nested too deeply") from None
        except ValueError as error:
            raise refusals.bad_json(str(error)) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise refusals.duplicate(key)
            seen.add(key)
    return found


def count_pairs(value: Any) -> int:
    """Key-value pairs of a small JSON value, at all depths."""
    if isinstance(value, dict):
        return len(value) + sum(map(count_pairs, value.values()))
    if isinstance(value, list):
        return sum(map(count_pairs, value))
    return 0


def pairs_of_rows(rows: Any) -> int:
    """Key-value pairs of rows as objects, lists or columns, without looking into their values."""
    if type(rows) is list:
        return sum(len(row) for row in rows if type(row) is dict)
    return len(rows) if type(rows) is dict else 0


def only_keys(value: Mapping[str, Any], known: Sequence[str], what: str) -> None:
    """Refuses an object with a key that means nothing here.

    Raises:
        RequestError: kf-2308.
    """
    for key in value:
        if key not in known:
            hint = did_you_mean(key[:100], known)
            raise refusals.bad_shape(f"{what} has an unknown key {key[:100]!r}", hint)


def text_of(value: Any, what: str) -> str:
    """A short text, empty for none.

    Raises:
        RequestError: kf-2308.
    """
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > 1024:
        raise refusals.bad_shape(f"{what} is {refusals.describe(value)}", "a short text")
    return value


def columns_of_records(schema: RawSchema, records: Sequence[Any]) -> list[list[Any]]:
    """Columns of a list of objects with just the schema's keys.

    Raises:
        RequestError: kf-2308, kf-2309, kf-2310 with the row.
    """
    keys = schema.keys
    for row, record in enumerate(records):
        if type(record) is not dict:
            got = refusals.describe(record)
            raise refusals.bad_shape(f"row {row} is {got}", "an object with every column")
        if record.keys() != keys:
            for name in record:
                if name not in keys:
                    raise refusals.unknown_column(name, keys)
            raise refusals.missing_columns(schema.names, record, row)
    if len(records) == 1:
        only = records[0]
        return [[only[name]] for name in schema.names]
    return [[record[name] for record in records] for name in schema.names]


def columns_of_lists(schema: RawSchema, rows: Sequence[Any]) -> list[list[Any]]:
    """Columns of a list of lists in the schema's order.

    Raises:
        RequestError: kf-2308, kf-2315 with the row.
    """
    width = len(schema)
    for i, row in enumerate(rows):
        if type(row) is not list:
            got = refusals.describe(row)
            raise refusals.bad_shape(f"row {i} is {got}", f"a list of {width} values")
        if len(row) != width:
            raise refusals.ragged(f"row {i}", f"{width} values", str(len(row)))
    return [list(column) for column in zip(*rows, strict=True)]


def columns_of_columns(schema: RawSchema, columns: Mapping[str, Any]) -> list[list[Any]]:
    """Columns of an object of lists.

    Raises:
        RequestError: kf-2308, kf-2309, kf-2310, kf-2315.
    """
    for name in columns:
        if name not in schema.keys:
            raise refusals.unknown_column(name, schema.keys)
    if len(columns) < len(schema.names):
        raise refusals.missing_columns(schema.names, columns)
    found: list[list[Any]] = []
    for name in schema.names:
        values = columns[name]
        if type(values) is not list:
            got = refusals.describe(values)
            raise refusals.bad_shape(f"column `{name}` is {got}", "a list of values")
        if len(values) != len(found[0] if found else values):
            raise refusals.ragged(f"column `{name}`", f"{len(found[0])} rows", str(len(values)))
        found.append(values)
    return found


def json_values(array: np.ndarray[Any, Any]) -> Any:
    """An output as orjson writes it without changing a value: NaN is null, infinities are text."""
    kind = array.dtype.kind
    if kind in "biu":
        return np.ascontiguousarray(array)
    if kind == "f":
        if array.dtype.itemsize in (4, 8) and np.isfinite(array).all():
            return np.ascontiguousarray(array)
        return _not_finite(array.tolist())
    if kind in "Mm":
        return np.datetime_as_string(array).tolist() if kind == "M" else array.astype(int).tolist()
    return array.tolist()


def _not_finite(value: Any) -> Any:
    if isinstance(value, list):
        return [_not_finite(item) for item in value]
    if value != value:
        return None
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def dump(value: Any) -> bytes:
    """JSON bytes; numpy arrays and scalars included."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value)
