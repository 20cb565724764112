"""The lines in which the code of two runs, or of their transforms, differs. Pure."""

from __future__ import annotations

from difflib import unified_diff

from jupyter_kf.client.compare import Comparison

_MOST_LINES = 20


def code_lines(c: Comparison) -> list[str]:
    """The beginning of the difference; nothing when the code is equal, or one ran none.

    Of more than two runs it can't be said in one diff: a line says how to see it.
    """
    if "code" not in c.settings or None in c.code:
        return []
    if len(c.runs) > 2:
        return ["the code differs; compare two of them to see its lines"]
    old, new = (str(text) for text in c.code)
    return _diff(old, new, c.runs[0].id, c.runs[1].id)


def transform_lines(c: Comparison) -> list[str]:
    """The same of the transforms that prepared the rows of two runs."""
    if len(c.transforms) != 2 or None in c.transforms:
        return []
    old, new = (one for one in c.transforms if one)
    if old.digest == new.digest:
        return []
    lost = [one.name for one in (old, new) if one.code is None]
    if old.code is None or new.code is None:
        return [f"the store has lost the code of {' and '.join(lost)}"]
    if old.code == new.code:
        return [f"{old.name} and {new.name} have the same code, and learnt from other rows"]
    return _diff(old.code, new.code, old.name, new.name)


def _diff(old: str, new: str, old_name: str, new_name: str) -> list[str]:
    texts = old.splitlines(), new.splitlines()
    lines = list(unified_diff(*texts, old_name, new_name, n=1, lineterm=""))
    more = len(lines) - _MOST_LINES
    if more <= 0:
        return lines
    return [*lines[:_MOST_LINES], f"... and {more} more line{'s' if more > 1 else ''}"]
