"""Models, transforms and datasets: lists, pages, and who uses what. For threads.

Manifests never change, so what is read of one is kept by its digest. May import `client`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, cast

from jupyter_kf.client import Client, columns
from jupyter_kf.client.choose import choose_model
from jupyter_kf.client.endpoints import names as endpoint_names
from jupyter_kf.client.lineage import Node
from jupyter_kf.client.searching import search
from jupyter_kf.errors import NotFound
from jupyter_kf.names import is_digest, versioned
from jupyter_kf.records import Dataset, Endpoint, Model, Run, Study, Transform
from jupyter_kf.refs import Entry
from jupyter_kf.server import aside, rows
from jupyter_kf.server.answers import (
    At,
    DatasetPaper,
    Meant,
    ModelPaper,
    ThingPage,
    ThingRow,
    TransformPaper,
)
from jupyter_kf.server.asking import PageAsk
from jupyter_kf.serving import routing
from jupyter_kf.store import Store

Kind = Literal["model", "transform", "dataset"]
_MOST_KEPT = 4_096


def plain_ref(text: str) -> str:
    """`text`, when it can be a name, a version, a run or a digest; a path is none of them.

    Raises:
        NotFound: kf-1144.
    """
    # No file system has names of more than 255 bytes, and ours end with more than this.
    if len(text) < 200 and re.fullmatch(r"(sha256:)?[A-Za-z0-9][A-Za-z0-9_-]*(@[0-9]+)?", text):
        return text
    raise NotFound(
        1144,
        f"nothing can be called {text[:200]!r}",
        cause="it is no name, no name@version, no run and no digest",
        fix="take it from a list of this server",
    )


def meant(at: At, found: Run | Study | Endpoint | Model | Transform | Dataset) -> Meant:
    """Where a thing that was found has its page."""
    if isinstance(found, Run):
        return Meant(at.seq, at.epoch, "run", found.id)
    if isinstance(found, Study):
        return Meant(at.seq, at.epoch, "study", found.run.id)
    if isinstance(found, Endpoint):
        return Meant(at.seq, at.epoch, "endpoint", found.name)
    kind: Kind = "model"
    if not isinstance(found, Model):
        kind = "transform" if isinstance(found, Transform) else "dataset"
    return Meant(at.seq, at.epoch, kind, found.ref)


class Things:
    """What a store has under names.

    Args:
        client: whose store it is.
    """

    def __init__(self, client: Client) -> None:
        self._client, self._store = client, client.store
        self._manifests: dict[str, Mapping[str, Any]] = {}
        self._labels: dict[str, str] = {}
        self._schemas: dict[str, list[dict[str, Any]]] = {}

    def page(self, at: At, kind: Kind, ask: PageAsk) -> ThingPage:
        """Some of the things of a kind, each by its newest version, the newest first."""
        names = search(self._store.refs.names(kind), ask.search, str)
        newest = [self._store.refs.newest(kind, name) for name in names]
        found = sorted(filter(None, newest), key=lambda entry: entry.created_s, reverse=True)
        return ThingPage(
            at.seq, at.epoch, len(found), tuple(self._row(entry) for entry in rows.part(found, ask))
        )

    def model(self, at: At, text: str) -> ModelPaper:
        """A model: the best of a name, a version, a run's, or a digest."""
        choice = choose_model(self._store, text)
        entry = choice.entry
        transform = self.manifest(entry.digest).get("transform")
        return ModelPaper(
            at.seq,
            at.epoch,
            thing=self._client.get_model(entry.ref),
            versions=tuple(self._client.versions("model", entry.name)),
            why=choice.why,
            run=entry.note.get("run"),
            transform=self._node("transform", transform) if transform else None,
            used_by=tuple(self._endpoints_of({entry.digest})),
        )

    def dataset(self, at: At, text: str) -> DatasetPaper:
        """A dataset with its profile, and the models and transforms made from it."""
        thing = self._client.get_data(text)
        return DatasetPaper(
            at.seq,
            at.epoch,
            thing=thing,
            versions=tuple(self._client.versions("dataset", thing.name)),
            profile=thing.profile,
            used_by=tuple(
                _as_node(entry)
                for kind in ("transform", "model")
                for entry in self._entries(kind)
                if thing.digest in self._made_from(entry)
            ),
        )

    def transform(self, at: At, text: str) -> TransformPaper:
        """A transform with its code, and who has it or an older version of it."""
        thing = self._client.get_transform(text)
        versions = self._client.versions("transform", thing.name)
        older = {v.digest for v in versions} - {versions[-1].digest}
        source = self._store.blobs.get(thing.manifest["files"]["transform.py"]["digest"])
        return TransformPaper(
            at.seq,
            at.epoch,
            thing=thing,
            versions=tuple(versions),
            code=source.decode(errors="replace"),
            schema_in=columns.taken(self._store, thing.manifest),
            schema_out=columns.returned(self._schema(thing.manifest["schema_out"])),
            certificate=thing.certificate,
            fitted_on=named(
                self._store, "dataset", (thing.manifest.get("fit") or {}).get("dataset")
            ),
            used_by=tuple(self._users({thing.digest})),
            behind=tuple(self._users(older, newest_only=True)),
        )

    def manifest(self, digest: str) -> Mapping[str, Any]:
        """What is stored under a digest."""
        found = self._manifests.get(digest)
        if found is None:
            if len(self._manifests) >= _MOST_KEPT:
                self._manifests.clear()
            found = self._manifests[digest] = self._store.blobs.get_json(digest)
        return found

    def label(self, kind: Kind, digest: str) -> str:
        """name@version of a digest, as people read it; the digest's beginning without a name."""
        label = self._labels.get(digest) or self._node(kind, digest).label.removeprefix(f"{kind} ")
        if "@" in label and len(self._labels) < _MOST_KEPT:  # it may be named later
            self._labels[digest] = label
        return label

    def _schema(self, digest: str) -> list[dict[str, Any]]:
        if digest not in self._schemas:
            try:
                self._schemas[digest] = aside.run("schema", self._store.blobs.get(digest))
            except aside.Failed:
                return []
        return self._schemas[digest]

    def _users(self, transforms: set[str], *, newest_only: bool = False) -> Iterator[Node]:
        """Models made with one of these transforms, and the endpoints that have such a model."""
        entries = self._newest("model") if newest_only else self._entries("model")
        models = [e for e in entries if self.manifest(e.digest).get("transform") in transforms]
        yield from map(_as_node, models)
        every = self._entries("model")  # an endpoint may hold an older one
        yield from self._endpoints_of(
            {e.digest for e in every if self.manifest(e.digest).get("transform") in transforms}
        )

    def _endpoints_of(self, models: set[str]) -> Iterator[Node]:
        for name in endpoint_names(self._store):
            now = routing.current(self._store.root, name)
            if now is not None and now.model in models:
                yield Node(
                    f"endpoint {versioned(name, now.version)}", "endpoint", f"endpoint {name}"
                )

    def _node(self, kind: Kind, digest: str) -> Node:
        for entry in self._entries(kind):
            if entry.digest == digest:
                return _as_node(entry)
        return Node(digest, kind, f"{kind} {digest[:12]}")

    def _entries(self, kind: str) -> Iterator[Entry]:
        for name in self._store.refs.names(kind):
            yield from self._store.refs.versions(kind, name)

    def _newest(self, kind: str) -> Iterable[Entry]:
        return filter(
            None, (self._store.refs.newest(kind, n) for n in self._store.refs.names(kind))
        )

    def _made_from(self, entry: Entry) -> set[Any]:
        fit = self.manifest(entry.digest).get("fit") or {}
        return {fit.get("dataset"), entry.note.get("dataset")}

    def _row(self, entry: Entry) -> ThingRow:
        kind = cast(Kind, entry.kind)
        summary = _SUMMARIES[kind](self.manifest(entry.digest), entry.note)
        if summary.get("transform"):
            summary["transform"] = self.label("transform", summary["transform"])
        return ThingRow(kind, entry.name, entry.n, entry.n, entry.digest, entry.created_s, summary)


def named(store: Store, kind: str, digest: object) -> Node | None:
    """What has a digest, by its first name; None when nothing of this kind has."""
    if not (isinstance(digest, str) and is_digest(digest)):
        return None
    try:
        return _as_node(store.refs.by_digest(kind, digest))
    except NotFound:
        return None


def _as_node(entry: Entry) -> Node:
    return Node(entry.digest, entry.kind, f"{entry.kind} {entry.ref}")


def _of_model(manifest: Mapping[str, Any], note: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: manifest.get(key) for key in ("flavour", "transform", "safe")}
    return {**told, "metrics": note.get("metrics", {}), "run": note.get("run"),
            "trial": note.get("trial")}  # fmt: skip


def _of_transform(manifest: Mapping[str, Any], note: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: manifest.get(key) for key in ("frame", "row_wise", "ulp", "target")}
    return {**told, "golden_rows": manifest["golden"]["rows"], "run": note.get("run")}


def _of_dataset(manifest: Mapping[str, Any], note: Mapping[str, Any]) -> dict[str, Any]:
    files = manifest.get("files") or {}
    return {
        "form": manifest.get("form"),
        "rows": manifest.get("rows"),
        "columns": len(manifest["columns"]) if "columns" in manifest else None,
        "files": len(files),
        "bytes": sum(one.get("bytes", 0) for one in files.values()),
        "source": note.get("source"),
    }


_SUMMARIES = {"model": _of_model, "transform": _of_transform, "dataset": _of_dataset}
