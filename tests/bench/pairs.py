"""``pairs.py FOLDER ADDRESS PATH BODY PAIRS``: one client against the call itself.

In turns, in one process of its own: the call in process, then one request for the same row. What
makes the machine slow for a while hits both of a pair, so the median of the pairs' differences
says what a request costs beside the call, where two medians of different minutes do not. Prints
three numbers in ms: the median call, the median request, the median difference of a pair.
"""

from __future__ import annotations

import json
import socket
import statistics
import sys
import time
import urllib.parse
from pathlib import Path

from tests.bench.scene import Direct

WARM_UP = 20


class Client:
    """One connection, one request at a time, with as little of its own as can be."""

    def __init__(self, address: str, path: str, body: bytes) -> None:
        if address.startswith("unix:"):
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.connect(address.removeprefix("unix:"))
        else:
            url = urllib.parse.urlsplit(address)
            self._socket = socket.create_connection((url.hostname or "127.0.0.1", url.port or 80))
        head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        self._request = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body

    def ask(self) -> None:
        """Until the whole answer is there; one that is not 200 ends it."""
        self._socket.sendall(self._request)
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._more()
        head, _, content = got.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(content) < length:
            content += self._more()
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise SystemExit((head + content)[:2000].decode())

    def _more(self) -> bytes:
        piece = self._socket.recv(1 << 16)
        if not piece:
            raise SystemExit("the server ended the connection")
        return piece


def main(folder: str, address: str, path: str, body: str, pairs: str) -> None:
    """Prints what the module's head says."""
    content = Path(body).read_bytes()
    rows = json.loads(content)["rows"]
    direct, client = Direct(Path(folder)), Client(address, path, content)
    calls, requests = [], []
    for _ in range(WARM_UP + int(pairs)):
        began = time.perf_counter()
        direct.predict(rows)
        between = time.perf_counter()
        client.ask()
        requests.append(time.perf_counter() - between)
        calls.append(between - began)
    calls, requests = calls[WARM_UP:], requests[WARM_UP:]
    differences = [request - call for call, request in zip(calls, requests, strict=True)]
    print(*(1000 * statistics.median(each) for each in (calls, requests, differences)))


if __name__ == "__main__":
    main(*sys.argv[1:])
