"""A transform by its digest, ready to prepare rows: the one way they are prepared anywhere.

The notebook, training, trials, batch and endpoints all call `load(blobs, digest).transform(rows)`.
Loading runs the stored source and nothing that the digest does not cover. Standard library at
import.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import KfError, TransformError
from jupyter_kf.names import short
from jupyter_kf.worker import environment, state
from jupyter_kf.worker.code import Code
from jupyter_kf.worker.returned import Returned
from jupyter_kf.worker.schema import Shape
from jupyter_kf.worker.tables import side, to_frame, to_table

__all__ = ["LoadedTransform", "Runner", "load"]


class Runner:
    """The user's functions with their state, before or without schemas.

    Args:
        code: the executed source.
        learned: what `fit` returned; ignored when the transform takes no state.
        kind: "pandas" or "polars".
    """

    def __init__(self, code: Code, learned: Any, kind: str) -> None:
        self.code, self.learned, self.kind = code, learned, kind
        self._returned = Returned(kind)

    def __call__(self, frame: Any, n_rows: int) -> Any:
        """The frame that the user's function returns, one row for each row, in order.

        Raises:
            TransformError: kf-1320 it raises, kf-1321 it drops, adds or reorders rows,
                kf-1322 it returns no frame.
        """
        try:
            if self.code.stateful:
                made = self.code.transform(frame, self.learned)
            else:
                made = self.code.transform(frame)
        except KfError:
            raise
        except (Exception, SystemExit) as error:
            what = f"the transform raises on {n_rows:,} row{'s' * (n_rows != 1)}"
            raise self.code.failed(error, 1320, what) from error
        return self._returned(made, n_rows)


class LoadedTransform:
    """A transform ready to be called, from any thread.

    Attributes:
        digest, manifest: its identity and what it names.
        schema_in, schema_out: Arrow schemas of raw and prepared rows.
        inputs, outputs: the same as `Shape`.
        row_wise: whether a row's result depends on that row alone, as certified.
    """

    def __init__(self, blobs: Blobs, digest: str, manifest: Mapping[str, Any]) -> None:
        import pyarrow as pa

        self._blobs, self.digest, self.manifest = blobs, digest.removeprefix("sha256:"), manifest
        self.kind: str = manifest["frame"]
        self.row_wise: bool = manifest["row_wise"]
        files = {name: blobs.get(entry["digest"]) for name, entry in manifest["files"].items()}
        self.schema_in = pa.ipc.read_schema(pa.py_buffer(blobs.get(manifest["schema_in"])))
        self.schema_out = pa.ipc.read_schema(pa.py_buffer(blobs.get(manifest["schema_out"])))
        self.inputs = Shape(self.schema_in, self.kind)
        self.outputs = Shape(self.schema_out, self.kind, output=True)
        learned = None
        if manifest["state"]:
            held = manifest["state"]["files"]
            learned = state.decode({n: blobs.get(entry["digest"]) for n, entry in held.items()})
        self._run = Runner(
            Code(files, short(self.digest), state_given=bool(manifest["state"])), learned, self.kind
        )

    def transform(self, rows: Any) -> Any:
        """Prepared rows, one for each given row, in their order.

        Args:
            rows: a pandas or polars frame or an Arrow table; further columns are ignored, the
                index of a pandas frame comes back on the result.

        Returns:
            A frame of the transform's kind with the columns and dtypes of `schema_out`.

        Raises:
            TransformError: kf-1310 to kf-1314 the rows don't fit, kf-1318 and kf-1319 what
                comes out doesn't, kf-1320 to kf-1322 as `Runner`.
        """
        module = type(rows).__module__.partition(".")[0]
        index = rows.index if module == "pandas" and hasattr(rows, "columns") else None
        if module == "pyarrow":
            frame = self._from_arrow(rows)
        elif module == self.kind and hasattr(rows, "columns"):
            frame = self.inputs.accept(rows)
        else:
            frame = self.inputs.accept(to_frame(to_table(rows), self.kind))
        if index is None or self.kind != "pandas":
            return self._finish(frame)
        return _with_index(self._finish(_numbered(frame, index)), index)

    def transform_columns(self, columns: Mapping[str, Any], n_rows: int) -> Any:
        """The same for a request's columns: arrays or lists of `n_rows` values by name."""
        return self._finish(self.inputs.build(columns, n_rows))

    def golden_inputs(self) -> Any:
        """Raw golden rows as a pyarrow.Table of `schema_in`."""
        return self._golden("inputs")

    def golden_outputs(self) -> Any:
        """Their expected prepared rows as a pyarrow.Table of `schema_out`."""
        return self._golden("outputs")

    def to_table(self, frame: Any) -> Any:
        """A frame that `transform` returned, as a table of just `schema_out`."""
        table = to_table(frame)
        return table.cast(self.schema_out.remove_metadata()).replace_schema_metadata(
            self.schema_out.metadata
        )

    def _finish(self, frame: Any) -> Any:
        n_rows = len(frame)
        if not n_rows:
            return self.outputs.empty.copy() if self.kind == "pandas" else self.outputs.empty
        return self.outputs.accept(self._run(frame, n_rows))

    def _from_arrow(self, table: Any) -> Any:
        if side(table.schema) and not self.inputs.is_plain(table.schema):
            have = [name for name in self.inputs.names if name in table.column_names]
            return self.inputs.accept(to_frame(table.select(have), self.kind))
        return self.inputs.from_table(table)

    def _golden(self, part: str) -> Any:
        import pyarrow as pa

        return pa.ipc.open_file(self._blobs.get(self.manifest["golden"][part])).read_all()


def load(blobs: Blobs, digest: str, verify_environment: bool = True) -> LoadedTransform:
    """The transform of a digest, with every byte verified.

    Args:
        verify_environment: refuse when a package it was certified with has another version.

    Raises:
        TransformError: kf-1304 the digest is something else, kf-1340 another environment.
        StoreError: kf-3003, a file was altered.
    """
    manifest = blobs.get_json(digest)
    if manifest.get("type") != "transform":
        raise TransformError(
            1304,
            f"{short(digest)} is a {manifest.get('type', 'file')}, not a transform",
            cause="the digest names something else",
            fix="give a transform's name or digest",
        )
    if verify_environment:
        environment.refuse_changes(environment.changes(manifest))
    return LoadedTransform(blobs, digest, manifest)


_loaded: dict[tuple[str, str], LoadedTransform] = {}
_lock = threading.Lock()


def load_cached(blobs: Blobs, digest: str) -> LoadedTransform:
    """`load`, once per process and digest."""
    key = (str(blobs.root), digest.removeprefix("sha256:"))
    with _lock:
        if key not in _loaded:
            _loaded[key] = load(blobs, digest)
        return _loaded[key]


def _numbered(frame: Any, index: Any) -> Any:
    """A frame of the user's own that may be changed, with rows numbered from 0."""
    import pandas as pd

    copied = frame.copy(deep=not _copies_on_write(pd))
    plain = isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1
    if not plain or index.name is not None:
        copied.index = pd.RangeIndex(len(copied))
    return copied


def _copies_on_write(pd: Any) -> bool:
    return int(pd.__version__.partition(".")[0]) >= 3


def _with_index(frame: Any, index: Any) -> Any:
    if frame.index is not index:
        frame.index = index
    return frame
