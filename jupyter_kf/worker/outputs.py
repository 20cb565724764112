"""What does a model give back: arrays by name, their description, and their Arrow form.

Standard library only at import; numpy and pyarrow inside functions.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jupyter_kf.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    Array = np.ndarray[Any, Any]

Outputs = Mapping[str, "Array"]

TEXT = "str"
"""dtype of a text output, whatever the width of numpy's own text arrays."""


def tidy(raw: Mapping[str, Any], n: int) -> dict[str, Array]:
    """Raw predictions as C-contiguous arrays of numbers, booleans or text.

    Args:
        raw: arrays, Series or lists by name.
        n: how many rows were asked for.

    Raises:
        ModelError: kf-2616, a prediction that has no row for each row, or holds objects.
    """
    return {name: _array(name, value, n) for name, value in raw.items()}


def _array(name: str, value: Any, n: int) -> Array:
    import numpy as np

    array = value if type(value) is np.ndarray else np.asarray(value)
    if array.dtype.kind == "O":
        if not all(isinstance(item, str) for item in array.ravel()):
            raise _unusable(name, "it holds Python objects that are not text")
        array = array.astype(np.str_)
    elif array.dtype.kind not in "fiubUM":
        raise _unusable(name, f"it is an array of {array.dtype}")
    if array.ndim == 0 or len(array) != n:
        raise _unusable(name, f"its shape is {array.shape} for {n} rows")
    return array if array.flags.c_contiguous else np.ascontiguousarray(array)


def describe(arrays: Outputs) -> list[dict[str, Any]]:
    """``[{"name", "dtype", "shape": [-1, ...]}]`` for the manifest."""
    return [
        {
            "name": name,
            "dtype": TEXT if array.dtype.kind == "U" else str(array.dtype),
            "shape": [-1, *array.shape[1:]],
        }
        for name, array in arrays.items()
    ]


def empty(described: Sequence[Mapping[str, Any]]) -> dict[str, Array]:
    """The outputs of no rows."""
    import numpy as np

    return {
        one["name"]: np.empty(
            (0, *one["shape"][1:]), np.str_ if one["dtype"] == TEXT else np.dtype(one["dtype"])
        )
        for one in described
    }


def take(arrays: Outputs, index: Any) -> dict[str, Array]:
    """Some rows of every output."""
    return {name: array[index] for name, array in arrays.items()}


def join(pieces: Sequence[Outputs]) -> dict[str, Array]:
    """Pieces one below the other; at least one."""
    import numpy as np

    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def to_table(arrays: Outputs) -> pa.Table:
    """One Arrow column per output; rows of more than one number are fixed-size lists."""
    import pyarrow as pa

    columns = {}
    for name, array in arrays.items():
        flat = pa.array(array.ravel().tolist() if array.dtype.kind == "U" else array.ravel())
        for width in reversed(array.shape[1:]):
            flat = pa.FixedSizeListArray.from_arrays(flat, width)
        columns[name] = flat
    return pa.table(columns)


def from_table(table: pa.Table, described: Sequence[Mapping[str, Any]]) -> dict[str, Array]:
    """The inverse of `to_table`, bit for bit."""
    import numpy as np

    arrays = {}
    for one in described:
        column = table.column(one["name"]).combine_chunks()
        shape = (len(column), *one["shape"][1:])
        for _ in one["shape"][1:]:
            column = column.flatten()
        if one["dtype"] == TEXT:
            array = np.array(column.to_pylist(), dtype=np.str_)
        else:
            array = column.to_numpy(zero_copy_only=False).astype(one["dtype"], copy=False)
        arrays[one["name"]] = np.ascontiguousarray(array.reshape(shape))
    return arrays


def flat_columns(
    described: Sequence[Mapping[str, Any]], classes: Sequence[Any] | None
) -> dict[str, tuple[str, tuple[int, ...] | None, str]]:
    """Columns of a file of predictions: column name -> (output, position in its row, dtype).

    ``probability`` of classes "no" and "yes" becomes `probability_no` and `probability_yes`.
    """
    import numpy as np

    columns: dict[str, tuple[str, tuple[int, ...] | None, str]] = {}
    for one in described:
        name, shape, dtype = one["name"], tuple(one["shape"][1:]), one["dtype"]
        if not shape:
            columns[name] = (name, None, dtype)
            continue
        for place in np.ndindex(*shape):
            label = "_".join(str(i) for i in place)
            if name == "probability" and classes and len(place) == 1:
                label = str(classes[place[0]])
            columns[f"{name}_{label}"] = (name, place, dtype)
    return columns


def write_ipc(table: pa.Table) -> bytes:
    """An Arrow IPC file, uncompressed, as bytes."""
    import pyarrow as pa

    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def read_ipc(data: bytes) -> pa.Table:
    """The table in an Arrow IPC file."""
    import pyarrow as pa

    return pa.ipc.open_file(pa.BufferReader(data)).read_all()


def _unusable(name: str, cause: str) -> ModelError:
    return ModelError(
        2616,
        f"the model's `{name}` can't be used as a prediction",
        cause=cause,
        fix="predict must return one number, text or row of numbers for each row of X",
    )
