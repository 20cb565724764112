"""A function as source that stands alone: with the imports, helpers and plain values it reads.

Room `capture` does this for whole cells in the notebook; here it is done inside a job, for the
loader of a custom model. Standard library only.
"""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import linecache
import math
import site
import sys
import sysconfig
import textwrap
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_kf.errors import ModelError

_READING = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
"""The compiler's instructions that read a global; of a class's body, one of its own as well."""


@dataclass
class Captured:
    """Source text, the local modules it imports, and the packages it needs.

    Attributes:
        modules: file name below a folder that is put on sys.path -> source.
        needs: top-level names of the installed packages that are imported.
    """

    function: str
    source: str = ""
    modules: dict[str, str] = field(default_factory=dict)
    needs: list[str] = field(default_factory=list)


def capture(function: Callable[..., Any]) -> Captured:
    """`function` with all it reads, as source.

    Raises:
        ModelError: kf-2607, it has no source (a lambda, a built-in) or reads a value that can't
            be written down.
    """
    if not isinstance(function, types.FunctionType) or function.__name__ == "<lambda>":
        raise _refuse("the loader", f"it is a {type(function).__name__} without source of its own")
    if function.__closure__:
        held = ", ".join(function.__code__.co_freevars)
        raise _refuse(f"the loader `{function.__name__}`", f"it closes over {held}")
    made = Captured(function.__name__)
    lines: dict[str, str] = {}
    _define(function.__name__, function, function.__globals__, lines, made)
    imports = [text for text in lines.values() if text.startswith(("import ", "from "))]
    others = [text for text in lines.values() if not text.startswith(("import ", "from "))]
    made.source = "\n".join(["from __future__ import annotations", *imports, "", *others, ""])
    made.needs = sorted(set(made.needs))
    return made


def _define(
    name: str, value: Any, names: dict[str, Any], lines: dict[str, str], made: Captured
) -> None:
    """Adds the line or block that binds `name`, and those it depends on."""
    if name in lines:
        return
    statement = _import_of(name, value, names, made)
    if statement:
        lines[name] = statement
    elif isinstance(value, types.FunctionType | type):
        try:
            source = _source_of(value)
        except (OSError, TypeError) as error:
            raise _refuse(
                f"`{name}`, which the loader reads,", f"its source is not known: {error}"
            ) from None
        lines[name] = ""  # begun: a helper that calls back does not begin again
        for needed in _reads(value):
            if needed in names:
                _define(needed, names[needed], names, lines, made)
        del lines[name]  # what it builds on stands before it
        lines[name] = source
    elif _is_plain(value):
        lines[name] = f"{name} = {_literal(value)}"
    else:
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        raise _refuse(
            f"`{name}`, which the loader reads,", f"it is a {kind}, a live object of the cell"
        )


def _source_of(value: Any) -> str:
    """The text that defines a function or class.

    Raises:
        OSError: it is not known.
        TypeError: the same, of what is built in.
    """
    try:
        return textwrap.dedent(inspect.getsource(value))
    except (OSError, TypeError):
        found = _class_in_cell(value) if isinstance(value, type) else None
        if found is None:
            raise
        return found


def _class_in_cell(value: type) -> str | None:
    """A class's text from the lines of its cell, which no file holds: `inspect` asks files only."""
    methods = [one for one in vars(value).values() if isinstance(one, types.FunctionType)]
    shown = {method.__code__.co_filename for method in methods} or set(linecache.cache)
    for lines in map(linecache.getlines, sorted(shown)):
        try:
            tree = ast.parse("".join(lines))
        except (SyntaxError, ValueError):
            continue
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name == value.__name__:
                first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                return "".join(lines[first - 1 : node.end_lineno])
    return None


def _import_of(name: str, value: Any, names: dict[str, Any], made: Captured) -> str | None:
    """The import statement that binds `name` to `value`; None when there is none."""
    if isinstance(value, types.ModuleType):
        _note_module(value.__name__, made)
        if value.__name__ == name:
            return f"import {name}"
        if "." in value.__name__:
            parent, _, last = value.__name__.rpartition(".")
            return f"from {parent} import {last} as {name}"
        return f"import {value.__name__} as {name}"
    home = getattr(value, "__module__", None)
    if not isinstance(home, str) or home == names.get("__name__") or home == "__main__":
        return None
    found: Any = sys.modules.get(home)
    real = getattr(value, "__name__", "")
    if found is None or getattr(found, real, None) is not value:
        return None
    _note_module(home, made)
    return f"from {home} import {real} as {name}"


def _note_module(name: str, made: Captured) -> None:
    """Takes a local module's package along; notes an installed one."""
    root = name.partition(".")[0]
    path = getattr(sys.modules.get(root), "__file__", None)
    if path is None or root in sys.stdlib_module_names:
        return
    file = Path(path).resolve()
    if any(file.is_relative_to(folder) for folder in _installed()):
        made.needs.append(root)
    elif file.name == "__init__.py":
        for part in sorted(file.parent.rglob("*.py")):
            made.modules[f"{root}/{part.relative_to(file.parent).as_posix()}"] = part.read_text()
    else:
        made.modules[f"{root}.py"] = file.read_text()


def _installed() -> Iterator[Path]:
    yield from (Path(p).resolve() for p in site.getsitepackages())
    yield Path(site.getusersitepackages()).resolve()
    paths = sysconfig.get_paths()
    yield from (Path(paths[key]).resolve() for key in ("stdlib", "purelib", "platlib"))


def _reads(value: Any) -> Iterator[str]:
    """Global names that a function's code, or a class's methods and bases, may read."""
    if isinstance(value, type):
        yield from (base.__name__ for base in value.__bases__ if base is not object)
        tree = compile(_source_of(value), "<class>", "exec")
        yield from _code_names(tree)
    else:
        source = _source_of(value)
        yield from _code_names(compile(source, "<function>", "exec", dont_inherit=True))


def _code_names(code: types.CodeType) -> Iterator[str]:
    for step in dis.get_instructions(code):  # co_names holds the names of attributes as well
        if step.opname in _READING and not hasattr(builtins, step.argval):
            yield step.argval
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _code_names(constant)


def _literal(value: Any) -> str:
    """An expression for a plain value; ``inf`` and ``nan`` are no names that Python knows."""
    if type(value) is float and not math.isfinite(value):
        return f'float("{value!r}")'
    if type(value) is complex:
        return f"complex({_literal(value.real)}, {_literal(value.imag)})"
    if type(value) is dict:
        return f"{{{', '.join(f'{_literal(k)}: {_literal(v)}' for k, v in value.items())}}}"
    if type(value) in (list, tuple, set) and value:
        inside = ", ".join(map(_literal, value))
        if type(value) is tuple:
            return f"({inside},)"
        return f"[{inside}]" if type(value) is list else f"{{{inside}}}"
    return repr(value)


def _is_plain(value: Any, depth: int = 0) -> bool:
    if isinstance(value, str | bytes | int | float | complex | bool | None):
        return not isinstance(value, str | bytes) or len(value) < 65_536
    if depth > 8 or not isinstance(value, list | tuple | set | dict):
        return False
    items = [*value.keys(), *value.values()] if isinstance(value, dict) else list(value)
    return len(items) < 10_000 and all(_is_plain(item, depth + 1) for item in items)


def _refuse(what: str, cause: str) -> ModelError:
    return ModelError(
        2607,
        f"{what} can't travel with the model",
        cause=cause,
        fix="define it at the top of the cell or in a module beside the notebook, and read what it "
        "needs from the files in its folder",
    )
