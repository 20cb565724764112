"""How is a model of some framework saved in that framework's own format, and called again?

A lazy registry: a flavour's module is imported when a model of it is met, its framework when the
model is saved or loaded. Standard library only at import; may import `errors` and `worker`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from jupyter_kf.errors import ModelError, did_you_mean

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

Predictor = Callable[[Any], dict[str, Any]]
"""Prepared rows, (n_rows, n_columns) as a frame or a C-contiguous matrix, to outputs by name:
raw arrays of n_rows each, which `outputs.tidy` makes contiguous."""

FLAVOURS = ("xgboost", "sklearn", "torch", "tensorflow", "custom", "pickled")
"""In the order they are asked: XGBoost's estimators are scikit-learn's as well."""


@dataclass(frozen=True)
class How:
    """What saving may need besides the model.

    Attributes:
        example: prepared rows (2 or more) in the form the model takes, for exporters that trace.
        loader: the user's ``loader(folder) -> object``, for the flavour `custom`.
    """

    example: Any = None
    loader: Callable[..., Any] | None = None


class Flavour(Protocol):
    """One framework.

    Attributes:
        name: as in the manifest and in ``--flavour``.
        packages: distributions whose exact versions a saved model records.
        safe: False when loading may run code that the user did not write as source.
    """

    name: str
    packages: tuple[str, ...]
    safe: bool

    def recognises(self, model: Any) -> bool:
        """Whether it is a model of this framework, judged without importing the framework."""

    def save(self, model: Any, folder: Path, how: How) -> dict[str, Any]:
        """Writes files into `folder`; returns JSON facts that `load` needs.

        Raises:
            ModelError: 26xx, it can't be saved in this format, with the ways out.
        """

    def load(self, folder: Path, facts: Mapping[str, Any]) -> Any:
        """The model from files that were verified."""

    def reference(self, model: Any) -> Predictor:
        """Predictions by the framework's own public calls, of a model as it was trained."""

    def predictor(self, model: Any) -> Predictor:
        """Predictions of a loaded model, by the fastest calls that give the same values."""

    def ulp(self, model: Any) -> int:
        """How far predictions of one row may differ from those of a batch, by default."""

    def classes(self, model: Any) -> list[Any] | None:
        """Labels of the columns of `probability`; None where there are none."""

    def columns(self, model: Any) -> list[str] | None:
        """Names of the columns it was trained on, in order; None when it does not know."""

    def for_matrix(self, model: Any) -> bool:
        """Whether a loaded model may be given a bare matrix; if so it is made ready for one."""

    def dtype(self, model: Any) -> str | None:
        """numpy dtype of the one matrix it takes; None when it takes frames as well."""


def find(model: Any, name: str | None = None) -> Flavour:
    """The flavour called `name`, or the one that recognises the model.

    Raises:
        ModelError: kf-2613 no such flavour, kf-2603 a plain function, kf-2602 of no flavour.
    """
    if name is not None:
        return get(name)
    for known in FLAVOURS:
        flavour = get(known)
        if flavour.recognises(model):
            return flavour
    kind = f"{type(model).__module__}.{type(model).__qualname__}"
    if callable(model) and not hasattr(model, "predict"):
        raise ModelError(
            2603,
            f"`model` is a plain {type(model).__name__}, which can't be saved",
            cause="a Python callable is code with whatever it holds on to, not a file format",
            fix=ways_out("put what it computes from into files"),
        )
    raise ModelError(
        2602,
        f"`model` is a {kind}, which no flavour knows how to save",
        cause="flavours are scikit-learn, XGBoost, PyTorch and TensorFlow",
        fix=ways_out("save it into files with its own library"),
    )


def get(name: str) -> Flavour:
    """A flavour by name.

    Raises:
        ModelError: kf-2613.
    """
    if name not in FLAVOURS:
        raise ModelError(
            2613,
            f"there is no flavour {name!r}",
            cause=did_you_mean(name, FLAVOURS),
            fix="leave the flavour out: it is found from the model's class",
        )
    module = importlib.import_module(f"jupyter_kf.worker.flavours.{name}")
    return cast("Flavour", module.FLAVOUR)


def ways_out(first: str) -> str:
    """What to do with a model that has no safe format of its own."""
    return (
        f"{first}, and say how it is read back: "
        "kf.save(path, loader=load), where load(folder) returns an object with predict(X); "
        "or accept a pickle, which can run code when it is loaded: --pickle model"
    )


def roots(model: Any) -> set[str]:
    """Top-level modules of the model's class and its bases: {"xgboost", "sklearn", ...}."""
    return {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
