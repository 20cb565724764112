"""What the panels need of a record in a cell's output: its run's id, and they fetch the rest.

So an output stays live through kernel restarts and page reloads, and a notebook file holds no
state that could be old. Viewers without the panels show the HTML that stands beside it.
"""

from __future__ import annotations

from typing import Any

from jupyter_kf.records import Endpoint, Run, Study

MIME = "application/vnd.jupyter-kf.run+json"
REFERRED = (Run, Study, Endpoint)


def reference(thing: Any) -> dict[str, Any] | None:
    """The reference to a run, or to the run of a study or an endpoint; None for other things."""
    if not isinstance(thing, REFERRED):
        return None
    run = thing if isinstance(thing, Run) else thing.run
    told: dict[str, Any] = {"format": 1, "id": run.id, "kind": run.kind, "name": run.name}
    if isinstance(thing, Endpoint):
        told["endpoint"] = thing.name
    return told


def goes_on(thing: Any) -> bool:
    """Whether it may be another thing in a moment: it is a run, or has one, that has not ended."""
    if not isinstance(thing, REFERRED):
        return False
    run = thing if isinstance(thing, Run) else thing.run
    return not run.state.ended
