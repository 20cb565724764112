"""What does a transform take and return, and does a frame fit that without losing anything?

Coercion is strict and lossless: widths of numbers, units of times, kinds of text; a float becomes
an integer only when it is one. Everything per column is decided when the transform is loaded,
so that one row costs microseconds. Standard library at import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_kf.errors import TransformError, did_you_mean
from jupyter_kf.worker.casting import Unfit, cast, fits_number
from jupyter_kf.worker.tables import side, to_frame

_MANY_BLOCKS = 100
"""A frame of more columns that are stored one by one is warned of by pandas when it is changed."""


class Shape:
    """The columns of one side of a transform.

    Args:
        schema: Arrow schema with what stands beside it (`tables.side`).
        kind: "pandas" or "polars".
        output: whether these are the columns it returns; messages and nulls differ.
    """

    def __init__(self, schema: Any, kind: str, *, output: bool = False) -> None:
        self.schema, self.kind, self.output = schema, kind, output
        facts = side(schema) or {}
        self._missing: Mapping[str, str] = facts.get("missing", {})
        self.empty = to_frame(schema.empty_table(), kind)
        self.names: list[str] = list(schema.names)
        self._index = self.empty.columns
        self.dtypes = list(self.empty.dtypes)
        self._by_name = {name: i for i, name in enumerate(self.names)}
        self._never_null = [
            i
            for i, field in enumerate(schema)
            if not output and not field.nullable and self._can_be_null(self.dtypes[i])
        ]
        self._types = list(schema.types)
        self._objects = [str(dtype) == "object" for dtype in self.dtypes]
        self._domains = {
            i: dtype.categories
            for i, dtype in enumerate(self.dtypes)
            if kind == "pandas" and hasattr(dtype, "categories")
        }
        pandas = kind == "pandas"
        self._plain = [
            pandas and _is_plain(*pair) for pair in zip(self._types, self.dtypes, strict=True)
        ]
        self._all_plain = len(self.names) <= _MANY_BLOCKS and all(self._plain)

    def accept(self, frame: Any) -> Any:
        """The frame with exactly these columns, in order and dtype; further ones are left out.

        Raises:
            TransformError: kf-1310 a column is missing, kf-1311 of another type, kf-1312 has
                nulls, kf-1313 holds an unknown category, kf-1314 two columns of one name.
        """
        if self.kind == "polars":
            return self._polars(frame)
        if not self._index.equals(frame.columns):
            frame = self._chosen(frame)
        have = frame.dtypes.tolist()
        if have != self.dtypes or not all(self._same_domain(i, have[i]) for i in self._domains):
            return self._rebuilt([frame.iloc[:, i] for i in range(len(self.names))], len(frame))
        for i in self._never_null:
            self._refuse_nulls(i, frame.iloc[:, i])
        return frame

    def build(self, columns: Mapping[str, Any], n_rows: int) -> Any:
        """A frame straight from arrays or lists: a request's columns.

        Raises:
            TransformError: as `accept`.
        """
        values = []
        for name in self.names:
            if name not in columns:
                raise self._lacks(name, columns)
            values.append(columns[name])
        if self.kind == "polars":
            import polars as pl

            made = [self._series(i, v) for i, v in enumerate(values)]
            return pl.DataFrame(made)
        return self._rebuilt(values, n_rows)

    def from_table(self, table: Any) -> Any:
        """A frame from an Arrow table; the schema's own comes back without any check."""
        if self.is_plain(table.schema):
            return self._rebuilt(table.columns, table.num_rows)
        if table.schema.equals(self.schema):
            frame = to_frame(table, self.kind)
            if table.schema.metadata == self.schema.metadata:
                return self.accept(frame)
        for name in self.names:
            if name not in table.column_names:
                raise self._lacks(name, table.column_names)
        return self.build({n: table.column(n) for n in self.names}, table.num_rows)

    def is_plain(self, schema: Any) -> bool:
        """Whether this is the schema's own, of numbers and text alone.

        Such a table needs nothing that stands beside it, and becomes the same frame for a fifth
        of what pyarrow's own way costs, which is what counts for one row.
        """
        return self._all_plain and bool(schema.equals(self.schema))

    def _rebuilt(self, values: Sequence[Any], n_rows: int) -> Any:
        import pandas as pd

        arrays = [self._fitted(i, v) for i, v in enumerate(values)]
        index = pd.RangeIndex(n_rows)
        quick = getattr(pd.DataFrame, "_from_arrays", None)
        if quick is not None and all(len(array) == n_rows for array in arrays):
            return quick(arrays, columns=self._index, index=index, verify_integrity=False)
        return pd.DataFrame(dict(zip(self.names, arrays, strict=True)), index=index, copy=False)

    def _fitted(self, i: int, values: Any) -> Any:
        """One column as the pandas or numpy array of its dtype."""
        want, have = self.dtypes[i], getattr(values, "dtype", None)
        # numpy says that None equals float64
        if (
            have is not None
            and have == want
            and not self._objects[i]
            and (i not in self._domains or self._same_domain(i, have))
        ):
            held = values._values if hasattr(values, "_values") else values
            if i in self._never_null:
                self._refuse_nulls(i, values)
            return held
        if have is None and self._plain[i] and getattr(values, "type", None) == self._types[i]:
            held = self._plainly(i, values)
            if held is not None:
                return held
        try:
            quick = fits_number(values, have, want)
            held = quick if quick is not None else self._through_arrow(i, values)
        except Unfit as unfit:
            raise self._unfit(i, values, unfit) from None
        if i in self._never_null:
            self._refuse_nulls(i, held)
        return held

    def _same_domain(self, i: int, have: Any) -> bool:
        """Whether a category has the same code; pandas says that unordered dtypes are equal
        whatever the order of their categories, in which their codes differ.
        """
        return have.categories is self._domains[i] or self._domains[i].equals(have.categories)

    def _plainly(self, i: int, column: Any) -> Any:
        """An Arrow column of the field's own type; None for nulls that it may not have."""
        import numpy as np

        want = self.dtypes[i]
        if column.null_count and (want.kind not in "fO" or i in self._never_null):
            return None
        if isinstance(want, np.dtype):
            return np.array(column.to_numpy(zero_copy_only=False), dtype=want)
        return want.__from_arrow__(column)

    def _through_arrow(self, i: int, values: Any) -> Any:
        import numpy as np
        import pandas as pd

        field, want = self.schema.field(i), self.dtypes[i]
        if isinstance(want, pd.CategoricalDtype):
            array = cast(values, _arrow_of(want))
            codes = want.categories.get_indexer(array.to_pandas())
            strange = (codes < 0) & array.is_valid().to_numpy(zero_copy_only=False)
            if strange.any():
                raise self._category(field.name, array[int(strange.argmax())].as_py(), want)
            return pd.Categorical.from_codes(codes, dtype=want)
        array = cast(values, field.type)
        if str(want) == "object":
            held = np.array([*array.to_pylist(), None], dtype=object)[:-1]
            if self._missing.get(field.name) == "nan":
                held[np.array([v is None for v in held], dtype=bool)] = np.nan
            return held
        if isinstance(want, np.dtype):
            if array.null_count and want.kind not in "fMm":
                row = int(array.is_null().to_numpy(zero_copy_only=False).argmax())
                raise Unfit(row, "null", "a null has no place in it")
            return np.array(array.to_numpy(zero_copy_only=False), dtype=want)
        if hasattr(want, "__from_arrow__"):
            return want.__from_arrow__(array)
        return pd.array(array.to_pandas(), dtype=want)

    def _polars(self, frame: Any) -> Any:
        if frame.columns != self.names:
            for name in self.names:
                if name not in frame.columns:
                    raise self._lacks(name, frame.columns)
            if self.output and len(frame.columns) != len(self.names):
                raise self._additional(frame.columns)
            frame = frame.select(self.names)
        if frame.dtypes != self.dtypes:
            import polars as pl

            frame = pl.DataFrame([self._series(i, frame.to_series(i)) for i in range(frame.width)])
        for i in self._never_null:
            if frame.to_series(i).null_count():
                self._refuse_nulls(i, frame.to_series(i))
        return frame

    def _series(self, i: int, values: Any) -> Any:
        import polars as pl

        name, want = self.names[i], self.dtypes[i]
        if getattr(values, "dtype", None) == want:
            return values.alias(name)
        try:
            if isinstance(want, pl.Enum | pl.Categorical):
                array = cast(values, _text_type())
                return pl.Series(name, array.to_pylist(), dtype=want, strict=True)
            array = cast(values, self.schema.field(i).type)
        except Unfit as unfit:
            raise self._unfit(i, values, unfit) from None
        except pl.exceptions.PolarsError as error:
            raise self._unfit(i, values, Unfit(0, "value", str(error))) from None
        return pl.Series(name, pl.from_arrow(array)).cast(want)

    def _chosen(self, frame: Any) -> Any:
        names = frame.columns.tolist()
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise TransformError(
                1314,
                f"two columns are called `{twice}`",
                cause="a transform finds its columns by name",
                fix="rename or drop one of them",
            )
        for name in self.names:
            if name not in frame.columns:
                raise self._lacks(name, names)
        if self.output and len(names) != len(self.names):
            raise self._additional(names)
        return frame[self.names]

    def _refuse_nulls(self, i: int, values: Any) -> None:
        import numpy as np

        if getattr(values, "ndim", 1) == 1 and isinstance(values, np.ndarray):
            nulls = np.isnan(values) if values.dtype.kind == "f" else None
            if nulls is None:
                import pandas as pd

                nulls = pd.isna(values)
        else:
            is_null = getattr(values, "isna", None) or values.is_null
            nulls = is_null().to_numpy() if hasattr(is_null(), "to_numpy") else is_null()
        if nulls.any():
            name = self.names[i]
            raise TransformError(
                1312,
                f"column `{name}` is null in row {int(nulls.argmax())}",
                cause="it was never null in the dataset, and the transform was not proven with it",
                fix=f"give a value for `{name}`, or make the transform again with such rows",
            )

    def _can_be_null(self, dtype: Any) -> bool:
        kind = getattr(dtype, "kind", "O")
        if self.kind == "polars":
            return True
        return not (type(dtype).__module__.startswith("numpy") and kind in "iub")

    def _lacks(self, name: str, have: Any) -> TransformError:
        columns = [str(column) for column in have]
        if self.output:
            return TransformError(
                1318,
                f"the transform does not return its column `{name}` for these rows",
                cause=f"it returned {len(columns)} columns; " + did_you_mean(name, columns),
                fix="return the same columns whatever the rows hold: fix the categories in `fit`",
            )
        return TransformError(
            1310,
            f"column `{name}` is missing",
            cause=did_you_mean(name, columns),
            fix=f"give all {len(self.names)} columns: {', '.join(self.names[:12])}"
            + (", ..." if len(self.names) > 12 else ""),
        )

    def _additional(self, have: Any) -> TransformError:
        name = next(str(column) for column in have if column not in self._by_name)
        return TransformError(
            1318,
            f"the transform returns a further column `{name}` for these rows",
            cause=f"it was certified with {len(self.names)} columns",
            fix="return the same columns whatever the rows hold: fix the categories in `fit`",
        )

    def _unfit(self, i: int, values: Any, unfit: Unfit) -> TransformError:
        name = self.names[i]
        have = getattr(values, "dtype", None) or getattr(values, "type", None) or unfit.kind
        where = f" (row {unfit.row})" if unfit.row is not None else ""
        if self.output:
            return TransformError(
                1319,
                f"the transform returns `{name}` as {have} for these rows",
                cause=f"it was certified as {self.dtypes[i]}: {unfit.reason}{where}",
                fix=f'give it one type inside the transform: df["{name}"].astype(...)',
            )
        return TransformError(
            1311,
            f"column `{name}` is {have}, expected {self.dtypes[i]}",
            cause=f"{unfit.reason}{where}",
            fix=f"give `{name}` as {self.dtypes[i]}; nothing is converted where it could lose",
        )

    def _category(self, name: str, value: Any, dtype: Any) -> TransformError:
        known = [str(category) for category in dtype.categories]
        return TransformError(
            1313,
            f"column `{name}` holds {value!r}, which is none of its {len(known)} categories",
            cause=did_you_mean(str(value), known),
            fix="make the transform again with the new category, or map it to a known one",
        )


def _is_plain(arrow: Any, dtype: Any) -> bool:
    """Whether a column of this Arrow type is this dtype in one way only: numbers and text."""
    import numpy as np

    if isinstance(dtype, np.dtype):
        return dtype.kind in "iufb" and arrow.to_pandas_dtype() in (dtype.type, dtype)
    return str(dtype) == "str" and str(arrow) in ("string", "large_string")


def _arrow_of(dtype: Any) -> Any:
    import pyarrow as pa

    return pa.Array.from_pandas(dtype.categories).type


def _text_type() -> Any:
    import pyarrow as pa

    return pa.large_string()
