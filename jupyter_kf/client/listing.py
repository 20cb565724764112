"""What has a name in the store, a line for each: what it is now, in a few words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from jupyter_kf.client import endpoints
from jupyter_kf.client.watch import Watcher
from jupyter_kf.names import short
from jupyter_kf.records import Named, NameList, state_word
from jupyter_kf.refs import Entry
from jupyter_kf.store import Store

KINDS = {
    "datasets": "dataset",
    "transforms": "transform",
    "models": "model",
    "studies": "study",
    "endpoints": "endpoint",
}
"""What is asked for, and what one of it is called."""


def named(store: Store, watch: Watcher, kinds: Iterable[str]) -> NameList:
    """The names of these kinds, in the order of the kinds and then of the names."""
    found = NameList()
    for plural in kinds:
        kind = KINDS[plural]
        found += _endpoints(store, watch) if kind == "endpoint" else _entries(store, kind)
    return found


def _entries(store: Store, kind: str) -> Iterator[Named]:
    for name in sorted(store.refs.names(kind)):
        entry = store.refs.newest(kind, name)
        if entry is not None:
            says = _SAYS[kind](store, entry)
            yield Named(kind, name, entry.n, entry.digest, entry.created_s, says)


def _endpoints(store: Store, watch: Watcher) -> Iterator[Named]:
    for name in endpoints.names(store):
        found = endpoints.read(store, name, watch)
        created_s = {v.n: v.created_s for v in found.versions}.get(found.version, 0.0)
        model = found.run.spec.get("model") or short(found.model)
        says = f"{state_word('serve', found.state)}, {model}"
        yield Named("endpoint", name, found.version, found.model, created_s, says)


def _dataset(store: Store, entry: Entry) -> str:
    manifest: dict[str, Any] = store.blobs.get_json(entry.digest)
    if manifest["form"] == "folder":
        return f"{len(manifest['files']):,} files"
    return f"{manifest['rows']:,} rows, {len(manifest['columns'])} columns"


def _transform(store: Store, entry: Entry) -> str:
    manifest: dict[str, Any] = store.blobs.get_json(entry.digest)
    target = manifest.get("target")
    rows = "one by one or together" if manifest["row_wise"] else "only together"
    return f"rows {rows}" + (f", target {target}" if target else "")


def _model(store: Store, entry: Entry) -> str:
    manifest: dict[str, Any] = store.blobs.get_json(entry.digest)
    metrics = [
        f"{name} {float(value):.4g}" for name, value in entry.note.get("metrics", {}).items()
    ]
    return ", ".join([manifest["flavour"], *metrics[:3]])


def _study(_store: Store, entry: Entry) -> str:
    pairs = zip(entry.note["metrics"], entry.note["maximize"], strict=True)
    return ", ".join(f"{metric} {'up' if up else 'down'}" for metric, up in pairs)


_SAYS: dict[str, Callable[[Store, Entry], str]] = {
    "dataset": _dataset,
    "transform": _transform,
    "model": _model,
    "study": _study,
}
