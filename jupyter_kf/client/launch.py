"""From a spec to a submitted run: what the job needs is resolved to digests, then written down.

The run folder is complete before a backend hears of it; a refusal leaves nothing behind.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jupyter_kf import locks
from jupyter_kf.backends.base import Backend, Plan, refuse_unsupported
from jupyter_kf.blobs import write_atomic, write_json
from jupyter_kf.layout import RunFolder
from jupyter_kf.names import new_run_id
from jupyter_kf.records import Origin
from jupyter_kf.specs import JobSpec
from jupyter_kf.store import Store


@dataclass(frozen=True)
class Order:
    """A spec with everything resolved that the worker will need.

    Attributes:
        job: fields of job.json besides those that follow from the spec and the run.
        code: the cell's text, when the job runs one.
        travel: writes what travels from the notebook into the inputs folder.
        with_id: more fields of job.json, which can only be known with the run's id.
    """

    spec: JobSpec
    job: dict[str, Any] = field(default_factory=dict)
    code: str | None = None
    travel: Callable[[Path], None] | None = None
    with_id: Callable[[str], dict[str, Any]] | None = None


def dry_run(backend: Backend, order: Order) -> Plan:
    """The plan of an order, with what was decided on the way and is to be known."""
    plan = backend.plan(order.spec, new_run_id(order.spec.name))
    chosen = getattr(order.spec, "model", None)
    why, look = order.job.get("why"), order.job.get("look")
    told = [f"it would take model {chosen}" + (f": {why}" if why else "")] if chosen else []
    return replace(plan, notes=(*plan.notes, *told, *([look] if look else [])))


def launch(store: Store, backend: Backend, order: Order, origin: Origin | None = None) -> str:
    """Writes the run folder and submits it; returns the run's id.

    Args:
        origin: the notebook it is started from.

    Raises:
        BackendError: kf-2040, the backend can't honour the spec; the folder is gone again.
    """
    spec = order.spec
    asked = spec.model_dump(mode="json")
    folder = store.runs.new(spec.kind, spec.name, asked, backend.name, origin)
    writing = locks.hold(folder.spec)  # by which others see that it is being written
    try:
        plan = backend.plan(spec, folder.id)
        refuse_unsupported(plan)  # before a version's number is taken or anything travels
        if order.code is not None:
            write_atomic(folder.cell, order.code.encode())
        if order.travel:
            order.travel(folder.inputs)
        write_json(folder.job, job_fields(store, order, folder))
        ref = backend.submit(plan, folder.path)
    except BaseException:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    finally:
        os.close(writing)
    return ref.run_id


def job_fields(store: Store, order: Order, folder: RunFolder) -> dict[str, Any]:
    """job.json: what a worker must do, the same on every backend."""
    spec = order.spec
    return {
        "format": 1,
        "run": folder.id,
        "kind": spec.kind,
        "name": spec.name,
        "store": str(store.root),
        "spec": spec.model_dump(mode="json"),
        "dataset": None,
        "transform": None,
        "target": None,
        "model": None,
        **order.job,
        **(order.with_id(folder.id) if order.with_id else {}),
    }
