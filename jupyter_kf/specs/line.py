"""A request as the line that asks for it: the inverse of `flags.parse`.

Only what differs from the defaults is written, so that a form, or a run that is made again, gives
the cell that a person would have typed. Pure.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_kf.errors import SpecError
from jupyter_kf.specs.base import Request
from jupyter_kf.specs.flags import Flag, flags_of, literal


def words_of(request: Request) -> list[str]:
    """The words after the verb: ``parse((type(request),), words)`` gives the request's fields.

    Raises:
        SpecError: kf-1033, a value holds a line's end.
    """
    asked = request.model_dump(exclude_defaults=True)
    flags = flags_of(type(request))
    places = [word for flag in flags if flag.positional for word in _place(flag, asked)]
    options = [
        word
        for flag in flags
        if not flag.positional and flag.field in asked
        for word in _option(flag, asked[flag.field])
    ]
    if any(word.startswith("-") for word in places):
        return [*options, "--", *places]
    return [*places, *options]


def cell_of(request: Request, code: str | None = None, options: Request | None = None) -> str:
    """The cell that asks for this, as a notebook takes it; with options of the call, if any.

    A notebook replaces ``{name}`` and ``$name`` on our lines by the value of that variable. So
    braces are doubled; a dollar, which `shlex` has put within single quotes, gets its own, since
    whether a notebook undoes a doubled one depends on the quotes around it.
    """
    words = [*words_of(request), *(words_of(options) if options else ())]
    line = shlex.join([request.kind, *words])
    line = line.replace("{", "{{").replace("}", "}}")
    line = re.sub(r"\$(?=[\w.])", "$''", line)
    if code is None:
        return f"%kf {line}"
    return f"%%kf {line}\n{code}"


def _place(flag: Flag, asked: Mapping[str, Any]) -> Iterator[str]:
    if flag.field not in asked:
        return
    value = asked[flag.field]
    for one in value if flag.shape == "list" else (value,):
        yield _text(flag, one)


def _option(flag: Flag, value: Any) -> Iterator[str]:
    if flag.shape == "switch" or value is True:
        yield flag.flag if value else flag.flag.replace("--", "--no-", 1)
    elif flag.shape == "map":
        for name, one in value.items():
            yield from _given(flag, f"{name}={_text(flag, one if flag.plain else _literal(one))}")
    elif flag.shape in ("list", "switch or list"):
        for one in value:
            yield from _given(flag, _text(flag, one))
    else:
        yield from _given(flag, _text(flag, value))


def _given(flag: Flag, text: str) -> Iterator[str]:
    if not text.startswith("-"):
        yield from (flag.flag, text)
    elif flag.flag.startswith("--"):
        yield f"{flag.flag}={text}"
    else:
        yield f"{flag.flag}{text}"


def _literal(value: Any) -> str:
    """A text that `literal` reads as the value; a plain word stands for itself."""
    if isinstance(value, str):
        alone = value and value == value.strip() and literal(value) == value
        return value if alone else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def _text(flag: Flag, value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    if len((text + ".").splitlines()) > 1:
        raise SpecError(
            1033,
            f"`{flag.field}` can't be written on a line",
            cause=f"its value has a line's end: {text[:40]!r}",
            fix="call the client from Python instead: client = kf.connect()",
        ).at(flag.field)
    return text
