from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import fractions
import functools
import logging
import math
import operator
import pathlib
import re
import typing
import uuid
import zoneinfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kf.capture.imports import home_of
from jupyter_kf.capture.literals import Unwritable, Writer, is_plain_json


def trip(value):
    modules = {}

    def reference(thing):
        home = (thing.__name__, "") if type(thing) is type(pd) else home_of(thing)
        if home is None:
            raise Unwritable("no home")
        if home[0] == "builtins":
            return home[1]
        alias = "_" + home[0].replace(".", "_")
        modules[alias] = __import__(home[0], fromlist=["x"])
        return f"{alias}.{home[1]}".rstrip(".")

    return eval(Writer(reference).write(value), modules)


ZONES = st.none() | st.just(dt.UTC) | st.just(zoneinfo.ZoneInfo("Europe/Berlin"))
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.complex_numbers() | st.dates() | st.times() | st.timedeltas()
    | st.datetimes(timezones=ZONES)
    | st.decimals() | st.fractions() | st.uuids()
)  # fmt: skip
KEYS = st.none() | st.booleans() | st.integers() | st.text() | st.dates() | st.tuples(st.integers())
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.sets(KEYS, max_size=3)
        | st.frozensets(KEYS, max_size=3)
    ),
    max_leaves=8,
)


def equal(a, b) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, complex):
        return equal(a.real, b.real) and equal(a.imag, b.imag)
    if isinstance(a, float) and a != a:
        return b != b
    if isinstance(a, decimal.Decimal):
        return repr(a) == repr(b)
    if isinstance(a, float) and a == 0:
        return math.copysign(1, a) == math.copysign(1, b)
    if isinstance(a, dt.datetime | dt.time):
        return repr(a) == repr(b)
    return a == b


@given(VALUES)
def test_a_plain_value_and_its_expression_are_equal_type_for_type(value):
    assert equal(trip(value), value)


@pytest.mark.parametrize(
    "value",
    [
        range(1, 9, 2), slice(1, None), bytearray(b"a"), ..., 10**5000, -(10**5000),
        collections.OrderedDict(b=1, a=2), collections.Counter("aab"),
        collections.deque([1, 2], 3), pathlib.Path("/a/b"), pathlib.PurePosixPath("x"),
        fractions.Fraction(1, 3), decimal.Decimal("1.10"), uuid.UUID(int=5),
        np.float32(0.1), np.int8(-3), np.bool_(True), np.str_("a"), np.datetime64("2024-01-02"),
        np.timedelta64(5, "ms"), np.complex64(1 + 2j), np.dtype("f4"), np.dtype([("a", "i4")]),
        pd.Timestamp("2024-03-31 01:30:00.000000001", tz="Europe/Berlin"), pd.Timestamp("2024"),
        pd.Timedelta("1.5s"), dt.timezone(dt.timedelta(hours=2), "x"), re.RegexFlag.I,
        logging.getLogger("a.b"), list[int], int | None, typing.Any,
        math.sqrt, collections.OrderedDict, [int, float],
    ],
    ids=lambda v: type(v).__name__,
)  # fmt: skip
def test_well_known_types_are_written_exactly(value):
    got = trip(value)
    assert type(got) is type(value)
    assert got == value


def test_missing_values_are_written_as_themselves():
    assert trip([pd.NaT, pd.NA])[0] is pd.NaT
    assert trip([pd.NaT, pd.NA])[1] is pd.NA
    assert np.isnat(trip(np.datetime64("NaT")))


def test_a_partial_and_a_defaultdict_keep_their_functions():
    double = trip(functools.partial(operator.mul, 2))
    assert double(4) == 8
    table = trip(collections.defaultdict(list, a=[1]))
    assert table["a"] == [1] and table["b"] == []


@pytest.mark.parametrize(
    "value", [object(), [object()], (x for x in ""), type("L", (), {})(), {"k": {1: object()}}]
)
def test_other_things_are_not_written(value):
    with pytest.raises(Unwritable):
        trip(value)


def test_what_contains_itself_or_is_bottomless_is_not_written():
    ring: list = []
    ring.append(ring)
    deep: list = []
    for _ in range(500):
        deep = [deep]
    for value in (ring, deep):
        with pytest.raises(Unwritable):
            trip(value)
    assert not is_plain_json(deep)


def test_a_subclass_is_not_taken_for_its_base():
    class Mine(dict):
        pass

    with pytest.raises(Unwritable):
        trip(Mine(a=1))
    assert not is_plain_json({"a": Mine()})
    assert not is_plain_json({1: 2}) and not is_plain_json([(1,)]) and not is_plain_json(math.inf)


class Colour(enum.Flag):
    RED = 1
    BLUE = 2


def test_a_combined_flag_is_not_written_wrongly():
    with pytest.raises(Unwritable):
        trip(Colour.RED | Colour.BLUE)
