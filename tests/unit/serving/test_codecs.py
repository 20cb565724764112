"""The codecs alone: what goes in by any form comes out bit for bit, and noise is refused."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import struct

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jupyter_kf.errors import RequestError
from jupyter_kf.serving import batch, encode, refusals, rows, v1, v2, values, wire
from jupyter_kf.serving.schema import RawSchema
from tests.unit.serving.fakes import FLOATS, MIXED, exact, rows_of

IDENTITY = wire.Identity("m", 1, "f" * 64, {"prediction": ("FP64", [-1])}, None)
TIMES = st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1))
VALUES = {
    "delay": st.floats(width=64),
    "small": st.floats(width=32),
    "count": st.integers(-(2**63), 2**63 - 1),
    "day": st.integers(-128, 127),
    "late": st.booleans(),
    "carrier": st.text(st.characters(exclude_categories=["Cs"])),
    "at": TIMES,
    "zoned": TIMES.map(lambda t: t.replace(tzinfo=dt.UTC)),
    "date": st.dates(dt.date(1700, 1, 1), dt.date(2200, 1, 1)),
    "kind": st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
}


@st.composite
def tables(draw):
    n = draw(st.integers(1, 4))
    columns = []
    for one in MIXED:
        value = VALUES[one.name]
        if one.nullable:
            value = st.none() | value
        kind = one.type.value_type if pa.types.is_dictionary(one.type) else one.type
        array = pa.array(draw(st.lists(value, min_size=n, max_size=n)), kind)
        columns.append(array.dictionary_encode() if kind is not one.type else array)
    return pa.Table.from_arrays(columns, schema=MIXED)


def decode(schema, form, table):
    body, headers = form.write(schema, table)
    length = headers.get("inference-header-content-length")
    head = wire.Head(headers["content-type"], int(length) if length else None)
    decoder = v2.decode if form.suffix == "/infer" else rows.decode
    return batch.to_table(schema, decoder(schema, IDENTITY, body, head).batch)


@pytest.mark.parametrize("form", encode.FORMS, ids=lambda form: form.name)
@settings(max_examples=30)
@given(table=tables())
def test_rows_come_through_any_form_bit_for_bit(form, table):
    schema = RawSchema(MIXED)
    able = encode.can_travel(schema, table, form, nan_is_null=False)
    if able:
        table = table.take(able)
        got = decode(schema, form, table)
        for name in MIXED.names:
            assert exact(got[name]) == exact(table[name]), name


D = decimal.Decimal
ARROW_ONLY = pa.table(
    {
        "price": pa.array([D("1.50"), None], pa.decimal128(5, 2)),
        "clock": pa.array([dt.time(1, 2), None], pa.time64("us")),
        "raw": pa.array([b"a", None], pa.binary()),
        "list": pa.array([[1.5, float("nan")], None], pa.list_(pa.float64())),
        "span": pa.array([dt.timedelta(seconds=1), None], pa.duration("us")),
    }
)


@pytest.mark.parametrize("name", ARROW_ONLY.column_names)
@pytest.mark.parametrize("form", encode.FORMS, ids=lambda form: form.name)
def test_a_row_that_can_travel_is_taken_even_beside_a_column_for_arrow_alone(form, name):
    table = ARROW_ONLY.select([name])
    schema = RawSchema(table.schema)
    able = encode.can_travel(schema, table, form, nan_is_null=True)
    assert able == {"Arrow": [0, 1], "rows JSON": [1]}.get(form.name, [])
    if able:
        got = decode(schema, form, table.take(able))
        assert str(got.to_pylist()) == str(table.take(able).to_pylist())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("price", pa.decimal128(3, 2)), ("price", pa.decimal256(20, 4)),
        ("clock", pa.time32("s")), ("raw", pa.large_binary()),
        ("list", pa.large_list(pa.float64())), ("span", pa.duration("s")),
    ],
)  # fmt: skip
def test_another_width_of_an_arrow_type_is_taken_when_no_value_changes(name, kind):
    column = RawSchema(ARROW_ONLY.schema).columns[ARROW_ONLY.column_names.index(name)]
    want = ARROW_ONLY[name].combine_chunks()
    got = values.from_arrow(column, want.cast(kind))
    assert got.type == want.type and str(got.to_pylist()) == str(want.to_pylist())


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("price", pa.array([D("1.505")])), ("price", pa.array([D("12345.50")])),
        ("price", pa.array([1.5])), ("raw", pa.array(["a"])),
        ("clock", pa.array([1], pa.time64("ns"))), ("list", pa.array([["a"]])),
    ],
)  # fmt: skip
def test_arrow_values_that_would_change_are_refused(name, sent):
    column = RawSchema(ARROW_ONLY.schema).columns[ARROW_ONLY.column_names.index(name)]
    with pytest.raises(RequestError) as caught:
        values.from_arrow(column, sent)
    assert caught.value.code in (2312, 2313)


@settings(max_examples=30)
@given(table=tables())
def test_a_block_holds_what_the_columns_hold(table):
    doubles = pa.table({"a": table["delay"], "b": table["delay"]})
    block, plain = RawSchema(doubles.schema, block=True), RawSchema(doubles.schema)
    for form in encode.FORMS:
        one, other = decode(block, form, doubles), decode(plain, form, doubles)
        a = one["a"].to_numpy(zero_copy_only=False)
        b = other["a"].to_numpy(zero_copy_only=False)
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        assert same.all()
        assert (np.signbit(a) == np.signbit(b))[~np.isnan(a)].all()


NUMBERS_AND_TEXT = pa.schema([one for one in MIXED if one.name in
                              ("delay", "small", "count", "day", "late", "carrier")])  # fmt: skip


@pytest.mark.parametrize("form", encode.FORMS, ids=lambda form: form.name)
@settings(max_examples=30)
@given(table=tables())
def test_doubles_in_a_block_beside_other_columns_hold_what_the_columns_hold(form, table):
    table = table.select(NUMBERS_AND_TEXT.names)
    block, plain = RawSchema(table.schema, block=True), RawSchema(table.schema)
    assert (block.doubles, plain.doubles) == ((0,), ())
    able = encode.can_travel(block, table, form, nan_is_null=True)
    if able:
        one, other = decode(block, form, table.take(able)), decode(plain, form, table.take(able))
        for name in table.column_names[1:]:
            assert exact(one[name]) == exact(other[name]), name
        a, b = (t["delay"].to_numpy(zero_copy_only=False) for t in (one, other))
        assert a[~np.isnan(a)].tobytes() == b[~np.isnan(b)].tobytes()
        assert (np.isnan(a) == np.isnan(b)).all()


def test_a_model_that_writes_into_its_columns_changes_no_request():
    class Writes:
        def predict_columns(self, columns, n):
            columns["x1"][:] = 7.0
            return {"prediction": columns["x1"] + n}

    schema = RawSchema(FLOATS, block=True)
    asked = batch.of_lists(schema, [[1.0], [2.0], [None]])
    assert batch.predictor(Writes(), schema)(asked)["prediction"].tolist() == [8.0]
    assert asked.block.tolist()[1] == [2.0]


def test_joined_batches_are_the_rows_in_order():
    mixed = RawSchema(NUMBERS_AND_TEXT, block=True)
    for schema in (RawSchema(MIXED), RawSchema(FLOATS, block=True), mixed):
        table = rows_of(schema.arrow, 12)
        parts = [table.slice(0, 1), table.slice(1, 6), table.slice(7, 5)]
        arrays = [[values.from_arrow(c, p.column(i).combine_chunks()) for i, c in
                   enumerate(schema.columns)] for p in parts]  # fmt: skip
        joined = batch.join([batch.of_arrays(schema, part) for part in arrays])
        assert joined.rows == 12
        assert batch.to_table(schema, joined).to_pylist() == table.to_pylist()


NOISE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["inputs", "instances", "rows", "x0", "x1", "x2", "name", "shape", "data",
                         "datatype", "parameters", "binary_data_size", "outputs", "id"]),
        inner, max_size=5),
    max_leaves=12,
)  # fmt: skip
DECODERS = [v1.decode, v2.decode, rows.decode]


@pytest.mark.parametrize("decoder", DECODERS, ids=lambda d: d.__module__.rpartition(".")[2])
@pytest.mark.parametrize("arrow", [FLOATS, MIXED], ids=["floats", "mixed"])
@settings(max_examples=30)
@given(noise=NOISE, raw=st.binary(max_size=60), length=st.none() | st.integers(0, 80))
def test_noise_is_read_or_refused_and_never_more(decoder, arrow, noise, raw, length):
    schema = RawSchema(arrow, block=True)
    for body in (json.dumps(noise).encode(), raw, json.dumps(noise).encode() + raw):
        for media in ("application/json", rows.ARROW):
            try:
                asked = decoder(schema, IDENTITY, body, wire.Head(media, length))
            except RequestError as error:
                assert 2300 < error.code < 2350
            else:
                assert batch.to_table(schema, asked.batch).num_rows == asked.batch.rows > 0


TENSOR = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["x0", "x1", "x2", "t"]),
        "datatype": st.sampled_from([*v2.NUMPY, "BYTES"]),
        "shape": st.lists(st.integers(0, 3), min_size=1, max_size=2),
        "data": st.lists(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
            | st.sampled_from(["NaN", "Infinity"]) | st.lists(st.integers(), max_size=3),
            max_size=6),
    }
)  # fmt: skip


@settings(max_examples=30)
@given(tensors=st.lists(TENSOR, min_size=1, max_size=4))
def test_tensors_of_anything_are_read_or_refused(tensors):
    body = json.dumps({"inputs": tensors}).encode()
    for schema in (RawSchema(FLOATS), RawSchema(FLOATS, block=True)):
        try:
            v2.decode(schema, IDENTITY, body, wire.Head())
        except RequestError as error:
            assert 2300 < error.code < 2350


@settings(max_examples=30)
@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255), st.booleans())
@example(b"", 40, 128, False)  # a time zone that is not UTF-8
def test_altered_arrow_streams_are_read_or_refused(tail, place, byte, cut):
    schema = RawSchema(MIXED)
    body = bytearray(encode.arrow(schema, rows_of(MIXED, 3))[0])
    if cut:
        body = body[: len(body) - place] + tail
    else:
        body[place * 7 % len(body)] = byte
    try:
        rows.decode(schema, IDENTITY, bytes(body), wire.Head(rows.ARROW))
    except RequestError as error:
        assert 2300 < error.code < 2350


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=8), max_size=4), st.integers(0, 5), st.binary(max_size=3))
def test_texts_in_binary_are_read_or_refused(texts, count, tail):
    schema = RawSchema(pa.schema([("t", pa.string())]))
    data = b"".join(struct.pack("<I", len(t)) + t for t in texts) + tail
    tensor = {"name": "t", "datatype": "BYTES", "shape": [count]}
    tensor["parameters"] = {"binary_data_size": len(data)}
    text = json.dumps({"inputs": [tensor]}).encode()
    try:
        asked = v2.decode(schema, IDENTITY, text + data, wire.Head(json_bytes=len(text)))
    except RequestError as error:
        assert error.code in (2316, 2317, 2319)
    else:
        got = batch.to_table(schema, asked.batch)["t"].to_pylist()
        assert got == [t.decode() for t in texts]


def test_the_smallest_float32_text_is_the_nearest_float32():
    column = RawSchema(MIXED).columns[1]
    assert values.from_json(column, [0.1]).to_numpy()[0] == np.float32(0.1)
    with pytest.raises(RequestError) as caught:  # a declared double would lose digits
        values.from_numpy(column, np.array([0.5, 0.1]))
    assert caught.value.code == 2313 and "row 1" in caught.value.what


def test_integers_in_float_tensors_must_be_whole():
    column = RawSchema(MIXED).columns[2]
    got = values.from_numpy(column, np.array([1.0, np.nan, -3.0], np.float32))
    assert got.to_pylist() == [1, None, -3]
    for bad in (1.5, 2.0**60, np.inf):
        with pytest.raises(RequestError) as caught:
            values.from_numpy(column, np.array([0.0, bad]))
        assert caught.value.code == 2313


def test_outputs_keep_not_finite_numbers_in_json():
    array = np.array([[0.5, np.nan], [np.inf, -np.inf]])
    assert wire.json_values(array) == [[0.5, None], ["Infinity", "-Infinity"]]
    back = encode._array(wire.json_values(array), "FP64", [2, 2])
    assert np.array_equal(back, array, equal_nan=True)


def test_every_refusal_has_a_code_and_a_client_error_status():
    error = refusals.bad_shape("x", "y")
    assert refusals.http_status(error) == 400
    assert refusals.http_status(refusals.no_token()) == 401
    assert refusals.http_status(refusals.Unavailable(2208, "", cause="", fix="", http=504)) == 504


def test_a_column_name_that_is_not_utf_8_is_refused():
    body = encode.arrow(RawSchema(FLOATS), rows_of(FLOATS, 2))[0]
    name = FLOATS.names[0].encode()
    for at in range(len(body)):
        if body[at : at + len(name) + 1] == name + b"\0":
            altered = body[:at] + b"\xff" * len(name) + body[at + len(name) :]
            with pytest.raises(RequestError):
                rows.decode(RawSchema(FLOATS), IDENTITY, altered, wire.Head(rows.ARROW))


def test_a_day_is_its_first_moment_where_a_time_without_a_zone_is_asked_for():
    columns = {one.name: one for one in RawSchema(MIXED).columns}
    days = pa.array([dt.date(2024, 5, 5), None], pa.date32())
    at = values.from_arrow(columns["at"], days)
    assert at.type == columns["at"].value_type
    assert at.to_pylist()[0] == dt.datetime(2024, 5, 5)
    for name in ("zoned", "count"):
        with pytest.raises(RequestError) as refused:
            values.from_arrow(columns[name], days.drop_null())
        assert refused.value.code == 2312 and "date32[day]" in refused.value.what
