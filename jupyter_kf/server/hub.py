"""What all handlers share: one client, its threads, and the number of the last event.

The core is synchronous, so it runs in threads: quick reads in one pool, and what may take long
(an endpoint that does not answer, a search's importance) in another, so that it never keeps a
read waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from jupyter_kf.client import Client, connect
from jupyter_kf.server.answers import At

T = TypeVar("T")
_QUICK, _SLOW = 6, 12


class Hub:
    """The server's one client and what belongs to it.

    Args:
        make: connects; called when a route first needs the client, again after a failure.

    Attributes:
        epoch: of this server's start; `seq` counts from 0 in it.
        ending: set when the server stops, for streams.
        awake: set when somebody asked something: there is a reader.
    """

    def __init__(self, make: Callable[[], Client] = connect) -> None:
        self._make, self._lock = make, threading.Lock()
        self._client: Client | None = None
        self._quick = ThreadPoolExecutor(_QUICK, "kf-quick")
        self._slow = ThreadPoolExecutor(_SLOW, "kf-slow")
        self.epoch, self.seq = secrets.token_hex(6), 0
        self.ending, self.awake = asyncio.Event(), asyncio.Event()

    @property
    def client(self) -> Client:
        """The client; for threads, since connecting touches the disk.

        Raises:
            StoreError: the store can't be used; a later call tries again.
        """
        with self._lock:
            if self._client is None:
                self._client = self._make()
            return self._client

    async def quick(self, work: Callable[..., T], *args: Any) -> T:
        """`work(*args)` in a thread, for reads."""
        return await asyncio.get_running_loop().run_in_executor(self._quick, partial(work, *args))

    async def slow(self, work: Callable[..., T], *args: Any) -> T:
        """`work(*args)` in a thread that may be kept for long."""
        return await asyncio.get_running_loop().run_in_executor(self._slow, partial(work, *args))

    def at(self) -> At:
        """The moment before a read: what changes during it has a later event."""
        return At(self.seq, self.epoch)

    def close(self) -> None:
        """Ends the streams and the threads; what is running in one ends by itself."""
        self.ending.set()
        for pool in (self._quick, self._slow):
            pool.shutdown(wait=False, cancel_futures=True)

    async def pause(self, seconds: float) -> None:
        """Sleeps, but no longer than the server lives."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.ending.wait(), seconds)
