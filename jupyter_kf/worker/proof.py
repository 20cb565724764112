"""Does the stored model predict what the trained one does, for rows alone as for rows together?

Golden rows go through the trained model and through the one read back from its files: as a batch,
shuffled, in smaller batches and one by one. From this follow how the model is called from now on
(frame or matrix), its bound in ulps, and whether its predictions are row-wise. Standard library
only at import.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_kf.errors import KfError, ModelError, ParityError
from jupyter_kf.worker.compare import compare_columns
from jupyter_kf.worker.flavours import Flavour, Predictor
from jupyter_kf.worker.outputs import describe, join, take, tidy
from jupyter_kf.worker.rows import Layout, frame_layout, matrix_layout

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

SINGLES = 32
"""Golden rows that are predicted one by one whatever it takes; more of them while there is time."""

SINGLES_S = 2.0

WIDEST = {8: 2**20, 4: 2**15, 2: 2**6}
"""The widest bound that is granted without being asked for, by bytes of a float. It looks wide
because an ulp of a value near zero is tiny: a sum of large terms that nearly cancel is off by as
much as its terms are. A value that does depend on its batch is off by far more."""


@dataclass(frozen=True)
class Proof:
    """What was found.

    Attributes:
        layout: how the loaded model is called.
        outputs: its predictions of the golden rows.
        described: the outputs' names, dtypes and shapes.
        measured: ulps by which a row alone, or in other company, differed at worst.
        ulp: the bound that holds from now on.
        row_wise: `measured` is within it.
    """

    layout: Layout
    outputs: Mapping[str, Array]
    described: list[dict[str, Any]]
    measured: float
    ulp: int
    row_wise: bool


def trained_layout(flavour: Flavour, model: Any, prepared: Any) -> Layout:
    """How the trained model was called: with a frame, or with a matrix of its columns.

    Raises:
        ModelError: kf-2609, it was trained on other columns than prepared rows have.
    """
    names = flavour.columns(model)
    layout = frame_layout(prepared, names)
    width = getattr(model, "n_features_in_", None)
    dtype = flavour.dtype(model)
    if dtype is None and (width is None or names is not None):
        return layout
    if width is not None and width != len(layout.columns):
        raise ModelError(
            2609,
            f"the model was trained on {width} columns, prepared rows have {len(layout.columns)}",
            cause="it was fitted on an array made inside the train cell",
            fix="make the columns in the %%kf transform cell, or fit on a frame, whose names tell",
        )
    matrix = matrix_layout(prepared, layout, dtype)
    if matrix is None and dtype is not None:
        raise ModelError(
            2609,
            "the model takes numbers, but prepared rows hold other columns",
            cause="columns: " + ", ".join(f"{n} ({prepared[n].dtype})" for n in layout.columns[:8]),
            fix="encode text, times and categories in the %%kf transform cell",
        )
    return matrix or layout


def predictable(
    predict: Predictor, shape: Callable[[Any], Any], prepared: Any
) -> tuple[Array, str]:
    """Positions of the rows that the model can predict at all, and why not the others.

    Golden rows hold nulls and extremes on purpose; a model that refuses a null refuses it in
    production too, and such rows prove nothing about its predictions.
    """
    import numpy as np

    every = np.arange(len(prepared))
    try:
        _call(predict, shape(prepared), len(prepared))
        return every, ""
    except KfError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
    good = []
    for row in every:
        try:
            _call(predict, shape(rows_at(prepared, [row])), 1)
            good.append(row)
        except Exception as error:
            reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
    return np.array(good, dtype=np.intp), reason


def prove(
    flavour: Flavour,
    reference: Mapping[str, Array],
    reload: Callable[[], Any],
    prepared: Any,
    *,
    layout: Layout,
    asked_ulp: int | None,
) -> Proof:
    """Compares the stored model with the trained one on prepared golden rows.

    Args:
        reference: the trained model's predictions of `prepared`.
        reload: reads the model back from its files; called once for each way of calling it.
        layout: how the trained model was called.
        asked_ulp: the user's bound; None for the flavour's own, widened to what is measured.

    Raises:
        ParityError: kf-2160, they differ by more than the bound, with the first difference.
    """
    ways = [layout]
    if layout.form == "frame":
        matrix = matrix_layout(prepared, layout)
        ways = [*([matrix] if matrix else []), layout]
    findings: list[Any] = []
    for way in ways:
        loaded = reload()
        if way.form == "matrix" and not flavour.for_matrix(loaded):
            continue
        proof = _measure(flavour, loaded, way, prepared, asked_ulp)
        findings = compare_columns(reference, proof.outputs, ulp=proof.ulp)
        if not findings:
            return proof
    raise ParityError(
        2160,
        "the stored model does not predict what the trained one does",
        cause=findings[0].sentence(),
        fix="allow a small difference with --ulp N, if it is one; otherwise keep the model in "
        "another form: kf.save(path, loader=load)",
    )


def _measure(
    flavour: Flavour, loaded: Any, layout: Layout, prepared: Any, asked_ulp: int | None
) -> Proof:
    import numpy as np

    predict, shape, n = flavour.predictor(loaded), layout.shaper(), len(prepared)
    batch = _call(predict, shape(prepared), n)
    order = np.random.default_rng(0).permutation(n)
    measured = 0.0
    for size in (n, max(2, n // 8), 1):
        got, pieces, began_s = 0, [], time.monotonic()
        for start in range(0, n, size):
            some = order[start : start + size]
            pieces.append(_call(predict, shape(rows_at(prepared, some)), len(some)))
            got += len(some)
            if got >= SINGLES and time.monotonic() - began_s > SINGLES_S:
                break
        measured = max(measured, distance(take(batch, order[:got]), join(pieces)))
    ulp = flavour.ulp(loaded) if asked_ulp is None else asked_ulp
    if asked_ulp is None and measured > ulp:
        narrowest = min((a.itemsize for a in batch.values() if a.dtype.kind == "f"), default=8)
        wanted = 2.0 ** math.ceil(math.log2(4 * measured)) if measured < math.inf else math.inf
        ulp = int(wanted) if wanted <= WIDEST.get(narrowest, 0) else ulp
    return Proof(layout, batch, describe(batch), measured, ulp, measured <= ulp)


def distance(expected: Mapping[str, Array], got: Mapping[str, Array]) -> float:
    """The largest difference in ulps; infinity where it can't be counted in ulps."""
    found = compare_columns(expected, got)
    return max((math.inf if f.ulp_distance is None else f.ulp_distance for f in found), default=0.0)


def rows_at(frame: Any, index: Any) -> Any:
    """Rows of a pandas or polars frame, or of a matrix, by position."""
    return frame.iloc[index] if hasattr(frame, "iloc") else frame[index]


def _call(predict: Predictor, rows: Any, n: int) -> dict[str, Array]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tidy(predict(rows), n)
