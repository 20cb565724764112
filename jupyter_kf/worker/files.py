"""Which files of rows does a pattern mean, and how is each written?

Files are told by their ending. The one place where datasets and batches find their input.
Standard library only.
"""

from __future__ import annotations

import glob
from collections.abc import Callable
from pathlib import Path

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


def form_of(path: Path) -> str:
    """ "parquet", "csv" or "arrow", of a file that `matching` found."""
    return FORMATS[path.suffix.lower()]


def delimiter(path: Path) -> str:
    """What stands between the values of a "csv" file."""
    return "\t" if path.suffix.lower() == ".tsv" else ","


def is_arrow_stream(path: Path) -> bool:
    """Whether an "arrow" file is a stream; else it is a file with a table of its batches."""
    with open(path, "rb") as start:
        return start.read(6) != b"ARROW1"


def matching(pattern: str, but: Callable[[Path], bool] = lambda _path: False) -> list[Path]:
    """The files of a glob, sorted by their paths.

    Args:
        but: which files are none of those that are meant.

    Raises:
        DataError: kf-1412 no file matches, kf-1413 a file of another kind.
    """
    paths = sorted(map(Path, glob.glob(pattern, recursive=True)))  # noqa: PTH207 - any base
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
    """The folder that a glob's files are all below."""
    parts = Path(pattern).parts
    fixed: list[str] = []
    for part in parts[:-1]:
        if glob.has_magic(part):
            break
        fixed.append(part)
    return Path(*fixed).resolve() if fixed else working_dir()
