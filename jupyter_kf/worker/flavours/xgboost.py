"""XGBoost: its own UBJSON format, called without building a DMatrix.

Source: XGBoost's "Introduction to Model IO"; `Booster.inplace_predict`. Standard library only at
import.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_kf.errors import ModelError
from jupyter_kf.worker.flavours import How, Predictor, ways_out
from jupyter_kf.worker.flavours.sklearn import labels, public_calls

FILE = "model.ubj"

_INT_PARAMS = ("enable_categorical", "n_jobs")


class XgboostFlavour:
    """Boosters and XGBoost's scikit-learn wrappers."""

    name = "xgboost"
    packages = ("xgboost", "xgboost-cpu", "numpy", "pandas", "scikit-learn")
    safe = True

    def recognises(self, model: Any) -> bool:
        """Exactly a class of xgboost; a user's subclass of one is the user's own."""
        return type(model).__module__.partition(".")[0] == "xgboost"

    def save(self, model: Any, folder: Path, _how: How) -> dict[str, Any]:
        """One file of trees, and the few settings that it leaves out.

        Raises:
            ModelError: kf-2602, no booster and no wrapper; kf-2604, not fitted.
        """
        kind = type(model).__name__
        if not hasattr(model, "save_model"):
            raise ModelError(
                2602,
                f"`model` is an xgboost {kind}, which is no model",
                cause="a Booster or an estimator such as XGBClassifier can be saved",
                fix="leave the trained booster or estimator in `model`",
            )
        try:
            model.save_model(folder / FILE)
        except Exception as error:
            raise ModelError(
                2604,
                f"`model` ({kind}) can't be saved by xgboost",
                cause=str(error),
                fix="fit it first; or " + ways_out("save what it needs into files"),
            ) from error
        if kind == "Booster":
            return {"class": kind}
        params = model.get_params()
        missing = params.get("missing")
        kept = {name: params[name] for name in _INT_PARAMS if params.get(name) is not None}
        if isinstance(missing, int | float) and missing == missing:
            kept["missing"] = missing
        return {"class": kind, "params": kept, "classes": labels(model)}

    def load(self, folder: Path, facts: Mapping[str, Any]) -> Any:
        """A Booster, or the wrapper around one."""
        import xgboost

        if facts["class"] == "Booster":
            return xgboost.Booster(model_file=str(folder / FILE))
        model = getattr(xgboost, facts["class"])(**facts["params"])
        model.load_model(folder / FILE)
        return model

    def reference(self, model: Any) -> Predictor:
        """The wrapper's calls, or the booster over a DMatrix."""
        if type(model).__name__ != "Booster":
            return public_calls(model)

        def predict(rows: Any) -> dict[str, Any]:
            return {"prediction": model.predict(_dmatrix(model, rows))}

        return predict

    def predictor(self, model: Any) -> Predictor:
        """One pass over the trees gives probabilities and classes at once."""
        if type(model).__name__ == "Booster":
            return _booster_calls(model)
        objective = str(getattr(model, "objective", None))
        if labels(model) is not None and objective in ("binary:logistic", "multi:softprob"):
            return _classifier_calls(model)
        return public_calls(model)

    def ulp(self, model: Any) -> int:
        """0: trees; 4 for the linear booster."""
        booster = model if type(model).__name__ == "Booster" else model.get_booster()
        return 4 if "gblinear" in booster.save_config() else 0

    def classes(self, model: Any) -> list[Any] | None:
        """The wrapper's classes; a Booster knows none."""
        return None if type(model).__name__ == "Booster" else labels(model)

    def columns(self, model: Any) -> list[str] | None:
        """The booster's feature names."""
        booster = model if type(model).__name__ == "Booster" else model.get_booster()
        return booster.feature_names or None

    def for_matrix(self, _model: Any) -> bool:
        """Trees look at positions."""
        return True

    def dtype(self, _model: Any) -> str | None:
        """Frames and matrices are both taken."""
        return None


def _dmatrix(model: Any, rows: Any) -> Any:
    import xgboost

    names = None if hasattr(rows, "columns") else model.feature_names
    return xgboost.DMatrix(rows, feature_names=names, enable_categorical=True)


def _booster_calls(model: Any) -> Predictor:
    def predict(rows: Any) -> dict[str, Any]:
        if hasattr(rows, "columns"):
            return {"prediction": model.predict(_dmatrix(model, rows))}
        return {"prediction": model.inplace_predict(rows, validate_features=False)}

    return predict


def _classifier_calls(model: Any) -> Predictor:
    import numpy as np

    classes = np.asarray(labels(model))

    def predict(rows: Any) -> dict[str, Any]:
        share = model.predict_proba(rows, validate_features=hasattr(rows, "columns"))
        if share.shape[1] == 2:
            index = (share[:, 1] > 0.5).astype(np.intp)
        else:
            index = np.argmax(share, axis=1)
        return {"prediction": classes[index], "probability": share}

    return predict


FLAVOUR = XgboostFlavour()
