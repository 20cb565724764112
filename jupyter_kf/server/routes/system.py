"""Where am I, and what can be asked: the server itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

import jupyter_kf
from jupyter_kf.backends.base import Backend
from jupyter_kf.errors import NotFound
from jupyter_kf.records import State
from jupyter_kf.server.answers import (
    DoctorPaper,
    Document,
    May,
    ResourcesPaper,
    VerbPaper,
    VerbPapers,
    Where,
)
from jupyter_kf.server.handler import ENDPOINTS, RUNS, SYSTEM, THINGS, KfHandler, allowed, describes
from jupyter_kf.verbs import TAKES_CODE, VERBS, offered

_ASKED = (
    ("execute", RUNS),
    ("write", RUNS),
    ("execute", ENDPOINTS),
    ("execute", THINGS),
    ("execute", "kernels"),
)
"""The permissions that `May` tells of, in the order of its fields."""


class WhereHandler(KfHandler):
    """Where jobs go from here."""

    @web.authenticated
    @authorized("read", resource=SYSTEM)
    @describes(Where)
    async def get(self) -> None:
        """Backend, namespace and store, how many runs are at work, and what one may do."""
        at, hub = self.hub.at(), self.hub
        permitted = await asyncio.gather(*(allowed(self, *asked) for asked in _ASKED))
        may = May(*permitted)

        def look() -> Where:
            client = hub.client
            count = Counter(run.state for run in hub.room.table.runs())
            return Where(
                at.seq,
                at.epoch,
                backend=client.backend.name,
                namespace=client.namespace,
                store=str(client.store.root),
                version=jupyter_kf.__version__,
                running=count[State.RUNNING],
                serving=count[State.READY],
                waiting=count[State.PENDING],
                may=may,
            )

        await self.answer(look)


class ResourcesHandler(KfHandler):
    """What there is to use."""

    @web.authenticated
    @authorized("read", resource=SYSTEM)
    @describes(ResourcesPaper)
    async def get(self) -> None:
        """Cores, memory, GPUs and the queue of the backend; who uses them, and who waits."""
        at = self.hub.at()

        def look() -> ResourcesPaper:
            told = self.hub.client.resources()
            return ResourcesPaper(**vars(told), seq=at.seq, epoch=at.epoch)

        await self.answer(look)


class SchemasHandler(KfHandler):
    """What can be asked."""

    @web.authenticated
    @authorized("read", resource=SYSTEM)
    @describes(VerbPapers)
    async def get(self) -> None:
        """Each verb's JSON schema, and the fields that it takes here, as they are typed."""
        await self.answer(lambda: {verb: _paper(verb, self.hub.client.backend) for verb in VERBS})


class DoctorHandler(KfHandler):
    """The state of the installation."""

    @web.authenticated
    @authorized("read", resource=SYSTEM)
    @describes(DoctorPaper)
    async def get(self) -> None:
        """What the server's own installation can do, and what is wrong with it."""
        await self.answer(lambda: DoctorPaper(tuple(self.hub.client.doctor())), slow=True)


class OpenApiHandler(KfHandler):
    """The description of all routes."""

    @web.authenticated
    @authorized("read", resource=SYSTEM)
    @describes(Document)
    async def get(self) -> None:
        """This document: OpenAPI 3.1."""
        self.finish(await self.hub.quick(self.settings["jupyter_kf_document"]))


class UnknownRoute(KfHandler):
    """What stands under our address, and is nothing."""

    async def _nothing(self, *_: Any) -> None:
        raise NotFound(
            1142,
            f"there is no {self.request.method} {self.request.path}",
            cause="no route of this version has that path",
            fix="GET jupyter-kf/api/v1/openapi.json lists them all",
        )

    @web.authenticated
    @authorized("read", resource=SYSTEM)
    @describes(Document)
    async def get(self) -> None:
        """Nothing."""
        await self._nothing()

    @web.authenticated
    @authorized("write", resource=SYSTEM)
    @describes(Document)
    async def post(self) -> None:
        """Nothing."""
        await self._nothing()


def _paper(verb: str, backend: Backend) -> VerbPaper:
    never: frozenset[str] = getattr(backend, "never", frozenset())
    flags = tuple(flag for flag in offered(verb) if flag.field not in never)
    return VerbPaper(
        schema=VERBS[verb].model_json_schema(),
        takes_code=verb in TAKES_CODE,
        positional=tuple(flag.field for flag in flags if flag.positional),
        flags=flags,
    )


ROUTES: dict[str, type[KfHandler]] = {
    "/where": WhereHandler,
    "/resources": ResourcesHandler,
    "/schemas": SchemasHandler,
    "/doctor": DoctorHandler,
    "/openapi.json": OpenApiHandler,
}
