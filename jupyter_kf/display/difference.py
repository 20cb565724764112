"""The lines in which the code of two runs differs, as a unified diff. Pure."""

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
    old, new = (str(text).splitlines() for text in c.code)
    lines = list(unified_diff(old, new, c.runs[0].id, c.runs[1].id, n=1, lineterm=""))
    more = len(lines) - _MOST_LINES
    if more <= 0:
        return lines
    return [*lines[:_MOST_LINES], f"... and {more} more line{'s' if more > 1 else ''}"]
