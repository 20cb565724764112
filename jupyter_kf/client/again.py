"""What would make a run again: its spec with the versions that its names meant then.

A name means its newest version, so that a cell which only repeats the name silently uses other
rows once there is another. Pure reading; may import `store` and `specs`.
"""

from __future__ import annotations

from typing import Any

from jupyter_kf.blobs import read_json
from jupyter_kf.records import Run
from jupyter_kf.specs import SPECS, ServeSpec, TuneSpec
from jupyter_kf.specs.base import Request
from jupyter_kf.store import Store

_JOB_FIELDS = {"data": "dataset", "transform": "transform", "model": "model"}
"""Fields of a spec that name a thing, and where job.json has the digest that was meant."""


def spec_again(store: Store, run: Run) -> Request:
    """What the run was asked, each name with its version; the digest where no version has it.

    A study gets the train run whose cell it searched, an endpoint's version the model it had.
    """
    spec: Request = SPECS[run.kind].model_validate(dict(run.spec))
    job: dict[str, Any] = read_json(store.runs.folder(run.id).job) or {}
    pinned: dict[str, Any] = {}
    for field, kind in _JOB_FIELDS.items():
        said, digest = getattr(spec, field, None), job.get(kind)
        if said and digest:
            pinned[field] = _version(store, kind, str(said), str(digest))
    if isinstance(spec, TuneSpec):
        pinned["run"] = (job.get("train") or {}).get("run") or spec.run
    if isinstance(spec, ServeSpec) and spec.model:
        pinned["version"] = None  # a roll back, and the model that it went back to, are one wish
    return spec.model_copy(update=pinned)


def _version(store: Store, kind: str, said: str, digest: str) -> str:
    """The words for what `said` meant: name@version, or the digest."""
    name = said.partition("@")[0]
    digest = digest.removeprefix("sha256:")
    found = [v for v in store.refs.versions(kind, name) if v.digest == digest]
    if not found:
        return digest
    asked = [v for v in found if v.ref == said]
    return (asked or found)[0].ref
