"""Our events on jupyter_server's bus: their schema, sending them, and who listens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from jupyter_server.base.handlers import JupyterHandler

from jupyter_kf.records import plain
from jupyter_kf.server.answers import Change
from jupyter_kf.server.handler import RUNS, allowed
from jupyter_kf.server.hub import Hub
from jupyter_kf.server.looks import News
from jupyter_kf.server.shape import model_of

SCHEMA_ID = "https://jupyter-kf.readthedocs.io/events/change/v1"
MOST_AT_ONCE = 100
"""More changes than these are numbered and not sent: a reader sees the gap and fetches again."""

HELLO = News("resources", "", "hello")
"""To who came to listen: the number of the last change, so that a missed one is noticed."""

log = logging.getLogger(__name__)
Send = Callable[[Sequence[News]], None]
Listener = Callable[..., Any]


def register(bus: Any) -> None:
    """Makes the event known to the bus, which checks every one against this."""
    told = model_of(Change).model_json_schema()
    fields = {name: {"title": name} | _flat(field) for name, field in told["properties"].items()}
    bus.register_event_schema(
        {
            "$id": SCHEMA_ID,
            "version": "1",
            "title": "Change",
            "description": "A run, a study, an endpoint or another thing is not what it was.",
            "type": "object",
            "properties": fields,
            "required": [name for name in told["required"] if name != "row"],
        }
    )


class Readers:
    """Who listens to our events, and what they may read; for the event loop's thread.

    The bus has no public way to ask; what it keeps of its listeners is looked at, not touched.

    Args:
        bus: jupyter_server's.
    """

    def __init__(self, bus: Any) -> None:
        self._bus = bus
        self._seen: set[Listener] = set()
        self._may: dict[Listener, bool] = {}
        self._asking: set[asyncio.Future[None]] = set()

    def listened(self) -> bool:
        """Whether somebody listens; True when the bus can't tell."""
        now = self._now()
        return now is None or bool(now)

    def came(self) -> bool:
        """Whether somebody came since this was asked last, even in another's place."""
        now = self._now() or set()
        new, self._seen = now - self._seen, now
        return bool(new)

    def may_read_runs(self) -> bool:
        """Whether all who listen may; False when the bus can't tell.

        The bus gives everybody the same. The permission of a web socket's user is asked for once,
        as the socket is admitted once; other listeners are code of this server.
        """
        now = self._now()
        if now is None:
            return False
        self._may = {one: may for one, may in self._may.items() if one in now}
        for one in now - self._may.keys():
            self._ask(one)
        return all(self._may.values())

    def _now(self) -> set[Listener] | None:
        names = ("_modified_listeners", "_unmodified_listeners")
        kept = [getattr(self._bus, name, None) for name in names]
        if any(one is None for one in kept):
            return None
        return {listener for one in kept if one for listener in one.get(SCHEMA_ID, ())}

    def _ask(self, listener: Listener) -> None:
        handler = getattr(listener, "__self__", None)
        if not isinstance(handler, JupyterHandler):
            self._may[listener] = True
            return
        self._may[listener] = False  # until the answer is there
        asking = asyncio.ensure_future(self._wait(listener, handler))
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)

    async def _wait(self, listener: Listener, handler: JupyterHandler) -> None:
        try:
            self._may[listener] = await allowed(handler, "read", RUNS)
        except Exception:  # an authorizer is anybody's code; rows are kept back
            log.exception("whether %s may read runs can't be told", handler.current_user)


def sender(bus: Any, hub: Hub, readers: Readers) -> Send:
    """Numbers changes and puts them on the bus; for the event loop's thread."""

    def send(news: Sequence[News]) -> None:
        skipped = max(0, len(news) - MOST_AT_ONCE)
        hub.seq += skipped
        with_rows = readers.may_read_runs()
        for one in news[skipped:]:
            hub.seq += one.action != "hello"
            row = one.row if with_rows else None
            change = Change(hub.seq, hub.epoch, one.thing, one.id, one.action, row)
            bus.emit(schema_id=SCHEMA_ID, data=plain(change))

    return send


def _flat(field: dict[str, Any]) -> dict[str, Any]:
    """A field's schema; one of our own objects is only called an object."""
    parts = field.get("anyOf", ())
    if "$ref" in field or any("$ref" in part for part in parts):
        return {"type": ["object", "null"]}
    return field
