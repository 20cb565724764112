"""Sockets, connections and the end of a server: uvicorn, with what it leaves open.

A Unix socket for this user alone and, when asked for, loopback TCP behind a token. Half a head
and an endless one are closed; the body of a request that was refused is thrown away, not kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from jupyter_kf.errors import ServeError

_HEAD_BYTES = 64 << 10
_HEAD_S = 20.0
_DISCARD_BYTES = 4 << 30


class Connection(HttpToolsProtocol):
    """One connection, with bounds on what comes before and after a request's body."""

    _head_left = _HEAD_BYTES
    _discarded = 0

    def connection_made(self, transport: Any) -> None:
        """Starts the clock for the first head."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(_HEAD_S, self._head_late)

    def data_received(self, data: bytes) -> None:
        """Feeds the parser, unless the head goes on for ever."""
        between = self.cycle is None or self.cycle.response_complete
        if between and self.scope is not None and self.scope.get("method") is None:
            self._head_left -= len(data)
            if self._head_left < 0:
                self.transport.close()
                return
        super().data_received(data)
        if self.cycle is None and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(_HEAD_S, self._head_late)

    def on_headers_complete(self) -> None:
        """A head is whole."""
        self._head_left, self._discarded = _HEAD_BYTES, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Throws away what follows an answer that was given early, up to a bound."""
        if self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > _DISCARD_BYTES:
                self.transport.close()
            return
        super().on_body(body)

    def _head_late(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()


class Listener(uvicorn.Server):
    """One application on one bound socket, without uvicorn's own signals and messages."""

    def __init__(self, app: Any, bound: socket.socket, timeout_s: float) -> None:
        config = uvicorn.Config(
            app,
            http=Connection,
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            ws="none",
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=max(1, int(timeout_s)),
        )
        super().__init__(config)
        self._bound = bound
        self._task: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        """Listens on the bound socket, of whichever family it is."""
        loop = asyncio.get_running_loop()
        create: Any = (
            loop.create_unix_server if self._bound.family == socket.AF_UNIX else loop.create_server
        )
        server = await create(self._connection, sock=self._bound, backlog=2048)
        self.servers = [server]
        self.started = True

    def _connection(self) -> asyncio.Protocol:
        return Connection(
            config=self.config,
            server_state=self.server_state,
            app_state={},
            _loop=asyncio.get_running_loop(),
        )

    async def start(self) -> None:
        """Returns once it listens."""
        self._task = asyncio.create_task(self._serve())
        while not self.started and not self._task.done():
            await asyncio.sleep(0.001)
        if self._task.done():
            await self._task

    async def stop(self) -> None:
        """Takes no more connections, ends the idle ones, waits for those that are answered."""
        self.should_exit = True
        if self._task is not None:
            await self._task

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process, not to one of its listeners."""
        yield


def bind_unix(path: Path) -> socket.socket:
    """A Unix socket that only this user can connect to; a stale file in its place is removed.

    Raises:
        ServeError: kf-2201.
    """
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        path.unlink(missing_ok=True)
        bound.bind(str(path))
    except OSError as error:
        bound.close()
        raise _cannot_bind(str(path), error) from error
    finally:
        os.umask(before)
    bound.setblocking(False)
    return bound


def bind_loopback(port: int) -> socket.socket:
    """A TCP socket on 127.0.0.1; port 0 is any free one.

    The versions of one endpoint may share its number (SO_REUSEPORT, for one user's processes).

    Raises:
        ServeError: kf-2201.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if port:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError as error:
        bound.close()
        raise _cannot_bind(f"127.0.0.1:{port}", error) from error
    bound.setblocking(False)
    return bound


def _cannot_bind(where: str, error: OSError) -> ServeError:
    return ServeError(
        2201,
        f"the endpoint can't listen at {where}",
        cause=str(error),
        fix="choose another port (0 takes any free one), or end what holds it",
    )
