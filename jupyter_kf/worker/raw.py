"""Are raw rows what a model without a transform was trained on? Strictly, column by column.

With a transform, the transform checks its own input; without one the same rules hold here: every
column of the schema is there, and its values are of the schema's type or fit it without loss.
Standard library only at import.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jupyter_kf.errors import ModelError, did_you_mean

if TYPE_CHECKING:
    import pyarrow as pa


def as_table(rows: Any, schema: pa.Schema) -> pa.Table:
    """Raw rows as a table of exactly the schema's columns and types.

    Args:
        rows: pandas or polars frame, Arrow table or record batch, or a mapping of columns.
        schema: the columns a model was trained on; further columns are left out.

    Raises:
        ModelError: kf-2616 a column is missing, kf-2617 its values do not fit its type.
    """
    import pyarrow as pa

    from jupyter_kf.worker.tables import side

    columns = _columns(rows)
    dtypes = (side(schema) or {}).get("dtypes", {})
    arrays = []
    for field in schema:
        if field.name not in columns:
            raise ModelError(
                2616,
                f"rows have no column `{field.name}`",
                cause=did_you_mean(field.name, map(str, columns)),
                fix="pass every column that the model was trained on",
            )
        values = _fitted(columns[field.name], field)
        if values.null_count and dtypes.get(field.name, "").startswith(("int", "uint", "bool")):
            raise ModelError(
                2617,
                f"column `{field.name}` has {values.null_count} missing values",
                cause=f"the model was trained on {dtypes[field.name]} without any",
                fix="fill them first, or train on data in which they are missing as well",
            )
        arrays.append(values)
    return pa.Table.from_arrays(arrays, schema=schema)


def _columns(rows: Any) -> Mapping[str, Any]:
    import pyarrow as pa

    if isinstance(rows, Mapping):
        return rows
    if isinstance(rows, pa.Table | pa.RecordBatch):
        return {name: rows.column(i) for i, name in enumerate(rows.schema.names)}
    if hasattr(rows, "to_arrow"):
        rows = rows.to_arrow()
        return {name: rows.column(name) for name in rows.column_names}
    return {str(name): rows[name] for name in rows.columns}


def _fitted(values: Any, field: pa.Field) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        if not isinstance(values, pa.Array | pa.ChunkedArray):
            from_pandas = type(values).__module__.startswith("pandas")
            values = pa.array(values, from_pandas=from_pandas)
        if pa.types.is_dictionary(values.type) and not pa.types.is_dictionary(field.type):
            values = pc.cast(values, values.type.value_type)
        if not _same_family(values.type, field.type):
            raise pa.ArrowInvalid(f"{values.type} values are no {field.type}")
        if values.type != field.type:
            values = values.cast(field.type, safe=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise ModelError(
            2617,
            f"column `{field.name}` does not hold {field.type}",
            cause=str(error).partition("\n")[0][:300],
            fix=f"pass it as {field.type}, as the model was trained",
        ) from error
    return values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])


def _same_family(have: pa.DataType, want: pa.DataType) -> bool:
    """Numbers to numbers and text to text; a cast between families is a guess, not a fit."""
    import pyarrow.types as t

    if t.is_null(have) or have == want:
        return True
    if t.is_dictionary(want):
        want = want.value_type
    if t.is_dictionary(have):
        have = have.value_type
    families = (
        lambda k: t.is_integer(k) or t.is_floating(k) or t.is_decimal(k),
        lambda k: t.is_string(k) or t.is_large_string(k) or t.is_string_view(k),
        lambda k: t.is_timestamp(k) or t.is_date(k),
        lambda k: t.is_binary(k) or t.is_large_binary(k),
        t.is_duration,
        t.is_time,
        t.is_boolean,
        t.is_nested,
    )
    return any(family(have) and family(want) for family in families)
