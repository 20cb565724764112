"""Does the text of a function or class still make what the notebook has under its name?

Defaults and the values in a class's body are computed once, when the definition runs; what they
were computed from, and the class itself, may have changed since. Only what can be computed again
without calling anything is looked at. Standard library only.
"""

from __future__ import annotations

import abc
import ast
import builtins
import inspect
import types
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from jupyter_kf.capture.refusals import Refusal

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_PLAIN = (int, float, complex, str, bytes, bool, type(None), tuple, list, dict, set, frozenset)
_DISPLAYS = (ast.Constant, ast.Name, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Attribute)
_OPERATIONS = (ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.Subscript, ast.Slice)
_MARKS = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
_UNKNOWN = object()


def refusal(
    name: str, value: Any, node: ast.stmt, names: Mapping[str, Any], bound: Collection[str] = ()
) -> Refusal | None:
    """Why a definition is refused, or None when it makes what the notebook has.

    Args:
        node: the definition's syntax tree.
        names: what names mean in the notebook now.
        bound: names that the job binds itself.
    """
    now = {key: held for key, held in names.items() if key not in bound}
    if isinstance(value, type):
        why = _class(value, node, now) if isinstance(node, ast.ClassDef) else ""
    else:
        why = _defaults(inspect.unwrap(value), node, now)
    if not why:
        return None
    kind = "class" if isinstance(value, type) else "function"
    return Refusal(
        name,
        f"a {kind} of this notebook",
        why,
        f"run the cell that defines `{name}` again, and write what was changed since into it",
    )


def _defaults(function: Any, node: ast.stmt, names: Mapping[str, Any]) -> str:
    made = getattr(node, "value", None)  # of `f = lambda ...`
    if isinstance(made, ast.Lambda):
        name, given = "<lambda>", made.args
    elif isinstance(node, _Function):
        name, given = node.name, node.args
    else:
        return ""
    if not isinstance(function, types.FunctionType) or function.__code__.co_name != name:
        return ""
    places = [*given.posonlyargs, *given.args]
    held = function.__defaults__ or ()
    if len(held) != len(given.defaults):
        return "its defaults were changed after it was defined"
    pairs = list(zip(places[len(places) - len(held) :], given.defaults, held, strict=True))
    by_name = function.__kwdefaults__ or {}
    for one, expression in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        if expression is not None and one.arg in by_name:
            pairs.append((one, expression, by_name[one.arg]))
    for place, expression, value in pairs:
        now = _now(expression, names)
        if now is not _UNKNOWN and not _same(value, now):
            return (
                f"its default {place.arg}={ast.unparse(expression)} was {_shown(value)} when it "
                f"was defined, and would be {_shown(now)} now"
            )
    return ""


def _class(value: type, node: ast.ClassDef, names: Mapping[str, Any]) -> str:
    held = vars(value)
    defined = {inner for inner in ast.walk(node) if isinstance(inner, _Function)}
    inside = {**names, **{_mangled(key, node): held.get(key, _UNKNOWN) for key in _bound(node)}}
    for key, member in held.items():
        function = _function_of(member)
        if function is None or function.__module__ != "__main__" or _is_generated(function):
            continue
        mine = [one for one in defined if _mangled(one.name, node) == key]
        same = [one for one in mine or defined if _is_of(function, one, value)]
        decorated = node.decorator_list or any(one.decorator_list for one in mine)
        written = not mine and key in {_mangled(name, node) for name in _bound(node)}
        if not same and not decorated and not written:
            return f"its method `{key}` was replaced or added after the class was defined"
        for one in same:
            why = _defaults(function, one, inside)
            if why:
                return f"in its method `{key}`, {why}"
    if type(value) not in (type, abc.ABCMeta) or hasattr(value, "_fields"):
        return ""  # a metaclass, or NamedTuple, makes of the body what it likes
    return _attributes(value, node, inside)


def _attributes(value: type, node: ast.ClassDef, names: Mapping[str, Any]) -> str:
    held, written = vars(value), dict(_assigned(node))
    for name, expression in written.items():
        key = _mangled(name, node)
        if key not in held or hasattr(held[key], "__get__"):
            continue
        if expression is None:
            continue
        now = _now(expression, names)
        if now is not _UNKNOWN and not _same(held[key], now):
            return (
                f"`{node.name}.{name}` is {_shown(held[key])} now, and its text says "
                f"{ast.unparse(expression)}" + _and_is(expression, now)
            )
    made_by_others = node.decorator_list or any(
        "__init_subclass__" in vars(base) for base in value.__mro__[:-1]
    )
    known = {_mangled(name, node) for name in _bound(node)}
    for key, one in held.items():
        added = key not in known and not (key.startswith("__") and key.endswith("__"))
        if added and not made_by_others and type(one) in _PLAIN:
            return f"`{node.name}.{key}` was set after the class was defined"
    return ""


def _and_is(expression: ast.expr, now: Any) -> str:
    return "" if isinstance(expression, ast.Constant) else f", which is {_shown(now)}"


def _assigned(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr | None]]:
    """Names that the body binds once, at its top level, to an expression; None where not so."""
    seen: set[str] = set()
    for statement in node.body:
        targets: list[ast.expr] = []
        value: ast.expr | None = None
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign):
            targets, value = [statement.target], statement.value
        for target in targets:
            if isinstance(target, ast.Name) and value is not None:
                yield target.id, None if target.id in seen else value
                seen.add(target.id)
        if not targets:
            for name in _bound(ast.ClassDef("", [], [], [statement], [])):
                if name in seen or not isinstance(statement, _Function | ast.ClassDef):
                    yield name, None
                seen.add(name)


def _bound(node: ast.ClassDef) -> set[str]:
    """Names that the statements of the body bind, not those of its functions."""
    found: set[str] = set()
    queue: list[ast.AST] = list(node.body)
    for inner in queue:
        if isinstance(inner, _Function | ast.ClassDef):
            found.add(inner.name)
            continue
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store | ast.Del):
            found.add(inner.id)
        if isinstance(inner, ast.Import | ast.ImportFrom):
            found |= {(a.asname or a.name).partition(".")[0] for a in inner.names}
        queue.extend(ast.iter_child_nodes(inner))
    return found


def _function_of(member: Any) -> types.FunctionType | None:
    """The function behind a method, a property or a decorated one; None when there is none."""
    inner = getattr(member, "__func__", None) or getattr(member, "fget", None) or member
    inner = getattr(inner, "func", inner)  # functools.cached_property
    for _ in range(20):
        wrapped = getattr(inner, "__wrapped__", None)
        if wrapped is None:
            break
        inner = wrapped
    return inner if isinstance(inner, types.FunctionType) else None


def _is_generated(function: types.FunctionType) -> bool:
    """Whether a decorator wrote it, as dataclasses do: then it has no cell."""
    return function.__code__.co_filename.startswith("<string>")


def _is_of(function: types.FunctionType, node: _Function, value: type) -> bool:
    """Whether a function is what this definition in the class's body made."""
    inside = function.__qualname__.startswith(value.__qualname__ + ".")
    return inside and _first_line(node) == function.__code__.co_firstlineno


def _first_line(node: _Function) -> int:
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


def _mangled(name: str, node: ast.ClassDef) -> str:
    private = name.startswith("__") and not name.endswith("__")
    return f"_{node.name.lstrip('_')}{name}" if private else name


def _now(expression: ast.expr, names: Mapping[str, Any]) -> Any:
    """What an expression is now; `_UNKNOWN` where that would have to call something, and of an
    empty list or dict, which functions may use as their memory.
    """
    parts = list(ast.walk(expression))
    used = {part.id for part in parts if isinstance(part, ast.Name)}
    if any(not isinstance(part, (*_DISPLAYS, *_OPERATIONS, *_MARKS)) for part in parts):
        return _UNKNOWN
    if not getattr(expression, "elts", True) or not getattr(expression, "keys", True):
        return _UNKNOWN
    held = {name: names.get(name, getattr(builtins, name, _UNKNOWN)) for name in used}
    modules = {name for name, value in held.items() if isinstance(value, types.ModuleType)}
    computes = any(isinstance(part, _OPERATIONS) for part in parts)
    if any(value is _UNKNOWN for value in held.values()):
        return _UNKNOWN
    if computes and any(type(held[n]) not in _PLAIN for n in used - modules):
        return _UNKNOWN
    for part in parts:
        base = part.value if isinstance(part, ast.Attribute) else None
        if base is not None and not (isinstance(base, ast.Name) and base.id in modules):
            return _UNKNOWN
    try:
        return eval(compile(ast.Expression(expression), "<default>", "eval"), {}, held)  # noqa: S307 - calls nothing
    except Exception:
        return _UNKNOWN


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, types.FunctionType):
        return _same(one.__defaults__, other.__defaults__) and _same_code(
            one.__code__, other.__code__
        )
    if isinstance(one, type):
        return (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)
    try:
        if type(one) in (tuple, list):
            return len(one) == len(other) and all(map(_same, one, other))
        equal = one == other
        for _ in range(2):  # of an array, of a frame
            equal = equal.all() if hasattr(equal, "all") else equal
        return bool(equal) or bool(one != one and other != other)
    except Exception:
        return False


def _same_code(one: types.CodeType, other: types.CodeType) -> bool:
    """Wherever they stand: a cell that is run again may have been moved."""
    parts = ("co_code", "co_names", "co_varnames", "co_freevars")
    if any(getattr(one, part) != getattr(other, part) for part in parts):
        return False
    pairs = list(zip(one.co_consts, other.co_consts, strict=False))
    return len(one.co_consts) == len(other.co_consts) and all(
        _same_code(a, b)
        if isinstance(a, types.CodeType) and isinstance(b, types.CodeType)
        else _same(a, b)
        for a, b in pairs
    )


def _shown(value: Any) -> str:
    text = repr(value) if type(value) in _PLAIN else f"a {type(value).__name__}"
    return text if len(text) < 60 else f"{text[:50]}..."
