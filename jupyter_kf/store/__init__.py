"""The store: run folders, content-addressed objects, and what names mean.

May import `blobs`, `refs`, `records`, `layout` and below. Nothing here starts a process.
"""

from __future__ import annotations

import os

from jupyter_kf import layout
from jupyter_kf.blobs import Blobs, explained, write_once
from jupyter_kf.errors import StoreError
from jupyter_kf.refs import Refs
from jupyter_kf.store.runs import Runs


class Store:
    """One folder with everything in it.

    Args:
        root: made when it is not there.

    Attributes:
        root: the folder.
        blobs: bytes by digest.
        refs: names and their versions.
        runs: run folders.

    Raises:
        StoreError: kf-3002 the folder can't be written, kf-3004 it has another format.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = layout.working_dir() / layout.expanded(root)
        self.blobs = Blobs(self.root)
        self.refs = Refs(self.root)
        self.runs = Runs(self.root)
        mark = self.root / "format"
        if not mark.exists():
            self._make()
            write_once(mark, f"{layout.FORMAT}\n".encode())
        found = mark.read_text().strip()
        if found != layout.FORMAT:
            raise StoreError(
                3004,
                f"the store at {self.root} has format {found}, not {layout.FORMAT}",
                cause="another version of jupyter-kf wrote it",
                fix="use that version, or point JUPYTER_KF_STORE at another folder",
            )

    def _make(self) -> None:
        try:
            with explained(self.root):
                self.root.parent.mkdir(parents=True, exist_ok=True)
                self.root.mkdir(mode=0o700, exist_ok=True)  # rows, logs, --env: this user's own
        except (FileNotFoundError, FileExistsError) as error:  # /proc/x; a file of that name
            raise StoreError(
                3002,
                f"{self.root} can't be written",
                cause=error.strerror or str(error),
                fix="point JUPYTER_KF_STORE at a folder that can be made",
            ) from error

    def endpoint_folder(self, name: str) -> layout.EndpointFolder:
        """The files of an endpoint; the folder may not be there yet."""
        return layout.EndpointFolder(self.root / "endpoints" / name)


__all__ = ["Store"]
