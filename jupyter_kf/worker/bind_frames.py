"""How does an Arrow file become exactly the pandas object that was captured?

The reading half of `capture/frames.py`, which describes the format. Standard library only at
import; pandas and pyarrow are imported when a frame travelled.
"""

from __future__ import annotations

import base64
import importlib
import json
from pathlib import Path
from typing import Any


def read_pandas(path: Path) -> Any:
    """The DataFrame, Series or Index in `path`, owned by the caller and writable."""
    import pandas as pd
    import pyarrow as pa

    with pa.OSFile(str(path)) as file:
        table = pa.ipc.open_file(file).read_all()
    metadata = table.schema.metadata
    spec = json.loads(metadata[b"jupyter_kf"])
    arrays = _Arrays(table, metadata)
    index = arrays.index(spec["index"])
    made: Any
    if spec["type"] == "index":
        made = index
    elif spec["type"] == "series":
        made = _series(arrays.array(spec["data"]), index)
        made.name = evaluate(spec["name"])
    else:
        columns = {n: _series(arrays.array(one), index) for n, one in enumerate(spec["data"])}
        made = pd.DataFrame(columns, index=index, columns=pd.RangeIndex(len(columns)), copy=True)
        made.columns = arrays.index(spec["columns"])
    if "attrs" in spec:
        made.attrs = evaluate(spec["attrs"])
    return made


def evaluate(literal: dict[str, Any]) -> Any:
    """The value of an expression that capture wrote."""
    names = {alias: importlib.import_module(m) for alias, m in literal["modules"].items()}
    return eval(literal["expr"], names)  # noqa: S307 - written by capture, digest-covered


def _series(values: Any, index: Any) -> Any:
    import pandas as pd

    return pd.Series(values, index=index, dtype=values.dtype, copy=False)


class _Arrays:
    """Arrays by key, of one file."""

    def __init__(self, table: Any, metadata: dict[bytes, bytes]) -> None:
        self._table, self._side = table, metadata

    def get(self, key: str) -> Any:
        """An Arrow chunked array."""
        import pyarrow as pa

        if key.encode() in self._side:
            stream = base64.b64decode(self._side[key.encode()])
            return pa.ipc.open_stream(stream).read_all().column(0)
        return self._table.column(key)

    def text(self, key: str) -> str:
        """A text beside the columns."""
        return self._side[key.encode()].decode("utf-8", "surrogatepass")

    def owned(self, key: str) -> Any:
        """A NumPy array of numbers that may be written to."""
        import numpy as np

        values = self.get(key)
        array = values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
        return np.array(array.to_numpy(zero_copy_only=False))

    def array(self, spec: dict[str, Any]) -> Any:
        """One NumPy or pandas array."""
        import pandas as pd

        kind = spec["k"]
        if kind in ("numpy", "time", "raw"):
            return self._plain(spec)
        if kind in ("text", "json", "expr"):
            return self._objects(spec)
        if kind == "category":
            categories = self.index(spec["categories"])
            dtype = pd.CategoricalDtype(categories, ordered=spec["ordered"])
            return pd.Categorical.from_codes(self.array(spec["codes"]), dtype=dtype)
        if kind == "tz":
            utc = pd.DatetimeIndex(self.owned(spec["at"]).view(f"M8[{spec['unit']}]"))
            return utc.tz_localize("UTC").tz_convert(evaluate(spec["tz"])).array
        if kind == "period":
            frequency = pd.PeriodDtype(spec["freq"])
            return pd.arrays.PeriodArray(self.owned(spec["at"]), dtype=frequency)
        if kind == "interval":
            ends = self.index(spec["left"]), self.index(spec["right"])
            return pd.arrays.IntervalArray.from_arrays(*ends, closed=spec["closed"])
        return self._extension(spec)

    def _extension(self, spec: dict[str, Any]) -> Any:
        import pandas as pd

        values = self.get(spec["at"])
        dtype: Any
        if spec["k"] == "string":
            missing = pd.NA if spec["na"] == "NA" else float("nan")
            dtype = pd.StringDtype(spec["storage"], na_value=missing)
            if spec["storage"] == "python":
                return pd.array(values.to_numpy(zero_copy_only=False), dtype=dtype)
        elif spec["k"] == "masked":
            dtype = pd.api.types.pandas_dtype(spec["dtype"])
        else:
            dtype = pd.ArrowDtype(values.type)
        return dtype.__from_arrow__(values)

    def _plain(self, spec: dict[str, Any]) -> Any:
        import numpy as np

        if spec["k"] == "numpy":
            return self.owned(spec["at"])
        if spec["k"] == "time":
            return self.owned(spec["at"]).view(spec["dtype"])
        held = b"".join(self.get(spec["at"]).to_pylist())
        return np.frombuffer(held, dtype=spec["dtype"]).copy()

    def _objects(self, spec: dict[str, Any]) -> Any:
        import numpy as np
        import pandas as pd

        if spec["k"] == "text":
            values = self.get(spec["at"])
            array = np.array(values.to_numpy(zero_copy_only=False), dtype=object)
            missing = {"none": None, "nan": float("nan"), "NA": pd.NA}[spec["missing"]]
            if missing is not None and values.null_count:
                array[np.asarray(values.is_null())] = missing
            return array
        text = self.text(spec["at"])
        if spec["k"] == "json":
            held = json.loads(text)
        else:
            held = evaluate({"expr": text, "modules": spec["modules"]})
        array = np.empty(len(held), dtype=object)
        for n, value in enumerate(held):
            array[n] = value
        return array

    def index(self, spec: dict[str, Any]) -> Any:
        """An Index of the kind it was."""
        import pandas as pd

        names = evaluate(spec["names"])
        if spec["k"] == "range":
            start, stop, step = spec["range"]
            return pd.RangeIndex(start, stop, step, name=names[0])
        if spec["k"] == "multi":
            levels = [self.index(level) for level in spec["levels"]]
            codes = [self.array(code) for code in spec["codes"]]
            return pd.MultiIndex(levels, codes, names=names, verify_integrity=False)
        values = self.array(spec["data"])
        made: Any = pd.Index(values, dtype=values.dtype, tupleize_cols=False)
        if spec["freq"] is not None:
            made = type(made)(made, freq=spec["freq"])
        made.names = names
        return made
