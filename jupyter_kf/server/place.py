"""Where is the notebook that a run came from, now? For the loop's thread.

The kernel knew its path when it started. While it lives, the server's sessions know the present
one; afterwards the old one is right unless the notebook was renamed. May import `records`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_server.utils import ensure_async

from jupyter_kf.records import Origin
from jupyter_kf.server.answers import Place


async def place_of(settings: Mapping[str, Any], origin: Origin | None) -> Place | None:
    """The notebook's place on this server; None when there is none, or it is not below its root."""
    if origin is None:
        return None
    contents = settings["contents_manager"]
    path = await _of_session(settings["session_manager"], origin.kernel)
    path = path or _below(Path(origin.notebook), getattr(contents, "root_dir", ""))
    if not path:
        return None
    there = await ensure_async(contents.file_exists(path))
    return Place(path, origin.cell, bool(there))


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
