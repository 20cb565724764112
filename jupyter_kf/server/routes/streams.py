"""Server-sent events: a log and a run's metrics while they grow, from where a reader left off.

Each stream reads a piece, writes it, and waits until the socket took it: a log of any size costs
the memory of one piece. The id of an event is where the next one begins.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_kf.layout import RunFolder
from jupyter_kf.records import plain
from jupyter_kf.server import reported, tail
from jupyter_kf.server.answers import LogLines, MetricPage, StreamEnd
from jupyter_kf.server.asking import StreamAsk
from jupyter_kf.server.handler import RUNS, KfHandler, describes, dumps

EVENTS = "text/event-stream"
BEAT_S = 15.0
_FIRST_S, _LONGEST_S = 0.03, 0.25
_ASK_S = 1.0  # how often the backend is asked whether the run still lives

# (where the next piece begins, the piece or None, nothing more is there now)
Piece = tuple[int, LogLines | MetricPage | None]
Read = Callable[[RunFolder, int], Piece]


class StreamHandler(KfHandler):
    """What both streams have in common."""

    _gone = False

    def on_connection_close(self) -> None:
        """Nobody reads on."""
        self._gone = True

    async def follow(self, run: str, event: str, begin: Callable[[RunFolder, StreamAsk], int],
                     read: Read) -> None:  # fmt: skip
        """Sends pieces until the run has ended and all is sent.

        Args:
            event: what a piece's event is called.
            begin: where a new reader begins.
            read: the next piece.
        """
        ask = self.ask(StreamAsk)
        last = self.request.headers.get("Last-Event-ID", "")
        client = await self.hub.quick(lambda: self.hub.client)
        run_id, folder = await self.hub.quick(tail.find, client, run)
        at = (
            int(last)
            if re.fullmatch("[0-9]{1,18}", last)
            else await self.hub.quick(begin, folder, ask)
        )
        self._begin()
        watch = tail.Ends(client, run_id, folder, _ASK_S)
        sent_s, delay_s = time.monotonic(), _FIRST_S
        while not self._gone and not self.hub.ending.is_set():
            ended, (at, piece) = await self.hub.quick(
                lambda at=at: (watch.ended(), read(folder, at))
            )
            if piece is not None:
                await self._send(at, event, plain(piece))
                sent_s, delay_s = time.monotonic(), _FIRST_S
                continue
            if ended:
                await self._send(at, "end", plain(StreamEnd(ended.state)))
                return
            if time.monotonic() - sent_s > BEAT_S:
                await self._write(b": still here\n\n")
                sent_s = time.monotonic()
            await self.hub.pause(delay_s)
            delay_s = min(_LONGEST_S, delay_s * 1.3)

    def _begin(self) -> None:
        self.set_header("Cache-Control", "no-cache, no-transform")
        self.set_header("X-Accel-Buffering", "no")
        self.set_header("Content-Type", EVENTS)

    async def _send(self, at: int, event: str, data: Any) -> None:
        await self._write(b"id: %d\nevent: %s\ndata: %s\n\n" % (at, event.encode(), dumps(data)))

    async def _write(self, data: bytes) -> None:
        self.write(data)
        await self.flush()

    def finish(self, *args: Any, **kwargs: Any) -> Any:
        """Ends the answer; a stream keeps its own media type."""
        if self._headers_written:
            kwargs["set_content_type"] = EVENTS
        return super().finish(*args, **kwargs)


class LogStreamHandler(StreamHandler):
    """A log as it grows."""

    @web.authenticated
    @authorized("read", resource=RUNS)
    @describes(LogLines, query=StreamAsk, media=EVENTS)
    async def get(self, run: str) -> None:
        """Whole lines as `lines`, then `end`; the id is the byte after the piece."""
        await self.follow(run, "lines", tail.log_begin, tail.log_piece)


class MetricStreamHandler(StreamHandler):
    """Metrics as they are reported."""

    @web.authenticated
    @authorized("read", resource=RUNS)
    @describes(MetricPage, query=StreamAsk, media=EVENTS)
    async def get(self, run: str) -> None:
        """Reports as `points`, then `end`; the id is the byte after them."""

        def read(folder: RunFolder, at: int) -> Piece:
            page = reported.page(folder, at)
            return page.next, page if page.next > at else None

        await self.follow(run, "points", lambda _, ask: ask.offset or 0, read)


ROUTES: dict[str, type[KfHandler]] = {
    "/runs/{run}/log/stream": LogStreamHandler,
    "/runs/{run}/metrics/stream": MetricStreamHandler,
}
