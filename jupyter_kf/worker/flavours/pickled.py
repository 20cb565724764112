"""The explicit unsafe way out: ``--pickle model``.

A pickle can run any code when it is loaded, so this flavour recognises nothing by itself, and a
model saved by it says so in its manifest. Classes defined in a cell travel by value when
cloudpickle is there. Standard library only at import.
"""

from __future__ import annotations

import importlib
import importlib.util
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_kf.errors import ModelError
from jupyter_kf.worker.flavours import How, Predictor
from jupyter_kf.worker.flavours.sklearn import labels, public_calls

FILE = "model.pkl"


class PickledFlavour:
    """Anything with predict, at the user's own risk."""

    name = "pickled"
    packages = ("numpy", "pandas", "scikit-learn", "cloudpickle")
    safe = False

    def recognises(self, _model: Any) -> bool:
        """Never: it must be asked for."""
        return False

    def save(self, model: Any, folder: Path, _how: How) -> dict[str, Any]:
        """One pickle, protocol 5.

        Raises:
            ModelError: kf-2612, it can't be pickled.
        """
        try:
            if importlib.util.find_spec("cloudpickle"):
                cloudpickle = importlib.import_module("cloudpickle")
                data = cloudpickle.dumps(model, protocol=5)
            else:
                data = pickle.dumps(model, protocol=5)
        except Exception as error:
            raise ModelError(
                2612,
                f"`model` ({type(model).__name__}) can't even be pickled",
                cause=f"{type(error).__name__}: {error}",
                fix="install cloudpickle if its class is defined in a cell; or keep locks, "
                "connections and open files out of it",
            ) from error
        (folder / FILE).write_bytes(data)
        root = type(model).__module__.partition(".")[0]
        return {"needs": [root]}

    def load(self, folder: Path, _facts: Mapping[str, Any]) -> Any:
        """Unpickles: whoever made the file is trusted, as the manifest says."""
        return pickle.loads((folder / FILE).read_bytes())  # noqa: S301 - asked for by --pickle

    def reference(self, model: Any) -> Predictor:
        """`predict`, and `predict_proba` where there is one."""
        return public_calls(model)

    def predictor(self, model: Any) -> Predictor:
        """The same."""
        return public_calls(model)

    def ulp(self, _model: Any) -> int:
        """Unknown code may go through BLAS."""
        return 4

    def classes(self, model: Any) -> list[Any] | None:
        """`classes_`, if it follows scikit-learn."""
        return labels(model)

    def columns(self, model: Any) -> list[str] | None:
        """`feature_names_in_`, if it follows scikit-learn."""
        names = getattr(model, "feature_names_in_", None)
        return None if names is None else [str(name) for name in names]

    def for_matrix(self, model: Any) -> bool:
        """Only what was trained on a matrix: unknown code may look at names."""
        return self.columns(model) is None and hasattr(model, "n_features_in_")

    def dtype(self, _model: Any) -> str | None:
        """It takes what it took in the cell: the frame."""
        return None


FLAVOUR = PickledFlavour()
