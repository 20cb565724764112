"""Many small requests to one endpoint, so many at once, from one thread.

They go out together, and nothing is done until all answers have come: a client that worked on one
answer while the next is computed would take turns with the endpoint's own threads for their one
interpreter, which made each answer cost twice as much. May import `client`.
"""

from __future__ import annotations

import contextlib
import itertools
import selectors
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from jupyter_kf.errors import ServeError
from jupyter_kf.serving.client import Connection

Tag = TypeVar("Tag")

_PIECE = 1 << 16


@dataclass(frozen=True)
class Ask(Generic[Tag]):
    """One request; `tag` comes back with its answer."""

    tag: Tag
    path: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Told(Generic[Tag]):
    """Its answer, header names in lower case."""

    tag: Tag
    code: int
    headers: Mapping[str, str]
    content: bytes


def volley(
    connect: Callable[[], Connection], asks: Iterator[Ask[Tag]], at_once: int
) -> Iterator[Told[Tag]]:
    """The answers, in the order of the requests.

    Args:
        asks: taken in turns of `at_once`; its end ends the volley.
        at_once: connections, each with one request at a time.

    Raises:
        ServeError: kf-2204, the endpoint ends a connection or says nothing in time.
    """
    with contextlib.ExitStack() as stack:
        lines: list[_Line] = []
        while turn := list(itertools.islice(asks, at_once)):
            while len(lines) < len(turn):
                lines.append(stack.enter_context(contextlib.closing(_Line(connect()))))
            for line, ask in zip(lines, turn, strict=False):
                line.send(ask)
            _wait(lines[: len(turn)])
            for line, ask in zip(lines, turn, strict=False):
                yield Told(ask.tag, *line.answer())


def _wait(lines: Sequence[_Line]) -> None:
    """Until each has its whole answer."""
    with selectors.DefaultSelector() as selector:
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
        left = len(lines)
        while left:
            ready = selector.select(lines[0].timeout_s)
            if not ready:
                raise lines[0].silent("no answer in time")
            for key, _ in ready:
                if key.data.read():
                    selector.unregister(key.fileobj)
                    left -= 1


class _Line:
    """One connection and what has come of the answer it waits for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.socket: socket.socket = connection.opened()
        self.timeout_s = connection.timeout_s
        self._got = b""
        self._whole = 0  # bytes of the answer, once its head has come

    def send(self, ask: Ask[Any]) -> None:
        """The next request."""
        self._got, self._whole = b"", 0
        head = self._connection.head("POST", ask.path, ask.headers, len(ask.body))
        try:
            self.socket.sendall(head + ask.body)
        except OSError as error:
            raise self.silent(str(error)) from error

    def read(self) -> bool:
        """Takes what has arrived; whether the answer is whole."""
        try:
            piece = self.socket.recv(_PIECE)
        except OSError as error:
            raise self.silent(str(error)) from error
        if not piece:
            raise self.silent("it ended the connection")
        self._got += piece
        if not self._whole:
            head, gap, _ = self._got.partition(b"\r\n\r\n")
            if not gap:
                return False
            length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
            self._whole = len(head) + len(gap) + int(length or 0)
        return len(self._got) >= self._whole

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Code, headers with names in lower case, and body."""
        head, _, content = self._got.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.split(":", 1) for line in lines)
        return int(first.split()[1]), {n.strip().lower(): v.strip() for n, v in pairs}, content

    def close(self) -> None:
        """Ends the connection."""
        self.socket.close()

    def silent(self, why: str) -> ServeError:
        """The error of an endpoint that says nothing."""
        return self._connection.silent(ConnectionError(why))
