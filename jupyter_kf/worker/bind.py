"""What does a cell find of the notebook when it starts in a job?

Reads `inputs/` (written by `capture`) back into names, in this order: local modules go first on
``sys.path``, then values, then the preamble runs (imports, helpers, frozen values), then pickles
that need the preamble's classes. Standard library only at import.
"""

from __future__ import annotations

import builtins
import json
import linecache
import pickle
import sys
from pathlib import Path
from typing import Any

from jupyter_kf.errors import CaptureError


def load_inputs(inputs_folder: Path | str, into: dict[str, Any] | None = None) -> dict[str, Any]:
    """The names that travelled, bound.

    Args:
        inputs_folder: a run's `inputs/`; it may be empty or missing.
        into: namespace to bind them in, the one the cell will run in, so that helpers see what
            the job binds beside them; a new one when None.

    Returns:
        The namespace.

    Raises:
        CaptureError: kf-1215, a package that a value needs is not installed here; kf-1216, the
            preamble or a pickle failed.
    """
    folder = Path(inputs_folder)
    names: dict[str, Any] = {"__name__": "__main__"} if into is None else into
    names.setdefault("__builtins__", builtins)
    names.setdefault("display", display)
    modules = str(folder / "modules")
    if Path(modules).is_dir() and modules not in sys.path:
        sys.path.insert(0, modules)
    entries = _read_values(folder)
    for name, entry in entries.items():
        if not entry.get("after"):
            names[name] = _value(name, entry, folder, names)
    _run_preamble(folder / "preamble.py", names)
    for name, entry in entries.items():
        if entry.get("after"):
            names[name] = _value(name, entry, folder, names)
    return names


def display(*objects: Any, **_options: Any) -> None:
    """What `display` does in a job: prints, frames in full width."""
    for thing in objects:
        shown = thing.to_string() if hasattr(type(thing), "to_string") else repr(thing)
        sys.stdout.write(shown + "\n")


def _read_values(folder: Path) -> dict[str, dict[str, Any]]:
    try:
        entries: dict[str, dict[str, Any]] = json.loads((folder / "values.json").read_bytes())
    except FileNotFoundError:
        return {}
    return entries


def _run_preamble(path: Path, names: dict[str, Any]) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    shown = str(path)
    linecache.cache[shown] = (len(text), None, text.splitlines(True), shown)
    code = compile(text, shown, "exec", dont_inherit=True)
    try:
        exec(code, names)  # noqa: S102 - the user's own code
    except ImportError as error:
        raise _missing("the cell", error) from error
    except Exception as error:
        raise _failed("what the cell uses from the notebook", error) from error


def _value(name: str, entry: dict[str, Any], folder: Path, names: dict[str, Any]) -> Any:
    if entry["file"] is None:
        return entry["value"]
    path = folder / entry["file"]
    try:
        return _read(entry["kind"], path, names)
    except ImportError as error:
        raise _missing(f"`{name}`", error) from error
    except KeyError as error:
        raise _failed(f"`{name}`", error) from error
    except (ValueError, TypeError, AttributeError, EOFError, pickle.UnpicklingError) as error:
        raise _failed(f"`{name}`", error) from error


def _read(kind: str, path: Path, names: dict[str, Any]) -> Any:
    if kind == "json":
        return json.loads(path.read_bytes())
    if kind in ("pandas", "series", "index"):
        from jupyter_kf.worker.bind_frames import read_pandas

        return read_pandas(path)
    if kind in ("polars", "polars-series"):
        import polars

        frame = polars.read_ipc(path)
        return frame.to_series() if kind == "polars-series" else frame
    if kind.startswith("arrow"):
        return _read_arrow(kind, path)
    if kind == "npy":
        import numpy

        return numpy.load(path, allow_pickle=False)
    if kind == "pickle":
        with open(path, "rb") as stream:
            return _Unpickler(stream, names).load()
    raise ValueError(f"values of kind {kind!r} are not known to this worker")


def _read_arrow(kind: str, path: Path) -> Any:
    import pyarrow

    with pyarrow.OSFile(str(path)) as file:
        reader = pyarrow.ipc.open_file(file)
        if kind == "arrow-batch":
            return reader.get_batch(0)
        table = reader.read_all()
    if kind == "arrow":
        return table
    column = table.column(0)
    return column if kind == "arrow-chunked" else column.combine_chunks()


class _Unpickler(pickle.Unpickler):
    """Finds the notebook's classes among the names of the cell. The user asked for it by name."""

    def __init__(self, stream: Any, names: dict[str, Any]) -> None:
        super().__init__(stream)
        self._names = names

    def find_class(self, module: str, name: str) -> Any:
        if module != "__main__":
            return super().find_class(module, name)
        found = self._names[name.partition(".")[0]]
        for part in name.split(".")[1:]:
            found = getattr(found, part)
        return found


def _missing(what: str, error: ImportError) -> CaptureError:
    package = (error.name or "?").partition(".")[0]
    return CaptureError(
        1215,
        f"{what} needs `{package}`, which is not installed where the job runs",
        cause=str(error),
        fix=f"install `{package}` there, or choose an image that has it",
    )


def _failed(what: str, error: Exception) -> CaptureError:
    return CaptureError(
        1216,
        f"{what} could not be restored in the job",
        cause=f"{type(error).__name__}: {error}",
        fix="see the run's inputs/ folder; make the value inside the cell instead",
    )
