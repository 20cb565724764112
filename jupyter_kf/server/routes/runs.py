"""Runs: lists, one of them, what it reported, printed and kept, and ending it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_kf.server import papers, reported, rows, sending
from jupyter_kf.server.answers import Answered, ComparePaper, Deleted, MetricPage, RunPage, RunPaper
from jupyter_kf.server.asking import CompareAsk, LogAsk, MetricsAsk, RunsAsk
from jupyter_kf.server.handler import RUNS, KfHandler, describes
from jupyter_kf.server.place import place_of

TEXT, BYTES = "text/plain; charset=utf-8", "application/octet-stream"


class RunsHandler(KfHandler):
    """The list of runs."""

    @web.authenticated
    @authorized("read", resource=RUNS)
    @describes(RunPage, query=RunsAsk)
    async def get(self) -> None:
        """Some of the runs, the newest first."""
        at, ask = self.hub.at(), self.ask(RunsAsk)

        def page() -> RunPage:
            table = self.hub.room.table
            return rows.run_page(at, table.runs(), ask, table.words)

        await self.answer(page)


class RunHandler(KfHandler):
    """One run."""

    @web.authenticated
    @authorized("read", resource=RUNS)
    @describes(RunPaper)
    async def get(self, run: str) -> None:
        """All about a run: by its id, the beginning of it, or the newest of a name."""
        at = self.hub.at()
        paper = await self.hub.quick(lambda: papers.run_paper(self.hub.client, at, run))
        self.hub.shown.add(paper.run.id)
        notebook = await place_of(self.settings, paper.run.origin)
        await self.answer(lambda: replace(paper, notebook=notebook))

    @web.authenticated
    @authorized("write", resource=RUNS)
    @describes(Deleted)
    async def delete(self, run: str) -> None:
        """Cancels a run and removes its folder; what it stored by digest stays."""
        at = self.hub.at()

        def delete() -> Deleted:
            client = self.hub.client
            found = client.store.runs.find(run)
            client.delete(found)
            return Deleted(at.seq, at.epoch, found)

        await self.answer(delete, slow=True)


class CancelHandler(KfHandler):
    """The end of a run before its time."""

    @web.authenticated
    @authorized("execute", resource=RUNS)
    @describes(Answered)
    async def post(self, run: str) -> None:
        """Ends a run with everything it started; harmless when it has ended."""
        at = self.hub.at()

        def cancel() -> Answered:
            return Answered(at.seq, at.epoch, self.hub.client.cancel(run))

        await self.answer(cancel, slow=True)


class MetricsHandler(KfHandler):
    """What a run reported."""

    @web.authenticated
    @authorized("read", resource=RUNS)
    @describes(MetricPage, query=MetricsAsk)
    async def get(self, run: str) -> None:
        """Metrics, from the byte after those that the caller has; or all of them as curves."""
        ask = self.ask(MetricsAsk)

        def read() -> MetricPage:
            room = self.hub.room
            runs = room.client.store.runs
            folder = runs.folder(runs.find(run))
            return room.curves.page(folder) if ask.curves else reported.page(folder, ask.after)

        await self.answer(read)


class LogHandler(KfHandler):
    """What a run printed."""

    @web.authenticated
    @authorized("read", resource=RUNS)
    @describes(query=LogAsk, media="text/plain", also={206: None})
    async def get(self, run: str) -> None:
        """The log so far, or the range of it that is asked for."""
        ask = self.ask(LogAsk)

        def find() -> tuple[str, Path]:
            runs = self.hub.client.store.runs
            found = runs.find(run)
            return found, runs.folder(found).log

        found, path = await self.hub.quick(find)
        if ask.download:
            self.set_attachment_header(f"{found}.log.txt")
        await sending.send_file(self, path, TEXT)


class ArtefactHandler(KfHandler):
    """A file that a run kept."""

    @web.authenticated
    @authorized("read", resource=RUNS)
    @describes(media=BYTES)
    async def get(self, run: str, artefact: str) -> None:
        """The file, to be kept and not to be shown: it may be any page or program."""
        path = await self.hub.quick(lambda: papers.artefact_path(self.hub.client, run, artefact))
        self.set_attachment_header(path.name)
        await sending.send_file(self, path, BYTES)


class CompareHandler(KfHandler):
    """Runs side by side."""

    @web.authenticated
    @authorized("read", resource=RUNS)
    @describes(ComparePaper, query=CompareAsk)
    async def get(self) -> None:
        """What differs between two runs or more, and the curves of what they reported."""
        ask = self.ask(CompareAsk)

        def compare() -> ComparePaper:
            room = self.hub.room
            return papers.compare_paper(room.client, room.curves, ask.run)

        await self.answer(compare)


ROUTES: dict[str, type[KfHandler]] = {
    "/runs": RunsHandler,
    "/runs/{run}": RunHandler,
    "/runs/{run}/cancel": CancelHandler,
    "/runs/{run}/metrics": MetricsHandler,
    "/runs/{run}/log": LogHandler,
    "/runs/{run}/artefacts/{artefact}": ArtefactHandler,
    "/compare": CompareHandler,
}
