"""What a run printed, line by line, while it runs and after. Streams; any size, any bytes.

May import nothing of ours.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

_CHUNK = 65_536
_LONGEST_LINE = 2**20  # bytes; what never ends its line (a progress bar) comes in pieces


def lines(path: Path, is_over: Callable[[], bool] | None = None) -> Iterator[str]:
    """Lines from the first on, without their ends; the last one also when it has no end.

    Args:
        is_over: for following: whether nothing more can come. It is asked before the last
            read, so that what was printed at the very end is not missed. None reads what is
            there.

    Yields:
        text; bytes that are not UTF-8 become U+FFFD.
    """
    rest = b""
    for data in _pieces(path, is_over):
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            yield _text(line)
        if len(rest) > _LONGEST_LINE:
            yield _text(rest)
            rest = b""
    if rest:
        yield _text(rest)


def _pieces(path: Path, is_over: Callable[[], bool] | None) -> Iterator[bytes]:
    stream = None
    delay_s = 0.01
    try:
        while True:
            over = is_over is None or is_over()
            if stream is None:
                try:
                    stream = open(path, "rb", 0)  # noqa: SIM115 - closed below
                except FileNotFoundError:
                    stream = None
            came = False
            while stream is not None and (data := stream.read(_CHUNK)):
                came = True
                yield data
            if over:
                return
            delay_s = 0.01 if came else min(0.25, delay_s * 1.5)
            time.sleep(delay_s)
    finally:
        if stream is not None:
            stream.close()


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode(errors="replace")
