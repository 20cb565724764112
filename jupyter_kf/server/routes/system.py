"""Where am I, and what can be asked: the server itself."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

import jupyter_kf
from jupyter_kf.errors import NotFound
from jupyter_kf.server import openapi
from jupyter_kf.server.answers import Document, Where
from jupyter_kf.server.handler import SYSTEM, KfHandler, describes


class WhereHandler(KfHandler):
    """Where jobs go from here."""

    @web.authenticated
    @authorized("read", resource=SYSTEM)
    @describes(Where)
    async def get(self) -> None:
        """Backend, namespace and store, and how many runs are not at their end."""
        at, hub = self.hub.at(), self.hub

        def look() -> Where:
            client = hub.client
            running = len(client.store.runs.listing()[1])
            return Where(
                at.seq,
                at.epoch,
                backend=client.backend.name,
                namespace=client.namespace,
                store=str(client.store.root),
                version=jupyter_kf.__version__,
                running=running,
            )

        await self.answer(look)


class OpenApiHandler(KfHandler):
    """The description of all routes."""

    @web.authenticated
    @authorized("read", resource=SYSTEM)
    @describes(Document)
    async def get(self) -> None:
        """This document: OpenAPI 3.1."""
        await self.answer(openapi.document)


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


ROUTES = {
    "/where": WhereHandler,
    "/openapi.json": OpenApiHandler,
}
