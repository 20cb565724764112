"""Where is the notebook that a run came from, now? For the loop's thread.

The kernel knew its path when it started. While it lives, the server's sessions know the present
one; afterwards the old one is right unless the notebook was renamed: then the one notebook beside
it that has the run's cell is the one. May import `records`.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_server.utils import ensure_async

from jupyter_kf.records import Origin
from jupyter_kf.server.answers import Place

_MOST_NOTEBOOKS = 100
_MOST_BYTES = 50_000_000


async def place_of(settings: Mapping[str, Any], origin: Origin | None) -> Place | None:
    """The notebook's place on this server; None when there is none, or it is not below its root."""
    if origin is None:
        return None
    contents = settings["contents_manager"]
    path = await _of_session(settings["session_manager"], origin.kernel)
    path = path or _below(Path(origin.notebook), getattr(contents, "root_dir", ""))
    if not path:
        return None
    if await ensure_async(contents.file_exists(path)):
        return Place(path, origin.cell, True)
    root = getattr(contents, "root_dir", "")
    folder = Path(root).expanduser()
    renamed = await asyncio.to_thread(_beside, folder / path, origin.cell) if root else ""
    if renamed:
        return Place(str(PurePosixPath(path).with_name(renamed)), origin.cell, True)
    return Place(path, origin.cell, False)


def _beside(notebook: Path, cell: str) -> str:
    """The name of the one notebook in the same folder that has the cell; empty when it is unsure.

    Of a folder of very many or very large ones the newest are looked at. Ids of cells are random,
    so only a copy of the notebook has the same.
    """
    if not cell:
        return ""
    try:
        with os.scandir(notebook.parent) as found:
            files = [one for one in found if one.name.endswith(".ipynb") and one.is_file()]
        newest = sorted(files, key=lambda one: one.stat().st_mtime, reverse=True)
        room, having = _MOST_BYTES, []
        for one in newest[:_MOST_NOTEBOOKS]:
            room -= one.stat().st_size
            if room >= 0 and _has(Path(one.path).read_bytes(), cell):
                having.append(one.name)
    except OSError:
        return ""
    return having[0] if len(having) == 1 else ""


def _has(content: bytes, cell: str) -> bool:
    return re.search(rb'"id":\s*"' + re.escape(cell.encode()) + rb'"', content) is not None


async def _of_session(sessions: Any, kernel: str) -> str:
    """The path of the notebook whose kernel this is; empty when no session has it any more."""
    if not kernel:
        return ""
    for session in await ensure_async(sessions.list_sessions()):
        if session["type"] == "notebook" and (session["kernel"] or {}).get("id") == kernel:
            return str(session["path"])
    return ""


def _below(notebook: Path, root: str) -> str:
    if not notebook.is_absolute():
        return notebook.as_posix()
    base = Path(root).expanduser()
    return notebook.relative_to(base).as_posix() if notebook.is_relative_to(base) else ""
