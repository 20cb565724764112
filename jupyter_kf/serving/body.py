"""A request's body, read within its limits of size and time.

A body that is too large is never kept: its length is refused before the first byte, or the
count stops it while it arrives. Pure of sockets: it reads what ASGI's `receive` gives.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from jupyter_kf.serving import refusals
from jupyter_kf.serving.wire import Head

Receive = Callable[[], Awaitable[Any]]
_INFLATE_STEP = 1 << 20


class Disconnected(Exception):
    """The client went away before its request was whole."""


class Framing:
    """What the headers say about the body, beside what `Head` keeps for the protocols."""

    __slots__ = ("coding", "head", "length")

    def __init__(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self.length: int | None = None
        self.coding = ""
        media, request_id, json_bytes = "application/json", "", None
        for name, value in headers:
            if name == b"content-length":
                self.length = _count(name, value)
            elif name == b"content-type":
                media = value.decode("latin-1").partition(";")[0].strip().lower()
            elif name == b"content-encoding":
                self.coding = value.decode("latin-1").strip().lower()
            elif name == b"inference-header-content-length":
                json_bytes = _count(name, value)
            elif name == b"x-request-id":
                request_id = value.decode("latin-1")[:128]
        self.head = Head(media, json_bytes, request_id)


def _count(name: bytes, value: bytes) -> int:
    if not value.isdigit() or len(value) > 18:
        raise refusals.bad_header(name.decode("latin-1"), value.decode("latin-1"))
    return int(value)


async def read(receive: Receive, framing: Framing, limit: int, timeout_s: float) -> bytes:
    """The whole body as it was sent.

    Args:
        limit: most bytes.

    Raises:
        RequestError: kf-2304 too large, kf-2322 not whole in time.
        Disconnected: nobody waits for an answer.
    """
    if framing.length is not None and framing.length > limit:
        raise refusals.body_too_large(limit)
    parts: list[bytes] = []
    total, more = 0, True
    try:
        async with asyncio.timeout(timeout_s):
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    raise Disconnected
                part = message.get("body", b"")
                total += len(part)
                if total > limit:
                    raise refusals.body_too_large(limit)
                parts.append(part)
                more = message.get("more_body", False)
    except TimeoutError:
        raise refusals.body_late(timeout_s) from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


def inflate(body: bytes, coding: str, limit: int) -> bytes:
    """The body without its Content-Encoding; never more than `limit` bytes are made.

    Raises:
        RequestError: kf-2304 too large, kf-2306 another coding, kf-2325 malformed.
    """
    if coding not in ("gzip", "deflate"):
        raise refusals.wrong_media(coding, "gzip, deflate or no Content-Encoding")
    inflater = zlib.decompressobj(wbits=47)  # gzip or zlib, by its first bytes
    parts: list[bytes] = []
    total, rest = 0, body
    try:
        while rest and not inflater.eof:
            part = inflater.decompress(rest, _INFLATE_STEP)
            total += len(part)
            if total > limit:
                raise refusals.body_too_large(limit)
            parts.append(part)
            rest = inflater.unconsumed_tail
    except zlib.error as error:
        raise refusals.bad_compression(str(error)) from None
    if not inflater.eof or inflater.unused_data:
        raise refusals.bad_compression("it is cut short, or something follows it")
    return b"".join(parts)
