"""The endpoint as a plain ASGI application: paths, limits, codes. No framework.

GET  /                                       alive
GET  /v2  /v2/health/live  /v2/health/ready  ready only once proven
GET  /v2/models/{m}[/versions/{v}][/ready]   metadata, readiness
POST /v2/models/{m}[/versions/{v}]/infer     Open Inference Protocol, JSON or binary tensors
POST /v2/models/{m}[/versions/{v}]/rows      JSON records or columns, Arrow IPC stream
GET  /v1/models  /v1/models/{m}              KServe V1
POST /v1/models/{m}:predict                  KServe V1
GET  /metrics                                Prometheus
"""

from __future__ import annotations

import asyncio
import hmac
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from jupyter_kf import __version__
from jupyter_kf.errors import InternalError, KfError
from jupyter_kf.serving import body, refusals, rows, v1, v2, wire
from jupyter_kf.serving.combine import Combiner
from jupyter_kf.serving.metrics import CONTENT_TYPE, Metrics
from jupyter_kf.serving.predictions import PredictionLog
from jupyter_kf.serving.schema import RawSchema

Scope = dict[str, Any]
Send = Callable[[Any], Awaitable[None]]
Decode = Callable[[RawSchema, wire.Identity, bytes, wire.Head], wire.Asked]

_LARGE_BODY = 1 << 15  # bytes: larger ones are decoded off the event loop
_LARGE_ANSWER = 2000  # rows: more are encoded off the event loop
_BODIES_AT_ONCE = 8  # bodies of full size that may be held together

_MEDIA = {
    "infer": ("application/json", "application/octet-stream", ""),
    "v1": ("application/json", ""),
    "rows": ("application/json", rows.ARROW, ""),
}


@dataclass(frozen=True)
class AppLimits:
    """Bounds of one request.

    Attributes:
        max_body: bytes, as sent and when inflated.
        max_rows: rows.
        timeout_s: for the body to arrive; the answer has its own time in `Combiner`.
    """

    max_body: int = 64 << 20
    max_rows: int = 100_000
    timeout_s: float = 30.0


class App:
    """One model under one name and version.

    Attributes:
        proven: whether outside requests are answered.
        last_asked: time.monotonic() of the last outside prediction.
        facts: shown as parameters of the model's metadata.
    """

    def __init__(
        self,
        identity: wire.Identity,
        schema: RawSchema,
        combiner: Combiner,
        metrics: Metrics,
        *,
        limits: AppLimits,
        proof_key: str,
    ) -> None:
        self.identity, self.schema, self.limits = identity, schema, limits
        self.combiner, self.metrics = combiner, metrics
        self.proven = False
        self.last_asked = time.monotonic()
        self.facts: dict[str, Any] = {}
        self.log: PredictionLog | None = None
        self._proof_key = proof_key.encode()
        self._held_bytes = 0
        self._pool = ThreadPoolExecutor(2, "codec")
        self._reads, self._predicts = self._paths()

    def _paths(self) -> tuple[dict[str, Callable[[], Any]], dict[str, tuple[str, Decode]]]:
        name, version = self.identity.name, self.identity.version
        reads: dict[str, Callable[[], Any]] = {
            "/": lambda: {"status": "alive"},
            "/v2": self._server,
            "/v2/health/live": lambda: {"live": True},
            "/v2/health/ready": lambda: {"ready": self.proven},
            "/v1/models": lambda: {"models": [name]},
            f"/v1/models/{name}": lambda: {"name": name, "ready": self.proven},
            "/metrics": self.metrics.text,
        }
        predicts: dict[str, tuple[str, Decode]] = {f"/v1/models/{name}:predict": ("v1", v1.decode)}
        for model in (f"/v2/models/{name}", f"/v2/models/{name}/versions/{version}"):
            reads[model] = self._model
            reads[model + "/ready"] = lambda: {"name": name, "ready": self.proven}
            predicts[model + "/infer"] = ("infer", v2.decode)
            predicts[model + "/rows"] = ("rows", rows.decode)
        return reads, predicts

    async def __call__(self, scope: Scope, receive: body.Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        path, method, began = scope["path"], scope["method"], time.perf_counter()
        protocol, code, inside = "other", 500, self._is_proof(scope["headers"])
        count = _uncounted if inside else self.metrics.answered
        try:
            if path in self._predicts:
                if method != "POST":
                    raise refusals.wrong_method(method, "POST")
                protocol, decode = self._predicts[path]
                content, headers = await self._predict(scope, receive, (protocol, decode), inside)
                code = 200
            else:
                code, content, headers = self._read(path, method)
                protocol = "metrics" if path == "/metrics" else "about"
        except KfError as error:
            code, content, headers = self._refused(error)
        except body.Disconnected:
            count(protocol, 499, time.perf_counter() - began)
            return
        except Exception as error:
            traceback.print_exception(error, file=sys.stderr)
            code, content, headers = self._refused(_bug(error))
        await respond(send, code, content, headers, head_only=method == "HEAD")
        count(protocol, code, time.perf_counter() - began)

    def _is_proof(self, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Whether a request is the proof's own, or that of a check made later: no traffic."""
        given = next((value for name, value in headers if name == b"jupyter-kf-proof"), b"")
        return bool(given) and hmac.compare_digest(given, self._proof_key)

    async def _predict(
        self, scope: Scope, receive: body.Receive, way: tuple[str, Decode], inside: bool
    ) -> wire.Answer:
        protocol, decode = way
        framing = body.Framing(scope["headers"])
        if not (self.proven or inside):
            raise _not_ready(self.identity.name)
        if framing.head.media not in _MEDIA[protocol]:
            raise refusals.wrong_media(framing.head.media, " or ".join(_MEDIA[protocol][:-1]))
        reserved = min(framing.length or 0, self.limits.max_body + 1)
        if self._held_bytes + reserved > _BODIES_AT_ONCE * (self.limits.max_body + 1):
            raise _too_much_at_once()
        self._held_bytes += reserved
        try:
            asked = await self._decoded(framing, receive, decode)
            outputs = await self.combiner.submit(asked.batch, counted=not inside)
        finally:
            self._held_bytes -= reserved
        if asked.batch.rows > _LARGE_ANSWER:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._pool, asked.answer, outputs)
        else:
            answer = asked.answer(outputs)
        if not inside:
            self.last_asked = time.monotonic()
            if self.log is not None:
                self.log.offer(asked.request_id, asked.batch, outputs)
        if framing.head.request_id:
            answer[1].append((b"x-request-id", framing.head.request_id.encode("latin-1")))
        return answer

    async def _decoded(
        self, framing: body.Framing, receive: body.Receive, decode: Decode
    ) -> wire.Asked:
        limit = self.limits.max_body
        content = await body.read(receive, framing, limit, self.limits.timeout_s)

        def work() -> wire.Asked:
            plain = body.inflate(content, framing.coding, limit) if framing.coding else content
            try:
                asked = decode(self.schema, self.identity, plain, framing.head)
            except RecursionError:
                raise refusals.bad_json("it is nested too deeply") from None
            if asked.batch.rows > self.limits.max_rows:
                raise refusals.too_many_rows(asked.batch.rows, self.limits.max_rows)
            return asked

        if len(content) < _LARGE_BODY and not framing.coding:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _read(self, path: str, method: str) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        found = self._reads.get(path)
        if found is None:
            raise refusals.no_path(path, [*self._reads, *self._predicts])
        if method not in ("GET", "HEAD"):
            raise refusals.wrong_method(method, "GET")
        said = found()
        if isinstance(said, bytes):
            return 200, said, [(b"content-type", CONTENT_TYPE)]
        code = 503 if said.get("ready") is False else 200
        return code, wire.dump(said), [wire.JSON]

    def _server(self) -> dict[str, Any]:
        extensions = ["binary_tensor_data", "rows", "arrow"]
        return {"name": "jupyter-kf", "version": __version__, "extensions": extensions}

    def _model(self) -> dict[str, Any]:
        """Model metadata of the Open Inference Protocol; our facts are its parameters."""
        identity = self.identity
        return {
            "name": identity.name,
            "versions": [str(identity.version)],
            "platform": "jupyter-kf",
            "inputs": [
                {"name": c.name, "datatype": c.datatype, "shape": [-1]} for c in self.schema.columns
            ],
            "outputs": [
                {"name": name, "datatype": datatype, "shape": shape}
                for name, (datatype, shape) in identity.outputs.items()
            ],
            "parameters": {
                "digest": identity.digest,
                "classes": identity.classes,
                "columns": {
                    c.name: {"type": str(c.type), "nullable": c.nullable}
                    for c in self.schema.columns
                },
                **self.facts,
            },
        }

    @staticmethod
    def _refused(error: KfError) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        fields = error.to_dict()
        said = {"error": f"{fields['code']}: {error.what}. {error.cause}", **fields}
        headers = [wire.JSON]
        code = refusals.http_status(error)
        if code == 503:
            headers.append((b"retry-after", b"1"))
        if code == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        return code, wire.dump(said), headers

    @property
    def busy(self) -> bool:
        """Whether a request waits or is computed."""
        return self.combiner.waiting > 0

    def close(self) -> None:
        """Ends the codec threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class Guard:
    """The same application for those who know the token; for listeners other than the socket."""

    def __init__(self, app: App, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: body.Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        given = next((v for k, v in scope["headers"] if k == b"authorization"), b"")
        if hmac.compare_digest(given, self._expected):
            await self._app(scope, receive, send)
            return
        code, content, headers = self._app._refused(refusals.no_token())
        await respond(send, code, content, headers)
        self._app.metrics.answered("other", code, 0.0)


async def respond(
    send: Send,
    code: int,
    content: bytes,
    headers: list[tuple[bytes, bytes]],
    *,
    head_only: bool = False,
) -> None:
    """One whole response."""
    headers.append((b"content-length", b"%d" % len(content)))
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head_only else content})


def _uncounted(_protocol: str, _code: int, _seconds: float) -> None:
    """What is answered to a proof or a check is no traffic."""


def _not_ready(name: str) -> refusals.Unavailable:
    return refusals.Unavailable(
        2202,
        f"endpoint `{name}` is still being proven",
        cause="its golden rows are on their way through it; it takes no other request before",
        fix="try again in some seconds",
    )


def _too_much_at_once() -> refusals.Unavailable:
    return refusals.Unavailable(
        2210,
        "too many large requests are being read",
        cause=f"only {_BODIES_AT_ONCE} bodies of the largest size are kept at once",
        fix="try again in a second, or send fewer rows at a time",
    )


def _bug(error: Exception) -> InternalError:
    return InternalError(
        9020,
        f"the endpoint failed: {type(error).__name__}",
        cause="a bug of ours; the endpoint's log has the traceback",
        fix="please report it with the log",
    )
