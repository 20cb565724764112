"""Which files does a batch read, and how are they read piece by piece in bounded memory?

Parquet, CSV (TSV) and Arrow (file, stream, Feather 2). Standard library only at import; pyarrow
inside functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_kf.errors import BatchError, did_you_mean
from jupyter_kf.layout import working_dir
from jupyter_kf.worker import files

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK = 1 << 22


@dataclass(frozen=True)
class Source:
    """One input file.

    Attributes:
        path: where it is.
        relative: below the glob's fixed part; outputs keep this tree.
    """

    path: Path
    relative: Path

    @property
    def form(self) -> str:
        """ "parquet", "csv" or "arrow"."""
        return files.form_of(self.path)


@dataclass(frozen=True)
class Needed:
    """What is read of every file.

    Attributes:
        schema: the model's raw columns; gives a CSV its types.
        keep: further columns, copied to the output.
    """

    schema: pa.Schema
    keep: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """All names, the model's first."""
        return [*self.schema.names, *(k for k in self.keep if k not in self.schema.names)]


@dataclass(frozen=True)
class Reading:
    """An opened file.

    Attributes:
        schema: of the pieces: the needed columns as the file types them.
        pieces: tables of at most the asked number of rows.
        done: share of the file that was read so far, 0 to 1.
    """

    schema: pa.Schema
    pieces: Iterator[pa.Table]
    done: Callable[[], float]


def find(pattern: str, output: Path) -> list[Source]:
    """The files of a glob, sorted; results of an earlier batch below `output` are not inputs.

    Raises:
        DataError: as `files.matching`.
    """
    base, results = files.fixed_part(pattern), output.resolve()
    same = results == base.resolve()
    paths = files.matching(
        pattern, lambda path: not same and path.resolve().is_relative_to(results)
    )
    # by its own name: where a link leads is not where its result belongs
    return [Source(path, (working_dir() / path).relative_to(base)) for path in paths]


def read(source: Source, needed: Needed, rows: int) -> Reading:
    """Opens a file; nothing but its head is read before the first piece is asked for.

    Raises:
        BatchError: kf-2403 a needed column is missing, kf-2404 the file can't be read, kf-2410 a
            CSV value does not fit its column, kf-2416 a CSV is cut by another mark.
    """
    import pyarrow as pa

    opener = {"parquet": _parquet, "csv": _csv, "arrow": _arrow}[source.form]
    try:
        reading = opener(source.path, needed, rows)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(source.path, error) from error
    return Reading(
        reading.schema, _explained(source.path, _resized(reading.pieces, rows)), reading.done
    )


def _parquet(path: Path, needed: Needed, rows: int) -> Reading:
    import pyarrow.parquet as pq

    # buffered, not prefetched: a row group of any size is read page by page
    file = pq.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False)
    _check_columns(path, file.schema_arrow.names, needed)
    schema = _only(file.schema_arrow, needed)
    total, seen = max(1, file.metadata.num_rows), [0]

    def pieces() -> Iterator[Any]:
        with file:
            for batch in file.iter_batches(batch_size=rows, columns=schema.names):
                seen[0] += batch.num_rows
                yield batch.select(schema.names)

    return Reading(schema, pieces(), lambda: seen[0] / total)


def _arrow(path: Path, needed: Needed, _rows: int) -> Reading:
    import pyarrow as pa

    if not files.is_arrow_stream(path):
        source = pa.memory_map(str(path))
        file = pa.ipc.open_file(source)
        total = max(1, file.num_record_batches)
        names = file.schema.names
        _check_columns(path, names, needed)
        seen = [0]

        def batches() -> Iterator[Any]:
            with source:
                for i in range(file.num_record_batches):
                    seen[0] = i + 1
                    yield file.get_batch(i).select(needed.columns)

        return Reading(_only(file.schema, needed), batches(), lambda: seen[0] / total)
    stream_file = pa.OSFile(str(path))
    stream_reader = pa.ipc.open_stream(stream_file)
    size = max(1, path.stat().st_size)
    _check_columns(path, stream_reader.schema.names, needed)

    def stream_batches() -> Iterator[Any]:
        with stream_file:
            for batch in stream_reader:
                yield batch.select(needed.columns)

    return Reading(
        _only(stream_reader.schema, needed), stream_batches(), lambda: _told(stream_file, size)
    )


def _csv(path: Path, needed: Needed, _rows: int) -> Reading:
    import pyarrow as pa
    import pyarrow.csv as csv

    size = max(1, path.stat().st_size)
    if path.stat().st_size == 0:
        raise BatchError(
            2404,
            f"{path} is empty",
            cause="a CSV begins with a line of column names",
            fix="remove the file, or write its header",
        )
    refuse_other_csv(path)
    parse = files.csv_parse(path)
    _check_columns(path, _csv_header(path, parse), needed)
    types = {field.name: _plain(field.type) for field in needed.schema}
    source = pa.OSFile(str(path))
    read = csv.ReadOptions(use_threads=False, block_size=_BLOCK)  # without threads tells bad rows
    reader = csv.open_csv(source, read, parse, files.csv_convert(types, list(types)))
    kept = needed.columns[len(types) :]
    passed_on = csv.open_csv(path, read, parse, files.csv_as_it_stands(kept)) if kept else None
    schema = pa.schema([*reader.schema, *(passed_on.schema if passed_on else ())])

    def pieces() -> Iterator[Any]:
        with source:
            if passed_on is None:
                yield from reader
                return
            # Equal blocks of the file are equal rows, whatever is made of them.
            for batch, more in zip(reader, passed_on, strict=True):
                yield pa.RecordBatch.from_arrays([*batch.columns, *more.columns], schema=schema)

    return Reading(schema, pieces(), lambda: _told(source, size))


def refuse_other_csv(path: Path) -> None:
    """Lets a CSV pass that is cut as its ending says.

    Raises:
        BatchError: kf-2416.
    """
    found = files.other_csv(path)
    if found:
        raise BatchError(
            2416,
            found.what,
            cause=found.cause,
            fix=f'write it as Parquet: {found.read}.to_parquet("{path.stem}.parquet")',
        )


def _csv_header(path: Path, parse: Any) -> list[str]:
    import csv

    with open(path, newline="", encoding="utf-8-sig", errors="replace") as stream:
        return next(csv.reader(stream, delimiter=parse.delimiter), [])


def _plain(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind


def _resized(batches: Iterator[Any], rows: int) -> Iterator[pa.Table]:
    """Tables of `rows` rows, the last one shorter, without what their file says of pandas."""
    import pyarrow as pa

    held: list[Any] = []
    count = 0
    for batch in batches:
        start = 0
        while count + batch.num_rows - start >= rows:
            piece = batch.slice(start, rows - count)
            yield pa.Table.from_batches([*held, piece]).replace_schema_metadata(None)
            start += rows - count
            held, count = [], 0
        if start < batch.num_rows:
            held.append(batch.slice(start))
            count += batch.num_rows - start
    if held:
        yield pa.Table.from_batches(held).replace_schema_metadata(None)


def _explained(path: Path, pieces: Iterator[pa.Table]) -> Iterator[pa.Table]:
    import pyarrow as pa

    try:
        yield from pieces
    except (pa.ArrowException, OSError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> BatchError:
    """The error for a file that pyarrow refuses; a bad CSV value is named by line and column."""
    text = str(error).partition("\n")[0]
    bad = re.search(r"In CSV column #(\d+): (?:Row #(\d+): )?CSV conversion error to (.+)", text)
    if bad:
        where = f", line {bad[2]}" if bad[2] else ""
        return BatchError(
            2410,
            f"{path}{where}: column {_nth_column(path, int(bad[1]))} holds what does not fit",
            cause=f"it should be {bad[3]}",
            fix="save the file as UTF-8"
            if "UTF8" in bad[3]
            else "correct the file, or train on data in which the column is text",
        )
    return BatchError(
        2404,
        f"{path} can't be read",
        cause=text[:300],
        fix="write the file again; half a file has no end that fits its beginning",
    )


def _nth_column(path: Path, n: int) -> str:
    import csv

    with open(path, newline="", encoding="utf-8-sig", errors="replace") as stream:
        names = next(csv.reader(stream, delimiter=files.delimiter(path)), [])
    return f"`{names[n]}`" if n < len(names) else f"number {n + 1}"


def _check_columns(path: Path, have: Sequence[str], needed: Needed) -> None:
    for name in needed.columns:
        if name not in have:
            kept = name not in needed.schema.names
            raise BatchError(
                2403,
                f"{path} has no column `{name}`",
                cause=did_you_mean(name, have),
                fix="take it out of --keep" if kept else "the model needs it: add it to the file",
            )
        if list(have).count(name) > 1:
            raise BatchError(
                2404,
                f"{path} has more than one column `{name}`",
                cause="which one is meant can't be told",
                fix="rename the others",
            )


def _only(schema: pa.Schema, needed: Needed) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([schema.field(name) for name in needed.columns])


def _told(stream: Any, size: int) -> float:
    return 1.0 if stream.closed else min(1.0, stream.tell() / size)
