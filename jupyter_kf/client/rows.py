"""Rows to predict that are in a file, or in a text: what people have when there is no frame.

May import `store` and `worker`, for the readers of table files that datasets and batches use.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_kf.errors import DataError, NotFound
from jupyter_kf.layout import expanded, working_dir
from jupyter_kf.store import datasets
from jupyter_kf.worker import batch_read, files

if TYPE_CHECKING:
    import pyarrow as pa

_JSON = (".json", ".jsonl", ".ndjson")
KINDS = (*files.FORMATS, *_JSON)
"""Endings of the files that can be read."""

_PIECE = 65_536


def read_rows(path: Path, schema: Callable[[], pa.Schema]) -> Any:
    """An Arrow table from Parquet, CSV or Arrow; a dict or a list of dicts from JSON.

    A CSV says nothing of types: it is read as a batch of the model reads it.

    Args:
        schema: what the model takes, as a CSV has its columns and their types from it; asked
            for when there is one.

    Raises:
        NotFound: kf-1117, there is no such file.
        DataError: kf-1418 a file of another kind, kf-1414 or kf-1419 one that can't be read.
        BatchError: kf-2403, kf-2404, kf-2410, kf-2416: a CSV does not fit.
    """
    path = expanded(path)
    if not path.is_file():
        raise NotFound(
            1117,
            f"predict: there is no file {path}",
            cause="it is a folder; predict takes one file"
            if path.is_dir()
            else f"looked from {working_dir()}",
            fix="give the path of a file with rows, or predict whole folders: `%kf batch`",
        )
    ending = path.suffix.lower()
    if ending in _JSON:
        return json_rows(path.read_text(errors="replace"), str(path))
    if ending not in files.FORMATS:
        raise DataError(
            1418,
            f"predict: {path} is of a kind that can't be read",
            cause=f"files are told by their ending, and {ending or 'none'} is not one of "
            + ", ".join(KINDS),
            fix="write the rows as one of them; or read them into a frame and name that",
        )
    if files.form_of(path) == "csv":
        return _csv(path, schema())
    return datasets.read_table(path)


def _csv(path: Path, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    source = batch_read.Source(path, Path(path.name))
    reading = batch_read.read(source, batch_read.Needed(schema), _PIECE)
    pieces = list(reading.pieces)
    return pa.concat_tables(pieces) if pieces else reading.schema.empty_table()


def json_rows(text: str, where: str) -> Any:
    """One JSON value, or one in each line.

    Raises:
        DataError: kf-1419, it is no JSON.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        try:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            raise DataError(
                1419,
                f"predict: {where} is no JSON",
                cause=str(error),
                fix='give one record, {"column": value, ...}, a list of them, or one in each line',
            ) from error
