"""How does the stored `transform.py` run, and nothing but it?

Its local modules are laid out in a private folder and imported under a private table, so that a
module of the same name in the notebook, or in another transform, is neither used nor replaced.
Standard library only.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import inspect
import linecache
import shutil
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from jupyter_kf.errors import TransformError
from jupyter_kf.layout import scratch

_LOCK = threading.RLock()
MODULES = "modules/"


class Code:
    """A transform's functions, made by executing its source once.

    Args:
        files: ``transform.py`` and ``modules/...`` with their bytes.
        label: names the source in tracebacks: the transform's short digest.
        state_given: there is a state although there is no `fit`: a fitted object's.
        above: lines of the source above the cell's first, where the cell is at hand: errors
            then name its lines.
        target: the column that is predicted, which neither function is given.

    Raises:
        TransformError: kf-1301 no transform function, kf-1302 its parameters, kf-1303 its
            source raises.
    """

    def __init__(
        self,
        files: Mapping[str, bytes],
        label: str,
        *,
        state_given: bool = False,
        above: int | None = None,
        target: str | None = None,
    ) -> None:
        self.name = f"<transform {label}>"
        self._above, self._target = above, target
        self.folder = self._lay_out(files)
        self._private: dict[str, ModuleType] = {}
        self._own = {
            Path(name[len(MODULES) :]).parts[0].removesuffix(".py")
            for name in files
            if name.startswith(MODULES)
        }
        source = files["transform.py"].decode()
        self.namespace = self._execute(source, label)
        self.transform = self._function("transform")
        self.fit = self.namespace.get("fit")
        self.stateful = self._takes_state(state_given)

    def _lay_out(self, files: Mapping[str, bytes]) -> Path | None:
        modules = {n[len(MODULES) :]: b for n, b in files.items() if n.startswith(MODULES)}
        if not modules:
            return None
        folder = Path(tempfile.mkdtemp(prefix="kf-transform-", dir=scratch()))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        for name, data in modules.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder

    def _execute(self, source: str, label: str) -> dict[str, Any]:
        lines = source.splitlines(True)
        linecache.cache[self.name] = (len(source), None, lines, self.name)
        module = ModuleType(f"jupyter_kf_transform_{label}")
        module.__dict__["__builtins__"] = self._builtins()
        sys.modules[module.__name__] = module  # dataclasses look their module up there
        try:
            exec(compile(source, self.name, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
        except Exception as error:
            raise self.failed(error, 1303, "the transform's source raises") from error
        return module.__dict__

    def _builtins(self) -> dict[str, Any]:
        names = dict(vars(builtins))
        if self._own:
            names["__import__"] = self._import
        return names

    def _import(
        self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        package = (globals or {}).get("__package__") or ""
        top = (package if level else name).partition(".")[0]
        if top not in self._own:
            return builtins.__import__(name, globals, locals, fromlist, level)
        with self._swapped():
            return builtins.__import__(name, globals, locals, fromlist, level)

    @contextlib.contextmanager
    def _swapped(self) -> Iterator[None]:
        """Our modules in place of the process's own, as long as an import statement lasts."""
        with _LOCK:
            theirs = self._taken()
            sys.modules.update(self._private)
            sys.path.insert(0, str(self.folder))
            importlib.invalidate_caches()
            written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
            before = builtins.__import__
            try:
                yield
            finally:
                assert builtins.__import__ is before
                sys.dont_write_bytecode = written
                sys.path.remove(str(self.folder))
                self._private = self._taken()
                sys.modules.update(theirs)
                for module in self._private.values():
                    module.__dict__["__builtins__"] = self._builtins()

    def _taken(self) -> dict[str, ModuleType]:
        names = [name for name in sys.modules if name.partition(".")[0] in self._own]
        return {name: sys.modules.pop(name) for name in names}

    def _function(self, name: str) -> Callable[..., Any]:
        found = self.namespace.get(name)
        if callable(found):
            return found  # type: ignore[no-any-return]
        raise TransformError(
            1301,
            "the cell defines no function `transform`",
            cause="a transform is `transform(df)`, or `fit(df)` and `transform(df, state)`",
            fix="define it, and return the prepared frame",
        )

    def _takes_state(self, state_given: bool) -> bool:
        wanted = _required(self.transform)
        if self.fit is None:
            if wanted == 1 or (wanted == 2 and state_given):
                return wanted == 2
            raise _parameters(f"transform takes {wanted} arguments and there is no `fit`")
        if _required(self.fit) != 1:
            raise _parameters("fit takes one argument, the training rows")
        if _positional(self.transform) < 2:
            raise _parameters("there is a `fit`, but transform does not take what it returns")
        return True

    def _counted(self, line: int) -> str:
        in_cell = self._above is not None and line > self._above
        return f"{line - (self._above or 0)} of the cell" if in_cell else f"{line} of transform.py"

    def failed(self, error: BaseException, code: int, what: str) -> TransformError:
        """The user's exception as an error that names the line of the transform."""
        frames = []
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.name:
                frames.append(trace.tb_lineno)
            trace = trace.tb_next
        said = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
        if frames:
            line = linecache.getline(self.name, frames[-1]).strip()
            said += f" (line {self._counted(frames[-1])}: {line})"
        fix = "correct the transform, or the rows it is given"
        missing = error.args[:1] if isinstance(error, KeyError) else ()
        if self._target and missing and _names(missing[0], self._target):
            said += f"; `{self._target}` is the target, which rows to predict do not have"
            fix = "prepare rows from the other columns, or give another --target"
        return TransformError(code, what, cause=said, fix=fix)


def _names(missing: object, column: str) -> bool:
    """Whether a KeyError is of this column: pandas tells one by itself, several in a sentence."""
    return missing == column or f"'{column}'" in str(missing)


def _parameters(cause: str) -> TransformError:
    return TransformError(
        1302,
        "fit and transform don't fit together",
        cause=cause,
        fix="write `transform(df)`, or `fit(df) -> state` and `transform(df, state)`",
    )


def _positional(function: Callable[..., Any]) -> int:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in kinds for p in inspect.signature(function).parameters.values())


def _required(function: Callable[..., Any]) -> int:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return sum(p.kind in kinds and p.default is p.empty for p in parameters)
