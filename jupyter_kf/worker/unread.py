"""Which columns go into a transform and change nothing that comes out?

They stay part of what was certified, so rows must have them; who has to give them wants to know
that they do not matter. Pure but for the calls of the transform. Standard library only.
"""

from __future__ import annotations

import ast
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence

MOST_CALLS = 64
"""So often the transform is called at most; of a thousand columns some stay unknown."""
MOST_S = 2.0
"""Longest that all calls take together, after the first: a slow transform is not called often."""


def unread(
    columns: Sequence[str],
    sources: Iterable[str],
    same: Callable[[Sequence[str]], bool],
    clock: Callable[[], float] = time.monotonic,
) -> tuple[list[str], list[str]]:
    """The columns that are not read, and those of which it was not found out.

    A column that `transform` names is taken for read. The others are left out, all at once and
    then by halves: what raises or comes out otherwise has read one of them.

    Args:
        sources: the transform's code.
        same: whether rows come out equal without these columns.
        clock: seconds. What could not be looked at within `MOST_S` is not known; one call may
            be made at any rate, and the last that confirms what the others found.
    """
    named = _named(sources)
    ways = deque([[column for column in columns if column not in named]])
    found: list[str] = []
    calls, spent_s = 0, 0.0
    began_s = clock()
    # The next call is expected to take as long as those before it did, and so is the last.
    while ways and calls < MOST_CALLS and (not calls or spent_s * (1 + 2 / calls) <= MOST_S):
        some = ways.popleft()
        if not some:
            continue
        calls += 1
        equal = same(some)
        spent_s = clock() - began_s
        if equal:
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
