"""Equal bits, or the column and row that differ."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from jupyter_kf.checks.parity import Finding, as_check, compare_columns, gate
from jupyter_kf.errors import ParityError


def test_equal_columns_have_no_finding():
    columns = {"a": np.array([1.0, np.nan]), "b": np.array(["x", None], object)}
    assert compare_columns(columns, {k: v.copy() for k, v in columns.items()}) == []


def test_the_first_differing_row_and_the_number_of_rows_are_named():
    [found] = compare_columns({"age": np.array([1, 2, 3, 4])}, {"age": np.array([1, 9, 3, 8])})
    assert found == Finding("age", 1, 2, 9, None, 2)
    assert found.sentence() == "column `age`, row 1: expected 2, got 9; 2 rows differ"


def test_one_ulp_is_a_difference_unless_declared():
    want, have = np.array([0.1]), np.nextafter(np.array([0.1]), 1)
    [found] = compare_columns({"x": want}, {"x": have})
    assert found.ulp_distance == 1.0
    assert compare_columns({"x": want}, {"x": have}, ulp=1) == []


def test_ulps_are_counted_across_zero():
    tiny = 5e-324
    [found] = compare_columns({"x": np.array([-tiny])}, {"x": np.array([tiny])})
    assert found.ulp_distance == 2.0


def test_signed_zeros_have_different_bits():
    assert compare_columns({"x": np.array([0.0])}, {"x": np.array([-0.0])})
    assert not compare_columns({"x": np.array([0.0])}, {"x": np.array([-0.0])}, ulp=1)


def test_infinity_is_never_within_a_bound():
    assert compare_columns({"x": np.array([1e308])}, {"x": np.array([np.inf])}, ulp=10**6)


def test_nan_against_a_number_differs():
    assert compare_columns({"x": np.array([np.nan])}, {"x": np.array([0.0])}, ulp=10**9)


def test_shapes_dtypes_and_missing_columns_are_findings_without_a_row():
    one = np.array([1, 2])
    for expected, got in [
        ({"x": one}, {"x": np.array([1, 2, 3])}),
        ({"x": one}, {"x": one.astype("float64")}),
        ({"x": one}, {}),
        ({}, {"x": one}),
    ]:
        [found] = compare_columns(expected, got)
        assert found.row is None and found.column == "x"


def test_an_element_of_an_array_column_is_named():
    want = np.array([[0.1, 0.9], [0.2, 0.8]])
    have = want.copy()
    have[1, 1] = 0.7
    [found] = compare_columns({"probability": want}, {"probability": have})
    assert (found.column, found.row) == ("probability[1]", 1)


def test_text_may_be_objects_or_numpy_text():
    assert not compare_columns({"t": np.array(["a"], object)}, {"t": np.array(["a"])})


def test_an_integer_is_not_the_float_of_the_same_value():
    assert compare_columns({"t": np.array([1], object)}, {"t": np.array([1.0], object)})


def test_timestamps_compare_with_nat():
    want = np.array(["2013-03-10T02:30", "NaT"], "M8[ns]")
    assert not compare_columns({"t": want}, {"t": want.copy()})
    assert compare_columns({"t": want}, {"t": want[::-1].copy()})


@given(npst.arrays(st.sampled_from(["f4", "f8", "i8", "?"]), st.integers(0, 20)))
def test_whatever_is_equal_to_itself_has_no_finding(values):
    assert compare_columns({"x": values}, {"x": values.copy()}) == []


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.integers(1, 5))
def test_a_bound_in_ulps_lets_just_that_many_pass(value, steps):
    want = np.array([value], "f8")
    have = want.copy()
    for _ in range(steps):
        have = np.nextafter(have, np.inf)
    assert compare_columns({"x": want}, {"x": have}, ulp=steps) == []
    if steps > 1:
        assert compare_columns({"x": want}, {"x": have}, ulp=steps - 1)


def test_the_gate_says_which_column():
    findings = compare_columns({"x": np.array([1.0])}, {"x": np.array([2.0])})
    with pytest.raises(ParityError) as caught:
        gate("endpoint `delay`", "JSON, one by one", findings)
    assert caught.value.code == 2101 and "`x`" in caught.value.cause
    assert not as_check("x", findings).ok
    gate("endpoint `delay`", "JSON", [])
