"""How is the text of a search space read? Tokens to a call with its condition.

    space     = kind "(" [argument {"," argument}] ")" ["if" clause {"and" clause}]
    argument  = value | name "=" value
    clause    = name ("==" | "!=" | "<" | "<=" | ">" | ">=") value
              | name ["not"] "in" "(" value {"," value} ")"
    value     = number | 'text' | "text" | word | true | false | none

A word stands for itself as a text. Pure. May import `errors`.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jupyter_kf.errors import TuneError

Value = str | int | float | bool | None

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'[^']*'|"[^"]*")
      | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<word>[^\W\d][\w.\-]*)
      | (?P<sign>==|!=|<=|>=|[<>=(),])
    )""",
    re.VERBOSE,
)
_WORDS: dict[str, Value] = {"true": True, "false": False, "none": None}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Condition:
    """One clause: ``booster in ('gbdt', 'dart')``."""

    name: str
    op: str
    values: tuple[Value, ...]

    def holds(self, value: Value) -> bool:
        """Whether it is true of a value; things that can't be compared make it false."""
        if self.op in ("in", "not in"):
            return (value in self.values) == (self.op == "in")
        try:
            return _COMPARE[self.op](value, self.values[0])
        except TypeError:
            return False

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"name": self.name, "op": self.op, "values": list(self.values)}

    def __str__(self) -> str:
        shown = ", ".join(show(value) for value in self.values)
        return f"{self.name} {self.op} " + (f"({shown})" if "in" in self.op else shown)


@dataclass(frozen=True)
class Call:
    """What was written for one parameter, not yet judged."""

    name: str
    kind: str
    values: tuple[Value, ...]
    options: tuple[tuple[str, Value], ...]
    when: tuple[Condition, ...]


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int  # from 0


def show(value: Value) -> str:
    """A value as it is written in a space."""
    if isinstance(value, str):
        return f'"{value}"' if "'" in value else f"'{value}'"
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return repr(value)


def read_call(name: str, text: str) -> Call:
    """The call in a text.

    Raises:
        TuneError: kf-2501, with the position of what does not fit.
    """
    return _Reader(name, text).whole()


class _Reader:
    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self.tokens: list[_Token] = []
        self.at = 0
        place = 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            if not found or found.lastgroup is None:
                place += len(text[place:]) - len(text[place:].lstrip())
                raise self.error(place, "a number, a word or a text in quotes")
            self.tokens.append(
                _Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup))
            )
            place = found.end()
        self.tokens.append(_Token("end", "", len(text)))

    def whole(self) -> Call:
        kind = self.take("word", "a kind of space such as float, int or choice").text
        self.sign("(")
        values: list[Value] = []
        options: dict[str, Value] = {}
        while not self.next_is(")"):
            if values or options:
                self.sign(",")
            if self.tokens[self.at].kind == "word" and self.tokens[self.at + 1].text == "=":
                token = self.tokens[self.at]
                self.at += 2
                if token.text in options:
                    raise self.error(token.at, f"`{token.text}` once only")
                options[token.text] = self.value()
            elif options:
                raise self.error(self.tokens[self.at].at, "values before options")
            else:
                values.append(self.value())
        self.sign(")")
        when = self.conditions() if self.word_is("if") else ()
        if self.tokens[self.at].kind != "end":
            raise self.error(self.tokens[self.at].at, "`if NAME == VALUE`, or nothing more")
        return Call(self.name, kind, tuple(values), tuple(options.items()), when)

    def conditions(self) -> tuple[Condition, ...]:
        clauses = [self.clause()]
        while self.word_is("and"):
            clauses.append(self.clause())
        return tuple(clauses)

    def clause(self) -> Condition:
        name = self.take("word", "the name of a parameter").text
        if self.word_is("not"):
            if not self.word_is("in"):
                raise self.error(self.tokens[self.at].at, "`not in (...)`")
            return Condition(name, "not in", self.several())
        if self.word_is("in"):
            return Condition(name, "in", self.several())
        token = self.tokens[self.at]
        if token.text not in _COMPARE:
            raise self.error(token.at, "one of ==, !=, <, <=, >, >=, in, not in")
        self.at += 1
        return Condition(name, token.text, (self.value(),))

    def several(self) -> tuple[Value, ...]:
        self.sign("(")
        values = [self.value()]
        while self.next_is(","):
            self.sign(",")
            if not self.next_is(")"):
                values.append(self.value())
        self.sign(")")
        return tuple(values)

    def value(self) -> Value:
        token = self.tokens[self.at]
        self.at += 1
        if token.kind == "text":
            return token.text[1:-1]
        if token.kind == "word":
            return _WORDS.get(token.text.lower(), token.text)
        if token.kind == "number":
            number = float(token.text)
            if not math.isfinite(number):
                raise self.error(token.at, "a finite number")
            return int(token.text) if re.fullmatch(r"[+-]?\d+", token.text) else number
        raise self.error(token.at, "a value")

    def take(self, kind: str, wanted: str) -> _Token:
        token = self.tokens[self.at]
        if token.kind != kind:
            raise self.error(token.at, wanted)
        self.at += 1
        return token

    def next_is(self, text: str) -> bool:
        token = self.tokens[self.at]
        return token.kind == "sign" and token.text == text

    def word_is(self, text: str) -> bool:
        token = self.tokens[self.at]
        hit = token.kind == "word" and token.text == text
        self.at += hit
        return hit

    def sign(self, text: str) -> None:
        if not self.next_is(text):
            raise self.error(self.tokens[self.at].at, f"`{text}`")
        self.at += 1

    def error(self, at: int, wanted: str) -> TuneError:
        found = (
            f"{self.text[at : at + 12]!r} at character {at + 1}" if self.text[at:] else "the end"
        )
        return TuneError(
            2501,
            f"{self.name}: {self.text!r} is not a search space",
            cause=f"found {found}, expected {wanted}",
            fix=f"write {self.name}=float(0, 1), loguniform(1e-3, 0.3), int(3, 12) or "
            "choice(gbdt, dart), each with `if OTHER == VALUE` if need be",
        )
