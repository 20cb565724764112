"""What does a client see when the API server is slow, overloaded or out of reach?

A proxy in front of the real API server, in a thread of the test: it passes everything through
unless told to wait, to answer in the server's place, or to cut watches. It speaks HTTP/1.1 over
the cluster's own TLS, one request for each connection, and knows the caller by bearer token (a
client certificate can't pass through): use `kubeconfig`.
"""

import asyncio
import json
import ssl
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from tests.cluster.certificates import write_kubeconfig
from tests.cluster.control import ControlPlane

T = TypeVar("T")
REASONS = {409: "Conflict", 410: "Expired", 429: "TooManyRequests", 500: "InternalError"}
REASONS |= {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 503: "ServiceUnavailable"}


@dataclass(frozen=True)
class Request:
    """One request as the proxy saw it; `path` has its query."""

    method: str
    path: str

    @property
    def is_watch(self) -> bool:
        return "watch=true" in self.path.lower() or "watch=1" in self.path


@dataclass
class Fault:
    """Answer `status` in the server's place, `times` times, to requests that match.

    Attributes:
        method: such as "POST"; any when empty.
        contains: part of path and query; any when empty.
        after: let the server do its work first, then lose its answer: the request took effect
            and the client does not know.
        late_s: with `after`, so long after the work is done.
        retry_after_s: seconds, sent with 429 and 503.
    """

    status: int
    times: int = 1
    method: str = ""
    contains: str = ""
    after: bool = False
    late_s: float = 0.0
    retry_after_s: int = 1

    def matches(self, request: Request) -> bool:
        return (
            self.times > 0 and self.method in ("", request.method) and self.contains in request.path
        )


@dataclass
class Behaviour:
    """What the proxy does now; a test changes it at any time."""

    latency_s: float = 0.0
    faults: list[Fault] = field(default_factory=list)
    refuse: bool = False


class ApiProxy:
    """A context manager; the listening port is free at once when it ends.

    Attributes:
        server, kubeconfig: how to reach the API server through the proxy, with full rights.
        behaviour: what it does to requests from now on.
        requests: all that came, in order.
    """

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self.behaviour = Behaviour()
        self.requests: list[Request] = []
        self._plane = plane
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="api-proxy")
        self._watches: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> "ApiProxy":
        authority = self._plane.authority
        certificate, key = authority.issue("proxy", "proxy", hosts=["127.0.0.1", "localhost"])
        self._listening = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._listening.load_cert_chain(certificate, key)
        self._calling = ssl.create_default_context(cadata=authority.pem.decode())
        self._thread.start()
        self._server = self._in_loop(
            asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._listening)
        )
        port = self._server.sockets[0].getsockname()[1]
        self.server = f"https://127.0.0.1:{port}"
        self.kubeconfig = write_kubeconfig(
            self._folder / "kubeconfig-proxy",
            self.server,
            authority.pem,
            {"token": self._plane.token},
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._in_loop(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def answer(self, status: int, **how: object) -> Fault:
        """Add a fault; see `Fault` for `times`, `method`, `contains`, `after`, `late_s`."""
        fault = Fault(status, **how)  # type: ignore[arg-type]
        self.behaviour.faults.append(fault)
        return fault

    def drop_watches(self) -> int:
        """Cut every open watch without a word, as a dying load balancer does; how many."""
        return self._in_loop(self._drop())

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        """Connections are closed before any byte."""
        self.behaviour.refuse = True
        try:
            yield
        finally:
            self.behaviour.refuse = False

    def _in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _close(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _drop(self) -> int:
        count = len(self._watches)
        for writer in list(self._watches):
            writer.transport.abort()
        return count

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                if not self.behaviour.refuse:
                    await self._serve(reader, writer)
        finally:
            self._tasks.discard(task)
            self._watches.discard(writer)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
        request = Request(method, path)
        self.requests.append(request)
        await asyncio.sleep(self.behaviour.latency_s)
        fault = next((one for one in self.behaviour.faults if one.matches(request)), None)
        if fault is not None:
            fault.times -= 1
            if not fault.after:
                await _read_body(reader, head)
                await self._say(writer, fault)
                return
        up_reader, up_writer = await asyncio.open_connection(
            "127.0.0.1", self._plane.port, ssl=self._calling
        )
        try:
            up_writer.write(_one_request(head))
            if fault is not None:
                up_writer.write(await _read_body(reader, head))
                await up_reader.read()
                await asyncio.sleep(fault.late_s)
                await self._say(writer, fault)
                return
            if request.is_watch:
                self._watches.add(writer)
            sending = asyncio.ensure_future(_pump(reader, up_writer))
            await _pump(up_reader, writer)
            sending.cancel()
        finally:
            up_writer.close()

    async def _say(self, writer: asyncio.StreamWriter, fault: Fault) -> None:
        status = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "message": f"the test bed's proxy answers {fault.status}",
            "reason": REASONS.get(fault.status, "Unknown"),
            "code": fault.status,
        }
        body = json.dumps(status).encode()
        lines = [
            f"HTTP/1.1 {fault.status} {status['reason']}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "Connection: close",
        ]
        if fault.status in (429, 503):
            lines.append(f"Retry-After: {fault.retry_after_s}")
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()


def _header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip().lower()
    return b""


def _one_request(head: bytes) -> bytes:
    """Ask the server to close after its answer, unless the connection becomes something else."""
    if _header(head, b"upgrade"):
        return head
    lines = head.rstrip(b"\r\n").split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*kept, b"Connection: close", b"", b""])


async def _read_body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    if _header(head, b"transfer-encoding") == b"chunked":
        return await reader.readuntil(b"0\r\n\r\n")
    return await reader.readexactly(int(_header(head, b"content-length") or b"0"))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
