"""A line's words, as Python and the shell would both cut it.

Quotes hold a word together, and so do brackets: ``lr=loguniform(1e-4, 0.3)``, ``df.head(3)`` and
``{"hour": 9, "carrier": "AA"}`` are a word each, kept as they were typed. Pure.
"""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterator

_CLOSED_BY = {"(": ")", "[": "]", "{": "}"}


def split(line: str) -> list[str]:
    """The words. A bracket that is not closed is a letter like others.

    Raises:
        ValueError: a quote is not closed.
    """
    return shlex.split("".join(_quoted_brackets(line)))


def quoted(value: str) -> str:
    """A value as an error's fix has it typed: one word of a line and of a shell."""
    return shlex.quote(value)


def fixed(line: str) -> Iterator[tuple[str, bool]]:
    """The line in pieces, each with whether a notebook leaves it as it is.

    A notebook replaces ``{name}`` on a magic's line by that variable's value. A dict whose keys
    are texts, written out, is none: the notebook would make ``x    `` of ``{"x":5}``.
    """
    done = at = 0
    while (at := line.find("{", at)) >= 0:
        end = _end(line, at)
        if end is None:
            at += 1
            continue
        if _is_dict(line[at:end]):
            yield line[done:at], False
            yield line[at:end], True
            done = end
        at = end
    yield line[done:], False


def _is_dict(text: str) -> bool:
    try:
        found = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return isinstance(found, ast.Dict) and all(
        isinstance(key, ast.Constant) and isinstance(key.value, str) for key in found.keys
    )


def _quoted_brackets(line: str) -> Iterator[str]:
    """The line with each bracket and what is in it made one quoted piece for `shlex`."""
    at, quote = 0, ""
    while at < len(line):
        letter, end = line[at], at + 1
        if letter == "\\" and quote != "'":
            end = at + 2
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in _CLOSED_BY and (closed := _end(line, at)) is not None:
            yield shlex.quote(line[at:closed])
            at = closed
            continue
        yield line[at:end]
        at = end


def _end(line: str, at: int) -> int | None:
    """Where the bracket at `at` has been closed, by Python's rules for brackets and texts."""
    open_, quote = [], ""
    while at < len(line):
        letter = line[at]
        if quote:
            if letter == "\\":
                at += 1
            elif letter == quote:
                quote = ""
        elif letter in "'\"":
            quote = letter
        elif letter in _CLOSED_BY:
            open_.append(_CLOSED_BY[letter])
        elif letter in _CLOSED_BY.values():
            if letter != open_.pop():
                return None
            if not open_:
                return at + 1
        at += 1
    return None
