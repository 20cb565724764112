"""Which rows does a dataset hold, and how are they divided?

Reading verifies digests. Standard library at import; pyarrow, numpy and pandas inside.
"""

from __future__ import annotations

import atexit
import itertools
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import DataError, did_you_mean
from jupyter_kf.layout import scratch
from jupyter_kf.worker.tables import to_frame, with_side

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

__all__ = ["checkout", "iter_tables", "load_table", "split_rows", "to_frame", "to_series"]


def load_table(blobs: Blobs, digest: str, columns: Sequence[str] | None = None) -> Any:
    """The rows of a dataset as a pyarrow.Table, in the order of the snapshot.

    Args:
        columns: only these, in this order; all when None.

    Raises:
        DataError: kf-1420 it is a folder, kf-1421 it has no such column.
        StoreError: kf-3003, a file was altered.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    manifest = _table_manifest(blobs, digest)
    wanted = None if columns is None else list(columns)
    _check_columns(manifest, wanted or [])
    parts = [
        pq.read_table(blobs.checked_path(entry["digest"]), columns=wanted, use_threads=True)
        for _, entry in ordered_parts(manifest)
    ]
    table = parts[0] if len(parts) == 1 else pa.concat_tables(parts)
    return with_side(table if wanted is None else table.select(wanted), manifest["pandas"])


def iter_tables(blobs: Blobs, digest: str, rows: int = 65_536) -> Iterator[Any]:
    """The same rows in pieces of at most `rows`, in bounded memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    manifest = _table_manifest(blobs, digest)
    for _, entry in ordered_parts(manifest):
        with pq.ParquetFile(blobs.checked_path(entry["digest"])) as file:
            for batch in file.iter_batches(batch_size=rows):
                yield with_side(pa.Table.from_batches([batch]), manifest["pandas"])


def ordered_parts(manifest: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The files of a table dataset, part-0 first."""
    return sorted(manifest["files"].items(), key=lambda item: int(item[0][5:].partition(".")[0]))


def split_rows(
    table: Any, fractions: Sequence[float], by: str | None = None, seed: int = 0
) -> list[Array]:
    """Row positions of each part, ascending within a part.

    Args:
        fractions: of the rows, summing to 1; the last part takes what rounding leaves.
        by: column whose order divides the rows, earliest first (ties by position); by chance
            with numpy's PCG64 of `seed` otherwise.

    Raises:
        DataError: kf-1421 no such column, kf-1422 `by` has nulls, kf-1423 a part would be empty.
    """
    import numpy as np
    import pyarrow.compute as pc

    n = table.num_rows
    if by is None:
        order = np.random.Generator(np.random.PCG64(seed)).permutation(n)
    else:
        if by not in table.column_names:
            raise _no_column(by, table.column_names)
        if table.column(by).null_count:
            raise DataError(
                1422,
                f"rows can't be split by `{by}`: {table.column(by).null_count} have no value",
                cause="a row without a value belongs to no side of the order",
                fix="split by a column without nulls, or by chance",
            )
        ranks = pc.rank(table.column(by), sort_keys="ascending", tiebreaker="first")
        order = np.argsort(ranks.to_numpy(), kind="stable")
    ends = [0, *(round(sum(fractions[: i + 1]) * n) for i in range(len(fractions)))]
    ends[-1] = n
    parts = [np.sort(order[a:b]) for a, b in itertools.pairwise(ends)]
    if any(not len(part) for part in parts):
        raise DataError(
            1423,
            f"{n} rows are too few to split {'/'.join(f'{f:g}' for f in fractions)}",
            cause="a part would have no rows",
            fix="give more rows, or another --split",
        )
    return parts


def to_series(values: Any, name: str, kind: str = "pandas") -> Any:
    """One Arrow column as a pandas or polars Series; dtypes as `to_frame` gives them."""
    import pyarrow as pa

    table = pa.table({name: values})
    frame = to_frame(table, kind)
    return frame[name] if kind == "pandas" else frame.get_column(name)


def checkout(blobs: Blobs, digest: str, folder: Path | None = None) -> Path:
    """A folder dataset laid out as files, verified.

    Args:
        folder: where; otherwise a temporary folder that goes when this process ends.
    """
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="kf-data-", dir=scratch()))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return blobs.checkout(blobs.get_json(digest)["files"], folder)


def _table_manifest(blobs: Blobs, digest: str) -> dict[str, Any]:
    manifest: dict[str, Any] = blobs.get_json(digest)
    if manifest.get("form") != "table":
        raise DataError(
            1420,
            "this dataset is a folder of files, not rows",
            cause="it was made from a folder",
            fix="read it in a train cell by the path `data`, or make a dataset of rows from it",
        )
    return manifest


def _check_columns(manifest: dict[str, Any], wanted: Sequence[str]) -> None:
    known = [column["name"] for column in manifest["columns"]]
    for name in wanted:
        if name not in known:
            raise _no_column(name, known)


def _no_column(name: str, known: Sequence[str]) -> DataError:
    return DataError(
        1421,
        f"the dataset has no column `{name}`",
        cause=did_you_mean(name, known),
        fix="give one of its columns",
    )
