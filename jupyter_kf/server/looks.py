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
from jupyter_kf.records import Run, State
from jupyter_kf.server.answers import Action, RunRow, Thing
from jupyter_kf.server.rows import row_of

OBSERVE_S = 2.0
_REFS_S, _REFS_SHARE = 0.1, 0.02  # names are looked at so often, or less when there are many,
_MOST_REFS_S = 5.0  # but not less than this
_FRESH_NS, _COARSE_NS = 50_000_000, 1_100_000_000
_SUBMIT_S = 30.0  # a folder without a spec.json for longer is no run that is being written
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
        self._things: dict[Thing, dict[str, tuple[Mark, ...]]] = {}
        self._tops: tuple[Mark, ...] = ()
        self._runs_mark: Mark | None = None  # what the first listing missed is listed once more
        self._observed_s = self._refs_due_s = 0.0
        self._first()

    @property
    def at_work(self) -> bool:
        """Whether a run waits or works: what serves may change too, but seldom does."""
        return any(row.state is not State.READY for row in self._rows.values())

    def moved(self) -> bool:
        """Whether a look would find more than a new version of a known name: a few stats."""
        if mark_of(self._root / "runs") != self._runs_mark or self._tops != self._tops_now():
            return True
        return any(self._marks_of(run_id) != self._marks.get(run_id) for run_id in self._rows)

    def look(self) -> list[News]:
        """What is new since the last time."""
        states = self._states()
        news = [*self._came_and_went(), *self._moved()]
        now = time.monotonic()
        if news or now > self._refs_due_s or self._tops != self._tops_now():
            began = time.thread_time()  # waiting for a slow disk is no work
            news += self._new_things()
            worked_s = time.thread_time() - began
            self._refs_due_s = now + min(max(_REFS_S, worked_s / _REFS_SHARE), _MOST_REFS_S)
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
        ended, open_ids = self._client.store.runs.listing()
        self._known = {run.id for run in ended} | set(open_ids)
        for run in self._client.observe(open_ids):
            self._keep(run)
        self._tops = self._tops_now()
        self._things = {kind: dict(self._versions(kind)) for kind in self._folders}

    def _came_and_went(self) -> Iterator[News]:
        mark = mark_of(self._root / "runs")
        if mark == self._runs_mark:
            return
        settled = at_rest(mark)  # asked before the listing
        shown = set(self._shown)  # before it too: a run that was shown was there
        self._shown.difference_update(shown)
        here = self._client.store.runs.ids()
        for run_id in (self._known | shown) - here:
            self._forget(run_id)
            yield News("run", run_id, "deleted")
        new = here - self._known
        came = self._client.observe(new) if new else []
        for run in came:  # a folder without its spec is not a run yet
            self._known.add(run.id)
            self._keep(run)
            yield News("run", run.id, "created", row_of(run))
            if run.state.ended:
                yield News("run", run.id, "ended", row_of(run))
            yield from self._parts(run)
        missing = new.difference(run.id for run in came)
        if settled and not any(self._may_come(run_id) for run_id in missing):
            self._runs_mark = mark

    def _may_come(self, run_id: str) -> bool:
        """Whether a folder that is no run yet was made just now; other ones are somebody's junk."""
        made_s = mark_of(self._root / "runs" / run_id)[0] / 1e9
        return time.time() - made_s < _SUBMIT_S

    def _moved(self) -> Iterator[News]:
        now = time.monotonic()
        due = list(self._rows)
        if now - self._observed_s < OBSERVE_S:
            due = [run_id for run_id in due if self._marks_of(run_id) != self._marks.get(run_id)]
        else:
            self._observed_s = now
        if not due:
            return
        marks = {run_id: self._marks_of(run_id) for run_id in due}
        for run in self._client.observe(due):
            row, before = row_of(run), self._rows.get(run.id)
            seen = self._marks.get(run.id, ())
            moved = marks[run.id] != seen
            # A metric that stands still leaves the row as it was, and is news to a plot.
            reported = bool(seen) and marks[run.id][_METRICS] != seen[_METRICS]
            self._keep(run)
            if run.id in self._rows:  # as before the reading: what came later shows again
                self._marks[run.id] = marks[run.id]
            if row != before or reported:
                yield News("run", run.id, "ended" if run.state.ended else "changed", row)
            if moved or row != before:
                yield from self._parts(run)

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
_METRICS = 0


def mark_of(path: Path | str) -> Mark:
    """When a file or folder changed last, and how large it is."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a tenth of the cost of a Path's
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


def at_rest(mark: Mark) -> bool:
    """Whether a folder with this time can't change again without another time.

    One that changed just now may, within the tick of its clock; whole seconds are the time of a
    file system that has no finer ones.
    """
    tick_ns = _FRESH_NS if mark[0] % 1_000_000_000 else _COARSE_NS
    return time.time_ns() - mark[0] > tick_ns


def _names(folder: str) -> Iterable[str]:
    try:
        return [name for name in os.listdir(folder) if not name.startswith(".")]  # noqa: PTH208
    except OSError:
        return ()
