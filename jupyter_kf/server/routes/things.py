"""Models, transforms, datasets and studies: lists and pages; lineage; promotion and checks."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_kf.client.lineage import Lineage
from jupyter_kf.records import Check
from jupyter_kf.server import starting
from jupyter_kf.server.answers import (
    DatasetPaper,
    Meant,
    ModelPaper,
    Promoted,
    StudyPage,
    StudyPaper,
    ThingPage,
    TransformPaper,
)
from jupyter_kf.server.asking import LineageAsk, NameBody, PageAsk, StatedAsk, TrialBody
from jupyter_kf.server.handler import THINGS, KfHandler, describes
from jupyter_kf.server.things import meant, plain_ref


class ModelsHandler(KfHandler):
    """The list of models."""

    @web.authenticated
    @authorized("read", resource=THINGS)
    @describes(ThingPage, query=PageAsk)
    async def get(self) -> None:
        """Some of the models, the newest first."""
        at, ask = self.hub.at(), self.ask(PageAsk)
        await self.answer(lambda: self.hub.room.things.page(at, "model", ask))


class TransformsHandler(KfHandler):
    """The list of transforms."""

    @web.authenticated
    @authorized("read", resource=THINGS)
    @describes(ThingPage, query=PageAsk)
    async def get(self) -> None:
        """Some of the transforms, the newest first."""
        at, ask = self.hub.at(), self.ask(PageAsk)
        await self.answer(lambda: self.hub.room.things.page(at, "transform", ask))


class DatasetsHandler(KfHandler):
    """The list of datasets."""

    @web.authenticated
    @authorized("read", resource=THINGS)
    @describes(ThingPage, query=PageAsk)
    async def get(self) -> None:
        """Some of the datasets, the newest first."""
        at, ask = self.hub.at(), self.ask(PageAsk)
        await self.answer(lambda: self.hub.room.things.page(at, "dataset", ask))


class ModelHandler(KfHandler):
    """One model."""

    @web.authenticated
    @authorized("read", resource=THINGS)
    @describes(ModelPaper)
    async def get(self, ref: str) -> None:
        """A model: the best of a name, name@version, a run's, or a digest."""
        at = self.hub.at()
        await self.answer(lambda: self.hub.room.things.model(at, plain_ref(ref)))


class TransformHandler(KfHandler):
    """One transform."""

    @web.authenticated
    @authorized("read", resource=THINGS)
    @describes(TransformPaper)
    async def get(self, ref: str) -> None:
        """A transform by name, name@version or digest."""
        at = self.hub.at()
        await self.answer(lambda: self.hub.room.things.transform(at, plain_ref(ref)), slow=True)


class DatasetHandler(KfHandler):
    """One dataset."""

    @web.authenticated
    @authorized("read", resource=THINGS)
    @describes(DatasetPaper)
    async def get(self, ref: str) -> None:
        """A dataset by name, name@version or digest."""
        at = self.hub.at()
        await self.answer(lambda: self.hub.room.things.dataset(at, plain_ref(ref)))


class StudiesHandler(KfHandler):
    """The list of studies."""

    @web.authenticated
    @authorized("read", resource=THINGS)
    @describes(StudyPage, query=StatedAsk)
    async def get(self) -> None:
        """Some of the studies, the newest first."""
        at, ask = self.hub.at(), self.ask(StatedAsk)
        await self.answer(lambda: self.hub.room.studies.page(at, ask))


class StudyHandler(KfHandler):
    """One study."""

    @web.authenticated
    @authorized("read", resource=THINGS)
    @describes(StudyPaper)
    async def get(self, study: str) -> None:
        """All about a study, by its run's id or its name."""
        at, hub = self.hub.at(), self.hub

        def read() -> StudyPaper:
            paper, work = hub.room.studies.paper(at, plain_ref(study))
            if work is not None:
                hub.later(work)
            return paper

        await self.answer(read)


class PromoteHandler(KfHandler):
    """A trial that becomes a model."""

    @web.authenticated
    @authorized("execute", resource=THINGS)
    @describes(Promoted, body=TrialBody)
    async def post(self, study: str) -> None:
        """Makes a trial's model the newest version of the study's name; the best by default."""
        at, asked = self.hub.at(), self.body(TrialBody)

        def promote() -> Promoted:
            model = self.hub.client.promote(plain_ref(study), asked.trial)
            return Promoted(at.seq, at.epoch, model)

        await self.answer(promote, slow=True)


class LineageHandler(KfHandler):
    """Where a thing came from, and what was made of it."""

    @web.authenticated
    @authorized("read", resource=THINGS)
    @describes(Lineage, query=LineageAsk)
    async def get(self) -> None:
        """The graph around one thing; edges point from what was used to what was made."""
        ask = self.ask(LineageAsk)
        await self.answer(lambda: self.hub.client.lineage(ask.thing), slow=True)


class ShowHandler(KfHandler):
    """What a name means."""

    @web.authenticated
    @authorized("read", resource=THINGS)
    @describes(Meant, query=LineageAsk)
    async def get(self) -> None:
        """The thing of a name: a run's id first, then names, the live ones first."""
        at, ask = self.hub.at(), self.ask(LineageAsk)
        await self.answer(lambda: meant(at, self.hub.client.show(plain_ref(ask.thing))))


class CheckHandler(KfHandler):
    """A parity check."""

    @web.authenticated
    @authorized("execute", resource=THINGS)
    @describes(Check, body=NameBody)
    async def post(self) -> None:
        """Replays golden rows through an endpoint, a model or a transform, in a child process."""
        asked = self.body(NameBody)
        await self.answer(lambda: starting.check(self.hub.client, asked.name), asks=True)


ROUTES: dict[str, type[KfHandler]] = {
    "/models": ModelsHandler,
    "/models/{ref}": ModelHandler,
    "/transforms": TransformsHandler,
    "/transforms/{ref}": TransformHandler,
    "/datasets": DatasetsHandler,
    "/datasets/{ref}": DatasetHandler,
    "/studies": StudiesHandler,
    "/studies/{study}": StudyHandler,
    "/studies/{study}/promote": PromoteHandler,
    "/lineage": LineageHandler,
    "/show": ShowHandler,
    "/check": CheckHandler,
}
