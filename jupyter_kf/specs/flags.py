"""Flags from fields: a verb's name, types, units, help and defaults are written once, in its spec.

The magics and the CLI parse with this, complete with this and print help from this.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from pydantic.fields import FieldInfo

from jupyter_kf.errors import SpecError, together
from jupyter_kf.specs.base import JobSpec, Request, no_option
from jupyter_kf.specs.words import quoted

Shape = Literal["value", "switch", "list", "map", "switch or list"]


@dataclass(frozen=True)
class Flag:
    """One field as it is typed.

    Attributes:
        flag: ``--param``; a positional's is its field's name in capitals.
        shape: how often and with what it is given.
        plain: a map's values stay texts.
    """

    field: str
    flag: str
    shape: Shape
    help: str
    unit: str | None
    default: Any
    choices: tuple[str, ...]
    positional: bool
    required: bool
    plain: bool


def flags_of(request: type[Request]) -> list[Flag]:
    """All flags of a request: positionals, its own, then what all jobs share."""
    found = [_flag(name, info) for name, info in request.model_fields.items()]
    own = set(request.__annotations__)
    return sorted(found, key=lambda f: (not f.positional, not f.positional and f.field not in own))


def parse(requests: Sequence[type[Request]], words: Sequence[str]) -> dict[str, Any]:
    """The fields that the words give; fields of several requests may be mixed.

    Raises:
        SpecError: kf-1001 an unknown flag, kf-1009 a flag without its value, or too many words.
    """
    verb = requests[0].kind
    flags = [flag for request in requests for flag in flags_of(request)]
    parser = _Parser(verb, add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    for flag in flags:
        _declare(parser, flag)
    said, shielded = parser.parse_known_args(_shielded(words))
    rest = _unshielded(shielded)
    if rest:
        options = [word for word in rest if word.startswith("-") and word.lstrip("-")[:1].isalpha()]
        offered = flags if issubclass(requests[0], JobSpec) else flags_of(requests[0])
        raise together([_unknown(requests[0], word, offered) for word in options or rest[:1]])
    fields = vars(said)
    for flag in flags:
        if flag.field in fields:
            fields[flag.field] = _value(verb, flag, _unshielded(fields[flag.field]))
    return {name: value for name, value in fields.items() if value not in ((), None)}


def help_text(about: str, flags: Sequence[Flag], usage: str) -> str:
    """What a person needs to type the verb: one line for each flag, with unit and default.

    Args:
        about: what the verb does; a docstring.
    """
    lines = [usage, "", *inspect.cleandoc(about).splitlines(), ""]
    width = max((len(_typed(flag)) for flag in flags), default=0) + 2
    for flag in flags:
        shown = flag.help
        if flag.choices:
            shown += f" ({', '.join(flag.choices)})"
        if not flag.positional and flag.default not in (None, False, (), {}, ...):
            shown += f" [{flag.default}]"
        if flag.required and not flag.positional:
            shown += " (must be given)"
        lines.append(f"  {_typed(flag):<{width}}{shown}")
    return "\n".join(lines)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise SpecError(
            1009,
            f"{self.prog}: {message}",
            cause="the line could not be read",
            fix=f"see `%kf help {self.prog}`",
        )


def _flag(name: str, info: FieldInfo) -> Flag:
    extra: Any = info.json_schema_extra or {}
    shape, choices, plain = _shape(info.annotation)
    positional = bool(extra.get("positional"))
    word = extra.get("flag") or _singular(name, shape).replace("_", "-")
    typed = name.upper() if positional else f"-{word}" if len(word) == 1 else f"--{word}"
    default = None if info.is_required() else info.default
    return Flag(
        name,
        typed,
        shape,
        info.description or "",
        extra.get("unit"),
        default,
        choices,
        positional,
        info.is_required(),
        plain,
    )


def _singular(name: str, shape: Shape) -> str:
    return name[:-1] if shape == "map" and name.endswith("s") else name


def _shape(annotation: Any) -> tuple[Shape, tuple[str, ...], bool]:
    """(shape, choices, values stay texts) of a field's type."""
    parts = [a for a in _alternatives(annotation) if a is not type(None)]
    origins = [typing.get_origin(part) or part for part in parts]
    if bool in origins:
        return ("switch or list" if tuple in origins else "switch"), (), True
    if tuple in origins:
        return "list", (), True
    if dict in origins:
        return "map", (), typing.get_args(parts[origins.index(dict)])[1] is str
    if Literal in origins:
        return "value", tuple(typing.get_args(parts[origins.index(Literal)])), True
    return "value", (), True


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)


def _declare(parser: argparse.ArgumentParser, flag: Flag) -> None:
    if flag.positional:
        nargs = "*" if flag.shape == "list" else "?"
        parser.add_argument(flag.field, nargs=nargs, default=argparse.SUPPRESS)
        return
    names = [flag.flag, *_SHORT.get(flag.flag, ())]
    if flag.shape == "switch":
        action = argparse.BooleanOptionalAction if flag.flag.startswith("--") else "store_true"
        parser.add_argument(*names, dest=flag.field, action=action)
    elif flag.shape == "switch or list":
        parser.add_argument(*names, dest=flag.field, action="append", nargs="?", const=True)
    elif flag.shape in ("list", "map"):
        parser.add_argument(*names, dest=flag.field, action="append")
    else:
        parser.add_argument(*names, dest=flag.field)


_SHIELD = "\0"  # no word of a line or of a command holds it
_GIVES_DASHES = re.compile(r"(--[^=]+=|-\w)--")


def _shielded(words: Sequence[str]) -> list[str]:
    """The words with a mark where argparse would drop ``--`` though it is a value.

    It drops one from the words behind the separator, and the whole value of ``--env=--``.
    """
    at = words.index("--") + 1 if "--" in words else len(words)
    before = [w[:-2] + _SHIELD + "--" if _GIVES_DASHES.fullmatch(w) else w for w in words[:at]]
    return [*before, *(_SHIELD + word for word in words[at:])]


def _unshielded(said: Any) -> Any:
    if isinstance(said, list):
        return [_unshielded(word) for word in said]
    return said.removeprefix(_SHIELD) if isinstance(said, str) else said


_SHORT = {"--follow": ("-f",), "--limit": ("-n",), "--tail": ("-n",)}


def _value(verb: str, flag: Flag, said: Any) -> Any:
    if flag.shape == "map":
        return dict(_pair(verb, flag, text) for text in said)
    if flag.shape == "list":
        return tuple(said)
    if flag.shape == "switch or list":
        return True if True in said else tuple(said)
    return said


def _pair(verb: str, flag: Flag, text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    spaced, name = name != name.rstrip(), name.strip()
    if not equals or not name.isidentifier():
        raise SpecError(
            1009,
            f"{verb}: {flag.flag} {text!r} names no value",
            cause=f"{flag.flag} takes {flag.unit or 'NAME=VALUE'}, and NAME is a Python name",
            fix=f"write {flag.flag} name=value",
        )
    if not flag.plain:
        return name, literal(value.strip())
    return name, value.strip() if spaced else value  # ``lr = uniform(0, 1)``, but ``K= v`` as it is


def literal(text: str) -> Any:
    """A value as typed: JSON or a Python literal, otherwise the text itself."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError):
            continue
    return text


def _unknown(request: type[Request], word: str, flags: Sequence[Flag]) -> SpecError:
    verb = request.kind
    if not word.startswith("-"):
        cause = "it has all the words it takes; a value with spaces needs quotes"
        fix = f"see `%kf help {verb}`"
        if request.more_words:
            cause, line = request.more_words
            fix = line.format(word=quoted(word))
        what = f"{verb} does not know what to do with {word!r}"
        return SpecError(1009, what, cause=cause, fix=fix)
    known = [flag.flag for flag in flags if not flag.positional]
    return no_option(request, word.partition("=")[0], known)


def _typed(flag: Flag) -> str:
    if flag.positional:
        return flag.flag + (" ..." if flag.shape == "list" else "")
    names = ", ".join([*_SHORT.get(flag.flag, ()), flag.flag])
    if flag.shape == "switch":
        return f"{names}, --no-{flag.flag[2:]}" if flag.default is True else names
    return f"{names} {flag.unit or flag.field.upper()}"
