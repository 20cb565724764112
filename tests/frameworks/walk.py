"""What both frameworks' tests do with a model: save, read back elsewhere, golden rows, batch."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd

from jupyter_kf.blobs import Blobs
from jupyter_kf.layout import RunFolder
from jupyter_kf.worker.batch import run_batch
from jupyter_kf.worker.model import LoadedModel, SaveContext, load, save
from jupyter_kf.worker.tables import to_table

COLUMNS = ["a", "b", "c", "d"]


def rows(n: int = 300) -> pd.DataFrame:
    """Numbers, and a whole number among them."""
    chance = np.random.default_rng(0)
    frame = pd.DataFrame(chance.normal(size=(n, 3)), columns=COLUMNS[:3])
    return frame.assign(d=chance.integers(0, 5, n))


def kept(store, model) -> LoadedModel:
    """The model saved and read back; its golden rows are proven."""
    blobs = Blobs(store)
    loaded = load(blobs, save(blobs, model, SaveContext(rows=to_table(rows()))))
    assert loaded.prove() == loaded.manifest["golden"]["rows"] >= 96
    assert loaded.row_wise
    return loaded


def predicted_elsewhere(store, digest: str) -> list:
    """The first predictions of a process that knows nothing of the model's class."""
    code = f"""
    import json, sys
    from jupyter_kf.blobs import Blobs
    from jupyter_kf.worker.model import load
    model = load(Blobs({str(store)!r}), {digest!r})
    model.prove()
    found = model.predict(model.golden_inputs().slice(0, 4))["prediction"]
    print("found", json.dumps(found.tolist()))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("found "))
    return json.loads(line.removeprefix("found "))


class Silent:
    """A Reporter whom nobody hears."""

    def report(self, **_line):
        """Nothing."""


def batch(store, digest: str, folder) -> pd.DataFrame:
    """Predictions of 1,000 rows in a file, in pieces."""
    folder.mkdir()
    rows(1000).to_parquet(folder / "in.parquet")
    spec = {"input": str(folder / "*.parquet"), "output": str(folder / "out"), "rows": 300}
    spec |= {"keep": ["d"], "format": "parquet", "overwrite": False}
    job = {"run": "r-1", "store": str(store), "model": digest, "spec": spec}
    outputs = run_batch(job, RunFolder(folder / "run"), Silent())
    assert (outputs["files"], outputs["rows"]) == (1, 1000)
    return pd.read_parquet(folder / "out" / "in.parquet")
