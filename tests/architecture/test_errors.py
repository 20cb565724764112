"""Every error has a code of its own, in its class's hundred, with a cause and a fix."""

from __future__ import annotations

import ast
import functools
import re
from collections import defaultdict
from pathlib import Path

from jupyter_kf import errors
from tests.architecture.source import modules, shown, tree

# Codes that several files word, each for its own case of the one meaning that stands here.
MEANINGS = {
    1330: "the state that fit returns has no safe, exact form",
    1421: "the dataset has no such column",
    2602: "what is left in `model` is no model of this framework",
    2604: "the framework's own format can't hold the model",
    2609: "the model was trained on other columns than the prepared rows have",
}
HUNDREDS = {kind.__name__: hundred for hundred, kind in errors._BY_HUNDRED.items()}


def test_a_code_means_one_thing():
    """Where two files word one code differently: let one place raise it, or say what it means."""
    meanings: dict[int, dict[Path, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path, node, _ in _raised():
        code, what = _code(node), _what(node)
        if code is not None and what is not None:
            meanings[code][path].add(what)
    twice = {
        f"kf-{code}": {shown(path): sorted(said) for path, said in places.items()}
        for code, places in meanings.items()
        if len({frozenset(said) for said in places.values()}) > 1 and code not in MEANINGS
    }
    assert not twice


def test_meanings_are_written_down_only_for_codes_that_need_them():
    files = {
        code: {path for path, node, _ in _raised() if _code(node) == code} for code in MEANINGS
    }
    assert not [code for code, paths in files.items() if len(paths) < 2]


def test_a_code_stands_in_the_hundred_of_its_class():
    astray = {
        f"{shown(path)}:{node.lineno}": f"{name}({code})"
        for path, node, name in _raised()
        if (code := _code(node)) is not None and code // 100 != HUNDREDS[name]
    }
    assert not astray


def test_every_error_says_its_cause_and_its_fix():
    silent = [
        f"{shown(path)}:{node.lineno}"
        for path, node, _ in _raised()
        if _code(node) is not None
        and not {"cause", "fix"} <= {word.arg for word in node.keywords if word.arg}
        and not any(word.arg is None for word in node.keywords)
    ]
    assert not silent


def test_the_tree_at_the_top_of_the_module_is_the_tree():
    drawn = set(re.findall(r"^[├└]── (\w+) +(\d\d)xx", errors.__doc__ or "", re.MULTILINE))
    assert drawn == {(name, str(hundred)) for name, hundred in HUNDREDS.items()}


@functools.cache
def _raised() -> tuple[tuple[Path, ast.Call, str], ...]:
    return tuple(
        (path, node, name)
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        if (name := ast.unparse(node.func).rpartition(".")[2]) in HUNDREDS
    )


def _code(node: ast.Call) -> int | None:
    first = node.args[0] if node.args else None
    return first.value if isinstance(first, ast.Constant) and type(first.value) is int else None


def _what(node: ast.Call) -> str | None:
    """The sentence with its blanks, so that other values in them are the same meaning."""
    what = node.args[1] if len(node.args) > 1 else None
    if isinstance(what, ast.Constant):
        return str(what.value)
    if isinstance(what, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "{}" for part in what.values
        )
    return None
