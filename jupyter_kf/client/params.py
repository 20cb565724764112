"""Is a parameter what its cell takes for a number, written with a decimal comma?

``--param C=0,5`` is two values to Python and a text to a form, and a job finds that out when all
is loaded. Only what was a number before is refused: ``layers=64,32`` is two values as well.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

from jupyter_kf.errors import SpecError, together
from jupyter_kf.specs import TrainSpec
from jupyter_kf.store import Store

_COMMA = re.compile(r"\s*([+-]?\d+),(\d+(?:[eE][+-]?\d+)?)\s*")


def refuse_commas(
    store: Store, spec: TrainSpec, code: Any = None, scope: Mapping[str, Any] | None = None
) -> None:
    """Lets parameters pass that are what they were.

    Args:
        code: the cell's text, or a function, whose defaults tell what is a number.
        scope: the notebook's names, which do so too.

    Raises:
        SpecError: kf-1043.
    """
    wrong = []
    for name, typed in _suspects(spec):
        known = next(_numbers(store, spec, code, scope or {}, name), None)
        if known:
            wrong.append(
                SpecError(
                    1043,
                    f"parameter `{name}` is no number: {typed}",
                    cause=f"{known}; a number has a point, a comma parts two values",
                    fix=f"write {name}={typed.replace(',', '.')}",
                ).at("params")
            )
    if wrong:
        raise together(wrong)


def commas(spec: TrainSpec) -> str:
    """What to know of texts that may be meant as numbers, where nothing tells; else empty."""
    texts = [name for name, _ in _suspects(spec) if isinstance(spec.params[name], str)]
    if not texts:
        return ""
    shown = ", ".join(f"{name}={spec.params[name]!r}" for name in texts)
    return f"look: {shown} is a text; a number has a point, as in 0.5"


def _suspects(spec: TrainSpec) -> Iterator[tuple[str, str]]:
    """Names of parameters, and their values as they were typed."""
    for name, value in spec.params.items():
        if isinstance(value, str) and (found := _COMMA.fullmatch(value)):
            yield name, f"{found[1]},{found[2]}"
        elif isinstance(value, list | tuple) and [type(one) for one in value] == [int, int]:
            yield name, f"{value[0]},{value[1]}"


def _numbers(
    store: Store, spec: TrainSpec, code: Any, scope: Mapping[str, Any], name: str
) -> Iterator[str]:
    """Where a parameter is known to be a number, in words, the nearest first."""
    if isinstance(code, FunctionType):
        parameter = inspect.signature(code).parameters.get(name)
        if parameter and _is_number(parameter.default):
            yield f"the function's default is {parameter.default}"
    elif isinstance(code, str) and (value := _assigned(code, name)) is not None:
        yield f"it is {value} in the cell"
    if _is_number(scope.get(name)):
        yield f"it is {scope[name]} in the notebook"
    before = store.runs.newest("train", spec.name)
    value = ((before.spec.get("params") or {}) if before else {}).get(name)
    if before and _is_number(value):
        yield f"it was {value} in run {before.id}"


def _assigned(code: str, name: str) -> Any:
    """The number that a cell's own line gives to a name; None where there is no such line."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError):  # said by whoever reads the cell next
        return None
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            named = [one.id for one in node.targets if isinstance(one, ast.Name)]
            if name in named and _is_number(node.value.value):
                return node.value.value
    return None


def _is_number(value: Any) -> bool:
    plain = value.item() if getattr(value, "ndim", None) == 0 else value  # numpy's
    return isinstance(plain, int | float) and not isinstance(plain, bool)
