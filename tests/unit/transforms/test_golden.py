"""Golden rows: enough of them to show what a transform does, and never too many."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jupyter_kf.worker import golden, tables
from tests.bench import scene


def test_thirty_columns_have_some_two_hundred_golden_rows_the_same_ones_every_time():
    table = tables.to_table(scene.frame().drop(columns="late"))
    real, made = golden.real_rows(table), golden.made_up(table, "pandas")
    assert 190 <= len(real) + len(made) <= 256
    again = golden.rows_of(table, golden.real_rows(table), golden.made_up(table, "pandas"), real)
    assert again.equals(golden.rows_of(table, real, made, real))


def test_every_column_of_thirty_meets_a_null_and_what_its_type_may_meet():
    table = tables.to_table(scene.frame().drop(columns="late"))
    met: dict[str, set[str]] = {}
    for row in golden.made_up(table, "pandas"):
        assert len(row.values) == 1  # what goes wrong is one column's doing
        for name in row.values:
            met.setdefault(name, set()).add(row.label)
    assert met["n3"] == {"null", "zero", "a large number", "a negative number"}
    assert met["w7"] == {"null", "unseen category", "empty text", "unicode text"}
    assert set(met) == set(table.column_names)


@pytest.mark.parametrize("columns", [1, 40, 300, 1200])
def test_no_table_has_more_golden_rows_than_256(columns):
    kinds = [np.arange(400.0), np.arange(400), np.array(["a", "b"] * 200, dtype=object),
             pd.date_range("2013-01-01", periods=400), np.arange(400) % 2 == 0]  # fmt: skip
    frame = pd.DataFrame({f"c{i}": kinds[i % len(kinds)] for i in range(columns)})
    table = tables.to_table(frame)
    made = golden.made_up(table, "pandas")
    assert len(golden.real_rows(table)) + len(made) <= 256
    wanted = {name for name in frame if frame[name].dtype.kind not in "b"}
    assert wanted <= {name for row in made for name in row.values}
