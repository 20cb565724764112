"""Files as answers: in pieces, whole or the range that was asked for, never as a page to show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from jupyter_kf.errors import RequestError
from jupyter_kf.server.handler import KfHandler

_PIECE = 262_144
_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII)


@dataclass(frozen=True)
class Span:
    """Bytes from `begin` up to, not with, `end`, of a file of `size`."""

    begin: int
    end: int
    size: int


def span_of(header: str | None, size: int) -> Span | None:
    """The range that a header asks for; None for the whole file.

    Several ranges, and what is no range of bytes, mean the whole, as RFC 9110 allows.

    Raises:
        RequestError: kf-2350, it begins after the end.
    """
    found = _RANGE.fullmatch(header or "")
    if not found or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if first == "":
        begin, end = max(0, size - int(last)), size
        beyond = int(last) == 0 or size == 0
    else:
        begin, end = int(first), min(size, int(last) + 1) if last else size
        beyond = begin >= size
        if last and int(last) < begin:
            return None
    if beyond:
        raise RequestError(
            2350,
            f"{header} is beyond the end",
            cause=f"there are {size} bytes",
            fix="ask for a range that begins within them",
        )
    return Span(begin, end, size)


async def send_file(handler: KfHandler, path: Path, media: str) -> None:
    """Sends a file, or the range of it that was asked for; memory holds one piece.

    Args:
        media: its media type, which browsers must not guess at.
    """
    size = await handler.hub.quick(lambda: path.stat().st_size if path.exists() else 0)
    handler.set_header("Accept-Ranges", "bytes")
    try:
        span = span_of(handler.request.headers.get("Range"), size)
    except RequestError as error:
        handler.refuse(error, 416)
        return
    if span is None:
        span = Span(0, size, size)
    else:
        handler.set_status(206)
        handler.set_header("Content-Range", f"bytes {span.begin}-{span.end - 1}/{size}")
    handler.set_header("Content-Type", media)
    handler.set_header("Content-Length", str(span.end - span.begin))
    at = span.begin
    while at < span.end:
        piece = await handler.hub.quick(_read, path, at, min(_PIECE, span.end - at))
        if not piece:
            return  # shorter than it was; the connection is cut, and the reader sees that
        at += len(piece)
        handler.write(piece)
        await handler.flush()
    handler.finish(set_content_type=media)


def _read(path: Path, at: int, size: int) -> bytes:
    try:
        with open(path, "rb") as stream:
            stream.seek(at)
            return stream.read(size)
    except FileNotFoundError:
        return b""
