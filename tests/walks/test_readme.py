"""The README's cells, executed in order in a real kernel, as a newcomer would type them."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]


def cells() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.S | re.M)


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells()]
    folder = tmp_path_factory.mktemp("readme")
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def shown(notebook, line: str) -> str:
    """The output of the cell that has this line, as text."""
    cell = next(cell for cell in notebook.cells if line in cell.source)
    outputs = [out.get("data", {}).get("text/plain", "") for out in cell.outputs]
    return "\n".join(outputs)


@pytest.mark.timeout(400)
def test_every_cell_of_the_readme_runs_from_the_top(executed):
    assert len(executed.cells) >= 9


def test_the_transform_of_the_readme_is_certified(executed):
    assert "certified" in shown(executed, "%%kf transform")


def test_the_readme_trains_tunes_and_promotes_a_model(executed):
    assert "auc" in shown(executed, "%%kf train")
    assert "4 of 4" in shown(executed, "%kf tune")
    assert "model late@2" in shown(executed, "%kf promote")


def test_the_endpoint_of_the_readme_proves_itself_and_predicts(executed):
    assert "READY" in shown(executed, "%kf serve")
    rows = shown(executed, "%kf predict").splitlines()
    assert "prediction" in rows[0] and len(rows) == 3
    assert "STOPPED" in shown(executed, "%kf stop")
