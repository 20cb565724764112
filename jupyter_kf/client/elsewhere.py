"""Was a name last used by another notebook? Then who uses it here should know.

What is trained under one name are versions of one model, and a search takes the newest cell of
its name: both are meant within one notebook, and a surprise between two.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from jupyter_kf.blobs import read_json
from jupyter_kf.client.launch import Order
from jupyter_kf.layout import RunFolder
from jupyter_kf.names import slug, versioned
from jupyter_kf.records import Origin
from jupyter_kf.store import Store

_MOST_READ = 20  # runs of the name that are no train runs


def told(store: Store, order: Order, origin: Origin | None) -> Order:
    """The order; of a train cell whose name another notebook used last, with a word about it."""
    if order.spec.kind != "train" or origin is None:
        return order
    name = order.spec.name
    last = _last(store, name)
    if last is None or _same(last, origin):
        return order
    newest = store.refs.newest("model", name)
    said = (
        f"look: `{name}` was last trained by {PurePath(last.notebook).name}; its next version is "
        f"{versioned(name, newest.n + 1 if newest else 1)}, and `%kf tune {name}` searches the "
        "newest cell of that name"
    )
    look = "; ".join(filter(None, [said, order.job.get("look")]))
    return replace(order, job={**order.job, "look": look, "named_elsewhere": said})


def _last(store: Store, name: str) -> Origin | None:
    """Where the newest train run of a name came from, by its folder alone."""
    label = slug(name)
    ids = [one for one in store.runs.ids() if one.rpartition("-")[0] == label]
    for run_id in sorted(ids, reverse=True)[:_MOST_READ]:
        with contextlib.suppress(ValueError, TypeError, KeyError):  # damaged, or of a newer version
            asked: Any = read_json(RunFolder(store.root / "runs" / run_id).spec) or {"kind": ""}
            if asked["kind"] == "train" and asked["name"] == name:
                return Origin(**asked["origin"]) if asked.get("origin") else None
    return None


def _same(one: Origin, other: Origin) -> bool:
    """Whether it is one notebook; one that was renamed keeps its kernel."""
    return one.notebook == other.notebook or bool(one.kernel and one.kernel == other.kernel)
