"""What did a user's transform return: a frame with one row for each row, in order?

Standard library at import.
"""

from __future__ import annotations

from typing import Any

from jupyter_kf.errors import TransformError


class Returned:
    """Turns what a transform returns into a frame, or says why it is none.

    Args:
        kind: "pandas" or "polars".
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __call__(self, made: Any, n_rows: int) -> Any:
        """A frame of the kind, of `n_rows` rows.

        Raises:
            TransformError: kf-1321 rows were dropped, added or reordered, kf-1322 no frame.
        """
        frame = self._frame(made)
        if len(frame) != n_rows:
            raise _rows(
                f"the transform returns {len(frame)} rows for {n_rows}",
                "every row in gives one row out: in production each answers one request",
                "filter rows before `%kf data`, or mark them in a column",
            )
        if self.kind == "pandas":
            _check_index(frame.index, n_rows)
        return frame

    def _frame(self, made: Any) -> Any:
        module, name = type(made).__module__.partition(".")[0], type(made).__name__
        if module == self.kind and name == "DataFrame":
            return made
        if module == "polars" == self.kind and name == "LazyFrame":
            return made.collect()
        if module == self.kind and name == "Series":
            return made.to_frame(made.name or "value")
        if module == "scipy" and hasattr(made, "toarray"):
            made, module = made.toarray(), "numpy"
        if module == "numpy" and getattr(made, "ndim", 0) in (1, 2):
            return self._from_array(made)
        raise TransformError(
            1322,
            f"the transform returns a {type(made).__module__}.{name}, not a {self.kind} frame",
            cause="nothing was returned" if made is None else "prepared rows are a frame",
            fix="end it with `return df`",
        )

    def _from_array(self, array: Any) -> Any:
        matrix = array.reshape(len(array), -1)
        names = [f"x{i}" for i in range(matrix.shape[1])]
        if self.kind == "polars":
            import polars as pl

            return pl.DataFrame(matrix, schema=names)
        import pandas as pd

        return pd.DataFrame(matrix, columns=names)


def _check_index(index: Any, n_rows: int) -> None:
    import numpy as np
    import pandas as pd

    if isinstance(index, pd.RangeIndex):
        if index.start == 0 and index.step == 1:
            return
    elif index.dtype.kind in "iu" and index.nlevels == 1:
        values = index.to_numpy()
        if np.array_equal(values, np.arange(n_rows)):
            return
    if index.nlevels == 1 and index.dtype.kind in "iu" and set(index) == set(range(n_rows)):
        raise _rows(
            "the transform returns its rows in another order",
            "row i out must belong to row i in",
            "sort with `.sort_index()` before returning, or don't sort",
        )
    raise _rows(
        f"the transform returns rows with another index ({index.name or index.dtype})",
        "rows are told by their position, so an index would be lost",
        "keep it as a column: `.reset_index()`, or don't set it",
    )


def _rows(what: str, cause: str, fix: str) -> TransformError:
    return TransformError(1321, what, cause=cause, fix=fix)
