"""Rows on their way to the model: checked columns that can be joined and made into one frame.

Pure. Where the model reads pandas and columns are plain numbers and text, doubles are held as one
block (columns, rows), whose rows are columns of the frame as they are; all else is one Arrow array
per column. Measured on 30 columns and one row: 0.03 ms for a block against 0.4 ms for arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from jupyter_kf.serving import values
from jupyter_kf.serving.schema import RawSchema


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that were checked against the schema.

    Attributes:
        block: (len(schema.doubles), n_rows), NaN for null; None when the schema has none.
        arrays: for each of schema.others n_rows values in its value type.
    """

    rows: int
    block: np.ndarray[Any, Any] | None = None
    arrays: tuple[pa.Array, ...] = ()


def of_lists(schema: RawSchema, columns: Sequence[Sequence[Any]]) -> Batch:
    """A batch from JSON values, one list per column in the schema's order, all equally long.

    Raises:
        RequestError: see `values.from_json`.
    """
    doubles = [columns[i] for i in schema.doubles]
    if doubles and all(set(map(type, column)) <= schema.block_kinds for column in doubles):
        pairs = [(schema.columns[i], columns[i]) for i in schema.others]
        arrays = tuple(values.from_json(column, have) for column, have in pairs)
        return Batch(len(doubles[0]), np.array(doubles, np.float64), arrays)
    every = zip(schema.columns, columns, strict=True)
    return of_arrays(schema, [values.from_json(column, have) for column, have in every])


def of_arrays(schema: RawSchema, arrays: Sequence[pa.Array]) -> Batch:
    """A batch from arrays that `values` has checked, one per column."""
    rows = len(arrays[0]) if arrays else 0
    block = np.empty((len(schema.doubles), rows), np.float64) if schema.doubles else None
    for place, i in enumerate(schema.doubles):
        assert block is not None
        block[place] = arrays[i].to_numpy(zero_copy_only=False)
    return Batch(rows, block, tuple(arrays[i] for i in schema.others))


def join(batches: Sequence[Batch]) -> Batch:
    """All rows in one batch, in order."""
    if len(batches) == 1:
        return batches[0]
    blocks = [batch.block for batch in batches if batch.block is not None]
    parts = zip(*(batch.arrays for batch in batches), strict=True)
    return Batch(
        sum(batch.rows for batch in batches),
        np.concatenate(blocks, axis=1) if blocks else None,
        tuple(pa.concat_arrays(list(part)) for part in parts),
    )


def columns_of(schema: RawSchema, batch: Batch) -> list[Any]:
    """The columns in the schema's order: rows of the block, and Arrow arrays."""
    found: list[Any] = [None] * len(schema)
    for i, row in zip(schema.doubles, () if batch.block is None else batch.block, strict=True):
        found[i] = row
    for i, array in zip(schema.others, batch.arrays, strict=True):
        found[i] = array
    return found


def to_table(schema: RawSchema, batch: Batch, *, encode: bool = True) -> pa.Table:
    """The rows as an Arrow table in the schema's types.

    Args:
        encode: whether dictionary columns are encoded, or hold their values plainly.
    """
    arrays = [
        pa.array(column, from_pandas=True) if isinstance(column, np.ndarray) else column
        for column in columns_of(schema, batch)
    ]
    if not encode:
        return pa.Table.from_arrays(arrays, names=list(schema.names))
    pairs = zip(schema.columns, arrays, strict=True)
    arrays = [have if have.type == c.type else _encoded(have, c.type) for c, have in pairs]
    return pa.Table.from_arrays(arrays, schema=schema.arrow)


def _encoded(values: pa.Array, target: pa.DataType) -> pa.Array:
    return values.dictionary_encode().cast(target)


def predictor(model: Any, schema: RawSchema) -> Callable[[Batch], Mapping[str, Any]]:
    """The model's outputs of a batch, by its shortest way.

    Args:
        model: a LoadedModel.
    """

    def predict(batch: Batch) -> Mapping[str, Any]:
        if batch.block is None:
            found: Mapping[str, Any] = model.predict(to_table(schema, batch))
        else:
            own = Batch(batch.rows, batch.block.copy(), batch.arrays)  # a transform may write to it
            columns = dict(zip(schema.names, columns_of(schema, own), strict=True))
            found = model.predict_columns(columns, batch.rows)
        return found

    return predict
