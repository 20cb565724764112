"""The budgets of the house: small enough to be read whole. Split by meaning, not by counting."""

from __future__ import annotations

import ast
import functools
from collections import defaultdict

import pytest

from tests.architecture.source import PACKAGE, functions, modules, shown, tree

MODULE_LINES = 400
FUNCTION_LINES = 60
PARAMETERS = 6
MAGIC_STATEMENTS = 10


def test_no_module_is_longer_than_its_budget():
    long = {shown(path): n for path in modules() if (n := _lines(path)) > MODULE_LINES}
    assert not long


def test_no_function_is_longer_than_its_budget():
    long = {
        f"{shown(path)}:{node.lineno} {node.name}": n
        for path in modules()
        for node in functions(path)
        if (n := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    }
    assert not long


def test_no_function_takes_more_parameters_than_its_budget():
    many = {
        f"{shown(path)}:{node.lineno} {node.name}": len(names)
        for path in modules()
        for node in functions(path)
        if len(names := _parameters(node)) > PARAMETERS
    }
    assert not many


def test_a_magic_parses_calls_and_renders_in_few_statements():
    long = {
        f"{shown(path)}:{node.lineno} {node.name}": n
        for path in modules()
        if PACKAGE / "magics" in path.parents
        for node in functions(path)
        if _is_magic(node) and (n := _statements(node)) > MAGIC_STATEMENTS
    }
    assert not long


@pytest.mark.parametrize("path", modules(), ids=shown)
def test_every_public_thing_says_what_it_is(path):
    silent = [name for name, node in _public(tree(path)) if not ast.get_docstring(node)]
    assert not silent
    assert not path.read_text().strip() or ast.get_docstring(tree(path)), "the module says nothing"


def _lines(path) -> int:
    return len(path.read_text().splitlines())


def _parameters(node) -> list[str]:
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra]
    return [argument.arg for argument in every if argument.arg not in ("self", "cls", "mcs")]


def _is_magic(node) -> bool:
    marks = [ast.unparse(mark) for mark in node.decorator_list]
    return any("magic" in mark for mark in marks)


def _statements(node) -> int:
    inner = [child for child in ast.walk(node) if isinstance(child, ast.stmt)]
    return len(inner) - 1 - (1 if ast.get_docstring(node) else 0)


def _public(parent, prefix=""):
    """Public classes, functions and methods, but for those whose doc stands somewhere else."""
    for node in parent.body:
        named = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if not named or node.name.startswith("_") or _documented_elsewhere(node, parent):
            continue
        yield prefix + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from _public(node, f"{node.name}.")


def _documented_elsewhere(node, parent) -> bool:
    """A property is read like an attribute; a protocol's and a visitor's methods by their class.

    A test's name is its sentence, in the contract that back ends must pass.
    """
    marks = {ast.unparse(mark).rpartition(".")[2] for mark in node.decorator_list}
    if marks & {"property", "cached_property", "override", "overload", "setter"}:
        return True
    bases = [ast.unparse(base) for base in getattr(parent, "bases", [])]
    if any("Protocol" in base for base in bases) or node.name.startswith(("visit_", "test_")):
        return True
    # The same method of a base class in the package says it for all.
    return any(node.name in _documented_methods()[base.rpartition(".")[2]] for base in bases)


@functools.cache
def _documented_methods() -> defaultdict[str, set[str]]:
    """Of each class name in the packages, the methods that say what they are."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ClassDef):
                found[node.name].update(
                    child.name
                    for child in node.body
                    if isinstance(child, ast.FunctionDef) and ast.get_docstring(child)
                )
    return found
