"""Keras models and tf.Modules as SavedModels, which need no class of the user's."""

import numpy as np
import pytest

from jupyter_kf.errors import ModelError
from tests.frameworks.walk import (
    assert_served_as_computed_here,
    batch,
    kept,
    predicted_elsewhere,
    rows,
    served,
)

tf = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")


class Bent(keras.layers.Layer):
    """A layer that is defined here and nowhere else, as in a cell."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(8)

    def call(self, x):
        return keras.ops.tanh(self.dense(x))


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    made = keras.Sequential(
        [
            keras.layers.Input((4,)),
            Bent(),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    made.compile("adam", "binary_crossentropy")
    frame = rows()
    made.fit(frame.to_numpy("float32"), (frame.a > 0).to_numpy(), epochs=1, verbose=0)
    return made


def test_a_keras_model_of_a_cell_is_saved_served_and_batched_without_its_class(
    model, store_dir, tmp_path
):
    loaded = kept(store_dir, model)
    assert loaded.manifest["flavour"] == "tensorflow"
    assert loaded.described == [{"name": "prediction", "dtype": "float32", "shape": [-1]}]
    want = model.predict(rows().to_numpy("float32"), verbose=0)[:, 0]
    np.testing.assert_allclose(loaded.predict(rows())["prediction"], want, rtol=1e-5, atol=1e-6)
    golden = loaded.golden_outputs()["prediction"][:4]
    np.testing.assert_allclose(predicted_elsewhere(store_dir, loaded.digest), golden, rtol=1e-6)
    found = batch(store_dir, loaded.digest, tmp_path / "batch")
    want = model.predict(rows(1000).to_numpy("float32"), verbose=0)[:, 0]
    np.testing.assert_allclose(found["prediction"], want, rtol=1e-4, atol=1e-5)


class Shares(tf.Module):
    def __init__(self):
        super().__init__()
        self.weights = tf.Variable(tf.random.stateless_normal([4, 3], seed=[0, 1]))

    def __call__(self, x):
        return {"probability": tf.nn.softmax(x @ self.weights)}


def test_a_module_that_is_called_with_a_matrix_is_a_model(store_dir):
    got = kept(store_dir, Shares()).predict(rows())
    np.testing.assert_allclose(got["probability"].sum(axis=1), 1.0, rtol=1e-5)


def test_a_model_of_another_width_is_refused_with_what_tensorflow_said(store_dir):
    wide = keras.Sequential([keras.layers.Input((9,)), keras.layers.Dense(1)])
    with pytest.raises(ModelError) as caught:
        kept(store_dir, wide)
    assert caught.value.code == 2618


CELL = """
import keras

keras.utils.set_random_seed(0)
model = keras.Sequential([
    keras.layers.Input((4,)),
    keras.layers.Dense(8, activation="tanh"),
    keras.layers.BatchNormalization(),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile("adam", "binary_crossentropy")
for step in range(steps):
    history = model.fit(X_train.to_numpy("float32"), y_train.to_numpy(), verbose=0)
    kf.report(step=step, loss=history.history["loss"][0])
"""


def test_a_keras_model_that_a_cell_trained_is_proven_and_answers_through_an_endpoint():
    with served(CELL) as client:
        assert_served_as_computed_here(client)
