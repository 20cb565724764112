"""How does what `fit` learned become files, and the same object again, without running code?

JSON with tags for what JSON lacks, npy for arrays, Arrow for frames, skops for scikit-learn.
Equal states give equal bytes. Standard library at import.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from jupyter_kf.errors import TransformError
from jupyter_kf.worker import state_values as values

FILE = "state.json"


def encode(state: Any, *, allow_pickle: bool = False) -> dict[str, bytes]:
    """Files that hold a state: ``state.json`` and what it refers to.

    Args:
        allow_pickle: keep what has no safe form as a pickle, which can run code when loaded.

    Raises:
        TransformError: kf-1330, a value without a safe form, by its path and type.
    """
    writer = _Writer(allow_pickle)
    tree = writer.write(state, "state")
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return {FILE: text.encode("utf-8", "surrogatepass"), **writer.files}


def decode(files: Mapping[str, bytes]) -> Any:
    """The state of `encode`."""
    return _read(json.loads(files[FILE].decode("utf-8", "surrogatepass")), files)


def is_unsafe(files: Mapping[str, Any]) -> bool:
    """Whether a pickle is among the files."""
    return any(name.endswith(".pickle") for name in files)


class _Writer:
    def __init__(self, allow_pickle: bool) -> None:
        self.files: dict[str, bytes] = {}
        self._allow_pickle, self._open = allow_pickle, set[int]()

    def file(self, data: bytes, ending: str) -> str:
        name = f"{len(self.files)}.{ending}"
        self.files[name] = data
        return name

    def write(self, value: Any, path: str) -> Any:
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            return value if math.isfinite(value) else {"$": "float", "v": repr(value)}
        if id(value) in self._open:
            raise _refused(path, value, "it contains itself")
        self._open.add(id(value))
        try:
            return self._tagged(value, path)
        finally:
            self._open.discard(id(value))

    def _tagged(self, value: Any, path: str) -> Any:
        kind = type(value)
        if kind is list:
            return [self.write(v, f"{path}[{i}]") for i, v in enumerate(value)]
        if kind is tuple:
            return {"$": "tuple", "v": [self.write(v, f"{path}[{i}]") for i, v in enumerate(value)]}
        if kind in (set, frozenset):
            items = [self.write(v, f"{path}{{}}") for v in value]
            items.sort(key=lambda item: json.dumps(item, sort_keys=True))
            return {"$": kind.__name__, "v": items}
        if values.is_mapping(kind):
            pairs = [
                [self.write(k, f"{path} key {k!r}"), self.write(v, f"{path}[{k!r}]")]
                for k, v in value.items()
            ]
            return {"$": kind.__name__, "v": pairs}
        found = values.encode_value(value, self, path)
        if found is not None:
            return found
        return self._last_resort(value, path)

    def _last_resort(self, value: Any, path: str) -> Any:
        if not self._allow_pickle:
            raise _refused(path, value, "only plain values, arrays, frames and scikit-learn travel")
        import pickle

        try:
            data = pickle.dumps(value, protocol=5)
        except Exception as error:
            raise _refused(path, value, f"it can't be pickled either: {error}") from None
        return {"$": "pickle", "file": self.file(data, "pickle")}


def _read(tree: Any, files: Mapping[str, bytes]) -> Any:
    if isinstance(tree, list):
        return [_read(item, files) for item in tree]
    if not isinstance(tree, dict):
        return tree
    tag = tree["$"]
    if tag == "float":
        return float(tree["v"])
    if tag in ("tuple", "set", "frozenset"):
        made = {"tuple": tuple, "set": set, "frozenset": frozenset}[tag]
        return made(_read(item, files) for item in tree["v"])
    if tag == "pickle":
        import pickle

        return pickle.loads(files[tree["file"]])  # noqa: S301 - asked for by an explicit flag
    if values.is_mapping_tag(tag):
        pairs = [(_read(k, files), _read(v, files)) for k, v in tree["v"]]
        return values.make_mapping(tag, pairs)
    return values.decode_value(tree, files, _read)


def _refused(path: str, value: Any, cause: str) -> TransformError:
    kind = type(value)
    return TransformError(
        1330,
        f"fit returns `{path}`, a {kind.__module__}.{kind.__qualname__}, which has no safe form",
        cause=cause,
        fix="return its numbers and texts as a dict; or --pickle state, at your own risk",
    )
