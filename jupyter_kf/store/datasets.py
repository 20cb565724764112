"""A frame, files or a folder as one digest: the same data, the same digest.

Files are streamed, so that memory stays flat however large they are.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import DataError, did_you_mean
from jupyter_kf.layout import expanded
from jupyter_kf.store import csv_values
from jupyter_kf.worker import files, pandas_notes, tables
from jupyter_kf.worker.profile import profile

_ROW_GROUP = 131_072


@dataclass(frozen=True)
class Snapshot:
    """A stored dataset. `profile` is None for a folder of files."""

    digest: str
    manifest: dict[str, Any]
    profile_digest: str | None
    profile: dict[str, Any] | None


def snapshot_frame(blobs: Blobs, frame: Any, time: str | None = None) -> Snapshot:
    """Stores a pandas or polars frame, or a pyarrow Table.

    Args:
        time: column that orders the rows in time.

    Raises:
        DataError: kf-1401 to kf-1405 as `worker.tables.to_table`; kf-1410 no columns;
            kf-1411 no such time column.
    """
    table = tables.to_table(frame).combine_chunks()
    with tempfile.TemporaryDirectory(prefix="kf-snapshot-") as folder:
        path = Path(folder) / "part-0.parquet"
        with _Parts(path, table.schema) as part:
            part.write(table)
        files = {"part-0.parquet": _stored(blobs, path, table.num_rows)}
    facts = tables.side(table.schema) or {}
    nulls = [column.null_count for column in table.columns]
    manifest = _manifest(files, table.schema, nulls, facts, time)
    return _finish(blobs, manifest, table.schema, table.column)


def snapshot_files(blobs: Blobs, pattern: str, time: str | None = None) -> Snapshot:
    """Stores the rows of Parquet, CSV or Arrow files that match a glob, in order of their names.

    Raises:
        DataError: kf-1412 no file matches, kf-1413 a file of another kind, kf-1414 a file that
            can't be read, kf-1415 a file whose columns differ from the first's, kf-1425 categories
            in another order, kf-1426 whole numbers with too many digits.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    paths = files.matching(pattern)
    parts: dict[str, Any] = {}
    schema: Any = None
    nulls: list[int] = []
    exact: list[bool] = []
    noted: dict[str, str] = {}
    domains: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="kf-snapshot-") as folder:
        for n, path in enumerate(paths):
            rows, out, part = 0, Path(folder) / f"part-{n}.parquet", None
            for table, categories in _read(path):
                if schema is None:
                    noted = pandas_notes.dtypes(table.schema)
                    schema, nulls = table.schema.remove_metadata(), [0] * table.num_columns
                    exact = [True] * table.num_columns
                    tables.check_names(schema.names)
                table = _same_columns(table, schema, path, paths[0])
                part = part or _Parts(out, schema)
                part.write(table)
                rows += table.num_rows
                nulls = [a + c.null_count for a, c in zip(nulls, table.columns, strict=True)]
                exact = [
                    a and pandas_notes.is_exact(c)
                    for a, c in zip(exact, table.columns, strict=True)
                ]
                _merge(domains, categories, path, paths[0])
            if part is not None:
                part.close()
                parts[f"part-{n}.parquet"] = _stored(blobs, out, rows)
                out.unlink()
    dtypes = {
        field.name: tables.pandas_dtype(field.type, n > 0, whole)
        for field, n, whole in zip(schema, nulls, exact, strict=True)
    } | noted
    dtypes |= dict.fromkeys(domains, "category")
    facts = {"frame": "pandas", "dtypes": dtypes, "categories": domains, "missing": {}}
    manifest = _manifest(parts, schema, nulls, facts, time)
    stored = [blobs.path(entry["digest"]) for entry in parts.values()]

    def column(name: str) -> Any:
        parts = [pq.read_table(path, columns=[name]).column(0) for path in stored]
        return pa.chunked_array([chunk for part in parts for chunk in part.chunks], parts[0].type)

    return _finish(blobs, manifest, schema, column)


def snapshot_folder(blobs: Blobs, folder: str | Path) -> Snapshot:
    """Stores every file below a folder; the manifest lists their digests.

    Raises:
        DataError: kf-1416 no such folder, kf-1417 it is empty.
    """
    folder = expanded(folder)
    if not folder.is_dir():
        raise DataError(
            1416, f"{folder} is no folder", cause="there is none", fix="give an existing folder"
        )
    files = blobs.put_folder(folder)
    if not files:
        raise DataError(
            1417,
            f"the folder {folder} holds no files",
            cause="there is nothing to keep",
            fix="give the folder that holds the files",
        )
    manifest = {"type": "dataset", "format": 1, "form": "folder", "files": files}
    return Snapshot(blobs.put_json(manifest), manifest, None, None)


class _Parts:
    """One Parquet file being written, always in the same way."""

    def __init__(self, path: Path, schema: Any) -> None:
        import pyarrow.parquet as pq

        kept = {k: v for k, v in (schema.metadata or {}).items() if k != tables.SIDE}
        self._schema = schema.with_metadata(kept or None)
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", version="2.6")

    def write(self, table: Any) -> None:
        self._writer.write_table(
            table.replace_schema_metadata(self._schema.metadata), row_group_size=_ROW_GROUP
        )

    def close(self) -> None:
        self._writer.close()

    def __enter__(self) -> _Parts:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_table(path: Path) -> Any:
    """A whole Parquet, CSV or Arrow file as one Arrow table; categories are their texts.

    Raises:
        DataError: kf-1414, it can't be read.
    """
    import pyarrow as pa

    return pa.concat_tables([table for table, _ in _read(path)])


def _stored(blobs: Blobs, path: Path, rows: int) -> dict[str, Any]:
    digest = blobs.put_file(path)
    return {"digest": digest, "bytes": path.stat().st_size, "rows": rows}


def _manifest(
    files: dict[str, Any], schema: Any, nulls: list[int], facts: dict[str, Any], time: str | None
) -> dict[str, Any]:
    if not schema.names:
        raise DataError(
            1410,
            "the data has no columns",
            cause="a dataset has at least one column",
            fix="check what was given",
        )
    if time is not None and time not in schema.names:
        raise DataError(
            1411,
            f"there is no column `{time}` to order the rows in time",
            cause=did_you_mean(time, schema.names),
            fix="give a column with --time",
        )
    columns = [
        {"name": field.name, "type": str(field.type), "nullable": n > 0}
        for field, n in zip(schema, nulls, strict=True)
    ]
    return {
        "type": "dataset",
        "format": 1,
        "form": "table",
        "files": files,
        "rows": sum(entry["rows"] for entry in files.values()),
        "columns": columns,
        "time": time,
        "frame": facts["frame"],
        "pandas": facts,
    }


def _finish(blobs: Blobs, manifest: dict[str, Any], schema: Any, column: Any) -> Snapshot:
    types = {field.name: field.type for field in schema}
    found = profile(types, column, manifest["rows"])
    if manifest["time"]:
        found["time"] = {"column": manifest["time"], **found["columns"][manifest["time"]]}
    return Snapshot(blobs.put_json(manifest), manifest, blobs.put_json(found), found)


def _read(path: Path) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A file's tables, one bounded piece at a time, with the domains of its categories."""
    import pyarrow as pa

    try:
        for batch in _batches(path):
            table = pandas_notes.without_nameless_index(pa.Table.from_batches([batch]))
            yield tables.without_categories(table)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise DataError(
            1414,
            f"{path} can't be read",
            cause=str(error).partition("\n")[0],
            fix="repair or remove the file; a CSV column whose type changes on the way, or with "
            "another separator, is read into a frame first"
            if files.form_of(path) == "csv"
            else "write the file again, or remove it",
        ) from None


def _batches(path: Path) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    kind = files.form_of(path)
    if kind == "parquet":
        with pq.ParquetFile(path) as file:
            if not file.metadata.num_rows:
                yield pa.RecordBatch.from_pylist([], schema=file.schema_arrow)
            yield from file.iter_batches(batch_size=_ROW_GROUP)
    elif kind == "arrow" and files.is_arrow_stream(path):
        with pa.OSFile(str(path)) as source:
            stream, empty = pa.ipc.open_stream(source), True
            for batch in stream:
                empty = False
                yield batch
            if empty:
                yield pa.RecordBatch.from_pylist([], schema=stream.schema)
    elif kind == "arrow":
        with pa.memory_map(str(path)) as source:
            reader = pa.ipc.open_file(source)
            if not reader.num_record_batches:
                yield pa.RecordBatch.from_pylist([], schema=reader.schema)
            for n in range(reader.num_record_batches):
                yield reader.get_batch(n)
    else:
        _refuse_other_csv(path)
        options = csv.ReadOptions(block_size=16 << 20, use_threads=False)
        with csv.open_csv(path, options, files.csv_parse(path), files.csv_convert()) as reader:
            csv_values.check_text(path, reader.schema)
            empty, checked = True, set[str]()
            for batch in reader:
                empty = False
                csv_values.check_digits(path, batch, checked)
                yield batch
            if empty:
                yield pa.RecordBatch.from_pylist([], schema=reader.schema)


def _refuse_other_csv(path: Path) -> None:
    found = files.other_csv(path)
    if found:
        raise DataError(
            1414,
            found.what,
            cause=found.cause,
            fix=f"read it into a frame, and give that: {found.read}",
        )


def _same_columns(table: Any, schema: Any, path: Path, first: Path) -> Any:
    """The table in the first file's columns; integers widen, nothing else changes.

    Raises:
        DataError: kf-1415.
    """
    import pyarrow as pa

    for name in (*schema.names, *table.column_names):
        if name not in table.column_names or name not in schema.names:
            lacks = path if name not in table.column_names else first
            raise DataError(
                1415,
                f"{lacks} has no column `{name}`",
                cause=f"{path if lacks == first else first} has it, and rows of one dataset "
                "have the same columns",
                fix="rename or add the column, or make two datasets",
            )
    table = table.select(schema.names).replace_schema_metadata(None)
    for i, (want, have) in enumerate(zip(schema, table.schema, strict=True)):
        if want.type == have.type:
            continue
        if pa.types.is_null(have.type) or (
            pa.types.is_floating(want.type) and pa.types.is_integer(have.type)
        ):
            table = table.set_column(i, want, table.column(i).cast(want.type))
            continue
        raise DataError(
            1415,
            f"column `{want.name}` is {have.type} in {path}, but {want.type} in {first}",
            cause="rows of one dataset have the same types",
            fix="write the files with one type; a column that is empty at first may need a float",
        )
    return table.cast(schema) if table.schema != schema else table


def _merge(domains: dict[str, Any], found: dict[str, Any], path: Path, first: Path) -> None:
    """Grows each domain by the categories that a further piece brings.

    Raises:
        DataError: kf-1425, they are ordered, and it is not the one order.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    for name, entry in found.items():
        if name not in domains:
            domains[name] = entry
            continue
        known, more = tables.unpack(domains[name]["values"]), tables.unpack(entry["values"])
        if domains[name]["ordered"] or entry["ordered"]:
            longer, shorter = (known, more) if len(known) >= len(more) else (more, known)
            ranks = longer.to_pylist()
            kept = set(shorter.to_pylist())
            if [v for v in ranks if v in kept] != shorter.to_pylist() or (
                domains[name]["ordered"] != entry["ordered"]
            ):
                raise DataError(
                    1425,
                    f"the categories of `{name}` have another order in {path} than in {first}",
                    cause=f"{more.to_pylist()[:8]}, and {known.to_pylist()[:8]} before",
                    fix="write the files with the same ordered categories, or as text",
                )
            domains[name]["values"] = tables.pack(longer)
            continue
        new = more.filter(pc.invert(pc.is_in(more, value_set=known)))
        if len(new):
            domains[name]["values"] = tables.pack(pa.concat_arrays([known, new]))
