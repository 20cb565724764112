"""What is new in the store since the last look? For a thread; every look costs a few stats.

A folder's own time says whether anything in it came or went, and a few files of an unfinished
run whether it reported, printed or ended. Only what changed is read, and all runs that are due
are observed in one call; those whose files rest are observed every `OBSERVE_S`, for a killed
supervisor leaves no trace in them. No inotify: homes on hubs are network file systems.
May import `client`, `layout`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_kf.client import Client
from jupyter_kf.errors import StoreError
from jupyter_kf.records import Run, State
from jupyter_kf.server.answers import Action, RunRow, Thing
from jupyter_kf.server.rows import row_of

OBSERVE_S = 2.0
_DAMAGED = 3022
_REFS_S, _REFS_SHARE = 0.1, 0.02  # names are looked at so often, or less when there are many
FRESH_NS = 50_000_000
"""A folder that changed just now may change again within the tick of its clock."""
_KINDS: tuple[Thing, ...] = ("dataset", "transform", "model")

Mark = tuple[int, int]


@dataclass(frozen=True)
class News:
    """One thing that is not what it was."""

    thing: Thing
    id: str
    action: Action
    row: RunRow | None = None


class Looks:
    """What was seen last, and what is new.

    Args:
        client: whose store is looked at.
        shown: runs that somebody was shown; one of them may come and go between two looks.
    """

    def __init__(self, client: Client, shown: set[str] | None = None) -> None:
        self._client, self._root = client, client.store.root
        self._folders: dict[Thing, str] = {kind: f"{self._root}/refs/{kind}" for kind in _KINDS}
        self._folders["endpoint"] = f"{self._root}/endpoints"
        self._shown = set() if shown is None else shown
        self._rows: dict[str, RunRow] = {}  # of runs that are not at their end
        self._known: set[str] = set()
        self._marks: dict[str, tuple[Mark, ...]] = {}
        self._damaged: dict[str, tuple[Mark, ...]] = {}  # they can't be read, until they move
        self._things: dict[Thing, dict[str, tuple[Mark, ...]]] = {}
        self._tops: tuple[Mark, ...] = ()
        self._runs_mark, self._observed_s, self._refs_due_s = (0, 0), 0.0, 0.0
        self._first()

    @property
    def at_work(self) -> bool:
        """Whether a run waits or works: what serves may change too, but seldom does."""
        return any(row.state is not State.READY for row in self._rows.values())

    def moved(self) -> bool:
        """Whether a look would find more than a new version of a known name: a few stats."""
        mark = mark_of(self._root / "runs")
        if mark != self._runs_mark or time.time_ns() - mark[0] <= FRESH_NS:
            return True
        if self._tops != self._tops_now() or self._mended():
            return True
        return any(self._marks_of(run_id) != self._marks.get(run_id) for run_id in self._rows)

    def look(self) -> list[News]:
        """What is new since the last time."""
        states = self._states()
        news = [*self._came_and_went(), *self._moved()]
        now = time.monotonic()
        if news or now > self._refs_due_s:
            news += self._new_things()
            took_s = time.monotonic() - now
            self._refs_due_s = now + max(_REFS_S, took_s / _REFS_SHARE)
        # A run that is let in takes cores and GPUs, and one that waits says for what, though both
        # only changed.
        if states != self._states() or any(
            one.thing == "run" and one.action != "changed" for one in news
        ):
            news.append(News("resources", self._client.backend.name, "changed"))
        return news

    def _states(self) -> dict[str, tuple[str, str]]:
        return {run_id: (row.state, row.reason) for run_id, row in self._rows.items()}

    def _first(self) -> None:
        self._runs_mark = mark_of(self._root / "runs")
        ended, open_ids = self._client.store.runs.listing()
        self._known = {run.id for run in ended} | set(open_ids)
        for run in self._observe(open_ids):
            self._keep(run)
        self._tops = self._tops_now()
        self._things = {kind: dict(self._versions(kind)) for kind in self._folders}

    def _came_and_went(self) -> Iterator[News]:
        mark = mark_of(self._root / "runs")
        for run_id in self._mended():
            del self._damaged[run_id]
            self._runs_mark = (0, 0)
        if mark == self._runs_mark and time.time_ns() - mark[0] > FRESH_NS:
            return
        here = self._client.store.runs.ids()
        shown = set(self._shown)  # those that are here become known below
        self._shown.difference_update(shown)
        for run_id in (self._known | shown) - here:
            self._forget(run_id)
            yield News("run", run_id, "deleted")
        new = here - self._known - self._damaged.keys()
        came = self._observe(new) if new else []
        for run in came:  # a folder without its spec is not a run yet
            self._known.add(run.id)
            self._keep(run)
            yield News("run", run.id, "created", row_of(run))
            if run.state.ended:
                yield News("run", run.id, "ended", row_of(run))
            yield from self._parts(run)
        if not new - self._known - self._damaged.keys():
            self._runs_mark = mark

    def _moved(self) -> Iterator[News]:
        now = time.monotonic()
        due = list(self._rows)
        if now - self._observed_s < OBSERVE_S:
            due = [run_id for run_id in due if self._marks_of(run_id) != self._marks.get(run_id)]
        else:
            self._observed_s = now
        if not due:
            return
        known = {run_id: self._marks.get(run_id) for run_id in due}
        marks = {run_id: self._marks_of(run_id) for run_id in due}
        self._marks.update(marks)  # from before the reading: later ones show again
        for run in self._observe(due):
            row, before = row_of(run), self._rows.get(run.id)
            moved = marks[run.id] != known.get(run.id)
            self._keep(run)
            if row != before:
                yield News("run", run.id, "ended" if run.state.ended else "changed", row)
            if moved or row != before:
                yield from self._parts(run)

    def _observe(self, run_ids: Iterable[str]) -> list[Run]:
        """Runs as they are; one that can't be read hides none of the others."""
        try:
            return self._client.observe(run_ids)
        except StoreError as error:
            if error.code != _DAMAGED:
                raise
        found = []
        for run_id in run_ids:
            marks = self._marks_of(run_id)
            try:
                found += self._client.observe([run_id])
            except StoreError as error:
                if error.code != _DAMAGED:
                    raise
                self._damaged[run_id] = marks
        return found

    def _mended(self) -> list[str]:
        """Runs that could not be read, and are not what they were then."""
        return [one for one, marks in self._damaged.items() if self._marks_of(one) != marks]

    def _parts(self, run: Run) -> Iterator[News]:
        """The study or endpoint that a run is."""
        action: Action = "ended" if run.state.ended else "changed"
        if run.kind == "tune":
            yield News("study", run.id, action)
        elif run.kind == "serve":
            yield News("endpoint", run.name, action)

    def _new_things(self) -> Iterator[News]:
        self._tops = self._tops_now()
        for kind in self._folders:
            before, now = self._things[kind], dict(self._versions(kind))
            self._things[kind] = now
            for name in now.keys() - before.keys():
                yield News(kind, name, "created")
            for name in now.keys() & before.keys():
                if now[name] != before[name]:
                    yield News(kind, name, "changed")
            for name in before.keys() - now.keys():
                yield News(kind, name, "deleted")

    def _versions(self, kind: Thing) -> Iterator[tuple[str, tuple[Mark, ...]]]:
        folder = self._folders[kind]
        inner = ("versions", "current.json") if kind == "endpoint" else (".",)
        for name in _names(folder):
            yield name, tuple(mark_of(f"{folder}/{name}/{part}") for part in inner)

    def _tops_now(self) -> tuple[Mark, ...]:
        return tuple(mark_of(folder) for folder in self._folders.values())

    def _marks_of(self, run_id: str) -> tuple[Mark, ...]:
        folder = f"{self._root}/runs/{run_id}"  # a Path for each would cost more than its stat
        return tuple([mark_of(f"{folder}/{name}") for name in _FILES])

    def _keep(self, run: Run) -> None:
        if run.state.ended:
            self._forget(run.id)
            self._known.add(run.id)
        else:
            self._rows[run.id] = row_of(run)
            self._marks.setdefault(run.id, ())

    def _forget(self, run_id: str) -> None:
        self._damaged.pop(run_id, None)
        self._known.discard(run_id)
        self._rows.pop(run_id, None)
        self._marks.pop(run_id, None)


_FILES = (
    "metrics.jsonl",
    "result.json",
    "ready.json",
    "queue.json",
    "started.json",
    "study.json",
    "trials",
)


def mark_of(path: Path | str) -> Mark:
    """When a file or folder changed last, and how large it is."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a tenth of the cost of a Path's
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


def _names(folder: str) -> Iterable[str]:
    try:
        return [name for name in os.listdir(folder) if not name.startswith(".")]  # noqa: PTH208
    except OSError:
        return ()
