"""One worker thread that predicts; requests that wait for it are answered in one call.

The event loop never predicts, so liveness never waits. Whatever waits when the worker becomes free
goes in together, up to a bound, and only when the model was certified row-wise. Clients that were
just answered are given a moment to ask again, a share of what a call costs: without it half of
them would always come while the other half is computed, and each call would serve but one half.
A client that is alone never waits. Pure of HTTP. May import `batch`, `refusals`, `wire`.

Measured: a pandas transform costs about the same for 1 row and for 100, so 16 waiting clients
cost little more than one.
"""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jupyter_kf.errors import KfError, ModelError
from jupyter_kf.serving import batch, refusals

PATIENCE = 0.25  # of the last call's seconds
LONGEST_PATIENCE_S = 0.01

Outputs = Mapping[str, np.ndarray[Any, Any]]
Predict = Callable[[batch.Batch], Outputs]
Seen = Callable[[int, int, float], None]


@dataclass(frozen=True)
class Limits:
    """Bounds of the queue.

    Attributes:
        timeout_s: longest a request waits and is computed.
        rows_per_call: combined requests have no more rows than this together.
        waiting: requests that may wait; more are turned away at once.
        combine: whether waiting requests may be answered in one call.
    """

    timeout_s: float = 30.0
    rows_per_call: int = 4096
    waiting: int = 1024
    combine: bool = True


class _Item:
    __slots__ = ("batch", "counted", "deadline", "future", "given_up")

    def __init__(
        self, rows: batch.Batch, future: asyncio.Future[Outputs], deadline: float, counted: bool
    ) -> None:
        self.batch, self.future, self.deadline, self.counted = rows, future, deadline, counted
        self.given_up = False


class Combiner:
    """Predicts in a thread of its own.

    Args:
        predict: outputs of a batch; `batch.predictor` makes one of a model.
        seen: called in the worker thread after each call with requests, rows and seconds; of
            requests that count only.
    """

    def __init__(self, predict: Predict, limits: Limits, seen: Seen | None = None) -> None:
        self._predict, self.limits = predict, limits
        self._seen = seen or (lambda _requests, _rows, _seconds: None)
        self._queue: queue.SimpleQueue[list[_Item] | None] = queue.SimpleQueue()
        self._fresh: list[_Item] = []
        self._open: deque[_Item] = deque()
        self.waiting = 0
        self._loop = asyncio.get_running_loop()
        self._sweeper: asyncio.TimerHandle | None = None
        self._thread = threading.Thread(target=self._work, name="predict", daemon=True)
        self._thread.start()

    def submit(self, rows: batch.Batch, *, counted: bool = True) -> asyncio.Future[Outputs]:
        """Outputs of these rows, in time. Called on the event loop.

        Args:
            counted: whether the request is traffic, which `seen` is told of.

        Raises:
            ServeError: kf-2207, too many wait; the future: kf-2208, too late.
            KfError: the future: what the model says of these rows; kf-2330 for an exception.
        """
        if self.waiting >= self.limits.waiting:
            raise refusals.Unavailable(
                2207,
                f"{self.waiting} requests are waiting already",
                cause="requests arrive faster than the model answers",
                fix="try again in a second, send several rows in one request, or add endpoints",
            )
        deadline = self._loop.time() + self.limits.timeout_s
        item = _Item(rows, self._loop.create_future(), deadline, counted)
        self.waiting += 1
        if not self._fresh:  # all that arrive in this turn of the loop go in together
            self._loop.call_soon(self._flush)
        self._fresh.append(item)
        self._open.append(item)
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(0.1, self._sweep)
        return item.future

    def close(self) -> None:
        """Ends the thread once everything that waits was answered."""
        self._queue.put(None)

    def join(self, timeout_s: float) -> None:
        """Waits for the thread's end."""
        self._thread.join(timeout_s)

    def _flush(self) -> None:
        fresh, self._fresh = self._fresh, []
        self._queue.put(fresh)

    def _sweep(self) -> None:
        """Gives up what is too late; requests have one time-out, so the oldest come first."""
        now = self._loop.time()
        while self._open and (self._open[0].future.done() or self._open[0].deadline <= now):
            item = self._open.popleft()
            if not item.future.done():
                item.given_up = True
                self.waiting -= 1
                item.future.set_exception(
                    refusals.Unavailable(
                        2208,
                        f"no answer within {self.limits.timeout_s:g} s",
                        cause="the model takes longer, or many requests wait",
                        fix="send fewer rows, or serve with a larger --timeout",
                        http=504,
                    )
                )
        again = bool(self._open)
        self._sweeper = self._loop.call_later(0.1, self._sweep) if again else None

    def _work(self) -> None:
        waiting: deque[_Item] = deque()
        together, call_s = 1, 0.0  # who was there at the end of the last call, and what it took
        while True:
            if not waiting:
                first = self._queue.get()
                if first is None:
                    return
                waiting.extend(first)
            try:
                while more := self._queue.get_nowait():
                    waiting.extend(more)
                self._queue.put(None)  # the end: seen again when all is answered
            except queue.Empty:
                pass
            if self.limits.combine and len(waiting) < together:
                self._gather(waiting, together, min(PATIENCE * call_s, LONGEST_PATIENCE_S))
            items = self._next(waiting)
            if items:
                began = time.perf_counter()
                answers = self._answers(items)
                call_s = time.perf_counter() - began
                together = len(items) + len(waiting) + self._queue.qsize()
                self._loop.call_soon_threadsafe(self._deliver, items, answers)

    def _gather(self, waiting: deque[_Item], together: int, patience_s: float) -> None:
        """Takes what comes until as many are there as before, for so long at most."""
        until = time.perf_counter() + patience_s
        while len(waiting) < together and (left_s := until - time.perf_counter()) > 0:
            try:
                more = self._queue.get(timeout=left_s)
            except queue.Empty:
                return
            if more is None:
                self._queue.put(None)
                return
            waiting.extend(more)

    def _next(self, waiting: deque[_Item]) -> list[_Item]:
        items: list[_Item] = []
        rows = 0
        while waiting:
            item = waiting[0]
            if not (item.given_up or item.future.cancelled()):
                rows += item.batch.rows
                if items and (not self.limits.combine or rows > self.limits.rows_per_call):
                    break
                items.append(item)
            waiting.popleft()
        return items

    def _answers(self, items: Sequence[_Item]) -> list[Outputs | KfError]:
        try:
            joined = batch.join([item.batch for item in items])
            outputs = self._call(joined, [item.batch.rows for item in items if item.counted])
        except BaseException as error:  # sys.exit() in user code would end the only thread
            if len(items) > 1:  # one request's trouble is not the others'
                return [answer for item in items for answer in self._answers([item])]
            return [_explained(error)]
        if len(items) == 1:
            return [outputs]
        answers: list[Outputs | KfError] = []
        at = 0
        for item in items:
            end = at + item.batch.rows
            answers.append({name: array[at:end] for name, array in outputs.items()})
            at = end
        return answers

    def _call(self, joined: batch.Batch, counted: Sequence[int]) -> Outputs:
        began = time.perf_counter()
        outputs = self._predict(joined)
        if counted:
            self._seen(len(counted), sum(counted), time.perf_counter() - began)
        for name, array in outputs.items():
            if len(array) != joined.rows:
                raise ModelError(
                    2690,
                    f"output `{name}` has {len(array)} values for {joined.rows} rows",
                    cause="the model does not give one answer per row",
                    fix="make its predict return an array as long as its input",
                )
        return outputs

    def _deliver(self, items: Sequence[_Item], answers: Sequence[Outputs | KfError]) -> None:
        for item, answer in zip(items, answers, strict=True):
            if item.given_up:
                continue
            self.waiting -= 1
            if item.future.done():
                continue
            if isinstance(answer, KfError):
                item.future.set_exception(answer)
            else:
                item.future.set_result(answer)


def _explained(error: BaseException) -> KfError:
    if isinstance(error, KfError):
        return error
    traceback.print_exception(error, file=sys.stderr)
    return refusals.model_failed(error)
