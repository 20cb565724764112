"""Endpoints: lists, pages, counters; asking them, switching them, and the way through to them."""

from __future__ import annotations

import asyncio
import time

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.httputil import HTTPHeaders, RequestStartLine

from jupyter_kf.errors import RequestError, ServeError
from jupyter_kf.records import Check
from jupyter_kf.server import proxy, starting
from jupyter_kf.server.answers import (
    EndpointAnswered,
    EndpointPage,
    EndpointPaper,
    Predicted,
    Stats,
)
from jupyter_kf.server.asking import PredictBody, StatedAsk, VersionBody
from jupyter_kf.server.endpoints import address, known
from jupyter_kf.server.handler import ENDPOINTS, KfHandler, describes


class EndpointsHandler(KfHandler):
    """The list of endpoints."""

    @web.authenticated
    @authorized("read", resource=ENDPOINTS)
    @describes(EndpointPage, query=StatedAsk)
    async def get(self) -> None:
        """Some of the endpoints, by name."""
        at, ask = self.hub.at(), self.ask(StatedAsk)
        await self.answer(lambda: self.hub.room.endpoints.page(at, ask))


class EndpointHandler(KfHandler):
    """One endpoint."""

    @web.authenticated
    @authorized("read", resource=ENDPOINTS)
    @describes(EndpointPaper)
    async def get(self, name: str) -> None:
        """All about an endpoint, without asking it: it may hang."""
        at = self.hub.at()
        await self.answer(lambda: self.hub.room.endpoints.paper(at, name))


class StatsHandler(KfHandler):
    """An endpoint's counters."""

    _wakes = False  # a page that is left open asks for them again and again

    @web.authenticated
    @authorized("read", resource=ENDPOINTS)
    @describes(Stats)
    async def get(self, name: str) -> None:
        """What it counted since it started, and how fast it was in the last minute."""
        await self.answer(lambda: self.hub.room.endpoints.stats(name), asks=True)


class PredictHandler(KfHandler):
    """Asking an endpoint."""

    @web.authenticated
    @authorized("execute", resource=ENDPOINTS)
    @describes(Predicted, body=PredictBody)
    async def post(self, name: str) -> None:
        """Predictions of rows, by the version that has the traffic."""
        asked = self.body(PredictBody)

        def predict() -> Predicted:
            client = self.hub.client
            known(client, name)
            began = time.perf_counter()
            told = client.ask(name, asked.rows, self.hub.patience_s)
            return Predicted(tuple(told), time.perf_counter() - began)

        await self.answer(predict, asks=True)


class RollBackHandler(KfHandler):
    """Going back."""

    @web.authenticated
    @authorized("execute", resource=ENDPOINTS)
    @describes(EndpointAnswered, body=VersionBody)
    async def post(self, name: str) -> None:
        """Gives the traffic to another version: at once when it is warm, else it is started."""
        at, asked = self.hub.at(), self.body(VersionBody)

        def back() -> EndpointAnswered:
            client = self.hub.client
            client.serve(known(client, name), version=asked.version)
            return EndpointAnswered(at.seq, at.epoch, client.endpoint(name))

        await self.answer(back, slow=True)


class EndpointCheckHandler(KfHandler):
    """Proving again."""

    @web.authenticated
    @authorized("execute", resource=ENDPOINTS)
    @describes(Check)
    async def post(self, name: str) -> None:
        """Replays the golden rows through it, now, from a child process."""

        def check() -> Check:
            return starting.check(self.hub.client, known(self.hub.client, name))

        await self.answer(check, asks=True)


class StopHandler(KfHandler):
    """Ending an endpoint."""

    @web.authenticated
    @authorized("execute", resource=ENDPOINTS)
    @describes(EndpointAnswered)
    async def post(self, name: str) -> None:
        """Ends all versions of it."""
        at = self.hub.at()

        def stop() -> EndpointAnswered:
            client = self.hub.client
            client.stop(known(client, name))
            return EndpointAnswered(at.seq, at.epoch, client.endpoint(name))

        await self.answer(stop, slow=True)


class ProxyHandler(KfHandler):
    """The way through to an endpoint."""

    _task: asyncio.Future[None] | None = None
    _gone = False

    def on_connection_close(self) -> None:
        """Nobody waits for the answer any more, so the endpoint is left too."""
        self._gone = True
        if self._task is not None:
            self._task.cancel()

    async def forward(self, name: str, path: str) -> None:
        """Hands the request to the endpoint's socket, and its answer back."""
        if len(self.request.body) > proxy.MOST_BODY:
            self.refuse(_too_large(len(self.request.body)), 413)
            return
        where = await self.hub.quick(lambda: address(self.hub.client, name))
        target = proxy.target_of(self.request, path)
        line = RequestStartLine(str(self.request.method), target, "HTTP/1.1")
        self._task = asyncio.ensure_future(
            proxy.forward(
                where, line, self.request, self.hub.patience_s, (self._began, self._piece)
            )
        )
        try:
            await self._task
        except asyncio.CancelledError:
            if self._gone:
                return
            raise
        except proxy.Silent as silent:
            if self._headers_written:
                self.detach().close()  # a cut answer must not look like a whole one
                return
            self.refuse(_silent(name, str(silent)), 504)
            return
        self.finish(set_content_type=self._headers.get("Content-Type", "application/octet-stream"))

    def _began(self, status: int, headers: HTTPHeaders) -> None:
        self.set_status(status)
        for name, value in headers.get_all():
            self.set_header(name, value)
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")

    async def _piece(self, data: bytes) -> None:
        self.write(data)
        await self.flush()

    @web.authenticated
    @authorized("execute", resource=ENDPOINTS)
    @describes(media="*/*")
    async def get(self, name: str, path: str) -> None:
        """What the endpoint answers."""
        await self.forward(name, path)

    @web.authenticated
    @authorized("execute", resource=ENDPOINTS)
    @describes(media="*/*")
    async def post(self, name: str, path: str) -> None:
        """What the endpoint answers."""
        await self.forward(name, path)

    @web.authenticated
    @authorized("execute", resource=ENDPOINTS)
    @describes(media="*/*")
    async def put(self, name: str, path: str) -> None:
        """What the endpoint answers."""
        await self.forward(name, path)

    @web.authenticated
    @authorized("execute", resource=ENDPOINTS)
    @describes(media="*/*")
    async def patch(self, name: str, path: str) -> None:
        """What the endpoint answers."""
        await self.forward(name, path)

    @web.authenticated
    @authorized("execute", resource=ENDPOINTS)
    @describes(media="*/*")
    async def delete(self, name: str, path: str) -> None:
        """What the endpoint answers."""
        await self.forward(name, path)


def _too_large(size: int) -> RequestError:
    return RequestError(
        2351,
        f"a request of {size:,} bytes is too large for the way through the server",
        cause=f"it takes {proxy.MOST_BODY:,} at most",
        fix="send fewer rows at a time, or use `%kf batch`",
    )


def _silent(name: str, cause: str) -> ServeError:
    return ServeError(
        2210,
        f"endpoint `{name}` did not answer in time",
        cause=cause,
        fix=f"`%kf logs {name}` shows what it does; `%kf serve {name}` starts a new version",
    )


ROUTES: dict[str, type[KfHandler]] = {
    "/endpoints": EndpointsHandler,
    "/endpoints/{name}": EndpointHandler,
    "/endpoints/{name}/stats": StatsHandler,
    "/endpoints/{name}/predict": PredictHandler,
    "/endpoints/{name}/roll-back": RollBackHandler,
    "/endpoints/{name}/check": EndpointCheckHandler,
    "/endpoints/{name}/stop": StopHandler,
    "/endpoints/{name}/proxy/{path}": ProxyHandler,
}
