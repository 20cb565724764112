"""How does a pandas frame become an Arrow file that gives back exactly the same frame?

``Table.from_pandas`` alone loses duplicate column names, object columns of mixed values, a
DatetimeIndex's freq, complex numbers and more. So columns are stored under their positions, and
the schema's metadata says what each array was (`worker/bind_frames.py` reads it):

    numbers, booleans          as they are
    datetimes, timedeltas      int64 of their unit
    objects                    text with its kind of missing value, else JSON, else expressions
    extension types            their own Arrow form, or their parts

Arrays that have not one value per row (categories, index levels, labels) travel in the metadata.
pandas and pyarrow are imported inside functions: the notebook has them already.
"""

from __future__ import annotations

import base64
import io
import json
from typing import Any

from jupyter_kf.capture.imports import home_of
from jupyter_kf.capture.literals import Unwritable, Writer, is_plain_json

FORMAT = b"jupyter_kf"


class Unpackable(Exception):
    """This frame can't be stored exactly; the argument says what is in the way."""


def pack_pandas(value: Any) -> Any:
    """The Arrow table of a DataFrame, Series or Index.

    Raises:
        Unpackable: something in it can't be stored exactly; named.
    """
    import pandas as pd

    packer = _Packer(len(value))
    if isinstance(value, pd.DataFrame):
        spec = {
            "type": "frame",
            "columns": packer.index(value.columns, "the column labels"),
            "index": packer.index(value.index, "the index"),
            "data": [
                packer.array(value.iloc[:, n].array, f"column {value.columns[n]!r}")
                for n in range(value.shape[1])
            ],
        }
    elif isinstance(value, pd.Series):
        spec = {
            "type": "series",
            "name": packer.literal(value.name, "its name"),
            "index": packer.index(value.index, "the index"),
            "data": packer.array(value.array, "it"),
        }
    else:
        spec = {"type": "index", "index": packer.index(value, "it")}
    attrs = getattr(value, "attrs", None)
    if attrs:
        spec["attrs"] = packer.literal(dict(attrs), "`.attrs`")
    return packer.table(spec)


class _Packer:
    """Arrays by key: those with a value per row become columns, the others metadata."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.columns: dict[str, Any] = {}
        self.side: dict[bytes, bytes] = {}

    def table(self, spec: dict[str, Any]) -> Any:
        import pyarrow as pa

        metadata = {FORMAT: json.dumps({"rows": self.rows, **spec}).encode(), **self.side}
        fields = [pa.field(name, array.type) for name, array in self.columns.items()]
        schema = pa.schema(fields, metadata=metadata)
        return pa.Table.from_arrays(list(self.columns.values()), schema=schema)

    def put(self, array: Any) -> str:
        import pyarrow as pa

        key = f"a{len(self.columns) + len(self.side)}"
        if len(array) == self.rows:
            self.columns[key] = array
            return key
        sink = io.BytesIO()
        table = pa.table({"a": array})
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        self.side[key.encode()] = base64.b64encode(sink.getvalue())
        return key

    def put_text(self, text: str) -> str:
        key = f"a{len(self.columns) + len(self.side)}"
        self.side[key.encode()] = text.encode("utf-8", "surrogatepass")
        return key

    def literal(self, value: Any, where: str) -> dict[str, Any]:
        """An expression and the modules it needs."""
        modules: dict[str, str] = {}

        def reference(thing: Any) -> str:
            home = (thing.__name__, "") if type(thing).__name__ == "module" else home_of(thing)
            if home is None:
                raise Unwritable(f"it holds {thing!r}")
            alias = "_" + home[0].replace(".", "_")
            modules[alias] = home[0]
            return f"{alias}.{home[1]}" if home[1] else alias

        try:
            return {"expr": Writer(reference).write(value), "modules": modules}
        except Unwritable as error:
            raise Unpackable(f"{where}: {error}") from None

    def array(self, values: Any, where: str) -> dict[str, Any]:
        """One array of any dtype."""
        import pandas as pd
        import pyarrow as pa

        dtype = values.dtype
        if type(values) is pd.arrays.NumpyExtensionArray:
            return self.numpy(values.to_numpy(), where)
        if isinstance(dtype, pd.CategoricalDtype):
            return {
                "k": "category",
                "codes": self.numpy(values.codes, where),
                "categories": self.index(values.categories, where),
                "ordered": bool(values.ordered),
            }
        if isinstance(dtype, pd.DatetimeTZDtype):
            zone = getattr(dtype.tz, "zone", dtype.tz)
            at = self.put(pa.array(values.asi8))
            return {"k": "tz", "unit": dtype.unit, "tz": self.literal(zone, where), "at": at}
        if isinstance(dtype, pd.PeriodDtype):
            frequency = dtype.name.removeprefix("period[").removesuffix("]")
            return {"k": "period", "freq": frequency, "at": self.put(pa.array(values.asi8))}
        if isinstance(dtype, pd.IntervalDtype):
            ends = {side: self.index(getattr(values, side), where) for side in ("left", "right")}
            return {"k": "interval", "closed": dtype.closed, **ends}
        if isinstance(dtype, pd.StringDtype):
            missing = "NA" if dtype.na_value is pd.NA else "nan"
            at = self.put(pa.array(values, from_pandas=True))
            return {"k": "string", "storage": dtype.storage, "na": missing, "at": at}
        if isinstance(dtype, pd.ArrowDtype):
            return {"k": "arrow", "at": self.put(pa.chunked_array(values.__arrow_array__()))}
        masked = pd.arrays.IntegerArray | pd.arrays.FloatingArray | pd.arrays.BooleanArray
        if isinstance(values, masked):
            return {"k": "masked", "dtype": dtype.name, "at": self.put(pa.array(values))}
        if isinstance(dtype, pd.api.extensions.ExtensionDtype):
            raise Unpackable(f"{where} has dtype {dtype}")
        return self.numpy(values.to_numpy(), where)

    def numpy(self, values: Any, where: str) -> dict[str, Any]:
        """One plain NumPy array of one dimension."""
        import numpy as np
        import pyarrow as pa

        dtype = values.dtype
        if dtype.kind == "O":
            return self.objects(values, where)
        if dtype.kind in "mM":
            return {"k": "time", "dtype": dtype.str, "at": self.put(pa.array(values.view("i8")))}
        if dtype.kind in "biuf" and dtype.isnative and dtype.itemsize <= 8:
            return {"k": "numpy", "at": self.put(pa.array(np.ascontiguousarray(values)))}
        raw = pa.py_buffer(np.ascontiguousarray(values).tobytes())
        kind = pa.binary(dtype.itemsize)
        stored = pa.FixedSizeBinaryArray.from_buffers(kind, len(values), [None, raw])
        return {"k": "raw", "dtype": dtype.str, "at": self.put(stored)}

    def objects(self, values: Any, where: str) -> dict[str, Any]:
        """An array of Python objects."""
        import pandas as pd
        import pyarrow as pa

        if pd.api.types.infer_dtype(values, skipna=True) == "string":
            missing = pd.isna(values)
            kinds = {type(v): v for v in values[missing]}
            name = _MISSING.get(tuple(k.__name__ for k in kinds))
            if name is not None:
                try:
                    stored = pa.array(values, type=pa.large_string(), mask=missing)
                    return {"k": "text", "missing": name, "at": self.put(stored)}
                except (pa.ArrowException, UnicodeError):
                    pass  # a lone surrogate: JSON can hold it
        held = list(values)
        if is_plain_json(held):
            return {"k": "json", "at": self.put_text(json.dumps(held))}
        literal = self.literal(held, where)
        return {"k": "expr", "modules": literal["modules"], "at": self.put_text(literal["expr"])}

    def index(self, index: Any, where: str) -> dict[str, Any]:
        """An Index of any kind, a MultiIndex too."""
        import pandas as pd

        names = self.literal(list(index.names), where)
        if type(index) is pd.RangeIndex:
            return {"k": "range", "range": [index.start, index.stop, index.step], "names": names}
        if type(index) is pd.MultiIndex:
            levels = [self.index(level, where) for level in index.levels]
            codes = [self.numpy(code, where) for code in map(_as_numpy, index.codes)]
            return {"k": "multi", "levels": levels, "codes": codes, "names": names}
        if type(index).__module__.partition(".")[0] != "pandas":
            raise Unpackable(f"{where} is a {type(index).__name__}")
        regular = isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex)
        freq = index.freqstr if regular else None
        if freq is not None and pd.tseries.frequencies.to_offset(freq) != index.freq:
            raise Unpackable(f"{where} has the frequency {index.freq!r}")
        return {"k": "flat", "data": self.array(index.array, where), "names": names, "freq": freq}


_MISSING: dict[tuple[str, ...], str] = {
    (): "none",
    ("NoneType",): "none",
    ("float",): "nan",
    ("NAType",): "NA",
}


def _as_numpy(values: Any) -> Any:
    import numpy as np

    return np.asarray(values)
