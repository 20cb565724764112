"""What of the notebook must travel with a cell, so that it runs in another process?

`capture_cell` and `capture_function` look and refuse; nothing is written before `write`.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_kf.blobs import explained, write_atomic, write_json
from jupyter_kf.capture import changes
from jupyter_kf.capture.definitions import Definition, NoSource, definition_of, is_notebooks
from jupyter_kf.capture.parse import parse_cell
from jupyter_kf.capture.reads import Reads, reads_of
from jupyter_kf.capture.resolve import Resolver, Rules
from jupyter_kf.capture.values import Value
from jupyter_kf.errors import CaptureError

_FUTURE = "from __future__ import annotations"


@dataclass(frozen=True)
class Captured:
    """A cell and what travels with it.

    Attributes:
        source: the cell as it will run, line for line what was typed.
        preamble: imports, helpers and frozen values, run before the cell in its namespace.
        values: what travels as files, by name.
        modules: local modules, by path below the folder that goes on ``sys.path``.
        listing: ``{"name", "kind", "type", "bytes"}`` of each thing that travels.
        left_out: harmless magics that were commented out, as ``(line, text)``.
    """

    source: str
    preamble: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)
    modules: Mapping[str, bytes] = field(default_factory=dict)
    listing: tuple[Mapping[str, Any], ...] = ()
    left_out: tuple[tuple[int, str], ...] = ()

    @property
    def bytes(self) -> int:
        """Size of all that travels beside the cell."""
        return sum(int(one["bytes"]) for one in self.listing)


def capture_cell(
    source: str,
    namespace: Mapping[str, Any],
    *,
    bound: Collection[str],
    pickle: Collection[str] = (),
    directory: Path,
) -> Captured:
    """The cell with what it reads from the notebook.

    Args:
        source: the cell's text, below its magic line.
        namespace: the notebook's names (IPython's `user_ns`).
        bound: names that the job binds itself: X_train, y_train, kf, parameters, ...
        pickle: names that may travel as a pickle where nothing safer is known.
        directory: the notebook's folder.

    Raises:
        CaptureError: kf-1201 syntax, kf-1202 IPython's syntax, kf-1203 names that can't travel
            (all of them in one error), kf-1204 a name nobody defines, kf-1205 too large,
            kf-1206 empty, kf-1208 a local module, kf-1209 a pickle that fails.

    Source: issue 2, part 3; interfaces.md, "What a cell may use from the notebook".
    """
    cell = parse_cell(source)
    resolver = Resolver(namespace, Rules(bound, pickle), Path(directory))
    resolver.need(reads_of(cell.tree))
    resolver.finish("the cell")
    return _captured(cell.source, resolver, cell.left_out)


def capture_function(
    function: Any,
    *,
    bound: Collection[str],
    pickle: Collection[str] = (),
    directory: Path,
) -> Captured:
    """A cell that calls a function: its parameters are bound names, its result is `model`.

    A function of the notebook becomes part of the cell's text; one of an installed or local
    module is imported.

    Raises:
        CaptureError: kf-1207, a parameter that the job does not bind, a coroutine or a
            generator; otherwise as `capture_cell`.
    """
    name = getattr(function, "__name__", "") or "function"
    name = name if name.isidentifier() else "function"
    call = _call(name, function, bound)
    namespace = dict(getattr(inspect.unwrap(function), "__globals__", {}))
    namespace.update({name: function, "__name__": "__main__"})
    resolver = Resolver(namespace, Rules(bound, pickle), Path(directory))
    found = _own_definition(name, function, bound)
    if found is None:
        tree = ast.parse(call)
        resolver.need(_only(reads_of(tree), name))
        source = call
    else:
        source = f"{found.text}\n\n\n{call}"
        tree = ast.parse(source)
        resolver.future = found.future
        resolver.need(reads_of(tree))
        if not _returns(found.node):
            source = source.replace(f"\nmodel = {name}(", f"\n{name}(")
    resolver.finish(f"function `{name}`")
    return _captured(source, resolver, ())


def write(captured: Captured, folder: Path) -> None:
    """Writes a run's `inputs/`: what `worker.bind.load_inputs` reads.

    Raises:
        StoreError: kf-3001 the disk is full, kf-3002 it can't be written.
    """
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        entries = {}
        for n, (name, value) in enumerate(captured.values.items()):
            file = f"values/{n}.{value.suffix}" if value.save else None
            if file and value.save:
                (folder / "values").mkdir(exist_ok=True)
                value.save(folder / file)
            entries[name] = {"kind": value.kind, "file": file, "value": value.inline}
            if value.after:
                entries[name]["after"] = True
        for path, text in captured.modules.items():
            target = folder / "modules" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text)
        if captured.preamble:
            write_atomic(folder / "preamble.py", captured.preamble.encode())
        if entries:
            write_atomic(folder / "values.json", json.dumps(entries).encode())
        write_json(folder / "listing.json", list(captured.listing))


def preamble_text(resolver: Resolver) -> str:
    """Imports, then definitions and values in an order that runs."""
    parts = [_FUTURE] if resolver.future else []
    parts += list(resolver.imports)
    text = "\n".join(parts)
    after_long = False
    for block in resolver.blocks:
        long = block.startswith(("@", "def ", "class ", "async def ", "if True:"))
        gap = "\n\n\n" if long or after_long else "\n"
        text = f"{text}{gap}{block}" if text else block
        after_long = long
    return text + "\n" if text else ""


def _captured(source: str, resolver: Resolver, left_out: tuple[tuple[int, str], ...]) -> Captured:
    return Captured(
        source=source,
        preamble=preamble_text(resolver),
        values=dict(resolver.values),
        modules=dict(sorted(resolver.modules.files.items())),
        listing=tuple(resolver.listing),
        left_out=left_out,
    )


def _own_definition(name: str, function: Any, bound: Collection[str]) -> Definition | None:
    if not is_notebooks(function):
        return None
    try:
        found = definition_of(name, function)
    except NoSource as error:
        raise _bad(
            name, str(error), "define it at the top level of a cell or of a module"
        ) from None
    changed = changes.refusal(name, function, found.node, function.__globals__, bound)
    if changed is not None:
        raise _bad(name, changed.cause, changed.fix)
    return found if found.name == name else None


def _only(reads: Reads, name: str) -> Reads:
    return Reads(
        {n: s for n, s in reads.names.items() if n == name}, {}, {}, (), False, frozenset()
    )


def _call(name: str, function: Any, bound: Collection[str]) -> str:
    inner = inspect.unwrap(function) if callable(function) else function
    if not callable(function):
        raise _bad(name, f"it is a {type(function).__name__}", "pass a function or a cell's text")
    if inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner):
        raise _bad(name, "it is async", "make it a plain `def`; use asyncio.run inside it")
    if inspect.isgeneratorfunction(inner):
        raise _bad(name, "it is a generator", "return the model instead of yielding")
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise _bad(name, "its parameters can't be read", "wrap it into a `def`") from None
    arguments = []
    for one in parameters:
        if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            continue
        if one.name in bound:
            arguments.append(
                one.name if one.kind is one.POSITIONAL_ONLY else f"{one.name}={one.name}"
            )
        elif one.default is one.empty:
            known = ", ".join(sorted(bound))
            raise _bad(
                name,
                f"the job does not bind its parameter `{one.name}` (it binds {known})",
                f"give it: params={{{one.name!r}: ...}}; or give the parameter a default",
            )
    return f"model = {name}({', '.join(arguments)})\n"


def _returns(node: ast.stmt) -> bool:
    """Whether a function returns something, not counting functions inside it."""
    if isinstance(node, ast.Assign):
        return True
    queue: list[ast.AST] = [*getattr(node, "body", [])]
    for inner in queue:
        if isinstance(inner, ast.Return) and inner.value is not None:
            return True
        nested = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
        if not isinstance(inner, nested):
            queue.extend(ast.iter_child_nodes(inner))
    return False


def _bad(name: str, cause: str, fix: str) -> CaptureError:
    return CaptureError(1207, f"function `{name}` can't become a train cell", cause=cause, fix=fix)
