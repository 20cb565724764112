"""Every route of the extension, in one table: its path, as OpenAPI writes it, and its handler."""

from __future__ import annotations

import re
from typing import Any

from jupyter_kf.server.handler import KfHandler
from jupyter_kf.server.routes import doing, endpoints, runs, streams, system, things

BASE = "/jupyter-kf/api/v1"
_LONG = frozenset({"path", "artefact"})  # these may contain slashes

ROUTES: dict[str, type[KfHandler]] = {
    **system.ROUTES,
    **runs.ROUTES,
    **streams.ROUTES,
    **things.ROUTES,
    **endpoints.ROUTES,
    **doing.ROUTES,
}


def handlers() -> list[tuple[str, type[KfHandler]]]:
    """The table as tornado takes it; what no route fits is refused in our form."""
    told: list[tuple[str, Any]] = [(_pattern(path), kind) for path, kind in ROUTES.items()]
    return [*told, (rf"{BASE}(?:/.*)?", system.UnknownRoute)]


def _pattern(path: str) -> str:
    def piece(found: re.Match[str]) -> str:
        return "(.+)" if found[1] in _LONG else "([^/]+)"

    return BASE + re.sub(r"\{(\w+)\}", piece, path)
