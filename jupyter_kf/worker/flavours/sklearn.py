"""scikit-learn: skops files with a fixed trust list, so that loading runs no code of the file's.

Source: skops' persistence documentation; scikit-learn's model persistence guide. Standard
library only at import.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_kf.errors import ModelError
from jupyter_kf.worker.flavours import How, Predictor, roots, ways_out

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

FILE = "model.skops"

TRUSTED = frozenset(
    {
        "numpy.dtype",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.calibration._TemperatureScaling",
        "sklearn.compose._column_transformer._RemainderColsList",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
        "sklearn.gaussian_process.kernels.CompoundKernel",
        "sklearn.gaussian_process.kernels.ConstantKernel",
        "sklearn.gaussian_process.kernels.DotProduct",
        "sklearn.gaussian_process.kernels.ExpSineSquared",
        "sklearn.gaussian_process.kernels.Exponentiation",
        "sklearn.gaussian_process.kernels.Matern",
        "sklearn.gaussian_process.kernels.Product",
        "sklearn.gaussian_process.kernels.RBF",
        "sklearn.gaussian_process.kernels.RationalQuadratic",
        "sklearn.gaussian_process.kernels.Sum",
        "sklearn.gaussian_process.kernels.WhiteKernel",
        "sklearn.metrics._classification.accuracy_score",
        "sklearn.metrics._classification.balanced_accuracy_score",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.metrics._dist_metrics.ManhattanDistance64",
        "sklearn.metrics._dist_metrics.MinkowskiDistance64",
        "sklearn.metrics._ranking.roc_auc_score",
        "sklearn.metrics._regression.mean_squared_error",
        "sklearn.metrics._scorer._CurveScorer",
        "sklearn.metrics._scorer._PassthroughScorer",
        "sklearn.metrics._scorer._Scorer",
        "sklearn.model_selection._split.KFold",
        "sklearn.model_selection._split.StratifiedKFold",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.tree._tree.Tree",
        "sklearn.utils._bunch.Bunch",
        "sklearn.utils._metadata_requests.MetadataRequest",
        "sklearn.utils._metadata_requests.MethodMetadataRequest",
        "xgboost.core.Booster",
        "xgboost.sklearn.XGBClassifier",
        "xgboost.sklearn.XGBRegressor",
    }
)
"""Types beyond skops' own list whose loading only fills in numbers."""

_EXACT = (
    "sklearn.tree.",
    "sklearn.ensemble.",
    "sklearn.preprocessing.",
    "sklearn.impute.",
    "sklearn.compose.",
    "sklearn.pipeline",
    "sklearn.dummy",
    "sklearn.utils.",
    "sklearn._loss.",
    "xgboost.",
)
"""Modules whose predictions do not go through BLAS, so that a row's are those of its batch."""

_BY_NAME = ("ColumnTransformer", "FunctionTransformer")
"""Estimators that may pick columns by name, and so need the frame."""


class SklearnFlavour:
    """Estimators and pipelines of scikit-learn."""

    name = "sklearn"
    packages = ("scikit-learn", "skops", "numpy", "scipy", "pandas", "xgboost", "xgboost-cpu")
    safe = True

    def recognises(self, model: Any) -> bool:
        """An instance (not a class) with scikit-learn among its bases."""
        return "sklearn" in roots(model) and not isinstance(model, type)

    def save(self, model: Any, folder: Path, _how: How) -> dict[str, Any]:
        """One skops file.

        Raises:
            ModelError: kf-2601 types outside the trust list, kf-2614 skops is not installed.
        """
        sio = _skops()
        path = folder / FILE
        try:
            sio.dump(model, path)
            strange = sorted(set(sio.get_untrusted_types(file=path)) - TRUSTED)
        except Exception as error:
            raise _untrusted(model, [f"something skops can't write ({error})"]) from error
        if strange:
            raise _untrusted(model, strange)
        return {}

    def load(self, folder: Path, _facts: Mapping[str, Any]) -> Any:
        """The estimator; types outside the trust list are refused again."""
        return _skops().load(folder / FILE, trusted=sorted(TRUSTED))

    def reference(self, model: Any) -> Predictor:
        """`predict`, and `predict_proba` where there is one."""
        return public_calls(model)

    def predictor(self, model: Any) -> Predictor:
        """As `reference`; a forest, whose `predict` is the argmax, is asked only once."""
        if not _is_forest(model):
            return public_calls(model)
        classes = model.classes_

        def predict(rows: Any) -> dict[str, Any]:
            import numpy as np

            share = model.predict_proba(rows)
            return {"prediction": classes.take(np.argmax(share, axis=1)), "probability": share}

        return predict

    def ulp(self, model: Any) -> int:
        """0 when every part is of trees and element-wise steps, else 4."""
        kinds = {type(part).__module__ + "." for part in parts(model)}
        return 0 if all(kind.startswith(_EXACT) for kind in kinds) else 4

    def classes(self, model: Any) -> list[Any] | None:
        """`classes_` where `predict_proba` gives one column for each."""
        return labels(model)

    def columns(self, model: Any) -> list[str] | None:
        """`feature_names_in_`."""
        names = getattr(model, "feature_names_in_", None)
        return None if names is None else [str(name) for name in names]

    def for_matrix(self, model: Any) -> bool:
        """Unless some part looks at column names; then no warning about missing names is left."""
        if by_name(model):
            return False
        forget_names(model)
        return True

    def dtype(self, _model: Any) -> str | None:
        """Frames and matrices are both taken."""
        return None


def public_calls(model: Any) -> Predictor:
    """`predict` and `predict_proba` of anything that follows scikit-learn's conventions.

    Raises:
        ModelError: kf-2605, it has no `predict`.
    """
    plain = getattr(model, "predict", None)
    if plain is None:
        raise _no_predict(model)
    share = getattr(model, "predict_proba", None)
    if share is None or labels(model) is None:
        return lambda rows: {"prediction": plain(rows)}
    return lambda rows: {"prediction": plain(rows), "probability": share(rows)}


def labels(model: Any) -> list[Any] | None:
    """`classes_` as plain values, for classifiers with one target and probabilities."""
    classes: Any = getattr(model, "classes_", None)
    if getattr(model, "predict_proba", None) is None or getattr(classes, "ndim", 0) != 1:
        return None
    return [value.item() if hasattr(value, "item") else value for value in classes]


def by_name(model: Any) -> bool:
    """Whether some part may look at column names, so that a bare matrix will not do."""
    return any(
        type(part).__name__ in _BY_NAME or "_sklearn_output_config" in vars(part)
        for part in parts(model)
    )


def forget_names(model: Any) -> None:
    """Lets a loaded model take a matrix without warning that its names are missing."""
    for part in parts(model):
        vars(part).pop("feature_names_in_", None)


def parts(model: Any) -> Iterator[Any]:
    """The estimator and every estimator inside it."""
    seen: set[int] = set()
    waiting = [model]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, list | tuple):
            waiting.extend(thing)
        elif isinstance(thing, dict):
            waiting.extend(thing.values())
        elif type(thing).__name__ == "ndarray" and thing.dtype == object:
            waiting.extend(thing.ravel())
        elif hasattr(thing, "get_params") and hasattr(thing, "__dict__"):
            yield thing
            waiting.extend(vars(thing).values())
        elif type(thing).__module__.startswith("sklearn.") and hasattr(thing, "__dict__"):
            waiting.extend(vars(thing).values())


def _is_forest(model: Any) -> bool:
    names = {kind.__name__ for kind in type(model).__mro__ if kind.__module__.startswith("sklearn")}
    own = type(model).__module__.startswith("sklearn.ensemble")
    return own and "ForestClassifier" in names and labels(model) is not None


def _skops() -> Any:
    try:
        import skops.io

        return skops.io
    except ImportError as error:
        raise ModelError(
            2614,
            "scikit-learn models need the package skops",
            cause=str(error),
            fix='install it: pip install "jupyter-kf[sklearn]"',
        ) from error


def _no_predict(model: Any) -> ModelError:
    return ModelError(
        2605,
        f"`model` is a {type(model).__name__}, which has no predict",
        cause="a model is what predicts; a step that only transforms is not one",
        fix="leave the fitted estimator or pipeline in `model`",
    )


def _untrusted(model: Any, types: list[str]) -> ModelError:
    return ModelError(
        2601,
        f"`model` ({type(model).__name__}) can't be saved safely",
        cause="it holds " + ", ".join(types[:6]) + (", ..." if len(types) > 6 else ""),
        fix="use estimators of scikit-learn alone; or "
        + ways_out("save what is special into files"),
    )


FLAVOUR = SklearnFlavour()
