"""The Open Inference Protocol, version 2: each input tensor is a column of the raw rows.

Source: Open Inference Protocol, HTTP/REST; Triton's binary tensor data extension. Pure.
Where all columns are numbers, one tensor of shape [rows, columns] is read too.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from jupyter_kf.serving import batch, refusals, values, wire
from jupyter_kf.serving.schema import Column, RawSchema

NUMPY = {
    "BOOL": "?",
    "INT8": "<i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "UINT8": "<u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
_DATATYPES = (*NUMPY, "BYTES")
_INPUT_KEYS = ("name", "shape", "datatype", "parameters", "data")
_REQUEST_KEYS = ("id", "parameters", "inputs", "outputs", "model_name", "model_version")
_JSON_LENGTH = b"inference-header-content-length"


def datatype_of(dtype: np.dtype[Any]) -> str:
    """The protocol's name of a numpy type; text and times are BYTES."""
    for name, code in NUMPY.items():
        if np.dtype(code) == dtype.newbyteorder("<"):
            return name
    return "BYTES"


def decode(schema: RawSchema, identity: wire.Identity, body: bytes, head: wire.Head) -> wire.Asked:
    """A request of ``infer``.

    Raises:
        RequestError: kf-23xx.
    """
    text, binary = _parts(body, head)
    asked = wire.parse(text)
    if type(asked) is not dict or type(asked.get("inputs")) is not list:
        raise refusals.bad_shape("the request has no inputs", '{"inputs": [tensor, ...]}')
    wire.refuse_duplicate_keys(text, wire.count_pairs(asked))
    wire.only_keys(asked, _REQUEST_KEYS, "the request")
    if asked.get("model_name", identity.name) != identity.name:  # as KServe's client repeats it
        raise refusals.bad_shape("model_name is another model's", identity.name)
    tensors = _tensors(asked["inputs"], binary)
    rows = _batch(schema, tensors)
    request_id = wire.text_of(asked.get("id"), "`id`")
    wanted = _wanted(asked, identity)

    def answer(outputs: wire.Outputs) -> wire.Answer:
        return _answer(identity, request_id, wanted, outputs)

    return wire.Asked(rows, answer, request_id or head.request_id)


def _parts(body: bytes, head: wire.Head) -> tuple[bytes, memoryview]:
    if head.json_bytes is None:
        return body, memoryview(b"")
    if head.json_bytes > len(body):
        raise refusals.bad_binary("the JSON part", f"{head.json_bytes} bytes", str(len(body)))
    return body[: head.json_bytes], memoryview(body)[head.json_bytes :]


class _Tensor:
    """One input: `data` holds JSON values, `array` what came in binary."""

    __slots__ = ("array", "data", "datatype", "name", "shape")

    def __init__(self, name: str, datatype: str, shape: list[int]) -> None:
        self.name, self.datatype, self.shape = name, datatype, shape
        self.data: list[Any] | None = None
        self.array: np.ndarray[Any, Any] | None = None

    def values(self) -> Any:
        return self.data if self.array is None else self.array


def _tensors(inputs: list[Any], binary: memoryview) -> list[_Tensor]:
    found: list[_Tensor] = []
    at = 0
    for i, asked in enumerate(inputs):
        tensor = _tensor(i, asked)
        length = _binary_length(tensor.name, asked)
        if length is None:
            tensor.data = _flat(tensor, asked.get("data"))
        else:
            if at + length > len(binary):
                left = str(len(binary) - at)
                raise refusals.bad_binary(f"input `{tensor.name}`", f"{length} bytes", left)
            tensor.array, tensor.data = _from_bytes(tensor, binary[at : at + length])
            at += length
        found.append(tensor)
    if at != len(binary):
        raise refusals.bad_binary("the binary part", f"{at} bytes", str(len(binary)))
    return found


def _tensor(i: int, asked: Any) -> _Tensor:
    if type(asked) is not dict:
        raise refusals.bad_shape(f"input {i} is {refusals.describe(asked)}", "a tensor object")
    name, datatype, shape = asked.get("name"), asked.get("datatype"), asked.get("shape")
    if type(name) is not str:
        raise refusals.bad_shape(f"input {i} has no name", "the name of a column")
    wire.only_keys(asked, _INPUT_KEYS, f"input `{name[:100]}`")
    if type(datatype) is not str or datatype not in _DATATYPES:
        known = ", ".join(_DATATYPES)
        raise refusals.wrong_type(name[:100], None, f"one of the datatypes {known}", datatype)
    if (
        type(shape) is not list
        or not 1 <= len(shape) <= 2
        or not all(type(n) is int and 0 <= n < 1 << 40 for n in shape)
    ):
        raise refusals.ragged(f"input `{name[:100]}`", "the shape [rows]", str(shape)[:60])
    return _Tensor(name, datatype, shape)


def _binary_length(name: str, asked: Mapping[str, Any]) -> int | None:
    parameters = asked.get("parameters")
    if parameters is None:
        return None
    if type(parameters) is not dict:
        raise refusals.bad_shape(f"input `{name[:100]}`: parameters are no object", "an object")
    length = parameters.get("binary_data_size")
    if length is None:
        return None
    if type(length) is not int or length < 0 or "data" in asked:
        expected = "a count of bytes, and no data in JSON"
        raise refusals.bad_binary(f"binary_data_size of `{name[:100]}`", expected, str(length)[:40])
    return length


def _flat(tensor: _Tensor, data: Any) -> list[Any]:
    """JSON data in row-major order; nested lists must have just the shape that is declared."""
    what = f"input `{tensor.name[:100]}`"
    if type(data) is not list:
        raise refusals.bad_shape(f"{what} has no data", "a list of values")
    shape = tensor.shape
    if len(shape) == 2 and data and type(data[0]) is list:
        if len(data) != shape[0]:
            raise refusals.ragged(what, f"{shape[0]} rows", str(len(data)))
        for row in data:
            if type(row) is not list or len(row) != shape[1]:
                got = f"{len(row)} of them" if type(row) is list else refusals.describe(row)
                raise refusals.ragged(what, f"rows of {shape[1]} values", got)
        return [value for row in data for value in row]
    count = shape[0] if len(shape) == 1 else shape[0] * shape[1]
    if len(data) != count:
        raise refusals.ragged(what, f"{count} values for its shape {shape}", str(len(data)))
    return data


def _from_bytes(
    tensor: _Tensor, data: memoryview
) -> tuple[np.ndarray[Any, Any] | None, list[Any] | None]:
    count = tensor.shape[0] if len(tensor.shape) == 1 else tensor.shape[0] * tensor.shape[1]
    what = f"input `{tensor.name[:100]}`"
    if tensor.datatype == "BYTES":
        return None, _texts(what, data, count)
    code = np.dtype(NUMPY[tensor.datatype])
    if len(data) != count * code.itemsize:
        expected = f"{count * code.itemsize} bytes for its shape {tensor.shape}"
        raise refusals.bad_binary(what, expected, str(len(data)))
    if tensor.datatype == "BOOL" and count and np.frombuffer(data, np.uint8).max() > 1:
        raise refusals.wrong_type(tensor.name[:100], None, "bytes 0 and 1", "another byte")
    return np.frombuffer(data, code), None


def _texts(what: str, data: memoryview, count: int) -> list[str]:
    found: list[str] = []
    at = 0
    while at < len(data) and len(found) <= count:
        if at + 4 > len(data):
            raise refusals.bad_binary(what, "a length of 4 bytes", str(len(data) - at))
        (length,) = struct.unpack_from("<I", data, at)
        at += 4
        if at + length > len(data):
            raise refusals.bad_binary(what, f"a text of {length} bytes", str(len(data) - at))
        try:
            found.append(str(data[at : at + length], "utf-8"))
        except UnicodeDecodeError:
            raise refusals.bad_text(f"{what}, value {len(found)},") from None
        at += length
    if len(found) != count:
        raise refusals.bad_binary(what, f"{count} texts", f"{len(found)} or more")
    return found


def _batch(schema: RawSchema, tensors: Sequence[_Tensor]) -> batch.Batch:
    if not tensors:
        raise refusals.no_rows()
    if len(tensors) == 1 and len(tensors[0].shape) == 2 and _is_matrix(schema, tensors[0]):
        return _matrix(schema, tensors[0])
    by_name: dict[str, _Tensor] = {}
    for tensor in tensors:
        if tensor.name not in schema.keys:
            raise refusals.unknown_column(tensor.name, schema.keys)
        if tensor.name in by_name:
            raise refusals.duplicate(tensor.name)
        if len(tensor.shape) == 2 and tensor.shape[1] != 1:
            expected = "the shape [rows] or [rows, 1]"
            raise refusals.ragged(f"input `{tensor.name}`", expected, str(tensor.shape))
        if tensor.shape[0] != tensors[0].shape[0]:
            rows = f"{tensors[0].shape[0]} rows as in `{tensors[0].name}`"
            raise refusals.ragged(f"input `{tensor.name}`", rows, str(tensor.shape[0]))
        by_name[tensor.name] = tensor
    if len(by_name) < len(schema):
        raise refusals.missing_columns(schema.names, by_name)
    if not tensors[0].shape[0]:
        raise refusals.no_rows()
    if schema.block and all(t.data is not None and t.datatype == "FP64" for t in tensors):
        return batch.of_lists(schema, [by_name[name].data or [] for name in schema.names])
    return batch.of_arrays(
        schema,
        [
            _column(column, by_name[column.name].datatype, by_name[column.name].values())
            for column in schema.columns
        ],
    )


def _is_matrix(schema: RawSchema, tensor: _Tensor) -> bool:
    return schema.numeric and (tensor.shape[1] != 1 or tensor.name not in schema.keys)


def _matrix(schema: RawSchema, tensor: _Tensor) -> batch.Batch:
    rows, width = tensor.shape
    if width != len(schema):
        expected = f"{len(schema)} columns"
        raise refusals.ragged(f"input `{tensor.name[:100]}`", expected, str(width))
    if not rows:
        raise refusals.no_rows()
    held = tensor.values()
    columns = [held[i::width] for i in range(width)]
    pairs = zip(schema.columns, columns, strict=True)
    return batch.of_arrays(schema, [_column(c, tensor.datatype, have) for c, have in pairs])


def _column(column: Column, datatype: str, held: Any) -> pa.Array:
    """Values of a declared datatype as the column's array: the same by JSON and by binary."""
    _compatible(column, datatype)
    if isinstance(held, np.ndarray):
        return values.from_numpy(column, held)
    if datatype in ("FP16", "FP32"):
        array, nulls = _rounded(column, datatype, held)
        return values.from_numpy(column, array, nulls)
    if "INT" in datatype:
        limits = np.iinfo(np.dtype(NUMPY[datatype]))
        low, high = int(limits.min), int(limits.max)
        for row, value in enumerate(held):
            if value is None:
                continue
            if type(value) is not int:
                raise refusals.wrong_type(column.name, row, datatype, value)
            if not low <= value <= high:
                raise refusals.not_exact(column.name, row, datatype, value)
    return values.from_json(column, held)


def _compatible(column: Column, datatype: str) -> None:
    wants = {"bool": "BOOL", "text": "BYTES", "time": "BYTES", "null": datatype}
    numbers = column.kind in ("int", "float") and datatype not in ("BOOL", "BYTES")
    if column.kind == "other":
        raise refusals.arrow_only(column.name, column.shown)
    if not numbers and wants.get(column.kind) != datatype:
        expected = f"a tensor of {column.datatype} ({column.shown})"
        raise refusals.wrong_type(column.name, None, expected, datatype)


def _rounded(
    column: Column, datatype: str, held: Sequence[Any]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]:
    """JSON numbers rounded to the float type that was declared for them."""
    for row, value in enumerate(held):
        if not (value is None or type(value) in (int, float) or _not_finite(value)):
            raise refusals.wrong_type(column.name, row, datatype, value)
    nulls = np.array([value is None for value in held])
    plain = [0.0 if v is None else values.NOT_FINITE.get(v, v) for v in held]
    try:
        wide = np.array(plain, np.float64)
    except OverflowError:
        row = next(i for i, v in enumerate(plain) if type(v) is int and abs(v) > 1 << 1000)
        raise refusals.not_exact(column.name, row, datatype, plain[row]) from None
    with np.errstate(over="ignore"):
        narrow = wide.astype(NUMPY[datatype])
    lost = np.isinf(narrow) & np.isfinite(wide)
    if lost.any():
        row = int(np.flatnonzero(lost)[0])
        raise refusals.not_exact(column.name, row, datatype, plain[row])
    return narrow, nulls if nulls.any() else None


def _not_finite(value: Any) -> bool:
    return type(value) is str and value in values.NOT_FINITE


def _wanted(asked: Mapping[str, Any], identity: wire.Identity) -> dict[str, bool]:
    """Which outputs were asked for, and whether each in binary."""
    parameters = asked.get("parameters") or {}
    if type(parameters) is not dict:
        raise refusals.bad_shape("parameters are no object", "an object")
    binary = parameters.get("binary_data_output") is True
    outputs = asked.get("outputs")
    if outputs is None or outputs == []:
        return dict.fromkeys(identity.outputs, binary)
    if type(outputs) is not list:
        raise refusals.bad_shape("outputs are no list", '[{"name": ...}, ...]')
    found = {}
    for output in outputs:
        if type(output) is not dict or type(output.get("name")) is not str:
            raise refusals.bad_shape("an output has no name", '[{"name": ...}, ...]')
        name, own = output["name"], output.get("parameters") or {}
        if name not in identity.outputs:
            raise refusals.unknown_output(name, identity.outputs)
        if name in found:
            raise refusals.duplicate(name)
        if type(own) is not dict:
            raise refusals.bad_shape("parameters are no object", "an object")
        found[name] = own["binary_data"] is True if "binary_data" in own else binary
    return found


def _answer(
    identity: wire.Identity, request_id: str, wanted: Mapping[str, bool], outputs: wire.Outputs
) -> wire.Answer:
    tensors, parts = [], []
    for name, binary in wanted.items():
        array = outputs[name]
        datatype = datatype_of(array.dtype)
        tensor: dict[str, Any] = {"name": name, "datatype": datatype, "shape": array.shape}
        if binary:
            data = tensor_bytes(array)
            tensor["parameters"] = {"binary_data_size": len(data)}
            parts.append(data)
        else:
            tensor["data"] = wire.json_values(array.reshape(-1))
        tensors.append(tensor)
    said: dict[str, Any] = {"model_name": identity.name, "model_version": str(identity.version)}
    if request_id:
        said["id"] = request_id
    said["outputs"] = tensors
    text = wire.dump(said)
    if not parts:
        return text, [wire.JSON]
    headers = [(b"content-type", b"application/octet-stream"), (_JSON_LENGTH, b"%d" % len(text))]
    return b"".join([text, *parts]), headers


def tensor_bytes(array: np.ndarray[Any, Any]) -> bytes:
    """A tensor as the binary extension writes it: little-endian, row-major, texts with lengths."""
    datatype = datatype_of(array.dtype)
    if datatype != "BYTES":
        return np.ascontiguousarray(array, dtype=NUMPY[datatype]).tobytes()
    texts = [str(value).encode() for value in wire.json_values(array.reshape(-1))]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def read_tensor(data: bytes, datatype: str, shape: Sequence[int]) -> np.ndarray[Any, Any]:
    """The inverse of `tensor_bytes`."""
    if datatype != "BYTES":
        return np.frombuffer(data, NUMPY[datatype]).reshape(shape)
    count = int(np.prod(shape))
    return np.array(_texts("tensor", memoryview(data), count), dtype=np.str_).reshape(shape)
