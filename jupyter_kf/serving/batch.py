"""Rows on their way to the model: checked columns that can be joined and made into one frame.

Pure. A batch is held in one of two forms, the same for all requests to one model: a block of
doubles (columns, rows), which becomes a pandas frame at once; or one Arrow array per column.
Measured on 30 columns and one row: 0.03 ms against 0.4 ms for the general way.
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
        block: (n_columns, n_rows) of doubles, NaN for null; None when in Arrow form.
        arrays: n_columns arrays of n_rows, in their value types; None when a block.
    """

    rows: int
    block: np.ndarray[Any, Any] | None = None
    arrays: tuple[pa.Array, ...] | None = None


def of_lists(schema: RawSchema, columns: Sequence[Sequence[Any]]) -> Batch:
    """A batch from JSON values, one list per column in the schema's order, all equally long.

    Raises:
        RequestError: see `values.from_json`.
    """
    rows = len(columns[0]) if columns else 0
    if schema.block and all(set(map(type, column)) <= schema.block_kinds for column in columns):
        return Batch(rows, block=np.array(columns, np.float64))
    pairs = zip(schema.columns, columns, strict=True)
    return of_arrays(schema, [values.from_json(column, have) for column, have in pairs])


def of_arrays(schema: RawSchema, arrays: Sequence[pa.Array]) -> Batch:
    """A batch from arrays that `values` has checked."""
    rows = len(arrays[0]) if arrays else 0
    if schema.block:
        block = np.empty((len(arrays), rows), np.float64)
        for i, array in enumerate(arrays):
            block[i] = array.to_numpy(zero_copy_only=False)
        return Batch(rows, block=block)
    return Batch(rows, arrays=tuple(arrays))


def join(batches: Sequence[Batch]) -> Batch:
    """All rows in one batch, in order."""
    if len(batches) == 1:
        return batches[0]
    rows = sum(batch.rows for batch in batches)
    blocks = [batch.block for batch in batches if batch.block is not None]
    if blocks:
        return Batch(rows, block=np.concatenate(blocks, axis=1))
    parts = zip(*(batch.arrays or () for batch in batches), strict=True)
    return Batch(rows, arrays=tuple(pa.concat_arrays(list(part)) for part in parts))


def to_table(schema: RawSchema, batch: Batch, *, encode: bool = True) -> pa.Table:
    """The rows as an Arrow table in the schema's types.

    Args:
        encode: whether dictionary columns are encoded, or hold their values plainly.
    """
    if batch.block is not None:
        arrays = [pa.array(row, from_pandas=True) for row in batch.block]
    else:
        arrays = list(batch.arrays or ())
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
            columns = dict(zip(schema.names, batch.block, strict=True))
            found = model.predict_columns(columns, batch.rows)
        return found

    return predict
