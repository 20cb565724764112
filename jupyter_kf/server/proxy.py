"""A request handed on to an endpoint's socket, and its answer handed back, piece by piece.

What is between the browser and this server stays there: cookies, tokens, hop-by-hop headers. An
answer is never a page of this server's origin: it keeps our security headers. May import tornado.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl, quote, urlencode

from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream, StreamClosedError

from jupyter_kf.errors import ServeError

MOST_BODY = 64 * 2**20
"""Bytes of a request; an endpoint's own limit is this by default."""
_PIECE = 65_536
_HOP = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization"}
_HOP |= {"proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
_OURS = {"authorization", "cookie", "host", "origin", "referer", "x-xsrftoken", "content-length"}
_NOT_BACK = {"set-cookie", "content-security-policy", "x-content-type-options", "server"}
_NOT_BACK |= {"access-control-allow-origin", "access-control-allow-credentials"}
_OWN_WORDS = frozenset({"token", "_xsrf"})

Began = Callable[[int, HTTPHeaders], None]
Piece = Callable[[bytes], Awaitable[None]]


class Silent(Exception):
    """The endpoint did not answer in time, or broke off; the text says which."""


async def forward(
    address: str, line: RequestStartLine, request: HTTPServerRequest, patience_s: float,
    back: tuple[Began, Piece],
) -> None:  # fmt: skip
    """Sends a request to a Unix socket and its answer to `back`.

    Args:
        address: path of the socket.
        line: of the request that the endpoint gets.
        request: whose headers and body go with it.
        patience_s: for the connection, the head of the answer, and each piece of it.
        back: is given status and headers, then each piece; it waits while a piece is written.

    Raises:
        Silent: no answer in time, or no whole one.
        ServeError: kf-2204, nobody listens.
    """
    stream = IOStream(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    try:
        async with asyncio.timeout(patience_s):
            await stream.connect(address)
        params = HTTP1ConnectionParameters(no_keep_alive=True, chunk_size=_PIECE,
                                           max_body_size=2**63 - 1)  # fmt: skip
        connection = HTTP1Connection(stream, True, params)
        await connection.write_headers(line, _onward(request), request.body or None)
        connection.finish()
        answer = _Answer(back)
        reading = asyncio.ensure_future(connection.read_response(answer))
        await _patiently(reading, answer, patience_s)
        if not answer.whole:
            raise Silent("it broke off its answer")
    except StreamClosedError as error:
        raise _nobody(address, error) from error
    except TimeoutError as error:
        raise Silent(f"it took longer than {patience_s:g} s") from error
    finally:
        stream.close()


def target_of(request: HTTPServerRequest, path: str) -> str:
    """The path and query that the endpoint gets: without the words of this server."""
    query = _query(request)
    return "/" + quote(path, safe="/:@!$&'()*+,;=~") + (f"?{query}" if query else "")


def _query(request: HTTPServerRequest) -> str:
    told = parse_qsl(request.query, keep_blank_values=True)
    kept = [(word, value) for word, value in told if word not in _OWN_WORDS]
    return urlencode(kept) if len(kept) < len(told) else request.query


async def _patiently(reading: asyncio.Future[bool], answer: _Answer, patience_s: float) -> None:
    """Waits for the whole answer, as long as something comes."""
    try:
        while not reading.done():
            came = answer.came
            done, _ = await asyncio.wait([reading], timeout=patience_s)
            if not done and answer.came == came and not answer.writing:
                raise TimeoutError
        await reading
    finally:
        reading.cancel()


class _Answer(HTTPMessageDelegate):
    """Hands an answer on as it comes."""

    def __init__(self, back: tuple[Began, Piece]) -> None:
        self._began, self._piece = back
        self.came, self.writing, self.whole = 0, False, False

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        """The head has come."""
        self.came += 1
        assert isinstance(start_line, ResponseStartLine)
        if start_line.code >= 200:
            kept = HTTPHeaders()
            for name, value in headers.get_all():
                if name.lower() not in _HOP | _NOT_BACK:
                    kept.add(name, value)
            self._began(start_line.code, kept)

    async def data_received(self, chunk: bytes) -> None:
        """A piece has come; the next is read when this one is written."""
        self.came += 1
        self.writing = True
        try:
            await self._piece(chunk)
        finally:
            self.writing = False

    def finish(self) -> None:
        """All has come."""
        self.whole = True

    def on_connection_close(self) -> None:
        """It broke off."""


def _onward(request: HTTPServerRequest) -> HTTPHeaders:
    named = {w.strip().lower() for w in request.headers.get("Connection", "").split(",")}
    headers = HTTPHeaders()
    for name, value in request.headers.get_all():
        if name.lower() not in _HOP | _OURS | named:
            headers.add(name, value)
    headers["Host"] = "localhost"
    headers["Content-Length"] = str(len(request.body))
    return headers


def _nobody(address: str, error: Exception) -> ServeError:
    return ServeError(
        2211,
        "the endpoint can't be reached",
        cause=f"{getattr(error, 'real_error', None) or error} ({address})",
        fix="`%kf runs` shows its state",
    )
