"""The one watcher: looks for news while somebody listens, and tells the bus.

It is fast while a run is unfinished or something just happened, slower afterwards, and rests
when nobody listens: a listener or a request wakes it. Looks take a small share of a core, by the
time that they work: one that waited for a slow disk, or for its turn on a busy machine, is followed
by the next all the same, and what happened meanwhile is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence

from jupyter_kf.errors import KfError
from jupyter_kf.server.events import HELLO, Readers
from jupyter_kf.server.hub import Hub
from jupyter_kf.server.looks import Looks, News

_BUSY_S, _IDLE_S = 0.03, 0.1
_SHARE = 0.1  # of a core, as long as the next look need not wait longer than `_MOST_S` for it
_MOST_S = 2.0
_CALM_S = 10.0  # after this long without news and unfinished runs, it slows down
_PATIENCE_S = 30.0  # it waits this long for a listener after a request
_AGAIN_S = 5.0
_EARS_S = 0.5  # at rest, it asks the bus this often whether somebody came; no file is touched

log = logging.getLogger(__name__)


class Watch:
    """Looks again and again, in a thread.

    Args:
        hub: whose client's store is looked at; its `awake` ends a rest.
        send: takes news, in the loop's thread.
        readers: who would hear it.

    Attributes:
        looked: how often it has looked.
        resting: nobody listens, so it does not look.
    """

    def __init__(self, hub: Hub, send: Callable[[Sequence[News]], None], readers: Readers) -> None:
        self._hub, self._send, self._readers = hub, send, readers
        self._looks: Looks | None = None
        self._task: asyncio.Task[None] | None = None
        self.looked, self.resting = 0, True
        # It has not looked, or could not, so it does not know what happened meanwhile: a page that
        # was open before this server, or was answered before the first look, must ask again.
        self._blind = True

    def start(self) -> None:
        """Begins; in the running loop."""
        self._task = asyncio.create_task(self._run(), name="jupyter-kf-watch")

    async def stop(self) -> None:
        """Ends, whatever it is doing."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            await self._rest()
            try:
                await self._watch()
            except (KfError, OSError) as error:  # the store can't be used just now
                log.warning("jupyter-kf watches no runs for now: %s", error)
                await self._begin_again()
            except Exception:  # a bug of ours: without the watcher every page would stand still
                log.exception("jupyter-kf's watcher met a bug of ours, and begins again")
                await self._begin_again()

    async def _begin_again(self) -> None:
        self._looks, self._blind = None, True
        await self._hub.pause(_AGAIN_S)

    async def _rest(self) -> None:
        """Returns when somebody listens: asks the bus now and then, and sooner after a request."""
        self.resting = True
        while not self._readers.listened():
            self._hub.awake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hub.awake.wait(), _EARS_S)
            until = time.monotonic() + (_PATIENCE_S if self._hub.awake.is_set() else 0)
            while not self._readers.listened() and time.monotonic() < until:
                await self._hub.pause(_IDLE_S)
        self.resting = False

    async def _watch(self) -> None:
        """Looks and tells until nobody listens any more."""
        happened_s = time.monotonic()
        while self._readers.listened():
            came = self._readers.came()
            if self._looks is None:
                self._looks = await self._hub.quick(self._make)
                if self._blind:
                    self._blind = False
                    self._hub.seq += 1  # the gap tells readers that they missed something
                    self._send([News("resources", "", "changed")])
                    came = False
            if came:
                self._send([HELLO])
            news, worked_s = await self._hub.quick(_timed, self._looks.look)
            self.looked += 1
            now = time.monotonic()
            if news:
                self._send(news)
                happened_s = now
            busy = self._looks.unfinished or now - happened_s < _CALM_S
            rest_s = max(_BUSY_S if busy else _IDLE_S, worked_s / _SHARE)
            await self._hub.pause(min(rest_s, _MOST_S))
        self._readers.came()  # forgets who left

    def _make(self) -> Looks:
        return Looks(self._hub.client, self._hub.shown)


def _timed(look: Callable[[], list[News]]) -> tuple[list[News], float]:
    """What is new, and for how many seconds the thread worked to find it: waiting is no work."""
    began = time.thread_time()
    news = look()
    return news, time.thread_time() - began
