"""One run with all that is in its folder: code, what travelled, artefacts, metrics, log.

For threads. May import `client`, `layout`, `blobs`.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import fields
from pathlib import Path

from jupyter_kf.blobs import read_json
from jupyter_kf.client import Client
from jupyter_kf.client.lineage import Node
from jupyter_kf.errors import NotFound, did_you_mean
from jupyter_kf.layout import RunFolder
from jupyter_kf.records import Run
from jupyter_kf.server.answers import Artefact, At, ComparePaper, Input, RunPaper
from jupyter_kf.server.curves import Curves
from jupyter_kf.server.studies import best_so_far
from jupyter_kf.server.things import named

_NAMED = ("dataset", "transform", "model")
_MOST_ARTEFACTS = 2_000
_COMPARED_BINS = 500  # a plot beside others has some hundred columns


def run_paper(client: Client, at: At, text: str) -> RunPaper:
    """All about a run, by its id, the beginning of it, or the newest of a name."""
    run = client.run(text)
    folder = client.store.runs.folder(run.id)
    listed = read_json(folder.inputs / "listing.json") or ()
    inputs = (Input(str(one["name"]), str(one["kind"]), int(one["bytes"])) for one in listed)
    cell = _text(folder.cell)
    return RunPaper(
        at.seq,
        at.epoch,
        run=run,
        code=_code(cell),
        first_line=2 if (cell or "").startswith("\n") else 1,
        inputs=tuple(inputs),
        artefacts=artefacts(folder),
        log_bytes=_size(folder.log),
        things=things_of(client, run, folder),
    )


def code_of(folder: RunFolder) -> str | None:
    """A run's cell without the empty line that stands for its magic; None when it has no code."""
    return _code(_text(folder.cell))


def _code(cell: str | None) -> str | None:
    return (cell or "").removeprefix("\n") or None


def things_of(client: Client, run: Run, folder: RunFolder) -> tuple[Node, ...]:
    """What a run used, then what it made, as name@version; what has no name is left out.

    Of a study also the run whose cell its trials ran, while that is there.
    """
    job = read_json(folder.job) or {}
    told = [(kind, each.get(kind)) for each in (job, run.outputs) for kind in _NAMED]
    nodes = (named(client.store, kind, digest) for kind, digest in dict.fromkeys(told))
    cell = Path((job.get("train") or {}).get("folder", "")).name
    searched = (Node(cell, "run", f"run {cell}"),) if cell in client.store.runs.ids() else ()
    return (*(node for node in nodes if node), *searched)


def artefacts(folder: RunFolder) -> tuple[Artefact, ...]:
    """The files that a run kept, by their paths in its outputs; links are left out."""
    found = []
    for here, _, names in os.walk(folder.outputs):
        for name in sorted(names):
            path = Path(here) / name
            if not path.is_symlink():
                found.append(Artefact(str(path.relative_to(folder.outputs)), _size(path)))
            if len(found) >= _MOST_ARTEFACTS:
                return tuple(found)
    return tuple(sorted(found, key=lambda one: one.name))


def artefact_path(client: Client, text: str, name: str) -> Path:
    """The file of an artefact.

    Raises:
        NotFound: kf-1141, the run kept nothing of that name; also for a path that leads out.
    """
    folder = client.store.runs.folder(client.store.runs.find(text))
    with contextlib.suppress(ValueError, OSError):  # a zero byte, a name that is too long
        real, root = (folder.outputs / name).resolve(), folder.outputs.resolve()
        if real.is_file() and real.is_relative_to(root):
            return real
    raise NotFound(
        1141,
        f"run {folder.id} has no artefact `{name}`",
        cause=did_you_mean(name, [one.name for one in artefacts(folder)]),
        fix="kf.artifact(value, name=...) in the cell keeps one",
    )


def compare_paper(client: Client, curves: Curves, runs: tuple[str, ...]) -> ComparePaper:
    """Runs side by side, with what they reported; studies by the numbers of their trials.

    A file so large that it takes several answers says that there is more.
    """
    told = client.compare(*runs)
    folders = [client.store.runs.folder(run.id) for run in told.runs if run.kind != "tune"]
    pages = curves.pages(folders, _COMPARED_BINS)
    points = {
        run.id: pages[run.id].points if run.id in pages else best_so_far(client.study(run.id))
        for run in told.runs
    }
    known = {each.name: getattr(told, each.name) for each in fields(told)}
    more = any(page.more for page in pages.values())
    return ComparePaper(**known, metrics_over_steps=points, more=more)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace")
    except FileNotFoundError:
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
