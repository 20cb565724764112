"""How does a frame become an Arrow table and come back exactly the same?

Arrow has no pandas dtypes, Parquet loses unused categories, and a batch without nulls would come
back with other dtypes than one with them. So what a column is in pandas stands beside the
table, decided once for the whole dataset. Standard library at import.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from jupyter_kf.errors import DataError
from jupyter_kf.worker import pandas_notes, readback

SIDE = b"jupyter_kf"
_PANDAS = b"pandas"


def to_table(frame: Any) -> Any:
    """A pandas or polars frame, or an Arrow table, as an Arrow table that can come back.

    Raises:
        DataError: kf-1401 not a frame, kf-1402 a column's name, kf-1403 mixed types in one
            column, kf-1404 an index that would be lost, kf-1405 a type that Arrow lacks.
    """
    module = type(frame).__module__.partition(".")[0]
    kind = type(frame).__name__
    if module == "pandas" and kind == "DataFrame":
        return _from_pandas(frame)
    if module == "polars" and kind in ("DataFrame", "LazyFrame"):
        frame = frame.collect() if kind == "LazyFrame" else frame
        check_names(frame.columns)
        return described(frame.to_arrow(), "polars")
    if module == "pyarrow" and hasattr(frame, "schema"):
        check_names(frame.schema.names)
        import pyarrow as pa

        table = pa.Table.from_batches([frame]) if isinstance(frame, pa.RecordBatch) else frame
        if side(table.schema):
            return table
        return described(pandas_notes.without_nameless_index(table), "pandas")
    raise DataError(
        1401,
        f"a {type(frame).__module__}.{kind} is no table of rows",
        cause="rows are taken from a pandas or polars DataFrame or a pyarrow Table",
        fix="make a frame of it first, as in pandas.DataFrame(...)",
    )


def to_frame(table: Any, kind: str = "pandas") -> Any:
    """The frame that a table was made from, or would have been: same dtypes for any subset.

    Args:
        kind: "pandas" or "polars".
    """
    facts = side(table.schema) or {}
    table = with_categories(table, facts.get("categories", {}))
    if kind == "polars":
        import polars as pl

        return pl.from_arrow(table.replace_schema_metadata(None))
    return _to_pandas(table, facts.get("dtypes", {}), facts.get("missing", {}))


def side(schema: Any) -> dict[str, Any] | None:
    """What stands beside a table: frame, dtypes, categories, missing; None when nothing does."""
    text = (schema.metadata or {}).get(SIDE)
    return json.loads(text) if text else None


def with_side(table: Any, facts: Mapping[str, Any]) -> Any:
    """The table, and beside it these facts; a schema works as well."""
    kept = dict((table.schema if hasattr(table, "schema") else table).metadata or {})
    kept[SIDE] = json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()
    change = getattr(table, "replace_schema_metadata", None) or table.with_metadata
    return change(kept)


def described(table: Any, frame: str) -> Any:
    """A table that was no pandas frame, with the pandas dtypes its whole content asks for."""
    plain, categories = without_categories(table)
    dtypes = {
        field.name: pandas_dtype(
            field.type,
            column.null_count > 0,
            column.null_count == 0 or pandas_notes.is_exact(column),
        )
        for field, column in zip(plain.schema, plain.columns, strict=True)
    }
    dtypes |= pandas_notes.dtypes(table.schema) | dict.fromkeys(categories, "category")
    metadata = {k: v for k, v in (plain.schema.metadata or {}).items() if k != _PANDAS}
    facts = {"frame": frame, "dtypes": dtypes, "categories": categories, "missing": {}}
    return with_side(plain.replace_schema_metadata(metadata), facts)


def pandas_dtype(arrow_type: Any, has_nulls: bool, exact: bool = True) -> str:
    """The dtype pandas gives an Arrow type; "" where it depends on nothing (left to pandas).

    Args:
        exact: whether its whole numbers are doubles; beside a null, others stay whole.
    """
    import pyarrow as pa

    if pa.types.is_integer(arrow_type):
        if has_nulls and not exact:
            return str(arrow_type).replace("u", "U").replace("i", "I", 1)
        return "float64" if has_nulls else str(arrow_type)
    if pa.types.is_boolean(arrow_type):
        return "object" if has_nulls else "bool"
    return ""


def without_categories(table: Any) -> tuple[Any, dict[str, Any]]:
    """Dictionary columns as plain values, and each one's domain."""
    import pyarrow as pa

    categories: dict[str, Any] = {}
    for i, field in enumerate(table.schema):
        if not pa.types.is_dictionary(field.type):
            continue
        column = table.column(i).unify_dictionaries() if table.num_rows else table.column(i)
        domain = (
            column.chunk(0).dictionary if column.num_chunks else pa.array([], field.type.value_type)
        )
        categories[field.name] = {"values": pack(domain), "ordered": bool(field.type.ordered)}
        plain = column.cast(field.type.value_type)
        table = table.set_column(
            i, pa.field(field.name, plain.type, metadata=field.metadata), plain
        )
    return table, categories


def with_categories(table: Any, categories: Mapping[str, Any]) -> Any:
    """Plain values as dictionary columns over their domains.

    Raises:
        DataError: kf-1406, a value outside its column's domain.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    for name, entry in categories.items():
        i = table.schema.get_field_index(name)
        if i < 0 or pa.types.is_dictionary(table.schema.field(i).type):
            continue
        domain, values = unpack(entry["values"]), table.column(i).combine_chunks()
        codes = pc.index_in(values.cast(domain.type), value_set=domain, skip_nulls=True)
        strange = pc.and_(codes.is_null(), values.is_valid())
        if pc.any(strange).as_py():
            raise DataError(
                1406,
                f"column `{name}` holds {values.filter(strange)[0].as_py()!r}, "
                "which is none of its categories",
                cause=f"its categories are {domain.to_pylist()[:8]}",
                fix="send one of them, or null; to take new ones, snapshot the column as text, "
                f"df.astype({{{name!r}: str}}), and make transform, model and endpoint again",
            )
        array = pa.DictionaryArray.from_arrays(codes, domain, ordered=entry["ordered"])
        field = table.schema.field(i)
        table = table.set_column(i, pa.field(name, array.type, metadata=field.metadata), array)
    return table


def only_columns(table: Any) -> Any:
    """The table with nothing beside it that tells of columns it no longer has."""
    facts = side(table.schema)
    if facts is None:
        return table
    names = set(table.column_names)
    for part in ("dtypes", "categories", "missing"):
        facts[part] = {name: value for name, value in facts[part].items() if name in names}
    metadata = dict(table.schema.metadata)
    if _PANDAS in metadata:
        held = json.loads(metadata[_PANDAS])
        held["columns"] = [column for column in held["columns"] if column["name"] in names]
        metadata[_PANDAS] = json.dumps(held, sort_keys=True).encode()
    return with_side(table.replace_schema_metadata(metadata), facts)


def pack(array: Any) -> str:
    """An Arrow array as text."""
    import pyarrow as pa

    out = pa.BufferOutputStream()
    batch = pa.record_batch([array], names=["v"])
    with pa.ipc.new_stream(out, batch.schema) as writer:
        writer.write_batch(batch)
    return base64.b64encode(out.getvalue().to_pybytes()).decode()


def unpack(text: str) -> Any:
    """The Arrow array of `pack`."""
    import pyarrow as pa

    column = pa.ipc.open_stream(base64.b64decode(text)).read_all().column(0)
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def check_names(names: Any) -> None:
    """Refuses column names that files, requests and reports can't hold.

    Raises:
        DataError: kf-1402.
    """
    seen: set[str] = set()
    for position, name in enumerate(names):
        if not isinstance(name, str):
            raise DataError(
                1402,
                f"column {position} is called {name!r}, which is no text but {type(name).__name__}",
                cause="Parquet and requests know columns by text",
                fix="df.columns = df.columns.map(str), or '_'.join for several levels",
            )
        if name in seen:
            raise DataError(
                1402,
                f"two columns are called `{name}`",
                cause="a column is found by its name",
                fix="rename one, or keep the first: df.loc[:, ~df.columns.duplicated()]",
            )
        seen.add(name)


def _from_pandas(frame: Any) -> Any:
    import pandas as pd
    import pyarrow as pa

    check_names(frame.columns)
    frame = _index_as_columns(frame, pd)
    missing = {name: readback.missing(frame[name], name) for name in _objects(frame)}
    if frame.attrs:
        frame = frame.copy(deep=False)
        frame.attrs = {}
    try:
        table, categories = without_categories(pa.Table.from_pandas(frame, preserve_index=False))
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise _no_arrow(frame, error) from None
    dtypes = {name: str(dtype) for name, dtype in frame.dtypes.items()}
    facts = {"frame": "pandas", "dtypes": dtypes, "categories": categories, "missing": missing}
    pandas_part = json.loads(table.schema.metadata[_PANDAS])
    for unsteady in ("creator", "attributes", "pandas_version"):
        pandas_part.pop(unsteady, None)
    table = table.replace_schema_metadata({_PANDAS: json.dumps(pandas_part, sort_keys=True)})
    table = with_side(table, facts)
    readback.prove(frame, table, to_frame)
    return table


def _index_as_columns(frame: Any, pd: Any) -> Any:
    """Named levels become columns; a nameless numbering is dropped; anything else is refused."""
    index = frame.index
    if all(name is not None for name in index.names):
        clash = [name for name in index.names if name in frame.columns]
        if clash:
            raise DataError(
                1404,
                f"the index and a column are both called `{clash[0]}`",
                cause="a named index is kept as a column",
                fix=f"df.rename_axis(None), or drop the column `{clash[0]}`",
            )
        check_names(index.names)
        return frame.reset_index()
    if index.nlevels == 1 and pd.api.types.is_integer_dtype(index.dtype):
        return frame if isinstance(index, pd.RangeIndex) else frame.reset_index(drop=True)
    raise DataError(
        1404,
        f"the frame's index ({index.dtype if index.nlevels == 1 else 'several levels'}) "
        "has no name and would be lost",
        cause="rows are stored as columns only",
        fix='name it, df.rename_axis("id"), or drop it, df.reset_index(drop=True)',
    )


def _objects(frame: Any) -> list[str]:
    return [name for name, dtype in frame.dtypes.items() if str(dtype) == "object"]


def _no_arrow(frame: Any, error: Exception) -> DataError:
    import pyarrow as pa

    for name in frame.columns:
        try:
            without_categories(pa.table({name: pa.Array.from_pandas(frame[name])}))
        except Exception as reason:
            return readback.no_form(name, frame[name].dtype, str(reason).partition("\n")[0])
    return readback.no_form(frame.columns[0], "and others", str(error).partition("\n")[0])


def _to_pandas(table: Any, dtypes: Mapping[str, str], missing: Mapping[str, str]) -> Any:
    import numpy as np
    import pandas as pd

    arrow = [name for name in table.column_names if dtypes.get(name, "").endswith("[pyarrow]")]
    if arrow:  # held as Arrow holds them; pandas can't read each one's name in the note
        held = {n: _extension(pd.ArrowDtype(table.field(n).type), table.column(n)) for n in arrow}
        rest = only_columns(table.drop_columns(arrow))
        found = _to_pandas(rest, dtypes, missing)
        made = {name: held[name] if name in held else found[name] for name in table.column_names}
        return pd.DataFrame(made, index=pd.RangeIndex(table.num_rows), copy=False)
    frame = table.to_pandas()
    fixed = {}
    for name, have in zip(frame.columns, frame.dtypes, strict=True):
        want = dtypes.get(name, "")
        as_recorded = not want or str(have) == want
        domain = getattr(table.schema.field(name).type, "value_type", None)
        if want == "category" and getattr(domain, "tz", None):
            fixed[name] = _zoned_categories(table.column(name))
            continue
        if as_recorded and (want != "object" or missing.get(name) != "nan"):
            continue
        if want == "object":
            values = table.column(name).to_pandas(strings_to_categorical=False).to_numpy(object)
            values = np.array(values, dtype=object)
            holes = pd.isna(frame[name]).to_numpy()
            values[holes] = float("nan") if missing.get(name) == "nan" else None
            fixed[name] = pd.Series(values, dtype=object)
        elif want == "category":
            fixed[name] = frame[name].astype("category")
        elif want in pandas_notes.MASKED:  # not by way of doubles
            fixed[name] = _extension(pd.api.types.pandas_dtype(want), table.column(name))
        else:
            fixed[name] = frame[name].astype(want)
    return frame.assign(**fixed) if fixed else frame


def _extension(dtype: Any, column: Any) -> Any:
    return dtype.__from_arrow__(column)


def _zoned_categories(column: Any) -> Any:
    """Categories that are times keep their zone; pyarrow's own way to pandas drops it."""
    import pandas as pd
    import pyarrow as pa

    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    domain = pd.DatetimeIndex(column.dictionary.to_pandas())
    return pd.Categorical.from_codes(codes, domain, ordered=column.type.ordered)


def comparable(table: Any) -> dict[str, Any]:
    """A table as arrays for `compare.compare_columns`: numbers as they are, others as objects."""
    import numpy as np

    found = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if str(column.type) in ("float", "double", "halffloat") or not column.null_count:
            array = column.to_numpy()
            found[name] = array if array.dtype.kind != "O" else _objects_of(column)
        else:
            found[name] = _objects_of(column)
        if found[name].dtype.kind in "Mm":
            found[name] = np.ascontiguousarray(found[name])
    return found


def _objects_of(column: Any) -> Any:
    import numpy as np

    made = np.empty(len(column), dtype=object)
    for i, value in enumerate(column.to_pylist()):
        made[i] = value
    return made
