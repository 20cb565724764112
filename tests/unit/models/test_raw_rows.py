"""Rows for a model without a transform are checked column by column, and never guessed at."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.tree import DecisionTreeRegressor

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import ModelError, TransformError
from jupyter_kf.worker.model import SaveContext, load, save
from jupyter_kf.worker.tables import to_table


@pytest.fixture
def model(store_dir):
    rows = pd.DataFrame({"n": np.arange(50), "x": np.linspace(0, 1, 50)})
    blobs = Blobs(store_dir)
    tree = DecisionTreeRegressor().fit(rows, rows.x * 2)
    return load(blobs, save(blobs, tree, SaveContext(rows=to_table(rows))))


def test_frames_tables_and_columns_give_the_same(model):
    frame = pd.DataFrame({"n": [3, 40], "x": [0.1, 0.9]})
    want = model.predict(frame)["prediction"]
    for rows in (
        pa.Table.from_pandas(frame),
        pa.RecordBatch.from_pandas(frame),
        frame[["x", "n"]].assign(more="text"),
        {"n": [3, 40], "x": np.array([0.1, 0.9])},
    ):
        assert (model.predict(rows)["prediction"] == want).all()
    assert (model.predict_columns({"n": [3, 40], "x": [0.1, 0.9]}, 2)["prediction"] == want).all()
    assert (model.predict_prepared(frame)["prediction"] == want).all()
    assert (model.predict_prepared(frame.to_numpy())["prediction"] == want).all()


@pytest.mark.parametrize(
    ("rows", "code", "named"),
    [
        ({"n": [1], "X": [0.5]}, 1310, "`x`"),
        ({"n": ["1"], "x": [0.5]}, 1311, "`n`"),
        ({"n": [1.5], "x": [0.5]}, 1311, "`n`"),
        ({"n": [True], "x": [0.5]}, 1311, "`n`"),
        ({"n": [None], "x": [0.5]}, 1311, "`n`"),
        ({"n": [2**70], "x": [0.5]}, 1311, "`n`"),
        ({"n": [1], "x": ["half"]}, 1311, "`x`"),
    ],
)
def test_what_does_not_fit_is_named(model, rows, code, named):
    with pytest.raises(TransformError, match=named) as caught:
        model.predict(rows)
    assert caught.value.code == code


def test_whole_numbers_are_taken_for_floats_and_back(model):
    assert len(model.predict({"n": [1.0], "x": [1]})["prediction"]) == 1


def test_a_matrix_of_another_width_is_refused(model):
    with pytest.raises(ModelError, match="2 columns") as caught:
        model.predict_prepared(np.zeros((1, 3)))
    assert caught.value.code == 2609
