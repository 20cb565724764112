"""How do prepared rows become what the model takes: the frame, or one C-contiguous matrix?

pandas' frames cost more than most models do for one row, so a matrix is used wherever the model
gives the same values for it; which of the two was proven is recorded with the model. The matrix
is always C-contiguous, since BLAS rounds differently for columns than for rows. Standard library
only at import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_kf.errors import ModelError, did_you_mean

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Layout:
    """What a model takes.

    Attributes:
        form: "frame" or "matrix".
        columns: the prepared columns it was trained on, in order.
        dtype: of the matrix; None for a frame.
    """

    form: str
    columns: tuple[str, ...]
    dtype: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return {"form": self.form, "columns": list(self.columns), "dtype": self.dtype}

    @staticmethod
    def from_dict(fields: Mapping[str, Any]) -> Layout:
        """From the manifest."""
        return Layout(fields["form"], tuple(fields["columns"]), fields["dtype"])

    def shaper(self) -> Callable[[Any], Any]:
        """A function from a pandas or polars frame, or a matrix, to what the model takes.

        Made once per loaded model: a call for one row takes microseconds.
        """
        wanted = list(self.columns)
        known: list[Any] = [None]  # the columns that were compared last, by identity

        def selected(rows: Any) -> Any:
            columns = getattr(rows, "columns", None)
            if columns is None or columns is known[0]:
                return rows
            chosen = _selected(rows, wanted)
            if chosen is rows:
                known[0] = columns
            return chosen

        if self.form == "frame":
            return selected
        import numpy as np

        dtype = np.dtype(self.dtype)

        def matrix(rows: Any) -> Array:
            if isinstance(rows, np.ndarray):
                return _checked_matrix(np.ascontiguousarray(rows, dtype), len(wanted))
            rows = selected(rows)
            values = rows.to_numpy(dtype) if _is_pandas(rows) else rows.to_numpy(order="c")
            return np.ascontiguousarray(values, dtype)

        return matrix


def frame_layout(rows: Any, trained: Sequence[str] | None) -> Layout:
    """The layout that passes a frame, of the columns that the model was trained on.

    Raises:
        ModelError: kf-2609, it was trained on a column that the prepared rows don't have.
    """
    have = [str(name) for name in rows.columns]
    columns = have if trained is None else list(trained)
    for name in columns:
        if name not in have:
            raise ModelError(
                2609,
                f"the model was trained on a column `{name}` that prepared rows don't have",
                cause=did_you_mean(name, have)
                + "; columns made inside the train cell are not made in production",
                fix="make the column in the %%kf transform cell",
            )
    return Layout("frame", tuple(columns))


def matrix_layout(rows: Any, layout: Layout, dtype: str | None = None) -> Layout | None:
    """The matrix of the same columns; None where a column is no plain number or boolean.

    Args:
        rows: a prepared frame; its dtypes decide the matrix's as numpy would.
        dtype: the matrix's dtype where the framework fixes it.
    """
    import numpy as np

    kinds = []
    for name in layout.columns:
        column = rows[name]
        kind = getattr(column.to_numpy() if not _is_pandas(rows) else column, "dtype", None)
        if not isinstance(kind, np.dtype) or kind.kind not in "fiub":
            return None
        kinds.append(kind)
    if not kinds:
        return None
    return Layout("matrix", layout.columns, dtype or str(np.result_type(*kinds)))


def _is_pandas(rows: Any) -> bool:
    return type(rows).__module__.startswith("pandas")


def _selected(rows: Any, wanted: list[str]) -> Any:
    have = rows.columns
    if (have if isinstance(have, list) else have.tolist()) == wanted:
        return rows
    missing = [name for name in wanted if name not in have]
    if missing:
        raise ModelError(
            2609,
            f"prepared rows have no column `{missing[0]}`",
            cause=did_you_mean(missing[0], [str(name) for name in have]),
            fix="pass the columns that the model was trained on: `%kf lineage` shows them",
        )
    return rows[wanted]


def _checked_matrix(matrix: Array, width: int) -> Array:
    if matrix.ndim == 2 and matrix.shape[1] == width:
        return matrix
    raise ModelError(
        2609,
        f"the model takes {width} columns, not an array of shape {matrix.shape}",
        cause="an array has no names to choose columns by",
        fix="pass a frame, or a matrix of exactly the prepared columns in their order",
    )
