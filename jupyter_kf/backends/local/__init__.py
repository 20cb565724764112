"""Runs as processes of this machine. Imports nothing: supervisors pass through here."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from jupyter_kf.backends.base import Backend


def make(store_root: str | Path) -> Backend:
    """The local back end over a store; what `registry` calls."""
    from jupyter_kf.backends.local.backend import LocalBackend

    return LocalBackend(store_root)
