"""How does the code that prepares rows become one readable text that means the same anywhere?

The text is all there is: imports, helpers of other cells, small frozen values, then the cell as
it was typed. The same notebook gives the same bytes in any process, whatever its hash seed, since
a digest of them is the transform's identity.
"""

from __future__ import annotations

import ast
import pickle
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_kf.capture.cell import preamble_text
from jupyter_kf.capture.imports import home_of
from jupyter_kf.capture.literals import type_name
from jupyter_kf.capture.modules import LocalModules
from jupyter_kf.capture.parse import Cell, parse_cell
from jupyter_kf.capture.reads import reads_of
from jupyter_kf.capture.resolve import Resolver, Rules
from jupyter_kf.capture.suspects import suspects
from jupyter_kf.errors import CaptureError

_FUTURE = "from __future__ import annotations\n"
_HEAD = "# What the cell uses from the notebook\n"
_CELL = "# The cell\n"
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True)
class TransformSource:
    """A transform as text.

    Attributes:
        code: `transform.py`.
        modules: local modules, by path below `modules/`.
        warnings: ``{"line", "what", "why", "where"}``: places that may give other values in
            production. `line` counts in the cell when `where` is ``cell``, in the file that
            `where` names otherwise.
        defines_fit: whether ``fit(df) -> state`` is in it.
        state: objects that `transform` is given as its state though no `fit` makes them: the
            fitted object of `capture_estimator`, under ``estimator``.
        listing: what was inlined or frozen, for people.
        above: how many lines of `code` stand above the first line of the cell, as it was typed.
    """

    code: str
    modules: Mapping[str, bytes] = field(default_factory=dict)
    warnings: tuple[Mapping[str, Any], ...] = ()
    defines_fit: bool = False
    state: Mapping[str, Any] | None = None
    listing: tuple[Mapping[str, Any], ...] = ()
    above: int = 0

    @property
    def takes_state(self) -> bool:
        """Whether `transform` is called with a state."""
        return self.defines_fit or self.state is not None


def capture_transform(
    source: str, namespace: Mapping[str, Any], directory: Path
) -> TransformSource:
    """The text of a transform cell and of all it uses.

    Args:
        source: a cell that defines ``transform(df)``, or ``fit(df)`` and
            ``transform(df, state)``.
        namespace: the notebook's names.
        directory: the notebook's folder.

    Raises:
        CaptureError: kf-1210 no transform is defined, kf-1211 its form or that of `fit` does
            not fit, kf-1212 it reads what can't be frozen into text; kf-1201, kf-1202, kf-1204,
            kf-1206, kf-1208 as for any cell.

    Source: transforms.md, "What a transform is".
    """
    cell = parse_cell(source)
    defines_fit = _check_forms(cell.tree)
    reads = reads_of(cell.tree)
    resolver = Resolver(namespace, Rules(text_only=True), Path(directory))
    resolver.need(reads)
    resolver.finish("the transform", 1212)
    code, above = _text(cell, resolver)
    modules = dict(sorted(resolver.modules.files.items()))
    return TransformSource(
        code=code,
        modules=modules,
        warnings=tuple(_warnings(code, above, modules)),
        defines_fit=defines_fit,
        listing=tuple(resolver.listing),
        above=above,
    )


def capture_estimator(name: str, estimator: Any, directory: Path | None = None) -> TransformSource:
    """The text of a transform that calls a fitted object, which is its state.

    Args:
        name: what the notebook calls it.
        estimator: a fitted object with ``transform(X)``.
        directory: the notebook's folder, where its classes may come from; the current one
            when None.

    Raises:
        CaptureError: kf-1214, it has no transform, is not fitted, or holds classes or functions
            that only this notebook has.
    """
    if isinstance(estimator, type) or not callable(getattr(estimator, "transform", None)):
        raise _no_estimator(name, estimator, "it has no method `transform`", "fit one first")
    if _is_unfitted(estimator):
        fix = f"fit it before: {name}.fit(df)"
        raise _no_estimator(name, estimator, "it is not fitted yet", fix)
    modules = LocalModules(directory or Path.cwd())
    for module in _modules_of(name, estimator):
        modules.add(module)
    listing = ({"name": name, "kind": "state", "type": type_name(estimator), "bytes": 0},)
    return TransformSource(
        code=_ESTIMATOR.format(name=name, type=type_name(estimator)),
        modules=dict(sorted(modules.files.items())),
        warnings=tuple(_warnings("", 0, modules.files)),
        state={"estimator": estimator},
        listing=listing,
    )


_ESTIMATOR = '''\
"""Prepares rows with `{name}`, a fitted {type} of the notebook, which is its state."""

import numpy as np
import pandas as pd


def transform(df, state):
    estimator = state["estimator"]
    values = estimator.transform(df)
    if hasattr(values, "columns"):
        return values
    if hasattr(values, "toarray"):
        values = values.toarray()
    values = np.asarray(values)
    if values.ndim == 1:
        values = values.reshape(-1, 1)
    return pd.DataFrame(values, columns=names_of(estimator, values.shape[1]), index=df.index)


def names_of(estimator, count):
    try:
        names = [str(name) for name in estimator.get_feature_names_out()]
    except (AttributeError, NotImplementedError, TypeError, ValueError):
        names = []
    return names if len(names) == count else [f"{name}_{{n}}" for n in range(count)]
'''


def _text(cell: Cell, resolver: Resolver) -> tuple[str, int]:
    """transform.py, and how many lines of it stand above the first of the cell."""
    lines = cell.source.splitlines()
    future = resolver.future
    for node in cell.tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            future = True
            for n in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[n] = ""
    while lines and not lines[-1].strip():
        lines.pop()
    blank = next((n for n, line in enumerate(lines) if line.strip()), 0)
    resolver.future = False
    before = preamble_text(resolver)
    head = _FUTURE + "\n" if future else ""
    if before:
        head += _HEAD + before + "\n\n"
    head += _CELL
    return head + "\n".join(lines[blank:]) + "\n", head.count("\n") - blank


def _warnings(code: str, above: int, modules: Mapping[str, bytes]) -> list[dict[str, Any]]:
    found = []
    for one in suspects(ast.parse(code)):
        in_cell = one.line > above
        line = one.line - above if in_cell else one.line
        where = "cell" if in_cell else "transform.py"
        found.append({"line": line, "what": one.what, "why": one.why, "where": where})
    found.sort(key=lambda w: w["where"] != "cell")
    for path, text in modules.items():
        for one in suspects(ast.parse(text)):
            words = {"what": one.what, "why": one.why, "where": f"modules/{path}"}
            found.append({"line": one.line, **words})
    return found


def _check_forms(tree: ast.Module) -> bool:
    """Checks `transform` and `fit`; whether there is a `fit`."""
    made: dict[str, _Definition] = {}
    other: dict[str, int] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if isinstance(node, ast.ClassDef):
                other[node.name] = node.lineno
            else:
                made[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if isinstance(node.value, ast.Lambda):
                made[node.targets[0].id] = node.value
            else:
                other[node.targets[0].id] = node.lineno
        elif isinstance(node, ast.Import | ast.ImportFrom):
            other.update({a.asname or a.name: node.lineno for a in node.names})
    for name in ("transform", "fit"):
        if name not in made and name in other:
            raise _bad_form(
                name,
                other[name],
                "it is not a `def` of this cell, so its parameters can't be checked",
                f"write `def {name}(...)` in the cell and call the other function in it",
            )
    if "transform" not in made:
        raise _no_transform(made)
    fit = made.get("fit")
    if fit is not None:
        _check_form("fit", fit, 1, "def fit(df): ... return state")
    form = "def transform(df, state): ..." if fit is not None else "def transform(df): ..."
    _check_form("transform", made["transform"], 1 if fit is None else 2, form)
    return fit is not None


def _no_transform(made: Mapping[str, Any]) -> CaptureError:
    named = [name for name in made if name not in ("fit", "transform")]
    cause = "a transform cell defines `transform(df)`, or `fit(df)` and `transform(df, state)`"
    if named:
        cause += f"; this one defines {', '.join(f'`{n}`' for n in named)}"
    elif "fit" in made:
        cause += "; this one defines `fit` only"
    return CaptureError(
        1210,
        "the cell defines no `transform`",
        cause=cause,
        fix="def transform(df): return ... the prepared frame",
    )


def _check_form(name: str, node: _Definition, wanted: int, form: str) -> None:
    if isinstance(node, ast.AsyncFunctionDef):
        raise _bad_form(name, node.lineno, "it is async; rows are prepared by a plain call", form)
    if isinstance(node, ast.FunctionDef) and _yields(node):
        raise _bad_form(name, node.lineno, "it yields; it must return one frame or state", form)
    arguments = node.args
    places = len(arguments.posonlyargs) + len(arguments.args)
    required = places - len(arguments.defaults)
    demanded = [
        a.arg
        for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    ]
    if demanded:
        cause = f"it demands `{demanded[0]}`, which nothing passes"
        raise _bad_form(name, node.lineno, cause, form)
    most = 99 if arguments.vararg else places
    if required <= wanted <= most:
        return
    cause = f"it takes {_count(required, places)}, and is called with {_parameters(wanted)}"
    if name == "transform" and wanted == 1 and required == 2:
        cause = "it takes a state, but the cell defines no `fit(df)` that makes one"
        form = "define `fit(df)` that returns the state, or write `def transform(df): ...`"
    if name == "transform" and wanted == 2 and most == 1:
        cause = "the cell defines `fit`, but what it returns never reaches `transform(df)`"
    raise _bad_form(name, node.lineno, cause, form)


def _count(required: int, places: int) -> str:
    if required == places:
        return _parameters(places)
    return f"{required} to {_parameters(places)}"


def _parameters(n: int) -> str:
    return f"{n} parameter" + ("" if n == 1 else "s")


def _yields(node: ast.FunctionDef) -> bool:
    queue: list[ast.AST] = [*node.body]
    for inner in queue:
        if isinstance(inner, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            queue.extend(ast.iter_child_nodes(inner))
    return False


def _bad_form(name: str, line: int, cause: str, form: str) -> CaptureError:
    return CaptureError(
        1211, f"line {line} of the cell: `{name}` can't be used as it is", cause=cause, fix=form
    )


def _is_unfitted(estimator: Any) -> bool:
    sklearn = sys.modules.get("sklearn")
    if sklearn is None or not hasattr(type(estimator), "get_params"):
        return False
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return True
    except TypeError:
        return False
    return False


class _Names(pickle.Pickler):
    """Sees each class and function that a fitted object consists of; keeps no bytes."""

    def __init__(self, name: str, whole: Any) -> None:
        super().__init__(_Nowhere(), protocol=5)
        self._name, self._whole = name, whole
        self.modules: dict[str, None] = {}

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, type) or hasattr(thing, "__code__"):
            module = getattr(thing, "__module__", None) or ""
            if module == "__main__":
                cause = f"it holds `{thing.__qualname__}`, which only this notebook has"
                fix = "move it to a module beside the notebook and import it; or write a cell"
                raise _no_estimator(self._name, self._whole, cause, fix)
            if home_of(thing) is not None:
                self.modules[module] = None
        return NotImplemented


class _Nowhere:
    def write(self, data: Any) -> int:
        return len(data)


def _modules_of(name: str, estimator: Any) -> list[str]:
    names = _Names(name, estimator)
    try:
        names.dump(estimator)
    except CaptureError:
        raise
    except Exception as error:
        cause = f"a part of it can't be stored: {error}"
        fix = "replace lambdas and open resources in it by functions of a module"
        raise _no_estimator(name, estimator, cause, fix) from error
    return list(names.modules)


def _no_estimator(name: str, estimator: Any, cause: str, fix: str) -> CaptureError:
    what = f"`{name}`, {type_name(estimator)}, can't be a transform"
    return CaptureError(1214, what, cause=cause, fix=fix)
