"""Which columns go into a transform and change nothing that comes out?

They stay part of what was certified, so rows must have them; who has to give them wants to know
that they do not matter. Pure but for the calls of the transform. Standard library only.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Callable, Iterable, Sequence

MOST_CALLS = 64
"""So often the transform is called at most; of a thousand columns some stay unknown."""


def unread(
    columns: Sequence[str], sources: Iterable[str], same: Callable[[Sequence[str]], bool]
) -> tuple[list[str], list[str]]:
    """The columns that are not read, and those of which it was not found out.

    A column that `transform` names is taken for read. The others are left out, all at once and
    then by halves: what raises or comes out otherwise has read one of them.

    Args:
        sources: the transform's code.
        same: whether rows come out equal without these columns.
    """
    named = _named(sources)
    ways = deque([[column for column in columns if column not in named]])
    found: list[str] = []
    calls = 0
    while ways and calls < MOST_CALLS:
        some = ways.popleft()
        if not some:
            continue
        calls += 1
        if same(some):
            found += some
        elif len(some) > 1:
            half = len(some) // 2
            ways += [some[:half], some[half:]]
    unknown = [column for some in ways for column in some]
    if calls > 1 and found and not same(found):  # either of two will do, but not neither
        return [], _ordered(columns, found + unknown)
    return _ordered(columns, found), _ordered(columns, unknown)


def _ordered(columns: Sequence[str], some: Iterable[str]) -> list[str]:
    wanted = set(some)
    return [column for column in columns if column in wanted]


class _Named:
    """What code names as a word or within a text; what `fit` alone names is not asked for later."""

    def __init__(self) -> None:
        self.words: set[str] = set()
        self.texts: list[str] = []

    def __contains__(self, column: str) -> bool:
        return column in self.words or any(column in text for text in self.texts)


def _named(sources: Iterable[str]) -> _Named:
    found = _Named()
    for source in sources:
        body = ast.parse(source).body
        todo: list[ast.AST] = [
            one for one in body if not (isinstance(one, ast.FunctionDef) and one.name == "fit")
        ]
        for node in (inner for outer in todo for inner in ast.walk(outer)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.texts.append(node.value)
            elif isinstance(node, ast.Attribute):
                found.words.add(node.attr)
            elif isinstance(node, ast.keyword) and node.arg:
                found.words.add(node.arg)
    return found
