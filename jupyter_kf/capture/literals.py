"""What Python expression makes this plain value again, exactly?

Deterministic: sets are sorted, dicts keep their order, nothing depends on the hash seed. Types
are kept, so only exact types are written. Modules get private aliases (``_datetime``) so that no
name of the user is covered.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import logging
import math
import pathlib
import re
import sys
import types
import typing
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

Reference = Callable[[Any], str]
"""Writes a class, function or module attribute as an expression; raises `Unwritable`."""


class Unwritable(Exception):
    """No expression makes this value; the argument says what is in the way."""


def is_plain_json(value: Any, depth: int = 0) -> bool:
    """Whether JSON gives back an equal value of the same types."""
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return True
    if kind is int:
        return bool(value.bit_length() < 1000)
    if kind is float:
        return math.isfinite(value)
    if depth > 100:
        return False
    if kind is list:
        return all(is_plain_json(item, depth + 1) for item in value)
    if kind is dict:
        return all(type(k) is str and is_plain_json(v, depth + 1) for k, v in value.items())
    return False


class Writer:
    """Writes values as expressions.

    Args:
        reference: how a class or function inside a value is written.
    """

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._open: list[int] = []

    def write(self, value: Any) -> str:
        """An expression whose value equals `value`, type for type.

        Raises:
            Unwritable: no such expression is known.
        """
        kind = type(value)
        scalar = _SCALARS.get(kind)
        if scalar is not None:
            return scalar(value)
        if id(value) in self._open:
            raise Unwritable("it contains itself")
        if len(self._open) > 100:
            raise Unwritable("it is nested more than 100 levels deep")
        self._open.append(id(value))
        try:
            return self._compound(value, kind)
        finally:
            self._open.pop()

    def call(self, function: Any, *arguments: Any, **named: Any) -> str:
        """``function(argument, ..., name=argument)``."""
        inside = [self.write(a) for a in arguments]
        inside += [f"{name}={self.write(a)}" for name, a in named.items()]
        return f"{self._reference(function)}({', '.join(inside)})"

    def _compound(self, value: Any, kind: type) -> str:
        builtin = self._builtin(value, kind)
        if builtin is not None:
            return builtin
        standard = self._standard(value, kind)
        if standard is not None:
            return standard
        made = self._made_by_class(value, kind)
        if made is not None:
            return made
        if value is type(None):
            return "type(None)"
        if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
            return self._reference(value)
        foreign = self._numeric(value, kind)
        if foreign is not None:
            return foreign
        raise Unwritable(f"it holds a {type_name(value)}")

    def _builtin(self, value: Any, kind: type) -> str | None:
        if kind is list:
            return f"[{self._several(value)}]"
        if kind is tuple:
            return f"({self._several(value)},)" if len(value) == 1 else f"({self._several(value)})"
        if kind is dict:
            pairs = (f"{self.write(k)}: {self.write(v)}" for k, v in value.items())
            return "{" + ", ".join(pairs) + "}"
        if kind is set:
            return "{" + self._sorted(value) + "}" if value else "set()"
        if kind is frozenset:
            return "frozenset({" + self._sorted(value) + "})" if value else "frozenset()"
        if kind is bytearray:
            return f"bytearray({bytes(value)!r})"
        if kind is range:
            return repr(value)
        if kind is slice:
            return f"slice({self._several([value.start, value.stop, value.step])})"
        return None

    def _several(self, values: Any) -> str:
        return ", ".join(self.write(v) for v in values)

    def _sorted(self, values: Any) -> str:
        return ", ".join(sorted(self.write(v) for v in values))

    def _standard(self, value: Any, kind: type) -> str | None:
        if kind in (datetime.date, datetime.timedelta):
            return self._reference(kind) + _arguments_in(value)
        if kind in (datetime.datetime, datetime.time):
            return self._time(value, kind)
        if kind is datetime.timezone:
            return self.call(kind, *value.__getinitargs__())
        if kind is zoneinfo.ZoneInfo and value.key:
            return self.call(kind, value.key)
        if kind in (decimal.Decimal, uuid.UUID):
            return self.call(kind, str(value))
        if kind is fractions.Fraction:
            return self.call(kind, value.numerator, value.denominator)
        if isinstance(value, pathlib.PurePath) and kind.__module__.startswith("pathlib"):
            return self.call(_path_class(value), str(value))
        if kind is re.Pattern:
            return self.call(re.compile, value.pattern, value.flags & ~re.UNICODE.value)
        if kind is logging.Logger:
            return self.call(logging.getLogger, value.name)
        if kind is functools.partial:
            return self.call(kind, value.func, *value.args, **value.keywords)
        if kind is collections.OrderedDict or kind is collections.Counter:
            return f"{self._reference(kind)}({self.write(dict(value))})"
        if kind is collections.defaultdict:
            return self.call(kind, value.default_factory, dict(value))
        if kind is collections.deque:
            return self.call(kind, list(value), value.maxlen)
        return self._type_form(value, kind)

    def _time(self, value: Any, kind: type) -> str:
        bare = _arguments_in(value.replace(tzinfo=None, fold=0))
        named = "".join(
            f", {name}={self.write(part)}"
            for name, part in (("tzinfo", value.tzinfo), ("fold", value.fold))
            if part
        )
        return f"{self._reference(kind)}{bare[:-1]}{named})"

    def _type_form(self, value: Any, kind: type) -> str | None:
        if kind is typing.TypeVar and not value.__constraints__ and value.__bound__ is None:
            return self.call(typing.TypeVar, value.__name__)
        if kind is types.UnionType:
            return " | ".join(self.write(a) for a in typing.get_args(value))
        origin = typing.get_origin(value)
        if origin is not None and kind.__module__ in ("types", "typing"):
            head = self._reference(typing.Union) if origin is typing.Union else self.write(origin)
            return f"{head}[{self._several(typing.get_args(value))}]"
        if value is typing.Any:
            return self._reference(value)
        return None

    def _made_by_class(self, value: Any, kind: type) -> str | None:
        """Enum members, named tuples and plain dataclass instances."""
        if isinstance(value, enum.Enum):
            if value.name is None or type(value).__members__.get(value.name) is not value:
                raise Unwritable(f"it holds a combined {kind.__name__}")
            return f"{self._reference(kind)}.{value.name}"
        if isinstance(value, tuple) and hasattr(kind, "_fields"):
            return self.call(kind, *value)
        if dataclasses.is_dataclass(kind) and not hasattr(kind, "__post_init__"):
            fields = dataclasses.fields(kind)
            held = {f.name: getattr(value, f.name, None) for f in fields}
            same = set(vars(value)) == set(held) if hasattr(value, "__dict__") else True
            if same and all(f.init for f in fields) and "__init__" in vars(kind):
                return self.call(kind, **held)
        return None

    def _numeric(self, value: Any, kind: type) -> str | None:
        """NumPy's and pandas' scalars, when those are loaded."""
        numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
        if numpy is not None and isinstance(value, numpy.generic):
            if kind in (numpy.datetime64, numpy.timedelta64):
                unit, step = numpy.datetime_data(value.dtype)
                number = "NaT" if numpy.isnat(value) else int(value.view("int64"))
                return self.call(kind, number, *([] if unit == "generic" else [f"{step}{unit}"]))
            if value.dtype.kind in "biufcSU" and kind is not numpy.longdouble:
                return f"{self._reference(kind)}({self.write(value.item())})"
        if numpy is not None and isinstance(value, numpy.dtype) and not value.hasobject:
            return self.call(numpy.dtype, value.str if value.names is None else value.descr)
        if pandas is not None and (value is pandas.NaT or value is pandas.NA):
            return f"{self._reference(pandas)}.{'NaT' if value is pandas.NaT else 'NA'}"
        if pandas is not None and kind is pandas.Timestamp:
            return self._timestamp(value)
        if pandas is not None and kind is pandas.Timedelta:
            number = int(value.to_numpy().view("int64"))
            return f"{self.call(kind, number, value.unit)}.as_unit({value.unit!r})"
        return None

    def _timestamp(self, value: Any) -> str:
        number = int(value.to_numpy().view("int64"))
        kind = self._reference(type(value))
        made = f"{kind}({number}, unit={value.unit!r}).as_unit({value.unit!r})"
        if value.tz is None:
            return made
        zone = self.write(getattr(value.tz, "zone", value.tz))
        return f"{made}.tz_localize('UTC').tz_convert({zone})"


def type_name(value: Any) -> str:
    """``sqlite3 Connection``: what people call the type of a value."""
    kind = type(value)
    root = kind.__module__.partition(".")[0].strip("_")
    return kind.__name__ if root in ("builtins", "main") else f"{root} {kind.__name__}"


def _arguments_in(value: Any) -> str:
    text = repr(value)
    return text[text.index("(") :]


def _path_class(value: pathlib.PurePath) -> type:
    return pathlib.Path if isinstance(value, pathlib.Path) else type(value)


def _float(value: float) -> str:
    return repr(value) if math.isfinite(value) else f'float("{value!r}")'


def _int(value: int) -> str:
    return repr(value) if value.bit_length() < 4096 else hex(value)


_SCALARS: dict[type, Callable[[Any], str]] = {
    type(None): repr,
    type(...): lambda _: "...",
    type(NotImplemented): repr,
    bool: repr,
    int: _int,
    float: _float,
    complex: lambda v: f"complex({_float(v.real)}, {_float(v.imag)})",
    str: repr,
    bytes: repr,
}
