"""Rows as they are: JSON records or columns, and Arrow IPC streams, in and out.

Pure. The one format without any loss is Arrow; it is what batches should use.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pyarrow as pa

from jupyter_kf.serving import batch, refusals, v1, values, wire
from jupyter_kf.serving.schema import RawSchema

ARROW = "application/vnd.apache.arrow.stream"


def decode(schema: RawSchema, identity: wire.Identity, body: bytes, head: wire.Head) -> wire.Asked:
    """A request of ``/rows``, as JSON or Arrow by its content type.

    Raises:
        RequestError: kf-23xx.
    """
    if head.media == ARROW:
        return _decode_arrow(schema, identity, body, head)
    if head.media not in ("application/json", ""):
        raise refusals.wrong_media(head.media, f"application/json or {ARROW}")
    asked = wire.parse(body)
    rows, extra, request_id = asked, 0, head.request_id
    if type(asked) is dict and "rows" in asked and "rows" not in schema.keys:
        wire.only_keys(asked, ("rows", "id"), "the request")
        rows, extra = asked["rows"], len(asked)
        request_id = wire.text_of(asked.get("id"), "`id`") or request_id
    if type(rows) is dict and rows and not any(type(v) is list for v in rows.values()):
        rows = [rows]  # one record
    wire.refuse_duplicate_keys(body, extra + wire.pairs_of_rows(rows))
    columns = v1.columns_of(schema, rows)

    def answer(outputs: wire.Outputs) -> wire.Answer:
        said: dict[str, Any] = {"model_name": identity.name, "model_version": str(identity.version)}
        if request_id:
            said["id"] = request_id
        said["outputs"] = {name: wire.json_values(array) for name, array in outputs.items()}
        said["datatypes"] = {name: identity.outputs[name][0] for name in outputs}
        said["classes"] = identity.classes
        return wire.dump(said), [wire.JSON]

    return wire.Asked(batch.of_lists(schema, columns), answer, request_id)


def _decode_arrow(
    schema: RawSchema, identity: wire.Identity, body: bytes, head: wire.Head
) -> wire.Asked:
    table = _read(body)
    names = table.schema.names
    for name in names:
        if name not in schema.keys:
            raise refusals.unknown_column(name, schema.keys)
        if names.count(name) > 1:
            raise refusals.duplicate(name)
    if len(names) < len(schema.names):
        raise refusals.missing_columns(schema.names, names)
    if not table.num_rows:
        raise refusals.no_rows()
    try:
        arrays = [
            values.from_arrow(column, _one(table.column(column.name))) for column in schema.columns
        ]
    except UnicodeDecodeError as error:  # in a type's own text, which Arrow does not validate
        raise refusals.bad_arrow(f"a type's text is not UTF-8: {error.reason}") from None

    def answer(outputs: wire.Outputs) -> wire.Answer:
        return to_arrow(outputs, identity, head.request_id), [(b"content-type", ARROW.encode())]

    return wire.Asked(batch.of_arrays(schema, arrays), answer, head.request_id)


def _read(body: bytes) -> pa.Table:
    stream = io.BytesIO(body)
    try:
        with pa.ipc.open_stream(stream) as reader:
            table = reader.read_all()
        table.validate(full=True)
        _ = table.schema.names  # one that is not UTF-8 raises here
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise refusals.bad_arrow(str(error).split("\n")[0]) from None
    if stream.tell() != len(body):
        raise refusals.bad_arrow(f"{len(body) - stream.tell()} bytes follow its end")
    return table


def _one(chunks: pa.ChunkedArray) -> pa.Array:
    return chunks.chunk(0) if chunks.num_chunks == 1 else chunks.combine_chunks()


def to_arrow(outputs: wire.Outputs, identity: wire.Identity, request_id: str = "") -> bytes:
    """Outputs as an Arrow IPC stream; who answered stands in the schema's metadata."""
    who = {
        "model_name": identity.name,
        "model_version": str(identity.version),
        "model_digest": identity.digest,
        "classes": wire.dump(identity.classes).decode(),
        "id": request_id,
    }
    return stream_bytes(outputs_table(outputs).replace_schema_metadata(who))


def stream_bytes(table: pa.Table) -> bytes:
    """A table as an Arrow IPC stream."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def outputs_table(outputs: wire.Outputs) -> pa.Table:
    """(n_rows,) outputs as columns, (n_rows, k) ones as fixed-size lists."""
    columns = {}
    for name, array in outputs.items():
        flat = np.ascontiguousarray(array).reshape(-1)
        column = pa.array(flat)
        for width in reversed(array.shape[1:]):
            column = pa.FixedSizeListArray.from_arrays(column, width)
        columns[name] = column
    return pa.table(columns)


def outputs_of(table: pa.Table) -> dict[str, np.ndarray[Any, Any]]:
    """The inverse of `outputs_table`."""
    found = {}
    for name in table.column_names:
        column, shape = _one(table.column(name)), [table.num_rows]
        while pa.types.is_fixed_size_list(column.type):
            shape.append(column.type.list_size)
            column = column.flatten()
        found[name] = column.to_numpy(zero_copy_only=False).reshape(shape)
    return found
