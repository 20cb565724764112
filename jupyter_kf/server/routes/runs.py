"""Runs: lists, one of them, its metrics, its artefacts, and ending it."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_kf.server import papers, rows
from jupyter_kf.server.answers import Answered, MetricPage, RunPage, RunPaper
from jupyter_kf.server.asking import MetricsAsk, RunsAsk
from jupyter_kf.server.handler import RUNS, KfHandler, describes


class RunsHandler(KfHandler):
    """The list of runs."""

    @web.authenticated
    @authorized("read", resource=RUNS)
    @describes(RunPage, query=RunsAsk)
    async def get(self) -> None:
        """Some of the runs, the newest first."""
        at, ask = self.hub.at(), self.ask(RunsAsk)
        await self.answer(lambda: rows.run_page(at, self.hub.client.runs(), ask))


class RunHandler(KfHandler):
    """One run."""

    @web.authenticated
    @authorized("read", resource=RUNS)
    @describes(RunPaper)
    async def get(self, run: str) -> None:
        """All about a run: by its id, the beginning of it, or the newest of a name."""
        at = self.hub.at()
        await self.answer(lambda: papers.run_paper(self.hub.client, at, run))


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
        """Metrics, from the line after those that the caller has."""
        ask = self.ask(MetricsAsk)

        def read() -> MetricPage:
            runs = self.hub.client.store.runs
            return papers.metric_page(runs.folder(runs.find(run)), ask.after)

        await self.answer(read)


ROUTES: dict[str, type[KfHandler]] = {
    "/runs": RunsHandler,
    "/runs/{run}": RunHandler,
    "/runs/{run}/cancel": CancelHandler,
    "/runs/{run}/metrics": MetricsHandler,
}
