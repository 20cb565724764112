"""What is the exact source of a function or class that was defined in the notebook?

IPython keeps every cell's text in `linecache`; the definition is found there by its line, and
taken as it was typed, decorators included. Standard library only.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_FUTURE_ANNOTATIONS = 0x1000000  # __future__.annotations.compiler_flag, as co_flags has it
_Node = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class NoSource(Exception):
    """The definition can't be taken as text; the argument says why, in plain words."""


@dataclass(frozen=True)
class Definition:
    """A definition as text.

    Attributes:
        name: the name that the text binds.
        text: exact lines, at the left margin.
        node: its syntax tree, for what it reads.
        future: whether its annotations were never evaluated.
    """

    name: str
    text: str
    node: ast.stmt
    future: bool = False


def is_notebooks(value: Any) -> bool:
    """Whether a function or class was defined in the notebook itself.

    One that was defined inside a function can't be imported from anywhere either, so it counts:
    its text travels.
    """
    bare = _bare(value)
    inside = isinstance(bare, types.FunctionType) and "<locals>" in bare.__qualname__
    return inside or getattr(bare, "__module__", None) == "__main__"


def is_code(value: Any) -> bool:
    """Whether a value is a function, a class or a decorated function."""
    return isinstance(value, type | types.FunctionType) or callable(
        getattr(value, "__wrapped__", None) or getattr(value, "py_func", None)
    )


def definition_of(name: str, value: Any) -> Definition:
    """The definition of a function or class that `name` is bound to.

    Raises:
        NoSource: a closure, or the text can't be found.
    """
    if isinstance(value, type):
        return _class(name, value)
    function = _user_function(name, value)
    code = function.__code__
    free = [n for n in code.co_freevars if n != "__class__"]
    if free:
        maker = function.__qualname__.partition(".<locals>")[0]
        held = ", ".join(f"`{n}`" for n in free)
        raise NoSource(f"it was made inside `{maker}` and holds that call's {held}")
    future = bool(code.co_flags & _FUTURE_ANNOTATIONS)
    lines = _lines(code.co_filename, function)
    if function.__name__ == "<lambda>":
        return _lambda(name, code, lines)
    for node in ast.walk(_parsed(lines)):
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name == code.co_name
            and _first_line(node) == code.co_firstlineno
        ):
            return Definition(node.name, _text(node, lines), node, future)
    raise NoSource("its definition is no longer where it was")


def _bare(value: Any) -> Any:
    """What decorators were put around, as far as they tell."""
    for _ in range(20):
        inner = getattr(value, "__wrapped__", None) or getattr(value, "py_func", None)
        if isinstance(value, type) or inner is None or not callable(inner):
            break
        value = inner
    return value


def _user_function(name: str, value: Any) -> types.FunctionType:
    function = _bare(value)
    if not isinstance(function, types.FunctionType):
        raise NoSource("it has no source")
    for cell in function.__closure__ or ():
        # A decorator without functools.wraps: the function it was put on is in its closure.
        try:
            held = _bare(cell.cell_contents)
        except ValueError:
            continue
        if not isinstance(held, types.FunctionType) or held.__name__ != name:
            continue
        if held.__name__ != function.__name__ and is_notebooks(held):
            return held
    return function


def _class(name: str, value: type) -> Definition:
    if "<locals>" in value.__qualname__:
        maker = value.__qualname__.partition(".<locals>")[0]
        raise NoSource(f"it was made inside `{maker}`")
    if "." in value.__qualname__:
        raise NoSource(f"it is part of another class, `{value.__qualname__}`")
    for lines in _places_of(value):
        for node in ast.walk(_parsed(lines)):
            if isinstance(node, ast.ClassDef) and node.name == value.__name__:
                if not _bound_by(node) <= set(dir(value)) | set(
                    getattr(value, "__annotations__", {})
                ):
                    continue
                return Definition(node.name, _text(node, lines), node, _class_future(value))
    named_tuple = _named_tuple(name, value)
    if named_tuple is not None:
        return named_tuple
    raise NoSource("its source is not in any cell of this notebook")


def _places_of(value: type) -> Iterator[list[str]]:
    """Texts that may hold a class, the likeliest first."""
    seen = set()
    for member in vars(value).values():
        function = inspect.unwrap(getattr(member, "__func__", None) or member, stop=_no_code)
        code = getattr(function, "__code__", None) or getattr(
            getattr(member, "fget", None), "__code__", None
        )
        inside = getattr(code, "co_qualname", "").startswith(value.__qualname__ + ".")
        if code is not None and inside and code.co_filename not in seen:
            seen.add(code.co_filename)
            lines = linecache.getlines(code.co_filename)
            if lines:
                yield lines
    for file, entry in reversed(list(linecache.cache.items())):
        if len(entry) != 4 or entry[1] is not None or file in seen:
            continue  # only what IPython put there
        if any(f"class {value.__name__}" in line for line in entry[2]):
            yield entry[2]


def _no_code(value: Any) -> bool:
    return not callable(value)


def _class_future(value: type) -> bool:
    held = vars(value).get("__annotations__", {})
    return bool(held) and all(isinstance(a, str) for a in held.values())


def _bound_by(node: ast.ClassDef) -> set[str]:
    names: set[str] = set()
    for inner in node.body:
        if isinstance(inner, _Node):
            names.add(inner.name)
        elif isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
            names.add(inner.target.id)
    return {n if not n.startswith("__") or n.endswith("__") else f"_{node.name}{n}" for n in names}


def _named_tuple(name: str, value: type) -> Definition | None:
    if value.__bases__ != (tuple,) or not hasattr(value, "_fields"):
        return None
    fields, defaults = list(value._fields), value._field_defaults  # type: ignore[attr-defined]
    if defaults:
        raise NoSource("it is a named tuple with defaults; write it as a class of NamedTuple")
    text = f'{name} = __import__("collections").namedtuple({value.__name__!r}, {fields!r})'
    return Definition(name, text, ast.parse(text).body[0])


def _lambda(name: str, code: types.CodeType, lines: list[str]) -> Definition:
    tree = _parsed(lines)
    on_line = [
        n for n in ast.walk(tree) if isinstance(n, ast.Lambda) and n.lineno == code.co_firstlineno
    ]
    same = [n for n in on_line if len(on_line) == 1 or _compiles_to(n, code)]
    if not same:
        raise NoSource("its definition is no longer where it was")
    segment = ast.get_source_segment("".join(lines), same[0])
    text = f"{name} = ({segment})" if "\n" in (segment or "") else f"{name} = {segment}"
    return Definition(name, text, ast.parse(text).body[0])


def _compiles_to(node: ast.Lambda, code: types.CodeType) -> bool:
    made = compile(ast.Expression(node), "<lambda>", "eval").co_consts
    inner = next(c for c in made if isinstance(c, types.CodeType))
    return (inner.co_code, inner.co_names, inner.co_varnames, _plain(inner)) == (
        code.co_code,
        code.co_names,
        code.co_varnames,
        _plain(code),
    )


def _plain(code: types.CodeType) -> list[str]:
    return [repr(c) for c in code.co_consts if not isinstance(c, types.CodeType)]


def _lines(filename: str, function: types.FunctionType) -> list[str]:
    lines = linecache.getlines(filename, function.__globals__)
    if not lines:
        raise NoSource("its source is not in any cell of this notebook")
    return lines


def _parsed(lines: list[str]) -> ast.Module:
    try:
        return ast.parse("".join(lines))
    except (SyntaxError, ValueError):
        raise NoSource("the cell that defines it can't be read as Python") from None


def _first_line(node: _Node) -> int:
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


def _text(node: _Node, lines: list[str]) -> str:
    first, last = _first_line(node), node.end_lineno or node.lineno
    text = "".join(lines[first - 1 : last]).rstrip("\n")
    if node.col_offset == 0:
        return text
    # Removing the indentation could change a string over several lines; a block can't.
    return f"if True:\n{text}"
