"""All runs, the newest first, for the pages of a list: only what may have changed is looked at.

A listing of 10,000 ended runs costs 30 ms; as long as no run came or went, which the folder's own
time says, the ended ones are as they were, and only the others are observed. For threads.
May import `client`.
"""

from __future__ import annotations

import threading
from bisect import insort

from jupyter_kf.client import Client
from jupyter_kf.client.searching import words_of
from jupyter_kf.records import Run
from jupyter_kf.server.looks import Mark, at_rest, mark_of


class Table:
    """The runs of a store.

    Args:
        client: whose store it is.
    """

    def __init__(self, client: Client) -> None:
        self._client, self._folder = client, client.store.root / "runs"
        self._lock = threading.Lock()
        self._mark: Mark | None = None
        self._ended: list[Run] = []
        self._open: list[str] = []
        self._words: dict[str, str] = {}

    def runs(self) -> list[Run]:
        """All runs, the newest first; a list of the caller's own."""
        with self._lock:
            mark = mark_of(self._folder)
            if mark != self._mark:
                return self._listed(mark)
            now = self._client.observe(self._open)
            if len(now) < len(self._open) or any(run.state.ended for run in now):
                return self._listed(mark)
            runs = self._ended.copy()
            for run in now:
                insort(runs, run, key=_newest_first)
            return runs

    def words(self, run: Run) -> str:
        """What a search looks at, in lower case."""
        if not run.state.ended:
            return words_of(run)
        known = self._words.get(run.id)
        if known is None:
            known = self._words[run.id] = words_of(run)
        return known

    def _listed(self, mark: Mark) -> list[Run]:
        # From before the listing: what came meanwhile is listed again.
        self._mark = mark if at_rest(mark) else None
        runs = list(self._client.runs())
        self._ended = [run for run in runs if run.state.ended]
        self._open = [run.id for run in runs if not run.state.ended]
        if len(self._words) > 2 * len(runs):
            self._words.clear()  # of many that were deleted
        return runs


def _newest_first(run: Run) -> float:
    return -run.created_s
