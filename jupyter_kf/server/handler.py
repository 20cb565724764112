"""The base of every handler: asks read, answers written, refusals in the one form.

Each method of a leaf stands under three marks: `web.authenticated`, `authorized` with its action
and resource, and `describes`, which tells OpenAPI what it takes and gives.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http.client import responses
from typing import Any, TypeVar

import orjson
from jupyter_core.utils import ensure_async
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from tornado import web
from tornado.iostream import StreamClosedError

from jupyter_kf.errors import BackendError, InternalError, KfError, NotFound, SpecError, StoreError
from jupyter_kf.records import plain
from jupyter_kf.server.asking import Ask, NoAsk
from jupyter_kf.server.hub import Hub

RUNS, THINGS = "jupyter_kf.runs", "jupyter_kf.things"
ENDPOINTS, SYSTEM = "jupyter_kf.endpoints", "jupyter_kf.system"
A = TypeVar("A", bound=Ask)
Method = Callable[..., Awaitable[None]]
_OWN = frozenset({"token", "_xsrf", "no_track_activity"})  # jupyter_server's, not ours


@dataclass(frozen=True)
class Described:
    """What a method takes and gives.

    Attributes:
        answer: dataclass or model of its JSON; None when it sends something else, of `media`.
        query, body: what is read from the query string and from the body.
        also: what it answers with another status.
    """

    answer: Any
    query: type[Ask] = NoAsk
    body: type | None = None
    status: int = 200
    media: str = "application/json"
    also: Mapping[int, type] = field(default_factory=dict)


def describes(answer: Any = None, **more: Any) -> Callable[[Method], Method]:
    """Marks a method with what it takes and gives, and turns what it raises into a refusal."""
    told = Described(answer, **more)

    def mark(method: Method) -> Method:
        @functools.wraps(method)
        async def explained(self: KfHandler, *args: str) -> None:
            try:
                await method(self, *args)
            except KfError as error:
                self.refuse(error)
            except (PermissionError, NotADirectoryError) as error:
                self.refuse(_unreadable(error))
            except StreamClosedError:
                return  # nobody reads on

        explained.described = told  # type: ignore[attr-defined]
        return explained

    return mark


async def allowed(handler: JupyterHandler, action: str, resource: str) -> bool:
    """Whether who asks by this handler may do that; an authorizer may take its time."""
    user = handler.current_user
    return bool(
        await ensure_async(handler.authorizer.is_authorized(handler, user, action, resource))
    )


class KfHandler(APIHandler):
    """What all our handlers can do."""

    _track_activity = False  # a page that is left open is no work
    _wakes = True  # whoever asks may start something: the watcher is quick for a while

    @property
    def hub(self) -> Hub:
        hub: Hub = self.settings["jupyter_kf_hub"]
        return hub

    def ask(self, kind: type[A]) -> A:
        """The query string, checked.

        Raises:
            SpecError: as of a verb's fields.
        """
        fields: dict[str, Any] = {}
        for name, raw in self.request.query_arguments.items():
            values = tuple(value.decode(errors="replace") for value in raw)
            if name in _OWN or (name.isdigit() and not any(values)):  # JupyterLab's cache buster
                continue
            word = _field(kind, name)
            many = word in kind.model_fields and "tuple" in str(kind.model_fields[word].annotation)
            fields[word] = values if many else values[-1]
        found: A = kind.of(**fields)
        return found

    def body(self, kind: type[A]) -> A:
        """The body's JSON object, checked; {} when there is none.

        Raises:
            SpecError: kf-1030, it is something else; and as of a verb's fields.
        """
        raw = self.request.body
        if not raw.strip():
            raw = b"{}"
        try:
            told = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise _no_object(str(error)) from error
        if not isinstance(told, dict):
            raise _no_object(f"it is {raw[:40].decode(errors='replace')}")
        found: A = kind.of(**told)
        return found

    async def demand(self, action: str, resource: str) -> None:
        """Refuses who may not do this as well: a permission that only some bodies need.

        Raises:
            HTTPError: 403, as the mark of a method does.
        """
        if not await allowed(self, action, resource):
            raise web.HTTPError(403, f"User is not authorized to {action} on resource: {resource}.")

    async def answer(
        self, work: Callable[[], Any], *, slow: bool = False, asks: bool = False, status: int = 200
    ) -> None:
        """Does the work in a thread, and sends what it returns as JSON.

        Args:
            slow: it may take long.
            asks: it waits for an endpoint.
        """
        do = self.hub.asks if asks else self.hub.slow if slow else self.hub.quick
        told = await do(lambda: dumps(plain(work())))
        self.set_status(status)
        self.finish(told)

    def refuse(self, error: KfError, status: int | None = None) -> None:
        """Answers with an error."""
        status = status or error.status
        if status >= 500:
            self.log.warning("%s %s: %s", self.request.method, self.request.path, error)
        if self._headers_written:
            return  # a stream that has begun can only be cut
        self.clear()
        self.set_status(status)
        self.finish(json.dumps(error.to_dict()))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """What jupyter_server refuses, or a bug of ours, in our form."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        said = error.log_message if isinstance(error, web.HTTPError) else None
        self.refuse(_http_error(status_code, said), status_code)

    def on_finish(self) -> None:
        """Somebody is there: the watcher may look."""
        if self.current_user and self._wakes:
            self.hub.awake.set()


def dumps(value: Any) -> bytes:
    """JSON bytes of plain values; integers of any size."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False).encode(errors="replace")


def _field(kind: type[Ask], word: str) -> str:
    """The field that a query's word means; a flag's own word goes first."""
    for name, info in kind.model_fields.items():
        extra: Any = info.json_schema_extra or {}
        if extra.get("flag") == word:
            return name
    return word


def _no_object(cause: str) -> SpecError:
    return SpecError(
        1030,
        "the request's body is no JSON object",
        cause=cause,
        fix="send an object, as in GET jupyter-kf/api/v1/openapi.json",
    )


def _unreadable(error: OSError) -> StoreError:
    return StoreError(
        3020,
        "the store can't be read",
        cause=str(error),
        fix="make the folder readable for the server's user, or set JUPYTER_KF_STORE",
    )


def _http_error(status: int, said: str | None) -> KfError:
    name = responses.get(status, "Error")
    if status == 403:
        refused = (said or "").startswith("User is not authorized")
        return BackendError(
            2060 if refused else 2061,
            "you may not do this here" if refused else "the server does not know who asks",
            cause=said or "the request has no valid cookie or token",
            fix="ask the admin of this server for the permission"
            if refused
            else "log in again, or reload the page",
        )
    if status < 500:
        return NotFound(
            1140,
            f"the server refused the request: {status} {name}",
            cause=said or name,
            fix="GET jupyter-kf/api/v1/openapi.json describes every route",
        )
    return InternalError(
        9000,
        "the server met a bug of ours",
        cause=said or "the server's log has the traceback",
        fix="report it with that traceback",
    )
