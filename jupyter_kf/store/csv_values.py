"""Is what pyarrow made of a CSV what the file says? Asked of each piece before it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_kf.errors import DataError
from jupyter_kf.worker import files


def check_digits(path: Path, batch: Any, checked: set[str]) -> None:
    """Lets numbers pass that are what the file says: pyarrow reads whole ones beyond 64 bits as
    doubles, in which different ones are equal.

    Args:
        checked: columns of this file that were read as text already; grows.

    Raises:
        DataError: kf-1426.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as csv

    def is_suspect(column: Any) -> bool:
        return str(column.type) == "double" and bool(
            pc.any(pc.and_(pc.is_finite(column), pc.greater_equal(pc.abs(column), 2.0**63))).as_py()
        )

    new = [name for name in batch.schema.names if name not in checked]
    names = [name for name in new if is_suspect(batch.column(name))]
    if not names:
        return
    checked.update(names)
    options = csv.ReadOptions(block_size=16 << 20, use_threads=False)
    convert = files.csv_convert(dict.fromkeys(names, pa.string()), names)
    with csv.open_csv(path, options, files.csv_parse(path), convert) as reader:
        for piece in reader:
            for name in names:
                long = pc.match_substring_regex(piece.column(name), r"^\s*[+-]?[0-9]{19,}\s*$")
                if pc.any(long).as_py():
                    value = piece.column(name).filter(long)[0].as_py()
                    raise DataError(
                        1426,
                        f"column `{name}` of {path} holds {value}, a whole number of more digits "
                        "than a number keeps",
                        cause="as a float it would be equal to its neighbours",
                        fix=f'read it as text: pd.read_csv(path, dtype={{"{name}": str}}), and '
                        "give that frame",
                    )


def check_text(path: Path, schema: Any) -> None:
    """Lets columns pass whose names and texts are UTF-8: pyarrow reads others as bytes.

    Raises:
        DataError: kf-1424.
    """
    import pyarrow as pa

    try:
        typed = zip(schema.names, schema.types, strict=True)  # reading the names decodes them
        bytes_only = [name for name, kind in typed if pa.types.is_binary(kind)]
    except UnicodeDecodeError:
        bytes_only = ["a column's name"]
    if bytes_only:
        raise DataError(
            1424,
            f"{path} is not UTF-8",
            cause=f"other bytes are in: {', '.join(bytes_only[:5])}",
            fix="save it as UTF-8; or read it into a frame, as in pd.read_csv(path, "
            'encoding="latin-1"), and give that',
        )
