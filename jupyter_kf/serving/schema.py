"""Which columns does the model read, and how does each travel?

Pure. May import `errors`; pyarrow and numpy. The schema is the Arrow schema of the raw rows, as
the model's manifest names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import NoneType
from typing import Any, Literal

import numpy as np
import pyarrow as pa

Kind = Literal["bool", "int", "float", "text", "time", "null", "other"]

_PLAIN = ("bool", "int", "float", "text")
"""Kinds that become pandas columns in one way, however they are held."""

_NUMBERS = {
    "bool": "BOOL",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "halffloat": "FP16",
    "float": "FP32",
    "double": "FP64",
}


@dataclass(frozen=True)
class Column:
    """One raw column.

    Attributes:
        value_type: its Arrow type; of the values where they are dictionary encoded.
        kind: the family of types that decides how it travels.
        datatype: its name in the Open Inference Protocol; text and times are BYTES.
    """

    name: str
    type: pa.DataType
    value_type: pa.DataType
    kind: Kind
    nullable: bool
    datatype: str

    @cached_property
    def numpy(self) -> np.dtype[Any]:
        """The numpy type of a bool, int or float column."""
        found: np.dtype[Any] = np.dtype(self.value_type.to_pandas_dtype())
        return found

    @cached_property
    def natural(self) -> frozenset[type]:
        """JSON's own type for it, whose values need no look: of doubles and text, else none."""
        if self.kind == "text":
            return frozenset({str})
        return frozenset({float} if self.datatype == "FP64" else ())

    @cached_property
    def shown(self) -> str:
        """Its type as an error shows it."""
        nouns = {"text": "text", "bool": "true or false"}
        return nouns.get(self.kind, str(self.value_type))


class RawSchema:
    """The columns in their order.

    Args:
        arrow: schema of the raw rows.
        block: whether doubles may be held as one block; only where the model reads pandas, for
            which null and NaN are the same.

    Attributes:
        doubles, others: positions of the columns that are held as a block, and of the rest.
        block: every column is in the block.
        numeric: every column is a whole number or a float.
    """

    def __init__(self, arrow: pa.Schema, *, block: bool = False) -> None:
        self.arrow = arrow
        self.columns = tuple(_column(field) for field in arrow)
        self.names = tuple(column.name for column in self.columns)
        self.index = {name: i for i, name in enumerate(self.names)}
        self.keys = self.index.keys()
        plain = block and all(c.kind in _PLAIN and c.type == c.value_type for c in self.columns)
        self.doubles = tuple(
            i for i, c in enumerate(self.columns) if plain and c.datatype == "FP64"
        )
        self.others = tuple(i for i in range(len(self.columns)) if i not in self.doubles)
        self.block = bool(self.columns) and not self.others
        nullable = all(self.columns[i].nullable for i in self.doubles)
        self.block_kinds = {float, NoneType} if nullable else {float}
        self.numeric = bool(self.columns) and all(c.kind in ("int", "float") for c in self.columns)

    def __len__(self) -> int:
        return len(self.columns)


def _column(field: pa.Field) -> Column:
    values = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    kind = _kind(values)
    number = _NUMBERS.get(str(values), "BYTES")
    return Column(field.name, field.type, values, kind, field.nullable, number)


def _kind(values: pa.DataType) -> Kind:
    is_ = pa.types
    if is_.is_boolean(values):
        return "bool"
    if is_.is_integer(values):
        return "int"
    if is_.is_floating(values):
        return "float"
    if is_.is_string(values) or is_.is_large_string(values) or is_.is_string_view(values):
        return "text"
    if is_.is_timestamp(values) or is_.is_date(values):
        return "time"
    return "null" if is_.is_null(values) else "other"
