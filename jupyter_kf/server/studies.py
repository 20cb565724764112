"""Studies: lists, pages, and which parameters matter. For threads.

Importance is computed aside, one study at a time, and kept until a quarter more trials have
finished; nobody waits for it: a page says that it is pending, and an event tells when it is there.
May import `client`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from jupyter_kf.blobs import read_json
from jupyter_kf.client import Client
from jupyter_kf.client.searching import search, words_of
from jupyter_kf.client.studies import promoted
from jupyter_kf.layout import RunFolder
from jupyter_kf.records import Metric, Run, State, Study, Trial
from jupyter_kf.server import aside, rows
from jupyter_kf.server.answers import At, StudyPage, StudyPaper, StudyRow
from jupyter_kf.server.asking import StatedAsk
from jupyter_kf.specs import TuneSpec

FEWEST_TRIALS = 4
_MORE = 1.25  # so many times the trials, and importance is computed anew
_COUNTS = {
    "running": State.RUNNING,
    "complete": State.SUCCEEDED,
    "pruned": State.CANCELLED,
    "failed": State.FAILED,
    "vanished": State.LOST,
}


class Studies:
    """The studies of a store.

    Args:
        client: whose store it is.
        tell: is given a study's run id when its importance is there.
    """

    def __init__(self, client: Client, tell: Callable[[str], None]) -> None:
        self._client, self._tell = client, tell
        self._lock = threading.Lock()
        self._known: dict[str, tuple[int, Mapping[str, float] | None]] = {}
        self._asked: set[str] = set()

    def page(self, at: At, ask: StatedAsk) -> StudyPage:
        """Some of the studies, the newest first."""
        runs = search(list(self._client.runs(kind="tune")), ask.search, words_of)
        runs, counts = rows.in_state(runs, ask)
        shown = tuple(self._row(run) for run in rows.part(runs, ask))
        return StudyPage(at.seq, at.epoch, len(runs), counts, shown)

    def paper(self, at: At, text: str) -> tuple[StudyPaper, Callable[[], None] | None]:
        """All about a study; and, when importance must be computed, the work to do after it."""
        study = self._client.study(text)
        finished = sum(1 for trial in study.trials if trial.values)
        importance, work = self._importance(study, finished)
        paper = StudyPaper(
            at.seq,
            at.epoch,
            study=study,
            space=dict(study.run.spec.get("params") or {}),
            importance=importance,
            importance_pending=work is not None or study.run.id in self._asked,
            promoted={str(n): ref for n, ref in promoted(self._client.store, study.run).items()},
        )
        return paper, work

    def _importance(
        self, study: Study, finished: int
    ) -> tuple[Mapping[str, float] | None, Callable[[], None] | None]:
        run_id = study.run.id
        with self._lock:
            counted, told = self._known.get(run_id, (0, None))
            stale = finished >= max(FEWEST_TRIALS, counted * _MORE)
            stale = stale or (study.run.state.ended and finished > max(counted, FEWEST_TRIALS - 1))
            if not stale or run_id in self._asked or find_spec("optuna") is None:
                return told, None
            self._asked.add(run_id)
        journal = self._client.store.runs.folder(run_id).journal

        def work() -> None:
            try:
                shares = aside.run("importance", str(journal).encode())
            except (aside.Failed, OSError, ValueError):
                shares = None  # too few different values, or a journal of another version
            with self._lock:
                self._known[run_id] = (finished, shares or told)
                self._asked.discard(run_id)
            self._tell(run_id)

        return told, work

    def _row(self, run: Run) -> StudyRow:
        spec = TuneSpec.model_validate(dict(run.spec))
        folder: RunFolder = self._client.store.runs.folder(run.id)
        told: Mapping[str, Any] = read_json(folder.path / "study.json") or {}
        counts = {str(state): int(told.get(key, 0)) for key, state in _COUNTS.items()}
        maximize = spec.maximize
        every = (
            tuple(maximize for _ in spec.metric)
            if isinstance(maximize, bool)
            else tuple(metric in maximize for metric in spec.metric)
        )
        best = tuple(
            Trial(one["trial"], State.SUCCEEDED, one["params"], tuple(one["values"]))
            for one in told.get("best", ())
        )
        return StudyRow(rows.row_of(run), run.name, spec.metric, every,
                        {k: n for k, n in counts.items() if n},
                        told.get("total", spec.trials), best)  # fmt: skip


def best_so_far(study: Study) -> tuple[Metric, ...]:
    """The best value of each metric up to each trial that completed; its step is their number."""
    found: list[Metric] = []
    for at, (name, maximize) in enumerate(zip(study.metrics, study.maximize, strict=True)):
        best, better = None, max if maximize else min
        for trial in sorted(study.trials, key=lambda one: one.number):
            if trial.state is State.SUCCEEDED and trial.values is not None:
                best = better(trial.values[at], trial.values[at] if best is None else best)
                found.append(Metric(name, best, trial.number, study.run.created_s))
    return tuple(found)
