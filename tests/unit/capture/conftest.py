"""A real IPython shell as the notebook, and a fresh Python process as the job."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from jupyter_kf.capture import Captured, TransformSource, capture_cell, capture_transform, write
from jupyter_kf.worker.bind import load_inputs

JOB = """
import sys
from jupyter_kf.worker.bind import load_inputs
names = load_inputs(sys.argv[1])
exec(compile(open(sys.argv[2]).read(), sys.argv[2], "exec"), names)
"""


class Notebook:
    """Runs cells in IPython and captures others from its namespace."""

    def __init__(self, shell: InteractiveShell, folder: Path) -> None:
        self.shell, self.folder = shell, folder
        self.names: dict[str, Any] = shell.user_ns
        self.runs = 0

    def run(self, *cells: str) -> Notebook:
        for cell in cells:
            self.shell.run_cell(cell, store_history=True).raise_error()
        return self

    def capture(self, source: str, **options: Any) -> Captured:
        options = {"bound": (), "directory": self.folder, **options}
        return capture_cell(source, self.names, **options)

    def transform(self, source: str) -> TransformSource:
        return capture_transform(source, self.names, self.folder)

    def bound(self, captured: Captured) -> dict[str, Any]:
        """The names of a job, in this process."""
        self.runs += 1
        folder = self.folder / f"inputs{self.runs}"
        write(captured, folder)
        before = list(sys.path)
        try:
            names = load_inputs(folder)
            exec(compile(captured.source, "<cell>", "exec"), names)
        finally:
            sys.path[:] = before
        return names

    def job(self, captured: Captured) -> str:
        """What the cell prints in a process of its own, which knows nothing of this one."""
        self.runs += 1
        run = self.folder / f"run{self.runs}"
        write(captured, run / "inputs")
        (run / "cell.py").write_text(captured.source)
        (run / "elsewhere").mkdir()
        done = subprocess.run(
            [sys.executable, "-I", "-c", JOB, str(run / "inputs"), str(run / "cell.py")],
            capture_output=True,
            text=True,
            cwd=run / "elsewhere",
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    main = sys.modules["__main__"]
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    folder = tmp_path / "notebook"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    hook = sys.excepthook
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    yield Notebook(shell, folder)
    sys.modules["__main__"] = main
    sys.excepthook = hook
