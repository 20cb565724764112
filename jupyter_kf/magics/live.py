"""A run while somebody waits for it: one output that changes in place, and goes when it ends."""

from __future__ import annotations

import secrets
import time
from typing import Any

from IPython.display import publish_display_data

from jupyter_kf import display as faces
from jupyter_kf.records import Run

_EVERY_S = 0.25


class LiveRun:
    """Shows the run that is waited for, in a notebook; a terminal is left in peace."""

    def __init__(self, shell: Any) -> None:
        self._on = hasattr(shell, "kernel")
        self._shown = ""
        self._last: tuple[float, Any] = (0.0, None)
        self._run: Run | None = None

    def look(self, run: Run) -> None:
        """Shows the run when it changed, a few times a second at most."""
        self._run = run
        now, facts = time.monotonic(), (run.state, run.progress, tuple(run.metrics.items()))
        if not self._on or now - self._last[0] < _EVERY_S or facts == self._last[1]:
            return
        self._last = (now, facts)
        self._show(faces.bundle(run))

    def close(self) -> None:
        """Takes the live output away; the cell's result takes its place."""
        if self._shown:
            self._show({"text/plain": "", "text/html": ""})

    def _show(self, bundle: dict[str, Any]) -> None:
        """The first time a new output, then the same one again."""
        update = bool(self._shown)
        self._shown = self._shown or secrets.token_hex(8)
        publish: Any = publish_display_data
        publish(bundle, transient={"display_id": self._shown}, update=update)

    def goes_on(self) -> str:
        """What an interrupted cell says: the run is not the cell."""
        if self._run is None or self._run.state.ended:
            return "Interrupted."
        return (
            f"Waiting was interrupted; the run goes on: %kf logs {self._run.id} -f, "
            f"or end it: %kf cancel {self._run.id}"
        )
