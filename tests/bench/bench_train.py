"""How long from running a train cell to the first line of the user's code?

Baseline: the same interpreter, started with the same imports. (Kubeflow SDK's local back end makes
an environment for each job: 6 s, and 106 s with torch.)
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

import jupyter_kf as kf
from jupyter_kf.client import Client
from tests.bench.table import Row, interleaved

REPEATS = 9
BOUND_S = 0.15
MARK = """import os, time
with open(os.environ['KF_BENCH_MARK'], 'w') as mark:
    mark.write(repr(time.time()))
"""
# What a cell with rows has imported when its first line runs.
IMPORTS = "import random, numpy, pandas, pyarrow, pyarrow.parquet\n"


def main() -> list[Row]:
    """An empty cell, and one that is given rows."""
    with tempfile.TemporaryDirectory(prefix="kf-") as root:
        client = kf.connect(store=Path(root) / "store")
        client.data("rows", rows(2000))
        mark = Path(root) / "mark"
        measured = interleaved(
            {
                "plain": lambda: plain(mark, ""),
                "job": lambda: job(client, mark),
                "plain with rows": lambda: plain(mark, IMPORTS),
                "job with rows": lambda: job(client, mark, data="rows", target="y"),
            },
            REPEATS,
        )
    python = "the same interpreter"
    return [
        Row(
            "train: first line of a cell",
            python,
            measured["plain"],
            measured["job"],
            "difference",
            "s",
            BOUND_S,
        ),
        Row(
            "train: first line, 2,000 rows bound",
            f"{python} and imports",
            measured["plain with rows"],
            measured["job with rows"],
            "difference",
            "s",
            BOUND_S,
        ),
    ]


def rows(n: int) -> pd.DataFrame:
    """Numbers to learn from."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(n, 6)), columns=list("abcdef"))
    return frame.assign(y=(frame["a"] > 0).astype("int64"))


def plain(mark: Path, imports: str) -> float:
    """Seconds until the marking line runs in a bare interpreter."""
    mark.unlink(missing_ok=True)
    began = time.time()
    environment = {**os.environ, "KF_BENCH_MARK": str(mark)}
    subprocess.run([sys.executable, "-c", imports + MARK], check=True, env=environment)
    return float(mark.read_text()) - began


def job(client: Client, mark: Path, **fields: str) -> float:
    """Seconds until the marking line runs in a train job."""
    mark.unlink(missing_ok=True)
    began = time.time()
    run = client.train(MARK, name="first", wait=True, env={"KF_BENCH_MARK": str(mark)}, **fields)
    if not mark.exists():
        raise RuntimeError(f"{run.state}: {run.error or run.reason}")
    return float(mark.read_text()) - began
