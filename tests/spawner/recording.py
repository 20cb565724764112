"""An API server that takes notes: it says whose the claims are, and takes no pod.

A fake for a real hub: what KfSpawner and KubeSpawner would send reaches it, after every expansion,
and is kept. A pod is refused as an admission webhook would refuse it, so that nothing has to run.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

OWNER = "hub.jupyter.org/username"
TAKES_NONE = "this cluster only takes notes"
# An amount, in whichever trait it stands.
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


@dataclass
class Notes:
    """What was asked of the API server.

    Attributes:
        claims: each claim's owner; those that the hub makes are added.
        pods, made_claims: bodies, in their order.
    """

    claims: dict[str, str]
    url: str = ""
    pods: list[dict[str, Any]] = field(default_factory=list)
    made_claims: list[dict[str, Any]] = field(default_factory=list)

    @property
    def kubeconfig(self) -> str:
        """A kubeconfig file's text."""
        cluster = {"name": "notes", "cluster": {"server": self.url}}
        context = {"name": "notes", "context": {"cluster": "notes", "user": "hub"}}
        whole = {"apiVersion": "v1", "kind": "Config", "current-context": "notes"}
        users = [{"name": "hub", "user": {}}]
        return json.dumps(whole | {"clusters": [cluster], "contexts": [context], "users": users})


def texts(thing: Any) -> Iterator[str]:
    """Every text of a manifest, keys too, without amounts; of the handoff those in its JSON."""
    if isinstance(thing, Mapping):
        for key, value in thing.items():
            if key != "jupyter-kf.org/spawn-id":  # another at each start
                yield str(key)
                yield from texts(value)
    elif isinstance(thing, list):
        for one in thing:
            yield from texts(one)
    elif isinstance(thing, str) and thing.startswith("{"):
        yield from texts(json.loads(thing))
    elif isinstance(thing, str) and not _NUMBER.fullmatch(thing):
        yield thing


@contextlib.contextmanager
def taking_notes(claims: Mapping[str, str]) -> Iterator[Notes]:
    """Such a server, on the loopback address.

    Args:
        claims: the volume claims that are there, with their owners.
    """
    notes, ended = Notes(dict(claims)), threading.Event()

    class Handler(_Handler):
        pass

    Handler.notes, Handler.ended = notes, ended
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    notes.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield notes
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    notes: Notes
    ended: threading.Event

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if parse_qs(asked.query).get("watch"):
            self.ended.wait(20)  # nothing happens
            self._answer(200, b"")
            return
        *_, kind, name = asked.path.split("/")
        if kind == "persistentvolumeclaims":
            owner = self.notes.claims.get(name)
            self._claim(name, owner) if owner is not None else self._status(404, "NotFound")
        elif kind in ("pods", "secrets"):
            self._status(404, "NotFound")
        else:
            self._answer(200, {"metadata": {"resourceVersion": "1"}, "items": []})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kind = urlsplit(self.path).path.rpartition("/")[2]
        if kind == "pods":
            self.notes.pods.append(body)
            self._status(403, "Forbidden", TAKES_NONE)
            return
        if kind == "persistentvolumeclaims":
            self.notes.made_claims.append(body)
            metadata = body["metadata"]
            self.notes.claims[metadata["name"]] = metadata.get("annotations", {}).get(OWNER, "")
        self._answer(201, body)

    def do_DELETE(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._status(404, "NotFound")

    def _claim(self, name: str, owner: str) -> None:
        self._answer(200, {"metadata": {"name": name, "annotations": {OWNER: owner}}})

    def _status(self, code: int, reason: str, message: str = "") -> None:
        whole = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
        self._answer(code, whole | {"code": code, "reason": reason, "message": message})

    def _answer(self, code: int, body: object) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the hub has ended
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing on the test's output."""
