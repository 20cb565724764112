"""What both frameworks' tests do with a model: save, read back elsewhere, serve, batch."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

import jupyter_kf as kf
from jupyter_kf.blobs import Blobs
from jupyter_kf.layout import RunFolder
from jupyter_kf.records import State
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


HALVES = """
def transform(df):
    return df.assign(a=df["a"] / 2, d=df["d"].astype("float64"))[["a", "b", "c", "d"]]
"""


@contextlib.contextmanager
def served(cell: str) -> Iterator[Any]:
    """A client whose endpoint `net` has proven the model that a train cell made."""
    client = kf.connect()
    client.data("points", rows().assign(high=lambda f: f["a"] > 0))
    client.transform(HALVES, name="prepare", data="points", target="high")
    fields = {"data": "points", "transform": "prepare", "params": {"steps": 3}}
    run = client.train(textwrap.dedent(cell), name="net", wait=True, **fields)
    assert run.state is State.SUCCEEDED, f"{run.error}\n" + "\n".join(run.logs())
    assert np.isfinite(run.metrics["loss"])
    try:
        assert client.serve("net", wait=True).state is State.READY
        yield client
    finally:
        client.stop("net")


def assert_served_as_computed_here(client: Any) -> None:
    """Proven through the wire; single rows and batches answer what the model computes here."""
    endpoint = client.endpoint("net")
    loaded = load(client.store.blobs, endpoint.model)
    golden = loaded.manifest["golden"]["rows"]
    assert endpoint.parity["ok"] and endpoint.parity["rows"] == golden >= 32
    assert len(endpoint.parity["paths"]) > 3
    here = loaded.predict(rows())["prediction"]
    bound = {"rtol": 1e-5, "atol": 1e-6}
    np.testing.assert_allclose(client.predict("net", rows())["prediction"], here, **bound)
    one = rows().iloc[[7]].to_dict("records")
    np.testing.assert_allclose(client.predict("net", one)["prediction"], here[7:8], **bound)
    assert client.check("net").ok
