"""What can go wrong for a user and for an admin; every face renders these and adds nothing.

Standard library only.

SpawnerError
├── Refusal            a request that the catalogue does not allow: the user's own to mend
└── CatalogueError     a catalogue that can't be used: all its problems at once
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


class SpawnerError(Exception):
    """Everything this package raises on purpose."""


class Refusal(SpawnerError):
    """A server that will not be started, for a reason the user can act on.

    Args:
        reason: a short label for the hub's metrics, of a fixed set: never a user's text.
        what: what was refused and why, one sentence without a full stop.
        fix: what to choose or do instead, one sentence without a full stop.
        field: the option concerned, to mark it in the form.
    """

    def __init__(self, reason: str, what: str, *, fix: str, field: str = "") -> None:
        super().__init__(f"{what}. {fix}.")
        self.reason, self.what, self.fix, self.field = reason, what, fix, field


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong in a catalogue.

    Attributes:
        line, column: where it stands, counted from 1.
        path: keys from the top, joined by dots.
        reason: what is wrong.
        fix: what to write instead.
        warning: whether the catalogue can be used all the same.
    """

    line: int
    column: int
    path: str
    reason: str
    fix: str
    warning: bool = False

    def as_warning(self) -> Problem:
        """The same, as one with which the catalogue can be used."""
        return replace(self, warning=True)

    def shown(self, file: str) -> str:
        """`file:line:column: path: reason`, and the fix on a line of its own."""
        place = f"{file}:{self.line}:{self.column}: {self.path or 'the catalogue'}"
        kind = "warning: " if self.warning else ""
        return f"{place}: {kind}{self.reason}\n  Fix: {self.fix}"


class CatalogueError(SpawnerError):
    """A catalogue with problems, in the order of its lines."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.file, self.problems = file, tuple(sorted(problems))
        super().__init__("\n".join(problem.shown(file) for problem in self.problems))


def shown(value: object, longest: int = 40) -> str:
    """A user's value as it may stand in a sentence: quoted, short, printable ASCII.

    Lone surrogates, newlines and terminal codes can't reach a log or a page this way.
    """
    try:
        text = ascii(value) if isinstance(value, str | int | float | None) else "a structure"
    except ValueError:  # a whole number of more digits than Python prints
        text = "a huge number"
    if len(text) <= longest:
        return text
    return text[: longest - 4] + "..." + (text[-1] if text[-1] in "'\"" else "")


def sentence(text: str) -> str:
    """The text beginning with a capital, and otherwise as it is: Mi is not mi."""
    return text[:1].upper() + text[1:]


def count(number: int, word: str) -> str:
    """`1 size`, `2 sizes`, `no sizes`; of `kind of GPU` the first word is counted."""
    first, space, rest = word.partition(" ")
    many = first if number == 1 else f"{first}s"
    return f"{number or 'no'} {many}{space}{rest}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`write x` for the nearest known word, else the list of them."""
    words = sorted(known)
    near = difflib.get_close_matches(word[:100], words, n=1, cutoff=0.6)
    if near:
        return f"write {near[0]}"
    some = "one of " if len(words) > 1 else ""
    listed = ", ".join(words[:12])
    return f"choose {some}{listed}" if words else "leave it out: there are none"
