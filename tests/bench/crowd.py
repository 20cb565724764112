"""A busy namespace for the spawner's figures: thousands of servers that run, and others' events.

Real objects as the API server serves them: one pod and one event are made in the ordinary way and
then copied under other names straight into etcd, since 40,000 requests would take longer than what
is measured. Also here: a relay that counts the bytes between a hub and the API server without
reading them, and one web server that answers as every notebook server.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import threading
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import jupyterhub

from tests.cluster.control import ControlPlane

_AT_ONCE = 100  # etcd takes 128 operations in a transaction


class Store:
    """Writes objects where the API server reads them."""

    def __init__(self, plane: ControlPlane) -> None:
        flag = "--listen-client-urls="
        self._url = next(w.removeprefix(flag) for w in plane.etcd.argv if w.startswith(flag))

    def copies(self, template: dict[str, Any], resource: str, names: list[str]) -> None:
        """The object under each of the names; an event is about a pod of that name."""
        for first in range(0, len(names), _AT_ONCE):
            puts = []
            for name in names[first : first + _AT_ONCE]:
                one = _renamed(template, name)
                key = f"/registry/{resource}/{one['metadata']['namespace']}/{name}"
                put = {"key": _b64(key.encode()), "value": _b64(json.dumps(one).encode())}
                puts.append({"requestPut": put})
            body = json.dumps({"success": puts}).encode()
            with urllib.request.urlopen(f"{self._url}/v3/kv/txn", body, timeout=30) as answer:
                assert json.load(answer).get("succeeded"), "etcd did not take the copies"


def _renamed(template: dict[str, Any], name: str) -> dict[str, Any]:
    one = copy.deepcopy(template)
    one["metadata"] |= {"name": name, "uid": str(uuid.uuid4())}
    one["metadata"].pop("resourceVersion", None)
    if "involvedObject" in one:
        one["involvedObject"] |= {"name": name, "uid": str(uuid.uuid4())}
    return one


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


class Wires:
    """In a thread: relays to the API server that count bytes, and the notebook servers' answer.

    Attributes:
        notebooks: port on which every notebook server answers.
        sent, received: bytes on the wire from and to each hub, by the relay's name.
    """

    def __init__(self, plane: ControlPlane, names: list[str]) -> None:
        self.sent: Counter[str] = Counter()
        self.received: Counter[str] = Counter()
        self.ports: dict[str, int] = {}
        self.notebooks = 0
        self._plane, self._names = plane, names
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wires")
        self._open: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Wires:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(30)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        for name in self._names:
            server = await asyncio.start_server(self._relay(name), "127.0.0.1", 0)
            self.ports[name] = server.sockets[0].getsockname()[1]
        server = await asyncio.start_server(self._notebook, "127.0.0.1", 0, backlog=1024)
        self.notebooks = server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _relay(self, name: str) -> Any:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._open.add(task)
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._plane.port)
            try:
                await asyncio.gather(
                    _pump(reader, up_writer, self.sent, name),
                    _pump(up_reader, writer, self.received, name),
                )
            except OSError:
                pass
            finally:
                self._open.discard(task)
                up_writer.close()
                writer.close()

        return serve

    async def _notebook(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_ANSWER)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


_ANSWER = (
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
    f"X-JupyterHub-Version: {jupyterhub.__version__}\r\nConnection: close\r\n\r\n{{}}"
).encode()


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: Counter[str], name: str
) -> None:
    try:
        while data := await reader.read(65536):
            count[name] += len(data)
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


AUDIT_POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
  - {level: Metadata, userGroups: ["bench:hubs"]}
  - {level: None}
"""


class Audit:
    """The API server's own log of who asked for what."""

    def __init__(self, plane: ControlPlane) -> None:
        """Before the API server starts: it is given its policy by flags."""
        policy = plane.state / "audit-policy.yaml"
        policy.write_text(AUDIT_POLICY)
        self._log = plane.state / "audit.log"
        plane.api_server.argv += [
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self._log}",
        ]

    def calls(self, user: str, since: int = 0) -> Iterator[str]:
        """`verb resource` of each call that has ended, after `since` bytes of the log."""
        with Path(self._log).open("rb") as log:
            log.seek(since)
            for line in log:
                said = json.loads(line)
                if said["user"]["username"] == user:
                    asked = said.get("objectRef") or {}
                    yield f"{said['verb']} {asked.get('resource', said['requestURI'])}"

    def position(self) -> int:
        """Where the log ends now."""
        return self._log.stat().st_size if self._log.exists() else 0
