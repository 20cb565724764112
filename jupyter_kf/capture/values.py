"""How does a piece of data travel as a file: a frame, an array, a table, JSON?

Nothing is copied when a value is captured: a `Value` holds the live data (Arrow tables share
pandas' memory) and writes it once the run's folder exists. Only libraries that the notebook has
already imported are touched.
"""

from __future__ import annotations

import io
import json
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_kf.capture.frames import Unpackable, pack_pandas
from jupyter_kf.capture.literals import type_name

LARGEST_BYTES = 2 << 30
"""What may travel with one cell; more belongs into a dataset."""


@dataclass(frozen=True)
class Value:
    """One value that travels as a file, or as JSON inside values.json.

    Attributes:
        kind: how `worker.bind` reads it.
        type: what people call its type.
        bytes: its size in memory, about that of its file.
        suffix: of its file; empty when it is `inline`.
        save: writes the file.
        after: whether it needs the preamble to be run first.
    """

    kind: str
    type: str
    bytes: int
    suffix: str = ""
    save: Callable[[Path], None] | None = None
    inline: Any = None
    after: bool = False


class TooLarge(Exception):
    """One value alone is over the limit; the argument is its size in bytes."""


def data_value(value: Any) -> Value | None:
    """The `Value` of a frame, series, index, array or table; None for anything else.

    Raises:
        Unpackable: it is one of these, but holds what can't be stored exactly.
        TooLarge: it is over `LARGEST_BYTES`.
    """
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    reader = _READERS.get(package)
    if reader is None or sys.modules.get(package) is None:
        return None
    return reader(value, kind)


def json_value(value: Any) -> Value:
    """The `Value` of JSON data that is too long to read in a preamble."""
    text = json.dumps(value, ensure_ascii=True).encode()
    if len(text) > LARGEST_BYTES:
        raise TooLarge(len(text))
    return Value("json", type_name(value), len(text), "json", lambda path: _write(path, text))


def pickle_value(value: Any, note: Callable[[Any], None]) -> Value:
    """The pickle of a value that the user allowed by name.

    Args:
        note: called with each class and function of the notebook that the pickle names.

    Raises:
        Exception: whatever the value's own pickling raises.
    """
    sink = io.BytesIO()
    pickler = _Pickler(sink, note)
    pickler.dump(value)
    data = sink.getvalue()
    if len(data) > LARGEST_BYTES:
        raise TooLarge(len(data))
    kind = type_name(value)
    return Value(
        "pickle",
        kind,
        len(data),
        "pickle",
        lambda path: _write(path, data),
        None,
        pickler.notebooks,
    )


class _Pickler(pickle.Pickler):
    def __init__(self, sink: io.BytesIO, note: Callable[[Any], None]) -> None:
        super().__init__(sink, protocol=5)
        self._note, self.notebooks = note, False

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, type) or callable(getattr(thing, "__code__", None) and thing):
            self._note(thing)
            self.notebooks = self.notebooks or thing.__module__ == "__main__"
        return NotImplemented


def _check(size: int) -> int:
    if size > LARGEST_BYTES:
        raise TooLarge(size)
    return size


def _pandas(value: Any, kind: type) -> Value | None:
    import pandas as pd

    if kind is pd.DataFrame:
        _check(int(value.memory_usage(index=False).sum()))
        name = "pandas"
    elif kind is pd.Series:
        _check(value.memory_usage(index=False))
        name = "series"
    elif isinstance(value, pd.Index):
        name = "index"
    elif isinstance(value, pd.api.extensions.ExtensionArray):
        raise Unpackable(f"make it a Series: pd.Series({type(value).__name__})")
    else:
        return None
    table = pack_pandas(value)
    side = sum(map(len, (table.schema.metadata or {}).values()))
    size = _check(table.nbytes + side)
    shape = "x".join(map(str, value.shape))
    return Value(name, f"pandas {kind.__name__} {shape}", size, "arrow", _arrow_saver(table))


def _polars(value: Any, kind: type) -> Value | None:
    import polars as pl

    if kind not in (pl.DataFrame, pl.Series):
        return None
    frame = value.to_frame() if kind is pl.Series else value
    held = [name for name, dtype in frame.schema.items() if dtype == pl.Object]
    if held:
        raise Unpackable(f"column {held[0]!r} has dtype Object")
    size = _check(int(frame.estimated_size()))
    shape = "x".join(map(str, value.shape))
    name = "polars-series" if kind is pl.Series else "polars"

    def save(path: Path) -> None:
        frame.write_ipc(path, compression="uncompressed")

    return Value(name, f"polars {kind.__name__} {shape}", size, "arrow", save)


def _numpy(value: Any, kind: type) -> Value | None:
    import numpy as np

    if kind not in (np.ndarray, np.memmap):
        return None
    if value.dtype.hasobject:
        raise Unpackable("it is an array of Python objects")
    size = _check(int(value.nbytes))

    def save(path: Path) -> None:
        with open(path, "wb") as stream:
            np.save(stream, np.asarray(value), allow_pickle=False)

    shape = "x".join(map(str, value.shape)) or "0-d"
    return Value("npy", f"numpy array {shape} {value.dtype}", size, "npy", save)


def _arrow(value: Any, kind: type) -> Value | None:
    import pyarrow as pa

    if isinstance(value, pa.Table):
        name, table = "arrow", value
    elif isinstance(value, pa.RecordBatch):
        name, table = "arrow-batch", pa.Table.from_batches([value])
    elif isinstance(value, pa.ChunkedArray):
        name, table = "arrow-chunked", pa.table({"a": value})
    elif isinstance(value, pa.Array):
        name, table = "arrow-array", pa.table({"a": value})
    else:
        return None
    size = _check(table.nbytes)
    words = f"pyarrow {kind.__name__} {len(value)} rows"
    return Value(name, words, size, "arrow", _arrow_saver(table))


def _arrow_saver(table: Any) -> Callable[[Path], None]:
    def save(path: Path) -> None:
        import pyarrow as pa

        with (
            pa.OSFile(str(path), "wb") as sink,
            pa.ipc.new_file(sink, table.schema) as writer,
        ):
            writer.write_table(table)

    return save


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def too_large_fix(name: str) -> str:
    """What to do with a value over the limit."""
    return (
        f"snapshot it once, `%kf data {name.lower()} {name}`, and train with --data "
        f"{name.lower()}; or send only the part the cell needs"
    )


_READERS: dict[str, Callable[[Any, type], Value | None]] = {
    "pandas": _pandas,
    "polars": _polars,
    "numpy": _numpy,
    "pyarrow": _arrow,
}
