"""What all handlers share: one client, its threads, and the number of the last event.

The core is synchronous, so it runs in threads: quick reads in one pool, what may take long (a
start, a search's importance) in another, so that it never keeps a read waiting, and what waits
for an endpoint in a third, so that one that hangs keeps nobody from cancelling a run. The watcher
has a thread of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from jupyter_kf.client import Client, connect
from jupyter_kf.errors import ServeError, StoreError
from jupyter_kf.server import aside
from jupyter_kf.server.answers import At
from jupyter_kf.server.curves import Curves
from jupyter_kf.server.endpoints import Endpoints
from jupyter_kf.server.looks import News
from jupyter_kf.server.studies import Studies
from jupyter_kf.server.table import Table
from jupyter_kf.server.things import Things

T = TypeVar("T")
_QUICK, _SLOW, _ASKS = 6, 12, 12


def _gone(client: Client) -> StoreError:
    return StoreError(
        3021,
        f"the store at {client.store.root} is gone",
        cause="its folder was there when the server began, and is not any more",
        fix="mount or restore it; or set JUPYTER_KF_STORE and restart the server",
    )


class Room:
    """What is known of one store, for threads: its client, and what was read and kept."""

    def __init__(self, client: Client, tell: Callable[[News], None]) -> None:
        client.origin = None  # of whoever started the server, not of who asks it
        self.client = client
        self.table, self.curves = Table(client), Curves()
        self.things = Things(client)
        self.endpoints = Endpoints(client, self.things)
        self.studies = Studies(client, lambda run_id: tell(News("study", run_id, "changed")))


class Hub:
    """The server's one client and what belongs to it.

    Args:
        make: connects; called when a route first needs the client, again after a failure.

    Attributes:
        epoch: of this server's start; `seq` counts from 0 in it.
        ending: set when the server stops, for streams.
        awake: set when somebody asked something: there is a reader.
        send: puts news on the bus; for the loop's thread.
        shown: runs that readers were shown since the last look.
        patience_s: longest that an endpoint may take to begin its answer, and between its pieces.
    """

    send: Callable[[Sequence[News]], None]
    patience_s = 35.0

    def __init__(self, make: Callable[[], Client] = connect) -> None:
        self._make, self._lock = make, threading.Lock()
        self._room: Room | None = None
        self._loop: asyncio.AbstractEventLoop | None = None  # it runs later than we are made
        self._quick = ThreadPoolExecutor(_QUICK, "kf-quick")
        self._slow = ThreadPoolExecutor(_SLOW, "kf-slow")
        self._asks = ThreadPoolExecutor(_ASKS, "kf-asks")
        self._eyes = ThreadPoolExecutor(1, "kf-eyes")
        self.epoch, self.seq = secrets.token_hex(6), 0
        self.shown: set[str] = set()
        self.ending, self.awake = asyncio.Event(), asyncio.Event()

    @property
    def room(self) -> Room:
        """The store's room; for threads, since connecting touches the disk.

        Raises:
            StoreError: the store can't be used; a later call tries again.
        """
        with self._lock:
            if self._room is None:
                self._room = Room(self._make(), self._tell)
            elif not (self._room.client.store.root / "format").exists():
                raise _gone(self._room.client)
            return self._room

    @property
    def client(self) -> Client:
        """The room's client."""
        return self.room.client

    def _tell(self, news: News) -> None:
        """Sends news from a thread."""
        if self._loop is None:
            return
        with contextlib.suppress(RuntimeError):  # the server has stopped
            self._loop.call_soon_threadsafe(self.send, [news])

    async def quick(self, work: Callable[..., T], *args: Any) -> T:
        """`work(*args)` in a thread, for reads."""
        return await self._in(self._quick, partial(work, *args))

    async def slow(self, work: Callable[..., T], *args: Any) -> T:
        """`work(*args)` in a thread that may be kept for long."""
        return await self._in(self._slow, partial(work, *args))

    async def asks(self, work: Callable[..., T], *args: Any) -> T:
        """`work(*args)` in a thread that an endpoint may keep for as long as it hangs."""
        return await self._in(self._asks, partial(work, *args))

    async def eyes(self, work: Callable[..., T], *args: Any) -> T:
        """`work(*args)` in the watcher's own thread, which also waits there."""
        return await self._in(self._eyes, partial(work, *args))

    async def _in(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        self._loop = asyncio.get_running_loop()
        try:
            if not self.ending.is_set():
                return await self._loop.run_in_executor(pool, work)
        except asyncio.CancelledError:  # it still waited for a thread
            if not self.ending.is_set():
                raise
        raise ServeError(
            2212,
            "the server is ending",
            cause="somebody stopped it, or it had been idle for long",
            fix="start it again; what runs goes on meanwhile",
        )

    def at(self) -> At:
        """The moment before a read: what changes during it has a later event."""
        return At(self.seq, self.epoch)

    def close(self) -> None:
        """Ends the streams, the children and the threads; what runs in a thread ends by itself."""
        self.ending.set()
        aside.end_all()
        for pool in (self._quick, self._slow, self._asks, self._eyes):
            pool.shutdown(wait=False, cancel_futures=True)

    def within(self, seconds: float, work: Callable[[], T]) -> T:
        """`work()` in a thread, for a caller outside of the loop's tasks, which it keeps waiting.

        Raises:
            TimeoutError: it takes longer than this.
        """
        return self._quick.submit(work).result(seconds)

    def later(self, work: Callable[[], Any]) -> None:
        """`work()` in a thread that may be kept for long; nobody waits for it."""
        self._slow.submit(work)

    async def pause(self, seconds: float) -> None:
        """Sleeps, but no longer than the server lives."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.ending.wait(), seconds)
