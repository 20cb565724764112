"""``load.py ADDRESS PATH BODY CLIENTS REQUESTS``: keeps CLIENTS connections busy, from one process.

ADDRESS is ``unix:/path`` or ``http://127.0.0.1:port``; BODY a file. Prints seconds for all
requests and the median of one, in seconds. An answer that is not 200 ends it.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
import urllib.parse
from pathlib import Path

import uvloop


async def main(address: str, path: str, body: bytes, clients: int, requests: int) -> None:
    """All clients start together and share the requests."""
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    request = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
    left = iter(range(requests))
    took: list[float] = []
    began = time.perf_counter()
    await asyncio.gather(*(client(address, request, left, took) for _ in range(clients)))
    print(time.perf_counter() - began, statistics.median(took))


async def client(address: str, request: bytes, left: object, took: list[float]) -> None:
    """One connection, one request after the other."""
    if address.startswith("unix:"):
        reader, writer = await asyncio.open_unix_connection(address.removeprefix("unix:"))
    else:
        url = urllib.parse.urlsplit(address)
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
    for _ in left:
        began = time.perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        answer = await reader.readexactly(length)
        took.append(time.perf_counter() - began)
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise SystemExit((head + answer)[:2000].decode())
    writer.close()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    body_bytes = Path(arguments[2]).read_bytes()
    counts = int(arguments[3]), int(arguments[4])
    uvloop.run(main(arguments[0], arguments[1], body_bytes, *counts))
