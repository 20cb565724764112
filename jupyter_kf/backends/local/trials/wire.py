"""How do driver, zygote and trials talk? JSON lines over socket pairs.

NaN and infinities travel as Python's JSON writes them: both ends are ours. Standard library only.
"""

from __future__ import annotations

import contextlib
import json
import socket
from typing import Any

_PIECE = 1 << 16
_MOST_DESCRIPTORS = 64


class Channel:
    """One end of a stream socket that carries one JSON object per line."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.closed = False  # the other end is gone
        self._rest = b""
        self._descriptors: list[int] = []

    def send(self, message: dict[str, Any], *descriptors: int) -> bool:
        """Sends a message, with open file descriptors; False when nobody is there any more."""
        data = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        try:
            if descriptors:
                sent = socket.send_fds(self.sock, [data], list(descriptors))
                data = data[sent:]
            self.sock.sendall(data)
        except OSError:
            return False
        return True

    def receive(self) -> dict[str, Any] | None:
        """Waits for the next message; None when the other end is gone."""
        while b"\n" not in self._rest:
            piece = self.sock.recv(_PIECE)
            if not piece:
                self.closed = True
                return None
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def requests(self) -> list[tuple[dict[str, Any], int]]:
        """Waits for messages that carry one file descriptor each; none when nobody is there."""
        data, descriptors, _, _ = socket.recv_fds(self.sock, _PIECE, _MOST_DESCRIPTORS)
        self.closed = not data
        self._descriptors += descriptors
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [(json.loads(line), self._descriptors.pop(0)) for line in lines]

    def waiting(self) -> list[dict[str, Any]]:
        """All messages that have arrived, without waiting; sets `closed` at the end."""
        while not self.closed:
            try:
                piece = self.sock.recv(_PIECE, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            except OSError:
                piece = b""
            self.closed = not piece
            self._rest += piece
        *lines, self._rest = self._rest.split(b"\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Closes this end."""
        with contextlib.suppress(OSError):
            self.sock.close()
