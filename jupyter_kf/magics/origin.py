"""Which notebook and which cell does a line come from? From the kernel's own message and files.

The path is the one that the environment tells (see `config`); the front end's message names the
cell, as JupyterLab and Notebook 7 do. A console has neither, a console that shares a notebook's
kernel is counted as that notebook.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_kf.records import Origin


def with_cell(origin: Origin | None, shell: Any) -> Origin | None:
    """The origin with the cell that runs now, and with the kernel's id."""
    if origin is None:
        return None
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    told = (parent.get("metadata") or {}).get("cellId")
    cell = told if isinstance(told, str) else ""
    return replace(origin, cell=cell, kernel=_kernel(shell))


def _kernel(shell: Any) -> str:
    """The id that a Jupyter server gave this kernel: it stands in the connection file's name."""
    file = (shell.config.get("IPKernelApp") or {}).get("connection_file") or ""
    stem = Path(str(file)).stem
    return stem.removeprefix("kernel-") if stem.startswith("kernel-") else ""
