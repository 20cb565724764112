"""Pieces of a file that grows, and whether it still can. For threads.

May import `client`, `layout`, `records`.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from jupyter_kf.client import Client
from jupyter_kf.errors import NotFound
from jupyter_kf.layout import RunFolder
from jupyter_kf.records import State
from jupyter_kf.server.answers import LogLines, StreamEnd
from jupyter_kf.server.asking import StreamAsk

PIECE = 65_536
"""Most bytes of one piece."""


def find(client: Client, text: str) -> tuple[str, RunFolder]:
    """The id and the folder of a run.

    Raises:
        NotFound: kf-1105.
    """
    run_id = client.store.runs.find(text)
    return run_id, client.store.runs.folder(run_id)


def log_begin(folder: RunFolder, ask: StreamAsk) -> int:
    """Where a reader begins: at a byte, near the end at the start of a line, or at the first."""
    if ask.offset is not None:
        return ask.offset
    if ask.tail is None:
        return 0
    size = _size(folder.log)
    begin = max(0, size - ask.tail)
    if begin == 0:
        return 0
    with open(folder.log, "rb") as stream:
        stream.seek(begin - 1)
        rest = stream.read(PIECE).partition(b"\n")
    return begin + len(rest[0]) if rest[1] else begin


def log_piece(folder: RunFolder, at: int) -> tuple[int, LogLines | None]:
    """Whole lines from byte `at` on, with where the next piece begins.

    What has no line end yet waits for it, unless the run has ended or the line is longer than a
    piece; a character is never cut.
    """
    over = folder.result.exists()  # asked first, so that the last line is not missed
    try:
        with open(folder.log, "rb") as stream:
            if at >= os.fstat(stream.fileno()).st_size:
                return at, None
            stream.seek(at)
            data = stream.read(PIECE)
    except FileNotFoundError:
        return at, None
    whole = len(data) if over and len(data) < PIECE else data.rfind(b"\n") + 1
    if not whole and len(data) == PIECE:
        whole = _characters(data)
    if not whole:
        return at, None
    text = data[:whole].decode(errors="replace")
    return at + whole, LogLines(text, at + whole, at)


class Ends:
    """Has a run ended? Its result file says so; if nobody wrote one, its backend is asked.

    Args:
        every_s: how often the backend is asked.
    """

    def __init__(self, client: Client, run_id: str, folder: RunFolder, every_s: float) -> None:
        self._client, self._run_id, self._folder = client, run_id, folder
        self._every_s, self._asked_s = every_s, 0.0

    def ended(self) -> StreamEnd | None:
        """Its end; without a state when the run was deleted. None while it goes on."""
        now = time.monotonic()
        if not self._folder.result.exists() and now - self._asked_s < self._every_s:
            return None
        self._asked_s = now
        try:
            state: State = self._client.run(self._run_id).state
        except NotFound:
            return StreamEnd(None)
        return StreamEnd(state) if state.ended else None


def _characters(data: bytes) -> int:
    """How many bytes are whole characters of UTF-8."""
    for back in range(1, min(4, len(data)) + 1):
        lead = data[-back]
        if lead & 0xC0 != 0x80:  # the first byte of a character
            length = 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            return len(data) if length <= back else len(data) - back
    return len(data)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
