"""Runs as lists show them: rows, pages, search. Pure; may import `records` and `searching`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from jupyter_kf.client.searching import search
from jupyter_kf.records import Run
from jupyter_kf.server.answers import At, Brief, RunPage, RunRow
from jupyter_kf.server.asking import PageAsk, RunsAsk, StatedAsk

T = TypeVar("T")


def row_of(run: Run) -> RunRow:
    """A run without what it was asked and what it left."""
    return RunRow(
        id=run.id,
        kind=run.kind,
        name=run.name,
        state=run.state,
        reason=run.reason,
        created_s=run.created_s,
        started_s=run.started_s,
        ended_s=run.ended_s,
        progress=run.progress,
        remaining_s=run.remaining_s,
        metrics=run.metrics,
        error=Brief(f"kf-{run.error.code}", run.error.what) if run.error else None,
        backend=run.backend,
    )


def run_page(at: At, runs: list[Run], ask: RunsAsk, words_of: Callable[[Run], str]) -> RunPage:
    """The part of the runs that was asked for; counts are of all that fit but for their state."""
    found = search(runs, ask.search, words_of)
    if ask.job or ask.name:
        found = [r for r in found if ask.job in (None, r.kind) and ask.name in (None, r.name)]
    found, counts = in_state(found, ask)
    rows = tuple(row_of(run) for run in part(found, ask))
    return RunPage(at.seq, at.epoch, len(found), counts, rows)


def in_state(runs: list[Run], ask: StatedAsk) -> tuple[list[Run], Mapping[str, int]]:
    """Those in the state that was asked for; and how many there are in each."""
    counts = Counter(run.state for run in runs)
    if ask.state:
        runs = [run for run in runs if run.state == ask.state]
    return runs, {str(state): n for state, n in counts.items()}


def part(things: Sequence[T], ask: PageAsk) -> Sequence[T]:
    """The page that was asked for."""
    return things[ask.offset : ask.offset + ask.limit]
