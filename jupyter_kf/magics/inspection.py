"""Inspection (Shift+Tab) on ``%kf`` lines: the verb's help, a flag's sentence, a name's facts.

A kernel is asked with the code and the cursor, but hands IPython only the word under it; what a
word means on our lines depends on the line, so we answer before the kernel does.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from jupyter_kf.magics.completion import LINE

if TYPE_CHECKING:
    from jupyter_kf.magics import KfMagics


def hook(shell: Any, magics: KfMagics) -> None:
    """Answers inspection on our lines; everything else stays the kernel's."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return
    ask_kernel = kernel.do_inspect

    @functools.wraps(ask_kernel)
    def do_inspect(code: str, cursor_pos: int, *args: Any, **more: Any) -> Any:
        found = explain_at(magics, code, cursor_pos)
        if found is None:
            return ask_kernel(code, cursor_pos, *args, **more)
        return {"status": "ok", "found": True, "data": {"text/plain": found}, "metadata": {}}

    kernel.do_inspect = do_inspect


def explain_at(magics: KfMagics, code: str, cursor: int) -> str | None:
    """What stands at the cursor, explained; None when it is not on a line of ours."""
    begin = code.rfind("\n", 0, cursor) + 1
    end = code.find("\n", cursor)
    line = code[begin : end if end >= 0 else len(code)]
    found = LINE.match(line)
    if not found:
        return None
    from jupyter_kf.verbs import VERBS, explain, offered

    words = found["words"].split()
    word = _word_at(line, cursor - begin)
    verb = words[0] if words else None
    if verb not in VERBS or word in ("", "%kf", "%%kf"):
        return explain(None)
    for flag in offered(verb):
        if word.partition("=")[0] == flag.flag:
            unit = f"  ({flag.unit})" if flag.unit else ""
            return f"{flag.flag}{unit}: {flag.help}"
    if word != verb:
        return _fact(magics, word) or explain(verb)
    return explain(verb)


def _word_at(line: str, at: int) -> str:
    for found in re.finditer(r"\S+", line):
        if found.start() <= at <= found.end():
            return found.group()
    return ""


def _fact(magics: KfMagics, name: str) -> str | None:
    """The card of what the store has under this name."""
    from jupyter_kf import display
    from jupyter_kf.layout import KINDS

    client = magics.session.client
    if name in client.store.runs.ids():
        return display.text(client.run(name))
    readers = {
        "dataset": client.get_data,
        "transform": client.get_transform,
        "model": client.get_model,
    }
    for kind in KINDS:
        if kind in readers and name in client.store.refs.names(kind):
            return display.text(readers[kind](name))
    return None
