"""Which files of rows does a pattern mean, and how is each written?

Files are told by their ending. The one place where datasets and batches find their input, and
where it is said how a CSV is read. Standard library only at import; pyarrow inside functions.
"""

from __future__ import annotations

import csv
import glob
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_kf.errors import DataError
from jupyter_kf.layout import working_dir

FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".ipc": "arrow",
    ".feather": "arrow",
}

NULLS = (
    *("", "NA", "N/A", "n/a", "<NA>", "#NA", "#N/A", "#N/A N/A", "NULL", "null", "None"),
    *("NaN", "-NaN", "nan", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
)
"""What a CSV's field says when it holds no value. Source: pandas.read_csv's defaults, since a
frame that was read in the notebook and a file that a batch reads have to mean the same."""


_MARKS = (";", "\t", "|", ",")
_HEAD = 1 << 16  # of a line that is looked at; none of a table is longer


def form_of(path: Path) -> str:
    """ "parquet", "csv" or "arrow", of a file that `matching` found."""
    return FORMATS[path.suffix.lower()]


def delimiter(path: Path) -> str:
    """What stands between the values of a "csv" file."""
    return "\t" if path.suffix.lower() == ".tsv" else ","


@dataclass(frozen=True)
class OtherCsv:
    """A "csv" file that is cut by another mark than its ending says.

    Attributes:
        mark: by which it is cut.
        what, cause: as an error says them.
        read: how pandas reads it.
    """

    mark: str
    what: str
    cause: str
    read: str


def other_csv(path: Path) -> OtherCsv | None:
    """What a file is cut by, when its own mark leaves the first line whole and another does not.

    The second line has to agree, where there is one: a column's name may hold a semicolon.
    """
    with open(path, newline="", encoding="utf-8-sig", errors="replace") as stream:
        head, second = (stream.readline(_HEAD).rstrip("\r\n") for _ in range(2))
    if _parts(head, delimiter(path)) != 1:
        return None
    for mark in _MARKS:
        count = _parts(head, mark)
        if count > 1 and (not second or _parts(second, mark) == count):
            comma = mark != "," and re.search(r"(^|[^\w.])[+-]?\d+,\d+([^\w.,]|$)", second)
            decimal = ', decimal=","' if comma else ""
            sep = "\\t" if mark == "\t" else mark
            return OtherCsv(
                mark,
                what=f"{path} is cut by {mark!r}, not by {delimiter(path)!r}",
                cause=f"its first line is {head[:120]!r}",
                read=f'pd.read_csv("{path.name}", sep="{sep}"{decimal})',
            )
    return None


def _parts(line: str, mark: str) -> int:
    return len(next(csv.reader([line], delimiter=mark), []))


def csv_parse(path: Path) -> Any:
    """How the fields of a "csv" file are told apart, as pyarrow's ParseOptions."""
    from pyarrow.csv import ParseOptions

    return ParseOptions(delimiter=delimiter(path), newlines_in_values=True)


def csv_convert(types: Mapping[str, Any] | None = None, columns: Sequence[str] = ()) -> Any:
    """How the fields of any "csv" file become values, as pyarrow's ConvertOptions.

    A field of `NULLS` is a missing value in every column, quoted or not, as pandas reads it.

    Args:
        types: Arrow types of columns; the others' are inferred.
        columns: only these; all when there are none.
    """
    from pyarrow.csv import ConvertOptions

    return ConvertOptions(
        column_types=types,
        include_columns=list(columns),
        null_values=list(NULLS),
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )


def csv_as_it_stands(columns: Sequence[str]) -> Any:
    """The same for columns that are passed on: text, in which only a field of nothing is null."""
    import pyarrow as pa
    from pyarrow.csv import ConvertOptions

    return ConvertOptions(
        column_types=dict.fromkeys(columns, pa.string()),
        include_columns=list(columns),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )


def is_arrow_stream(path: Path) -> bool:
    """Whether an "arrow" file is a stream; else it is a file with a table of its batches."""
    with open(path, "rb") as start:
        return start.read(6) != b"ARROW1"


def matching(pattern: str, but: Callable[[Path], bool] = lambda _path: False) -> list[Path]:
    """The files of a glob, sorted by their paths; what exists by its name means itself.

    Args:
        but: which files are none of those that are meant.

    Raises:
        DataError: kf-1412 no file matches, kf-1413 a file of another kind.
    """
    fixed, rest = _divided(pattern)
    meant = glob.escape(str(fixed)) if not rest else str(Path(glob.escape(str(fixed)), *rest))
    paths = sorted(map(Path, glob.glob(meant, recursive=True)))  # noqa: PTH207 - any base
    found = [path for path in paths if path.is_file() and not but(path)]
    if not found:
        folders = [path for path in paths if path.is_dir()]
        also = f"; {folders[0]} is a folder" if folders else ""
        raise DataError(
            1412,
            f"no file matches {pattern!r}",
            cause=f"looked in {fixed_part(pattern)} for files{also}",
            fix=f'write "{folders[0]}/*.parquet"'
            if folders
            else "check the path; quote the pattern; a notebook's frame is given by its name",
        )
    for path in found:
        if path.suffix.lower() not in FORMATS:
            raise DataError(
                1413,
                f"{path} is neither Parquet, CSV nor Arrow",
                cause=f"files are told by their ending, and {path.suffix or 'none'} is not one of "
                + ", ".join(FORMATS),
                fix='narrow the pattern: "folder/*.parquet"; `%kf data` keeps a whole folder of '
                "other files as they are",
            )
    return found


def fixed_part(pattern: str) -> Path:
    """The folder that a glob's files are all below, by the names that the glob gives it."""
    fixed, rest = _divided(pattern)
    return working_dir() / (fixed if rest else fixed.parent)


def _divided(pattern: str) -> tuple[Path, tuple[str, ...]]:
    """A glob's leading part that means itself, and the rest: ``rep [1].csv`` may be a file."""
    parts = Path(pattern).parts
    fixed = Path()
    for i, part in enumerate(parts):
        if glob.has_magic(part) and not os.path.lexists(fixed / part):
            return fixed, parts[i:]
        fixed /= part
    return fixed, ()
