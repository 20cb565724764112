"""A transform job as the worker runs it, in this process; only the certificate is another's."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jupyter_kf.blobs import Blobs
from jupyter_kf.layout import RunFolder
from jupyter_kf.store import datasets
from jupyter_kf.worker import fitting

SPEC = {
    "target": None, "split": "0.8/0.2", "split_by": None, "seed": 0, "source": None,
    "frame": "pandas", "ulp": 0, "batch_only": False, "pickle": [],
}  # fmt: skip


class Quiet:
    """A reporter that nobody listens to."""

    def report(self, **_: Any) -> None:
        """Forgets it."""


def flights_like(n: int = 400) -> pd.DataFrame:
    """A small table with what makes tables hard: nulls, text, times, rare values."""
    rng = np.random.default_rng(7)
    minutes = rng.integers(0, 525_600, n)
    delay = rng.normal(10, 30, n).round()
    delay[rng.random(n) < 0.05] = np.nan
    carrier = rng.choice(["UA", "B6", "EV", "DL", "OO"], n, p=[0.4, 0.3, 0.2, 0.09, 0.01])
    tail = np.array([f"N{k}" for k in rng.integers(100, 160, n)], dtype=object)
    tail[rng.random(n) < 0.03] = None
    return pd.DataFrame(
        {
            "hour": rng.integers(0, 24, n),
            "delay": delay,
            "distance": rng.integers(80, 5000, n),
            "carrier": carrier,
            "tail": pd.array(tail, dtype="str"),
            "at": pd.Timestamp("2013-01-01", tz="UTC") + pd.to_timedelta(minutes, unit="min"),
            "late": rng.random(n) < 0.2,
        }
    )


Make = Callable[..., dict[str, Any]]


@pytest.fixture
def blobs(store_dir: Path) -> Blobs:
    return Blobs(store_dir)


@pytest.fixture
def make(store_dir: Path, tmp_path: Path) -> Make:
    """``make(code, rows=None, modules={}, **spec)``: runs a transform job, returns outputs."""
    return partial(transform_job, store_dir, tmp_path / "run")


def transform_job(
    store: Path, run: Path, code: str, rows: Any = None, modules: Any = None, **spec: Any
) -> Any:
    """Runs a transform job over these rows in a store; returns its outputs."""
    rows = flights_like() if rows is None else rows
    dataset = datasets.snapshot_frame(Blobs(store), rows).digest
    folder = RunFolder(run)
    shutil.rmtree(folder.path, ignore_errors=True)
    folder.inputs.mkdir(parents=True)
    folder.cell.write_text(code)
    for name, text in (modules or {}).items():
        (folder.inputs / "modules" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder.inputs / "modules" / name).write_text(text)
    job = {
        "format": 1, "run": "prepare-1", "kind": "transform", "name": "prepare",
        "store": str(store), "spec": {**SPEC, **spec}, "dataset": dataset,
        "transform": None, "target": spec.get("target"), "model": None,
    }  # fmt: skip
    return fitting.run(json.loads(json.dumps(job)), folder, Quiet())
