"""Datasets, transforms and models as records: snapshotting the first, reading all three."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_kf.blobs import read_json
from jupyter_kf.client.choose import better_before, choose_model
from jupyter_kf.client.compare import Applied
from jupyter_kf.errors import NotFound, StoreError
from jupyter_kf.layout import expanded
from jupyter_kf.names import short
from jupyter_kf.records import Dataset, Model, Run, Transform
from jupyter_kf.specs import DataSpec
from jupyter_kf.store import Store
from jupyter_kf.store import datasets as snapshots


def snapshot(store: Store, spec: DataSpec, source: Any) -> Dataset:
    """Stores rows or files under a digest and gives it the spec's name."""
    if not isinstance(source, str | Path):
        found = snapshots.snapshot_frame(store.blobs, source, time=spec.time)
    elif expanded(source).is_dir() and str(source):  # nothing is not "."
        found = snapshots.snapshot_folder(store.blobs, expanded(source))
    else:
        pattern = str(expanded(source)) if str(source) else ""
        found = snapshots.snapshot_files(store.blobs, pattern, time=spec.time)
    note = {"profile": found.profile_digest, "source": spec.source}
    entry = store.refs.add("dataset", spec.name, found.digest, note)
    return Dataset(spec.name, entry.n, found.digest, found.manifest, found.profile)


def read(store: Store, text: str) -> Dataset:
    """A dataset with its manifest and profile."""
    entry = store.refs.resolve("dataset", text)
    profile = entry.note.get("profile")
    return Dataset(
        entry.name,
        entry.n,
        entry.digest,
        store.blobs.get_json(entry.digest),
        store.blobs.get_json(profile) if profile else None,
    )


def read_transform(store: Store, text: str) -> Transform:
    """A transform with its certificate, loaded when it is first called."""
    entry = store.refs.resolve("transform", text)
    return Transform(
        entry.name,
        entry.n,
        entry.digest,
        store.blobs.get_json(entry.digest),
        store.blobs.get_json(entry.note["certificate"]),
        _LoadedLater(store, entry.digest),
    )


def read_model(store: Store, text: str) -> Model:
    """A model with its manifest and the metrics of its run."""
    entry = choose_model(store, text).entry
    note = entry.note
    return Model(
        entry.name,
        entry.n,
        entry.digest,
        store.blobs.get_json(entry.digest),
        {name: float(value) for name, value in note.get("metrics", {}).items()},
        note.get("params") or {},
        str(note.get("run") or ""),
        note.get("trial"),
        tuple(filter(None, [better_before(store, entry)] if "trial" in note else [])),
    )


def applied(store: Store, run: Run) -> Applied | None:
    """The transform that prepares a run's rows, as it was when the run began."""
    digest = (read_json(store.runs.folder(run.id).job) or {}).get("transform")
    if not digest:
        return None
    try:
        entry = store.refs.by_digest("transform", digest)
        name = entry.ref
    except NotFound:
        name = short(digest)
    try:
        source = store.blobs.get_json(digest)["files"]["transform.py"]["digest"]
        code = store.blobs.get(source).decode(errors="replace")
    except (NotFound, StoreError):  # runs are compared all the same
        code = None
    return Applied(name, digest, code)


class _LoadedLater:
    """Loads the transform's code when the first frame comes."""

    def __init__(self, store: Store, digest: str) -> None:
        self._store, self._digest = store, digest
        self._loaded: Any = None

    def transform(self, frame: Any) -> Any:
        if self._loaded is None:
            from jupyter_kf.worker.transform import load

            self._loaded = load(self._store.blobs, self._digest)
        return self._loaded.transform(frame)
