"""Starting jobs, and writing the cells that would: train, transform, tune, serve, batch, data."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_kf.server import starting
from jupyter_kf.server.answers import Answered, Cell, Draft, PlanAnswered, Snapshotted
from jupyter_kf.server.asking import CellBody, StartAsk, StartBody
from jupyter_kf.server.handler import ENDPOINTS, RUNS, THINGS, KfHandler, describes
from jupyter_kf.specs import SPECS

BODIES = {verb: starting.body_of(verb) for verb in SPECS}
_PLANS = {200: PlanAnswered}


class StartHandler(KfHandler):
    """What all that start a job do."""

    async def start(self, verb: str) -> None:
        """Starts the job of the verb, or answers its plan."""
        at, dry = self.hub.at(), self.ask(StartAsk).dry_run
        asked = self.body(StartBody)
        if dry:
            await self.answer(
                lambda: PlanAnswered(starting.plan(self.hub.client, verb, asked)), slow=True
            )
            return
        await self.answer(
            lambda: Answered(at.seq, at.epoch, starting.start(self.hub.client, verb, asked)),
            slow=True,
            status=202,
        )


class TrainHandler(StartHandler):
    """Training."""

    @web.authenticated
    @authorized("execute", resource=RUNS)
    @describes(Answered, query=StartAsk, body=BODIES["train"], status=202, also=_PLANS)
    async def post(self) -> None:
        """Runs a cell as a job that leaves a model behind."""
        await self.start("train")


class TransformStartHandler(StartHandler):
    """Making a transform."""

    @web.authenticated
    @authorized("execute", resource=RUNS)
    @describes(Answered, query=StartAsk, body=BODIES["transform"], status=202, also=_PLANS)
    async def post(self) -> None:
        """Fits and certifies the code that prepares rows."""
        await self.start("transform")


class TuneHandler(StartHandler):
    """Searching."""

    @web.authenticated
    @authorized("execute", resource=RUNS)
    @describes(Answered, query=StartAsk, body=BODIES["tune"], status=202, also=_PLANS)
    async def post(self) -> None:
        """Searches the parameters of a train cell."""
        await self.start("tune")


class ServeHandler(StartHandler):
    """Serving."""

    @web.authenticated
    @authorized("execute", resource=ENDPOINTS)
    @describes(Answered, query=StartAsk, body=BODIES["serve"], status=202, also=_PLANS)
    async def post(self) -> None:
        """Starts an endpoint, or goes back to a version of it."""
        await self.start("serve")


class BatchHandler(StartHandler):
    """Predicting files."""

    @web.authenticated
    @authorized("execute", resource=RUNS)
    @describes(Answered, query=StartAsk, body=BODIES["batch"], status=202, also=_PLANS)
    async def post(self) -> None:
        """Predicts whole files."""
        await self.start("batch")


class DataHandler(KfHandler):
    """Making a dataset."""

    @web.authenticated
    @authorized("execute", resource=THINGS)
    @describes(Snapshotted, body=BODIES["data"], status=202)
    async def post(self) -> None:
        """Snapshots files or a folder that the server can read."""
        at, asked = self.hub.at(), self.body(StartBody)

        def snapshot() -> Snapshotted:
            found = starting.snapshot(self.hub.client, asked)
            return Snapshotted(at.seq, at.epoch, found)

        await self.answer(snapshot, slow=True, status=202)


class CellsHandler(KfHandler):
    """A form's cell."""

    @web.authenticated
    @authorized("read", resource=RUNS)
    @describes(Draft, body=CellBody)
    async def post(self) -> None:
        """The cell that asks for this, with what differs from the defaults; or what is wrong.

        Asked while somebody types: that something is wrong yet is an answer, not a failure.
        """
        asked = self.body(CellBody)
        if asked.known:  # a refusal lists what there is
            await self.demand("read", THINGS)
        await self.answer(lambda: starting.draft(self.hub.client, asked))


class RunCellHandler(KfHandler):
    """A run's cell."""

    @web.authenticated
    @authorized("read", resource=RUNS)
    @describes(Cell)
    async def get(self, run: str) -> None:
        """The cell that would make this run again."""
        await self.answer(lambda: starting.cell_of_run(self.hub.client, run))


ROUTES: dict[str, type[KfHandler]] = {
    "/train": TrainHandler,
    "/transform": TransformStartHandler,
    "/tune": TuneHandler,
    "/serve": ServeHandler,
    "/batch": BatchHandler,
    "/data": DataHandler,
    "/cells": CellsHandler,
    "/runs/{run}/cell": RunCellHandler,
}
