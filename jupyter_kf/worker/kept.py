"""What becomes of what a cell trained, when it can't be stored as a model?

It is left with the run, so that the training is not lost. Standard library only.
"""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path
from typing import Any

from jupyter_kf.errors import KfError
from jupyter_kf.layout import RunFolder

_NAME = "trained"


def keep_trained(folder: RunFolder, saved: Any, error: KfError) -> KfError:
    """The error, which now says where the object is and how it is loaded.

    Args:
        saved: what the cell made: any object, or a folder of files that its own loader reads.
    """
    try:
        where, is_pickle = _keep(folder, saved)
    except Exception as reason:  # a class of the user's may raise anything here
        said = f"what was trained could not be kept with the run: {reason}"
    else:
        said = f"what was trained is kept in {where}"
        if is_pickle:
            said += (
                f': model = pickle.load(open({where!r}, "rb")) loads it, in a notebook that '
                "has run what the cell defines"
            )
    return type(error)(error.code, error.what, cause=error.cause, fix=f"{error.fix}; {said}")


def _keep(folder: RunFolder, saved: Any) -> tuple[str, bool]:
    folder.outputs.mkdir(exist_ok=True)
    target = folder.outputs / _NAME
    if isinstance(saved, str | os.PathLike) and Path(saved).exists():
        if Path(saved).is_dir():
            return str(shutil.copytree(saved, target, dirs_exist_ok=True)), False
        return str(shutil.copy2(saved, target.with_suffix(Path(saved).suffix))), False
    path = target.with_suffix(".pkl")
    try:
        with open(path, "wb") as out:
            pickle.dump(saved, out)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return str(path), True
