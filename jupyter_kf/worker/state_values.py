"""Which values have a safe form: numbers, times, arrays, frames, scikit-learn objects.

One entry per type, each exact. Standard library at import.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from jupyter_kf.errors import TransformError

_MAPPINGS: dict[str, Callable[..., Any]] = {
    "dict": dict,
    "OrderedDict": collections.OrderedDict,
    "Counter": lambda pairs: collections.Counter(dict(pairs)),
}


class Writer(Protocol):
    """What an encoder needs of the one that walks the state."""

    def file(self, data: bytes, ending: str) -> str:
        """Keeps bytes; returns the file's name."""

    def write(self, value: Any, path: str) -> Any:
        """Encodes a value inside this one."""


def is_mapping(kind: type) -> bool:
    """Whether it is a dict whose class is known."""
    return kind in (dict, collections.OrderedDict, collections.Counter)


def is_mapping_tag(tag: str) -> bool:
    """Whether `make_mapping` knows it."""
    return tag in _MAPPINGS


def make_mapping(tag: str, pairs: list[tuple[Any, Any]]) -> Any:
    """A mapping in the order of its pairs."""
    return _MAPPINGS[tag](pairs)


def encode_value(value: Any, writer: Writer, path: str) -> dict[str, Any] | None:
    """A tagged form, or None when there is no safe one."""
    kind = type(value)
    if kind in _PLAIN:
        return {"$": kind.__name__, "v": _PLAIN[kind](value)}
    module = kind.__module__.partition(".")[0]
    if module == "numpy":
        return _encode_numpy(value, writer, path)
    if module == "pandas":
        return _encode_pandas(value, writer, path)
    if module == "polars" and kind.__name__ in ("DataFrame", "Series"):
        frame = value if kind.__name__ == "DataFrame" else value.to_frame()
        return {
            "$": f"polars.{kind.__name__}",
            "file": writer.file(_ipc(frame.to_arrow()), "arrow"),
        }
    if module == "pyarrow" and kind.__name__ == "Table":
        return {"$": "pyarrow.Table", "file": writer.file(_ipc(value), "arrow")}
    if module == "sklearn" or _is_estimator(value):
        return {"$": "skops", "file": writer.file(dump_estimator(value, path), "skops")}
    return None


_PLAIN: dict[type, Callable[[Any], Any]] = {
    bytes: lambda v: v.hex(),
    datetime.datetime: lambda v: [v.isoformat(), v.fold, _zone(v)],
    datetime.date: lambda v: v.isoformat(),
    datetime.timedelta: lambda v: [v.days, v.seconds, v.microseconds],
    decimal.Decimal: str,
    complex: lambda v: [v.real.hex(), v.imag.hex()],
    range: lambda v: [v.start, v.stop, v.step],
    re.Pattern: lambda v: (
        [v.pattern, v.flags] if type(v.pattern) is str else [v.pattern.hex(), v.flags, "bytes"]
    ),
}


def decode_value(
    tree: Mapping[str, Any], files: Mapping[str, bytes], read: Callable[..., Any]
) -> Any:
    """The value of `encode_value`."""
    tag: str = tree["$"]
    v: Any = tree.get("v")
    if tag in _MADE:
        return _MADE[tag](v)
    if tag == "ndarray":
        import numpy as np

        return np.load(io.BytesIO(files[tree["file"]]), allow_pickle=False)
    if tag == "objects":
        import numpy as np

        made: Any = np.empty(len(v), dtype=object)
        for i, item in enumerate(v):
            made[i] = read(item, files)
        return made.reshape(tree["shape"])
    if tag == "numpy":
        import numpy as np

        return np.frombuffer(bytes.fromhex(v), dtype=tree["dtype"])[0]
    if tag == "skops":
        return load_estimator(files[tree["file"]])
    if tag.startswith("polars."):
        import polars as pl

        frame = pl.from_arrow(_table(files[tree["file"]]))
        return frame if tag == "polars.DataFrame" else frame.to_series()  # type: ignore[union-attr]
    if tag == "pyarrow.Table":
        return _table(files[tree["file"]])
    return _decode_pandas(tree, files, read)


_MADE: dict[str, Callable[[Any], Any]] = {
    "bytes": bytes.fromhex,
    "date": datetime.date.fromisoformat,
    "timedelta": lambda v: datetime.timedelta(*v),
    "Decimal": decimal.Decimal,
    "complex": lambda v: complex(float.fromhex(v[0]), float.fromhex(v[1])),
    "range": lambda v: range(*v),
    "Pattern": lambda v: re.compile(v[0] if len(v) == 2 else bytes.fromhex(v[0]), v[1]),
    "numpy.text": lambda v: _numpy_text(str(v)),
    "numpy.bytes": lambda v: _numpy_text(bytes.fromhex(v)),
    "datetime": lambda v: _datetime(*v),
}


def _numpy_text(value: str | bytes) -> Any:
    import numpy as np

    return np.str_(value) if isinstance(value, str) else np.bytes_(value)


def _zone(value: datetime.datetime) -> str | None:
    return getattr(value.tzinfo, "key", None)


def _datetime(text: str, fold: int, zone: str | None) -> datetime.datetime:
    value = datetime.datetime.fromisoformat(text)
    if zone:
        import zoneinfo

        value = value.replace(tzinfo=zoneinfo.ZoneInfo(zone))
    return value.replace(fold=fold)


def _encode_numpy(value: Any, writer: Writer, path: str) -> dict[str, Any] | None:
    import numpy as np

    if isinstance(value, np.str_) and (not value or value.endswith("\0")):
        return {
            "$": "numpy.text",
            "v": "".join(value),
        }  # an array of one would drop what it ends with
    if isinstance(value, np.bytes_) and (not value or value.endswith(b"\0")):
        return {"$": "numpy.bytes", "v": bytes(value).hex()}
    if isinstance(value, np.generic) and value.dtype.kind in "biufcMmSU":
        return {"$": "numpy", "dtype": value.dtype.str, "v": value.tobytes().hex()}
    if type(value) is not np.ndarray:
        return None
    if value.dtype.kind == "O":
        items = [writer.write(v, f"{path}[{i}]") for i, v in enumerate(value.ravel())]
        return {"$": "objects", "shape": list(value.shape), "v": items}
    if value.dtype.kind not in "biufcMmSU":
        return None
    out = io.BytesIO()
    np.save(out, value, allow_pickle=False)
    return {"$": "ndarray", "file": writer.file(out.getvalue(), "npy")}


def _encode_pandas(value: Any, writer: Writer, path: str) -> dict[str, Any] | None:
    import pandas as pd

    if value is pd.NA or value is pd.NaT:
        return {"$": "pandas.missing", "v": "NA" if value is pd.NA else "NaT"}
    if isinstance(value, pd.Timestamp | pd.Timedelta):
        holder = pd.Series([value])
        return {"$": "pandas.one", "v": _encode_pandas(holder, writer, path)}
    if isinstance(value, pd.CategoricalDtype):
        return {
            "$": "pandas.CategoricalDtype",
            "v": [_encode_pandas(_series(value.categories), writer, path), bool(value.ordered)],
        }
    if isinstance(value, pd.Index) and not isinstance(value, pd.MultiIndex):
        name = writer.write(value.name, f"{path}.name")
        return {"$": "pandas.Index", "v": [_column(_series(value), writer, path), name]}
    if isinstance(value, pd.Series):
        name = writer.write(value.name, f"{path}.name")
        parts = [_column(value, writer, path), _index(value.index, writer, path), name]
        return {"$": "pandas.Series", "v": parts}
    if isinstance(value, pd.DataFrame):
        columns = [_column(value.iloc[:, i], writer, path) for i in range(value.shape[1])]
        parts = [columns, _index(value.index, writer, path), _index(value.columns, writer, path)]
        return {"$": "pandas.DataFrame", "v": parts}
    if isinstance(value, pd.api.extensions.ExtensionArray):
        return {"$": "pandas.array", "v": _column(_series(value), writer, path)}
    return None


def _series(values: Any, **named: Any) -> Any:
    """A Series of just these values: pandas makes text of objects where it may choose."""
    import pandas as pd

    return pd.Series(values, dtype=_settled(values), **named)


def _labels(values: Any, name: Any = None) -> Any:
    import pandas as pd

    return pd.Index(values, dtype=_settled(values), name=name)


def _settled(values: Any) -> type | None:
    return object if str(values.dtype) == "object" else None


def _column(series: Any, writer: Writer, path: str) -> dict[str, Any]:
    """One column without its index, through the tables' exact form, proven by reading it back."""
    import pandas as pd

    from jupyter_kf.worker.tables import to_frame, to_table

    frame = pd.DataFrame({"v": series.reset_index(drop=True)})
    if frame["v"].dtype == object:
        items = [writer.write(v, f"{path}[{i}]") for i, v in enumerate(frame["v"])]
        return {"$": "column.objects", "v": items}
    table = to_table(frame)
    back = to_frame(table)
    try:
        pd.testing.assert_frame_equal(frame, back, check_exact=True)
    except AssertionError as error:
        raise TransformError(
            1330,
            f"fit returns `{path}`, a column of {frame['v'].dtype}, which has no exact form",
            cause=str(error).partition("\n")[0],
            fix="turn it into numbers, text, times or categories before returning it",
        ) from None
    return {"$": "column", "file": writer.file(_ipc(table), "arrow")}


def _index(index: Any, writer: Writer, path: str) -> Any:
    import pandas as pd

    if type(index) is pd.RangeIndex and index.name is None:
        return {"range": [index.start, index.stop, index.step]}
    if isinstance(index, pd.MultiIndex):
        levels = [index.get_level_values(i) for i in range(index.nlevels)]
        return {"levels": [_index(level, writer, path) for level in levels]}
    name = writer.write(index.name, f"{path} index name")
    return {"values": _column(_series(index), writer, path), "name": name}


def _decode_pandas(
    tree: Mapping[str, Any], files: Mapping[str, bytes], read: Callable[..., Any]
) -> Any:
    import pandas as pd

    from jupyter_kf.worker.tables import to_frame

    def column(part: Mapping[str, Any]) -> Any:
        if part["$"] == "column.objects":
            return pd.Series([read(item, files) for item in part["v"]], dtype=object).array
        return to_frame(_table(files[part["file"]]))["v"].array

    def index(part: Mapping[str, Any]) -> Any:
        if "range" in part:
            return pd.RangeIndex(*part["range"])
        if "levels" in part:
            return pd.MultiIndex.from_arrays([index(level) for level in part["levels"]])
        return _labels(column(part["values"]), read(part["name"], files))

    tag, v = tree["$"], tree["v"]
    if tag == "pandas.missing":
        return pd.NA if v == "NA" else pd.NaT
    if tag == "pandas.one":
        return _decode_pandas(v, files, read).iloc[0]
    if tag == "pandas.array":
        return column(v)
    if tag == "pandas.CategoricalDtype":
        return pd.CategoricalDtype(_labels(_decode_pandas(v[0], files, read)), ordered=v[1])
    if tag == "pandas.Index":
        return _labels(column(v[0]), read(v[1], files))
    if tag == "pandas.Series":
        return _series(column(v[0]), index=index(v[1]), name=read(v[2], files))
    rows = index(v[1])
    columns = {i: _series(column(part), index=rows) for i, part in enumerate(v[0])}
    frame = pd.DataFrame(columns, index=rows)
    frame.columns = index(v[2])
    return frame


def _ipc(table: Any) -> bytes:
    import pyarrow as pa

    out = pa.BufferOutputStream()
    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    data: bytes = out.getvalue().to_pybytes()
    return data


def _table(data: bytes) -> Any:
    import pyarrow as pa

    return pa.ipc.open_file(data).read_all()


def _is_estimator(value: Any) -> bool:
    return any(c.__module__ == "sklearn.base" and c.__name__ == "BaseEstimator"
               for c in type(value).__mro__)  # fmt: skip


def dump_estimator(value: Any, path: str = "state") -> bytes:
    """A scikit-learn object as skops bytes, the same for every process and time.

    Raises:
        TransformError: kf-1331, it holds types that loading would have to trust.
    """
    import skops.io

    try:
        data = normalised(skops.io.dumps(value))
        load_estimator(data)
    except TransformError:
        raise
    except Exception as error:
        raise TransformError(
            1331,
            f"`{path}`, a {type(value).__name__}, can't be kept safely",
            cause=str(error).partition("\n")[0],
            fix="use scikit-learn's own steps, or do this step in the transform cell",
        ) from None
    return data


def load_estimator(data: bytes) -> Any:
    """The object of skops bytes; only scikit-learn's, numpy's and scipy's own types are built.

    Raises:
        TransformError: kf-1331.
    """
    import skops.io

    from jupyter_kf.worker.flavours.sklearn import TRUSTED

    strange = sorted(set(skops.io.get_untrusted_types(data=data)) - TRUSTED)
    if strange:
        raise TransformError(
            1331,
            f"the object holds {', '.join(strange[:3])}, which is not on the trust list",
            cause="loading builds only the types of scikit-learn, numpy and scipy",
            fix="use scikit-learn's own steps; put your own function into the transform cell",
        )
    return skops.io.loads(data, trusted=sorted(TRUSTED))


def normalised(data: bytes) -> bytes:
    """A skops archive without the times and memory addresses of the process that wrote it."""
    numbers: dict[int, int] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read("schema.json"))
        _renumber(schema, numbers)
        held = {name: archive.read(name) for name in archive.namelist() if name != "schema.json"}
    held = {_renamed(name, numbers): content for name, content in held.items()}
    held["schema.json"] = json.dumps(schema, indent=1).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(held):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), held[name])
    return out.getvalue()


def _renumber(tree: Any, numbers: dict[int, int]) -> None:
    if isinstance(tree, list):
        for item in tree:
            _renumber(item, numbers)
    elif isinstance(tree, dict):
        if isinstance(tree.get("__id__"), int):
            tree["__id__"] = numbers.setdefault(tree["__id__"], len(numbers) + 1)
        for item in tree.values():
            _renumber(item, numbers)
        if isinstance(tree.get("file"), str):
            tree["file"] = _renamed(tree["file"], numbers)


def _renamed(name: str, numbers: dict[int, int]) -> str:
    stem, dot, ending = name.partition(".")
    if stem.isdigit():
        return f"{numbers.setdefault(int(stem), len(numbers) + 1)}{dot}{ending}"
    return name
