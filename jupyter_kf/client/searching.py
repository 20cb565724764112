"""Which things does a search mean? Those in whose words all the searched ones occur, in any case.

Pure; may import `records`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from jupyter_kf.records import Run

T = TypeVar("T")

_NAMED = ("data", "transform", "model", "target", "input", "output", "metric")
_LONGEST = 1_000  # of an error, whose beginning says what it is


def search(things: list[T], text: str, words_of: Callable[[T], str]) -> list[T]:
    """Those things in whose words all the searched ones occur; `words_of` is in lower case."""
    wanted = text.lower().split()
    if not wanted:
        return things
    return [thing for thing in things if _holds(words_of(thing), wanted)]


def words_of(run: Run) -> str:
    """What a search for runs looks at, in lower case.

    Its id, name, kind and state, its metrics, what it was asked (parameters as ``lr=0.1``, the
    names of dataset, transform and model), its notebook, and why it failed.
    """
    return "\n".join(_words(run)).lower()


def _words(run: Run) -> Iterator[str]:
    yield f"{run.id} {run.name} {run.kind} {run.state}"
    yield " ".join(run.metrics)
    spec = run.spec
    params = spec.get("params")
    if isinstance(params, dict):
        yield " ".join([f"{name}={value}" for name, value in params.items()])
    yield " ".join([str(spec[key]) for key in _NAMED if spec.get(key)])
    if run.origin:
        yield run.origin.notebook
    if run.error:
        yield f"kf-{run.error.code} {run.error.what} {run.error.cause}"[:_LONGEST]
    yield run.reason[:_LONGEST]


def _holds(text: str, wanted: list[str]) -> bool:
    return all(word in text for word in wanted)
