"""The demo notebook, executed from the top on all flights: the product's main job."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "binder" / "01-from-cell-to-prediction.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The executed notebook and its folder: what `make demo SAVE=folder` left, or made here."""
    if left := os.environ.get("JUPYTER_KF_EXECUTED_DEMO"):
        return nbformat.read(Path(left) / NOTEBOOK.name, as_version=4), Path(left)
    folder = tmp_path_factory.mktemp("demo")
    notebook = nbformat.read(shutil.copy(NOTEBOOK, folder), as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook, folder


def shown(notebook, stage: str) -> str:
    cell = next(cell for cell in notebook.cells if cell.metadata.get("stage") == stage)
    return "\n".join(out.get("data", {}).get("text/plain", "") for out in cell.outputs)


@pytest.mark.timeout(900)
def test_the_demo_goes_from_a_frame_to_a_proven_endpoint(executed):
    notebook, _ = executed
    assert "336,776" in shown(notebook, "data")
    assert "certified" in shown(notebook, "transform")
    assert "READY" in shown(notebook, "serve")
    assert "equal" in shown(notebook, "check")


def test_the_demo_predicts_all_flights_in_batch(executed):
    import pyarrow.parquet as pq

    _, folder = executed
    files = sorted((folder / "out").glob("*.parquet"))
    assert [f.name for f in files] == sorted(f.name for f in (folder / "in").glob("*.parquet"))
    assert sum(pq.read_metadata(file).num_rows for file in files) == 336_776


def test_the_committed_notebook_carries_no_outputs():
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    assert not any(cell.get("outputs") for cell in cells)
