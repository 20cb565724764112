"""Are two sets of columns the same, bit by bit, and if not, where do they part?

Pure. Standard library at import; numpy inside functions. It lives in `worker` because the
certificate runs inside jobs; `checks.parity` offers it to everything above.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Finding:
    """One column that differs, at its first differing row.

    Attributes:
        column: its name; ``probability[1]`` is the second of a column that is an array per row.
        row: position of the first differing row; None when the columns can't be paired.
        expected, got: the two values at that row as Python scalars, or what can't be paired
            as text ("200 rows", "float64").
        ulp_distance: how many floating point numbers lie between the two at the worst row;
            None where they are no finite floats.
        rows: how many rows differ.
    """

    column: str
    row: int | None
    expected: Any
    got: Any
    ulp_distance: float | None = None
    rows: int = 1

    def sentence(self) -> str:
        """``column `speed`, row 3: expected 0.5, got 1.5 (2 of the rows differ)``."""
        where = f"column `{self.column}`" + ("" if self.row is None else f", row {self.row}")
        text = f"{where}: expected {self.expected!r}, got {self.got!r}"
        if self.ulp_distance:
            text += f", {self.ulp_distance:.3g} ulp apart"
        return text + (f"; {self.rows} rows differ" if self.rows > 1 else "")

    def to_dict(self) -> dict[str, Any]:
        """JSON for certificates and reports; values that JSON lacks become their repr."""
        return {
            "column": self.column,
            "row": self.row,
            "expected": _plain(self.expected),
            "got": _plain(self.got),
            "ulp_distance": self.ulp_distance,
            "rows": self.rows,
        }


def compare_columns(
    expected: Mapping[str, Array], got: Mapping[str, Array], *, ulp: int = 0
) -> list[Finding]:
    """Where two mappings of columns differ; an empty list when they do not.

    Args:
        expected, got: name -> array of shape (n_rows,) or (n_rows, k, ...).
        ulp: floats may be this many representable numbers apart; 0 asks for equal bits, so
            that 0.0 and -0.0 differ.

    Returns:
        At most one finding per column (per element of a column of arrays). NaN equals NaN,
        NaT equals NaT, None equals None. A missing or additional column, another dtype and
        another shape are findings without a row. Text may be held as objects or as numpy text.
    """
    findings = [
        Finding(name, None, "a column", "no such column", rows=0)
        for name in expected
        if name not in got
    ]
    findings += [
        Finding(name, None, "no such column", "a column", rows=0)
        for name in got
        if name not in expected
    ]
    for name, want in expected.items():
        if name in got:
            findings += _compare(name, want, got[name], ulp)
    return findings


def _compare(name: str, want: Array, have: Array, ulp: int) -> list[Finding]:
    import numpy as np

    want, have = np.asarray(want), np.asarray(have)
    if want.shape != have.shape:
        return [Finding(name, None, _shape(want), _shape(have), rows=0)]
    if _kind(want) != _kind(have):
        return [Finding(name, None, str(want.dtype), str(have.dtype), rows=0)]
    if want.ndim > 1:
        flat_want, flat_have = want.reshape(len(want), -1), have.reshape(len(have), -1)
        return [
            finding
            for i in range(flat_want.shape[1])
            for finding in _compare(f"{name}[{i}]", flat_want[:, i], flat_have[:, i], ulp)
        ]
    differs, distance = _differences(want, have, ulp)
    where = np.flatnonzero(differs)
    if not len(where):
        return []
    worst = None if distance is None else float(np.max(distance[where]))
    row = int(where[0])
    return [Finding(name, row, _scalar(want[row]), _scalar(have[row]), worst, len(where))]


def _differences(want: Array, have: Array, ulp: int) -> tuple[Array, Array | None]:
    """Which rows differ, and for floats how many ulp they are apart."""
    import numpy as np

    if _kind(want) == "object":
        pairs = [_objects_differ(a, b, ulp) for a, b in zip(want, have, strict=True)]
        return np.array(pairs, dtype=bool), None
    if want.dtype.kind == "f":
        bits = np.dtype(f"i{want.dtype.itemsize}")
        left, right = np.ascontiguousarray(want).view(bits), np.ascontiguousarray(have).view(bits)
        differs = (left != right) & ~(np.isnan(want) & np.isnan(have))
        if not differs.any():
            return differs, None
        distance = np.full(len(want), np.inf)
        finite = np.isfinite(want) & np.isfinite(have)
        distance[finite] = np.abs(_ordered(left[finite]) - _ordered(right[finite]))
        return (differs & ~(distance <= ulp) if ulp else differs), distance
    if want.dtype.kind in "Mm":
        return want.view("i8") != have.view("i8"), None
    differs = want != have
    if want.dtype.kind == "c":
        differs &= ~(np.isnan(want) & np.isnan(have))
    return differs, None


def _ordered(bits: Array) -> Array:
    """Floats' bits as numbers that count representable floats, zero in the middle."""
    import numpy as np

    lowest = np.iinfo(bits.dtype).min
    return np.where(bits < 0, lowest - bits, bits).astype("longdouble")


def _objects_differ(want: Any, have: Any, ulp: int) -> bool:
    import numpy as np

    if isinstance(want, np.ndarray) or isinstance(have, np.ndarray):
        return bool(_compare("", np.asarray(want), np.asarray(have), ulp))
    if isinstance(want, list | tuple) and isinstance(have, list | tuple):
        return len(want) != len(have) or any(
            _objects_differ(a, b, ulp) for a, b in zip(want, have, strict=True)
        )
    if isinstance(want, dict) and isinstance(have, dict):
        return want.keys() != have.keys() or any(
            _objects_differ(want[key], have[key], ulp) for key in want
        )
    want, have = _scalar(want), _scalar(have)
    if _null(want) or _null(have):
        return not (_null(want) and _null(have))
    if type(want) is not type(have):
        return True
    if isinstance(want, float) and ulp:
        return _float_distance(want, have) > ulp
    if isinstance(want, float):
        return struct.pack("<d", want) != struct.pack("<d", have)
    return bool(want != have)


def _float_distance(want: float, have: float) -> float:
    import numpy as np

    found = _differences(np.array([want]), np.array([have]), 0)[1]
    return 0.0 if found is None else float(found[0])


def _kind(array: Array) -> str:
    return "object" if array.dtype.kind in "OUT" else str(array.dtype)


def _shape(array: Array) -> str:
    if array.ndim == 1:
        return f"{len(array)} rows"
    return "shape " + " x ".join(str(n) for n in array.shape)


def _null(value: Any) -> bool:
    """None, NaN, NaT and pandas.NA: the only values that are missing or unlike themselves."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas.NA has no truth value
        return True


def _scalar(value: Any) -> Any:
    """A numpy scalar as the Python value of the same bits."""
    item = getattr(value, "item", None)
    if item is None or getattr(value, "dtype", None) is None:
        return value
    plain = item()
    return value if isinstance(plain, int) and value.dtype.kind in "Mm" else plain


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and value == value and abs(value) != float("inf"):
        return value
    return repr(value)
