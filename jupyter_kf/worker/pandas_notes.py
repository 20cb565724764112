"""What does a file or table that pandas wrote say of its index and of dtypes that Arrow lacks?

pandas leaves a note in the schema's metadata; `pandas.read_parquet` follows it, and so do
datasets, since the frame in the notebook and the dataset of its file have to be the same.
Standard library at import.
"""

from __future__ import annotations

import json
import re
from typing import Any

from jupyter_kf.errors import DataError

MASKED = frozenset(
    [f"{sign}nt{bits}" for sign in ("I", "UI") for bits in (8, 16, 32, 64)]
    + ["Float32", "Float64", "boolean"]
)
"""pandas' dtypes of numbers beside which a missing value can stand."""

_NAMELESS = re.compile(r"__index_level_\d+__")
_EXACT = 1 << 53


def dtypes(schema: Any) -> dict[str, str]:
    """Columns whose dtype can't be told from their Arrow type -> their dtype."""
    noted = {entry.get("name"): entry.get("numpy_type") for entry in _note(schema, "columns")}
    known = {*MASKED, "string"}
    return {name: noted[name] for name in schema.names if noted.get(name) in known}


def without_nameless_index(table: Any) -> Any:
    """The table without the numbering of its rows, which is no column of the data.

    Raises:
        DataError: kf-1427, the nameless index holds more than a numbering.
    """
    import pyarrow as pa

    held = [n for n in _note(table.schema, "index_columns") if isinstance(n, str)]
    nameless = [n for n in held if _NAMELESS.fullmatch(n) and n in table.column_names]
    if not nameless:
        return table
    if len(held) > 1 or not pa.types.is_integer(table.schema.field(nameless[0]).type):
        raise DataError(
            1427,
            f"the index of these rows, `{nameless[0]}`, has no name and would be lost",
            cause="pandas wrote it; rows are stored as columns only",
            fix='write the file again: df.rename_axis("id").to_parquet(...) keeps it, '
            "df.reset_index(drop=True) drops it",
        )
    return table.drop_columns(nameless)


def is_exact(column: Any) -> bool:
    """Whether each whole number of an Arrow column is a double; others are no whole numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_integer(column.type) or column.type.bit_width < 64:
        return True
    limits = pc.min_max(column)
    low, high = limits["min"].as_py(), limits["max"].as_py()
    return low is None or (low >= -_EXACT and high <= _EXACT)


def _note(schema: Any, part: str) -> list[Any]:
    text = (schema.metadata or {}).get(b"pandas")
    try:
        found = json.loads(text).get(part) if text else None
    except (ValueError, AttributeError):
        return []
    return found if isinstance(found, list) else []
