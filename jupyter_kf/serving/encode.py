"""Rows as a client sends them, in each of the forms that the protocols read, and the answers.

Pure. The proof, the client and the tests send what is made here; each form keeps every bit, and
`can_travel` says which rows a form has no way to write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from jupyter_kf.serving import rows, v2, values, wire
from jupyter_kf.serving.schema import RawSchema

Headers = dict[str, str]


@dataclass(frozen=True)
class Form:
    """One way to write rows.

    Attributes:
        suffix: of the path, after the model's.
        write: table in the schema's types -> body and headers.
    """

    name: str
    suffix: str
    write: Callable[[RawSchema, pa.Table], tuple[bytes, Headers]]


def records(schema: RawSchema, table: pa.Table) -> tuple[bytes, Headers]:
    """``{"rows": [{column: value}]}``."""
    columns = [values.to_json(_one(table, i)) for i in range(len(schema))]
    listed = [dict(zip(schema.names, row, strict=True)) for row in zip(*columns, strict=True)]
    return wire.dump({"rows": listed}), {"content-type": "application/json"}


def tensors_json(schema: RawSchema, table: pa.Table) -> tuple[bytes, Headers]:
    """Open Inference tensors with their data in JSON."""
    inputs = [
        {
            "name": column.name,
            "datatype": column.datatype,
            "shape": [table.num_rows],
            "data": values.to_json(_one(table, i)),
        }
        for i, column in enumerate(schema.columns)
    ]
    return wire.dump({"inputs": inputs}), {"content-type": "application/json"}


def tensors_binary(schema: RawSchema, table: pa.Table) -> tuple[bytes, Headers]:
    """Open Inference tensors with their data in binary, asking for binary outputs."""
    inputs, parts = [], []
    for i, column in enumerate(schema.columns):
        array = _one(table, i)
        if column.datatype == "BYTES":
            data = v2.tensor_bytes(np.array(values.to_json(array), dtype=object))
        else:
            data = v2.tensor_bytes(array.to_numpy(zero_copy_only=False).astype(column.numpy))
        inputs.append(
            {
                "name": column.name,
                "datatype": column.datatype,
                "shape": [table.num_rows],
                "parameters": {"binary_data_size": len(data)},
            }
        )
        parts.append(data)
    text = wire.dump({"inputs": inputs, "parameters": {"binary_data_output": True}})
    headers = {
        "content-type": "application/octet-stream",
        "inference-header-content-length": str(len(text)),
    }
    return b"".join([text, *parts]), headers


def arrow(_schema: RawSchema, table: pa.Table) -> tuple[bytes, Headers]:
    """An Arrow IPC stream."""
    return rows.stream_bytes(table), {"content-type": rows.ARROW}


FORMS = (
    Form("v2 JSON", "/infer", tensors_json),
    Form("v2 binary", "/infer", tensors_binary),
    Form("rows JSON", "/rows", records),
    Form("Arrow", "/rows", arrow),
)


def can_travel(schema: RawSchema, table: pa.Table, form: Form, *, nan_is_null: bool) -> list[int]:
    """Positions of the rows that a form can write.

    Args:
        nan_is_null: whether the model takes NaN for null, as pandas does; tensors have no null.
    """
    if form.write is arrow:
        return list(range(table.num_rows))
    keep = np.ones(table.num_rows, dtype=bool)
    for i, column in enumerate(schema.columns):
        array = _one(table, i)
        if column.kind == "null" and form.write is tensors_binary:
            return []
        if column.kind == "other" and form.write is not records:  # no tensor type, null or not
            return []
        if column.kind == "other":
            keep &= pc.is_null(array).to_numpy(zero_copy_only=False)
        elif form.write is tensors_binary and not (column.kind == "float" and nan_is_null):
            keep &= pc.is_valid(array).to_numpy(zero_copy_only=False)
    return [int(i) for i in np.flatnonzero(keep)]


def read_outputs(headers: Mapping[str, str], content: bytes) -> dict[str, np.ndarray[Any, Any]]:
    """Outputs of any of the forms' responses, as typed as the form allows."""
    if headers.get("content-type") == rows.ARROW:
        return rows.outputs_of(pa.ipc.open_stream(content).read_all())
    length = int(headers.get("inference-header-content-length", len(content)))
    said = orjson.loads(content[:length])
    if isinstance(said["outputs"], dict):
        return _typed(said)
    found, at = {}, length
    for tensor in said["outputs"]:
        size = tensor.get("parameters", {}).get("binary_data_size")
        if size is None:
            found[tensor["name"]] = _array(tensor["data"], tensor["datatype"], tensor["shape"])
        else:
            data = content[at : at + size]
            found[tensor["name"]] = v2.read_tensor(data, tensor["datatype"], tensor["shape"])
            at += size
    return found


def read_identity(headers: Mapping[str, str], content: bytes) -> tuple[list[Any] | None, str, int]:
    """Classes, model name and version of an answer of ``/rows``."""
    if headers.get("content-type") == rows.ARROW:
        who = pa.ipc.open_stream(content).schema.metadata
        said = {key.decode(): value.decode() for key, value in who.items()}
        return orjson.loads(said["classes"]), said["model_name"], int(said["model_version"])
    found = orjson.loads(content)
    return found["classes"], found["model_name"], int(found["model_version"])


def _array(data: Any, datatype: str, shape: Sequence[int]) -> np.ndarray[Any, Any]:
    if datatype == "BYTES":
        return np.array(data, dtype=np.str_).reshape(shape)
    return np.array(_numbers(data), v2.NUMPY[datatype]).reshape(shape)


def _typed(said: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    kinds = said["datatypes"]
    return {
        name: np.array(data, np.str_)
        if kinds[name] == "BYTES"
        else np.array(_numbers(data), v2.NUMPY[kinds[name]])
        for name, data in said["outputs"].items()
    }


def _numbers(data: Any) -> Any:
    if isinstance(data, list):
        return [_numbers(value) for value in data]
    if data is None:
        return float("nan")
    return {"Infinity": float("inf"), "-Infinity": float("-inf")}.get(data, data)


def _one(table: pa.Table, i: int) -> pa.Array:
    chunks = table.column(i)
    return chunks.chunk(0) if chunks.num_chunks == 1 else chunks.combine_chunks()
