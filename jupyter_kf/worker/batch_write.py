"""How does a file of predictions appear whole, saying what made it, or not at all?

Every output carries facts: the model, the transform, the run, the rows and the source file. In
Parquet and Arrow they stand in the schema's metadata under `jupyter_kf.batch`, beside a CSV in
``<name>.json``. Standard library only at import; pyarrow inside functions.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from jupyter_kf import locks
from jupyter_kf.blobs import digest_file, explained, read_json, write_json
from jupyter_kf.errors import BatchError

if TYPE_CHECKING:
    import pyarrow as pa

KEY = b"jupyter_kf.batch"

SUFFIX = {"parquet": ".parquet", "csv": ".csv", "arrow": ".arrow"}


class Writer(Protocol):
    """What the three formats have in common."""

    def write_table(self, table: pa.Table) -> None:
        """Appends rows."""

    def close(self) -> None:
        """Writes the end."""


def make_folder(folder: Path) -> None:
    """Makes the folder of the results, so that the first prediction is not the first to know.

    Raises:
        BatchError: kf-2411 a file is there, kf-2413 there can't be such a folder.
        StoreError: kf-3001, the disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            with explained(folder):
                raise
        if isinstance(error, FileExistsError) and folder.is_file():
            raise BatchError(
                2411,
                f"--output {folder} is a file",
                cause="a batch writes one result per input file into a folder",
                fix="give a folder",
            ) from error
        raise BatchError(
            2413,
            f"the folder {folder} can't be made",
            cause=str(getattr(error, "strerror", None) or error),
            fix="give --output a folder that exists, or one that can be made",
        ) from error


@contextlib.contextmanager
def new_file(
    target: Path, form: str, schema: pa.Schema, facts: Mapping[str, Any]
) -> Iterator[Writer]:
    """A writer whose file takes the name `target` when the block ends well.

    Until then it is a hidden file beside it; what a killed batch left there is written over.

    Raises:
        BatchError: kf-2409, another batch writes the same file now.
        StoreError: kf-3001 the disk is full, kf-3002 the folder can't be written.
    """
    import pyarrow as pa

    partial = target.with_name(f".{target.name}.partial")
    with explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        stream = _claimed(partial, target)
    try:
        with explained(target), stream:
            stream.truncate(0)
            sink = pa.PythonFile(stream, "w")
            writer = _open(sink, form, schema, facts)
            try:
                yield writer
            finally:
                writer.close()
            stream.flush()
            os.fsync(stream.fileno())
            if form == "csv":
                _write_sidecar(target, partial, facts)
            partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def facts_of(target: Path) -> dict[str, Any] | None:
    """What made an existing output; None when it was no batch of ours, or its end is missing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if target.suffix == ".csv":
            facts = read_json(_sidecar(target))
            if facts is None or facts["sha256"] != digest_file(target):
                return None
            return dict(facts)
        if target.suffix == ".parquet":
            metadata = pq.read_schema(target).metadata
        else:
            with pa.memory_map(str(target)) as source:
                metadata = pa.ipc.open_file(source).schema.metadata
        found = json.loads((metadata or {})[KEY])
        return found if isinstance(found, dict) else None
    except (KeyError, TypeError, ValueError, OSError, pa.ArrowException):
        return None


def _open(sink: Any, form: str, schema: pa.Schema, facts: Mapping[str, Any]) -> Writer:
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    if form == "csv":
        return _CsvWriter(pyarrow.csv.CSVWriter(sink, schema))
    marked = schema.with_metadata({KEY: json.dumps(facts).encode()})
    if form == "parquet":
        return _Marked(pq.ParquetWriter(sink, marked, compression="zstd"), marked)
    return _Marked(pa.ipc.new_file(sink, marked), marked)


class _Marked:
    """Writes tables under the schema that carries the facts."""

    def __init__(self, writer: Any, schema: pa.Schema) -> None:
        self._writer, self._schema = writer, schema

    def write_table(self, table: pa.Table) -> None:
        """Appends rows."""
        self._writer.write_table(table.replace_schema_metadata(self._schema.metadata))

    def close(self) -> None:
        """Writes the end."""
        self._writer.close()


class _CsvWriter:
    """pyarrow's CSV writer; it writes the header even of no rows."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def write_table(self, table: pa.Table) -> None:
        """Appends rows."""
        self._writer.write_table(table)

    def close(self) -> None:
        """Writes the end."""
        self._writer.close()


def _claimed(partial: Path, target: Path) -> BinaryIO:
    """The partial file, opened and held. Where the file system has no locks, the rename is still
    whole.
    """
    while True:
        stream = open(partial, "ab")  # noqa: SIM115 - held until it is renamed
        try:
            locks.claim(stream.fileno())
            if _is_at(stream, partial):
                return stream
        except BlockingIOError:
            stream.close()
            raise BatchError(
                2409,
                f"another batch writes {target} now",
                cause="its partial file beside it is locked",
                fix="wait for it or cancel it: `%kf runs`; or give another --output",
            ) from None
        except BaseException:
            stream.close()
            raise
        stream.close()  # another batch finished in between: this file is its result by now


def _is_at(stream: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _sidecar(target: Path) -> Path:
    return target.with_name(target.name + ".json")


def _write_sidecar(target: Path, partial: Path, facts: Mapping[str, Any]) -> None:
    """Before the rename: a sidecar whose file has other bytes counts for nothing."""
    write_json(_sidecar(target), {**facts, "sha256": digest_file(partial)})
