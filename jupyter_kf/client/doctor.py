"""What this installation can do, and what is wrong with it. Looks, changes nothing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import resource
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from jupyter_kf import layout
from jupyter_kf.backends.base import Backend
from jupyter_kf.config import HANDOFF, read_config
from jupyter_kf.store import Store
from jupyter_kf.units import format_memory

_LOW_DISK_BYTES = 2 * 2**30
_EXTRAS = {
    "tune": ("optuna", "%kf tune"),
    "sklearn": ("skops", "scikit-learn models saved without pickle"),
    "polars": ("polars", "transforms in polars"),
    "xgboost": ("xgboost", "XGBoost models"),
    "torch": ("torch", "PyTorch models"),
    "tensorflow": ("tensorflow", "TensorFlow models"),
}


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    ok: bool
    says: str


class Report(list[Finding]):
    """All findings; a list that shows itself as a table."""


def examine(store: Store, backend: Backend) -> Report:
    """Looks at Python, the store, the machine's folders, the backend and the extras."""
    found = Report()
    versions = f"{platform.python_version()} at {sys.executable}"
    found.append(Finding("python", sys.version_info >= (3, 11), versions))
    found.append(_store(store))
    found.append(_runtime())
    if os.environ.get(HANDOFF):
        found.append(_handed_over())
    used = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found.append(Finding("backend", True, f"{backend.name}, {used} cores"))
    own_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    found.append(Finding("memory of this process", True, format_memory(own_bytes)))
    for extra, (package, use) in _EXTRAS.items():
        found.append(_extra(extra, package, use))
    return found


def _handed_over() -> Finding:
    config = read_config()
    says = f"{config.backend}, namespace {config.namespace or 'unknown'}"
    return Finding("handed over by the hub", not config.notice, config.notice or says)


def _store(store: Store) -> Finding:
    free = shutil.disk_usage(store.root).free
    try:
        with tempfile.NamedTemporaryFile(dir=store.root, prefix=".doctor-"):
            writable = True
    except OSError as error:
        return Finding("store", False, f"{store.root} can't be written: {error.strerror}")
    says = f"{store.root}, {len(store.runs.ids()):,} runs, {format_memory(free)} free"
    return Finding("store", writable and free > _LOW_DISK_BYTES, says)


def _runtime() -> Finding:
    folder: Path = layout.runtime_dir()
    room = 100 - len(str(folder / "sockets"))
    says = str(folder) if room > 40 else f"{folder} is too long for socket paths"
    return Finding("runtime folder", room > 40, says)


def _extra(extra: str, package: str, use: str) -> Finding:
    for name in (package, f"{package}-cpu"):  # a package may come in a smaller form
        try:
            return Finding(f"extra {extra}", True, f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    says = f'not installed; for {use}: pip install "jupyter-kf[{extra}]"'
    return Finding(f"extra {extra}", True, says)
