"""Our events on jupyter_server's bus: their schema, sending them, and whether anybody listens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jupyter_kf.records import plain
from jupyter_kf.server.answers import Change
from jupyter_kf.server.hub import Hub
from jupyter_kf.server.looks import News
from jupyter_kf.server.shape import model_of

SCHEMA_ID = "https://jupyter-kf.readthedocs.io/events/change/v1"
MOST_AT_ONCE = 100
"""More changes than these are numbered and not sent: a reader sees the gap and fetches again."""

Send = Callable[[Sequence[News]], None]


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


def sender(bus: Any, hub: Hub) -> Send:
    """Numbers changes and puts them on the bus; for the event loop's thread."""

    def send(news: Sequence[News]) -> None:
        skipped = max(0, len(news) - MOST_AT_ONCE)
        hub.seq += skipped
        for one in news[skipped:]:
            hub.seq += 1
            change = Change(hub.seq, hub.epoch, one.thing, one.id, one.action, one.row)
            bus.emit(schema_id=SCHEMA_ID, data=plain(change))

    return send


def ears(bus: Any) -> Callable[[], bool]:
    """Whether somebody listens to our events; True when the bus can't tell.

    The bus has no public way to ask; what it keeps of its listeners is looked at, not touched.
    """

    def listened() -> bool:
        kept = [
            getattr(bus, name, None) for name in ("_modified_listeners", "_unmodified_listeners")
        ]
        return any(one is None or bool(one.get(SCHEMA_ID)) for one in kept)

    return listened


def _flat(field: dict[str, Any]) -> dict[str, Any]:
    """A field's schema; one of our own objects is only called an object."""
    parts = field.get("anyOf", ())
    if "$ref" in field or any("$ref" in part for part in parts):
        return {"type": ["object", "null"]}
    return field
