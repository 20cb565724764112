"""The one watcher: looks for news while somebody listens, and tells the bus.

Between looks its thread only asks whether anything moved, a few stats each time: often while a run
is at work or something just happened, ten times a second otherwise. What moved is looked at at
once; all the rest, such as a new version of a known name, ten times a second, and once a second
after a minute in which nothing happened and nobody asked. It rests when nobody listens: a listener
or a request wakes it. It takes a small share of a core, by the time that it works: a look that
waited for a slow disk, or for its turn on a busy machine, is followed by the next all the same, and
what happened meanwhile is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from jupyter_kf.errors import KfError
from jupyter_kf.server.events import HELLO, Readers
from jupyter_kf.server.hub import Hub
from jupyter_kf.server.looks import Looks, News

_BUSY_S, _IDLE_S = 0.03, 0.1
_SHARE = 0.1  # of a core, as long as the next look need not wait longer than `_MOST_S` for it
_MOST_S = 2.0
_SOON_S = 10.0  # for so long after news, more is expected
_CALM_S = 60.0  # after this long without news and requests, it looks at names less often
_LOOK_S, _CALM_LOOK_S = 0.1, 1.0  # it looks at all once in so long, though nothing moved
_PATIENCE_S = 30.0  # it waits this long for a listener after a request
_AGAIN_S = 5.0
_EARS_S = 0.5  # at rest, it asks the bus this often whether somebody came; no file is touched

T = TypeVar("T")
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
        self._over = threading.Event()
        self.looked, self.resting = 0, True
        # It has not looked, or could not, so it does not know what happened meanwhile: a page that
        # was open before this server, or was answered before the first look, must ask again.
        self._blind = True

    def start(self) -> None:
        """Begins; in the running loop."""
        self._over.clear()
        self._task = asyncio.create_task(self._run(), name="jupyter-kf-watch")

    async def stop(self) -> None:
        """Ends, whatever it is doing."""
        self._over.set()
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
        happened_s = stirred_s = time.monotonic()
        while self._readers.listened():
            came = self._readers.came()
            if self._looks is None:
                self._looks = await self._hub.eyes(self._make)
                if self._blind:
                    self._blind = False
                    self._hub.seq += 1  # the gap tells readers that they missed something
                    self._send([News("resources", "", "changed")])
                    came = False
            if came:
                self._send([HELLO])
            stirred_s = time.monotonic() if self._hub.awake.is_set() else stirred_s
            self._hub.awake.clear()
            news, worked_s = await self._hub.eyes(_timed, self._looks.look)
            self.looked += 1
            now = time.monotonic()
            if news:
                self._send(news)
                happened_s = stirred_s = now
            busy = self._looks.at_work or now - happened_s < _SOON_S
            most_s = _CALM_LOOK_S if now - stirred_s > _CALM_S else _LOOK_S
            rest = _Rest(_BUSY_S if busy else _IDLE_S, most_s, worked_s)
            await self._hub.eyes(self._until_moved, self._looks, rest)
        self._readers.came()  # forgets who left

    def _until_moved(self, looks: Looks, rest: _Rest) -> None:
        """Returns when something moved, somebody asked, or it is time to look at all."""
        nap_s = _share(rest.pace_s, rest.worked_s)
        until = time.monotonic() + max(rest.most_s, nap_s)
        while not self._nap(min(nap_s, until - time.monotonic())):
            moved, worked_s = _timed(looks.moved)
            if moved or self._hub.awake.is_set() or time.monotonic() >= until:
                return
            nap_s = _share(rest.pace_s, worked_s)

    def _nap(self, seconds: float) -> bool:
        """Sleeps; whether the watch is over."""
        return self._over.wait(max(0.0, seconds))

    def _make(self) -> Looks:
        return Looks(self._hub.client, self._hub.shown)


class _Rest(NamedTuple):
    """How a look is followed: by naps of `pace_s`, for `most_s`; it had worked for `worked_s`."""

    pace_s: float
    most_s: float
    worked_s: float


def _share(pace_s: float, worked_s: float) -> float:
    """A nap of this pace, or so long that the work is a small share of a core."""
    return max(pace_s, min(worked_s / _SHARE, _MOST_S))


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """What work gives, and for how many seconds the thread worked: waiting is no work."""
    began = time.thread_time()
    told = work()
    return told, time.thread_time() - began
