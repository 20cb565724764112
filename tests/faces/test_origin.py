"""Which notebook a run came from: recorded when it starts, shown in every form."""

from __future__ import annotations

import pytest

import jupyter_kf as kf
from jupyter_kf import display
from jupyter_kf.config import read_config
from jupyter_kf.records import Origin

CELL = "%%kf train quick --wait\nkf.report(a=1)"


@pytest.fixture
def notebook(shell, monkeypatch):
    """The shell as JupyterLab's kernel of `work/a.ipynb`, in whose cell `abc` a line runs."""
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ada/work/a.ipynb")
    shell.get_parent = lambda: {"metadata": {"cellId": "abc", "recordTiming": False}}
    shell.config.IPKernelApp.connection_file = "/run/user/1/kernel-12-34.json"
    return shell


def test_a_run_keeps_its_notebook_cell_and_kernel(notebook, store_dir):
    notebook.run_cell(CELL).raise_error()
    origin = Origin("/home/ada/work/a.ipynb", "abc", "12-34")
    other = kf.connect(store=store_dir)
    for _ in range(2):  # from the folder, then from the index
        assert [run.origin for run in other.runs()] == [origin]
        other = kf.connect(store=store_dir)
    assert other.run("quick").origin == origin
    assert "/home/ada/work/a.ipynb" in display.text(other.run("quick"))


def test_each_run_has_the_cell_that_started_it(notebook):
    notebook.run_cell(CELL).raise_error()
    notebook.get_parent = lambda: {"metadata": {"cellId": "def"}}
    run = notebook.run_cell(CELL).result
    assert run.origin.cell == "def"
    notebook.get_parent = lambda: {"metadata": {"cellId": 7}}  # of a front end that has no ids
    assert notebook.run_cell(CELL).result.origin.cell == ""


@pytest.mark.parametrize("session", ["", "/home/ada/console-1-0f", "Console 1"])
def test_a_run_of_a_console_or_a_script_has_none(shell, monkeypatch, session):
    monkeypatch.setenv("JPY_SESSION_NAME", session)
    run = shell.run_cell(CELL).result
    assert run.origin is None
    assert "notebook" not in display.text(run)


def test_a_notebook_of_another_ending_is_one_when_its_file_is_there(tmp_path):
    paired = tmp_path / "paired.md"
    assert read_config({"JPY_SESSION_NAME": str(paired)}).notebook == ""
    paired.touch()
    assert read_config({"JPY_SESSION_NAME": str(paired)}).notebook == str(paired)
