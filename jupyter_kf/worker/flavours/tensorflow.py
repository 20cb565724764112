"""TensorFlow and Keras: a SavedModel, which holds the graph and needs no class of the user's.

A `.keras` file would need custom layers to be importable where the model is served, and its
`predict` takes milliseconds for one row; the exported graph takes a fraction. Source:
TensorFlow's SavedModel guide; `keras.Model.export`. Standard library only at import.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_kf.errors import ModelError
from jupyter_kf.worker.flavours import How, Predictor, roots, ways_out
from jupyter_kf.worker.flavours.network import Loaded, Network, named

FOLDER = "saved_model"
SIGNATURE = "serving_default"


class TensorflowFlavour(Network):
    """Keras models over TensorFlow, and `tf.Module`s whose call takes one matrix."""

    name = "tensorflow"
    packages = ("tensorflow", "tensorflow-cpu", "keras", "numpy")
    safe = True

    def recognises(self, model: Any) -> bool:
        """A class of keras, tf_keras or tensorflow, or one derived from them."""
        return not isinstance(model, type) and bool(
            roots(model) & {"keras", "tf_keras", "tensorflow"}
        )

    def save(self, model: Any, folder: Path, how: How) -> dict[str, Any]:
        """One SavedModel with a free number of rows.

        Raises:
            ModelError: kf-2604, with what TensorFlow said.
        """
        import tensorflow as tf

        target, dtype = str(folder / FOLDER), self.dtype(model)
        try:
            rows = tf.TensorSpec([None, *how.example.shape[1:]], dtype, name="rows")
            call = _call(model)
            graph = tf.function(call, input_signature=[rows], autograph=False)
            holder = tf.Module()
            holder.model = model  # its variables are saved with it
            holder.call = graph
            with contextlib.redirect_stdout(io.StringIO()):
                tf.saved_model.save(
                    holder, target, signatures={SIGNATURE: graph.get_concrete_function()}
                )
        except Exception as error:
            raise ModelError(
                2604,
                f"`model` ({type(model).__name__}) can't be saved by TensorFlow",
                cause=f"{type(error).__name__}: {str(error).strip().splitlines()[0][:300]}",
                fix="build it on one input, a matrix of the prepared columns; or "
                + ways_out("save its weights into a file"),
            ) from error
        return {"dtype": dtype}

    def load(self, folder: Path, facts: Mapping[str, Any]) -> Any:
        """The SavedModel's graph."""
        import tensorflow as tf

        return Loaded(tf.saved_model.load(str(folder / FOLDER)), facts["dtype"])

    def reference(self, model: Any) -> Predictor:
        """The model called as it is, outside of training."""
        import tensorflow as tf

        call = _call(model)
        return lambda rows: named(call(tf.constant(rows)), _array)

    def predictor(self, model: Any) -> Predictor:
        """The loaded graph."""
        import tensorflow as tf

        call = model.graph.call
        return lambda rows: named(call(tf.constant(rows)), _array)

    def dtype(self, model: Any) -> str | None:
        """That of its weights."""
        if isinstance(model, Loaded):
            return model.dtype
        for weight in getattr(model, "trainable_variables", ()):
            return str(getattr(weight.dtype, "name", weight.dtype))
        return "float32"


def _call(model: Any) -> Any:
    if hasattr(model, "fit") and hasattr(model, "layers"):
        return lambda rows: model(rows, training=False)
    return lambda rows: model(rows)


def _array(tensor: Any) -> Any:
    return tensor.numpy()


FLAVOUR = TensorflowFlavour()
