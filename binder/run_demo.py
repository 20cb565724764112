"""Runs the notebooks of this folder from the top, telling each stage with its result and time.

    run_demo.py [--store FOLDER] [--save FOLDER] [--pictures FOLDER] [NOTEBOOK ...]

A code cell whose metadata name a ``stage`` is a stage; the cells between are run silently. It
works in a temporary copy with a store of its own, so it neither sees nor changes yours, and ends
every process that the notebooks left running. Exit code 1 when a cell fails. With --pictures it
then shows what was made in a real JupyterLab, and takes a picture of it in both themes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import psutil

HERE = Path(__file__).resolve().parent
SHOWN_LINES = 6
WIDTH = 110
_ANSI = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def main() -> int:
    """Runs what was asked for and says how it went."""
    asked = argparse.ArgumentParser(description="Runs the notebooks and tells each stage.")
    asked.add_argument("notebooks", nargs="*", type=Path)
    asked.add_argument("--store", type=Path, help="keep datasets, models and runs in this folder")
    asked.add_argument("--save", type=Path, help="keep the executed notebooks and their files here")
    asked.add_argument("--pictures", type=Path, help="write pictures of the panels to this folder")
    options = asked.parse_args()
    notebooks = options.notebooks or sorted(HERE.glob("[0-9]*.ipynb"))
    began = time.monotonic()
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with isolated(options.store) as work:
        for notebook in notebooks:
            if not run(notebook, work, options.save):
                return 1
        if options.pictures and not take_pictures(work, options.pictures.resolve()):
            return 1
    say(f"All of it worked, in {time.monotonic() - began:.0f} s. To see and change it: make lab")
    return 0


@contextlib.contextmanager
def isolated(store: Path | None) -> Iterator[Path]:
    """A folder to work in; what is started from here is ended, and nothing of yours is touched."""
    # Short, since sockets live in it: their paths may have only some 100 characters.
    work = Path(tempfile.mkdtemp(prefix="kf-"))
    os.environ["JUPYTER_KF_STORE"] = str(store.resolve() if store else work / "store")
    os.environ["JUPYTER_KF_RUNTIME_DIR"] = str(work / "r")
    os.environ["JUPYTER_KF_BACKEND"] = "local"
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        os.environ[name] = str(work / name.lower())
    try:
        yield work
    finally:
        end_processes(work)
        shutil.rmtree(work, ignore_errors=True)


def run(notebook: Path, work: Path, save: Path | None) -> bool:
    """One notebook from the top; whether all of its cells passed."""
    folder = work / "binder"
    shutil.copytree(HERE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", "*.py"))
    content = nbformat.read(notebook, as_version=4)
    stages = Stages(content)
    say(f"{notebook.name}: {stages.total} stages")
    client = nbclient.NotebookClient(
        content,
        timeout=1800,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=stages.start,
        on_cell_executed=stages.end,
    )
    try:
        client.execute()
    except nbclient.exceptions.CellExecutionError as error:
        stages.fail(f"{error.ename}: {error.evalue}", str(error))
        return False
    except (nbclient.exceptions.DeadKernelError, AssertionError, RuntimeError) as error:
        # When its kernel is gone, nbclient asserts that it is there while it cleans up.
        stages.fail("the kernel ended", f"the process that runs the cells is gone: {error!r}")
        return False
    finally:
        if save:
            shutil.copytree(folder, save, dirs_exist_ok=True)
            nbformat.write(content, save / notebook.name)
    return True


def take_pictures(work: Path, folder: Path) -> bool:
    """The panels on what the notebooks left; whether that went well, or can't be done here."""
    say("\nThe same in JupyterLab's panels")
    store = work / "store"
    if not store.exists():
        store.symlink_to(os.environ["JUPYTER_KF_STORE"])
    command = [sys.executable, "-m", "tests.browser.take", str(work), str(folder)]
    return subprocess.run(command, cwd=HERE.parent).returncode == 0


class Stages:
    """Tells where a notebook's run is."""

    def __init__(self, notebook: Any) -> None:
        self.total = sum("stage" in cell.metadata for cell in notebook.cells)
        self._count = 0
        self._cell: Any = None
        self._began = 0.0

    def start(self, cell: Any, cell_index: int) -> None:  # noqa: ARG002 - nbclient names both
        """Announces the stage that a cell begins."""
        self._cell, self._began = cell, time.monotonic()
        if "stage" in cell.metadata:
            self._count += 1
            say(f"\n[{self._count}/{self.total}] {cell.metadata['stage']}")

    def end(self, cell: Any, cell_index: int, execute_reply: Any) -> None:  # noqa: ARG002
        """Shows the result of a stage and how long it took."""
        if "stage" in cell.metadata and execute_reply["content"].get("status") == "ok":
            for line in condensed(cell):
                say(f"      {line}")
            say(f"      {time.monotonic() - self._began:.1f} s")

    def fail(self, what: str, full: str) -> None:
        """Shows the cell that failed, whole."""
        say(f"\nFAILED in stage {self._count} of {self.total}: {plain(what)}\n")
        for line in (self._cell.source if self._cell else "").splitlines():
            say(f"    | {line}")
        if self._cell:
            for line in condensed(self._cell, most=40):
                say(f"      {line}")
        say("\n" + plain(full))


def condensed(cell: Any, most: int = SHOWN_LINES) -> list[str]:
    """The last lines of what a cell printed and returned, as a terminal can show them."""
    texts = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            texts.append(output.text)
        elif "data" in output:
            texts.append(output.data.get("text/plain", ""))
    lines = [line.rstrip() for line in plain("\n".join(texts)).splitlines()]
    lines = [line if len(line) <= WIDTH else line[: WIDTH - 1] + "…" for line in lines if line]
    return lines if len(lines) <= most else ["…", *lines[-most:]]


def plain(text: str) -> str:
    """Without colours, and of a line that was rewritten only its last state."""
    lines = _ANSI.sub("", text).split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


def end_processes(work: Path) -> None:
    """Ends what was started with this runtime folder: politely, then for sure."""
    ours = list(_started_from(work))
    for process in ours:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    psutil.wait_procs(ours, timeout=10)
    for process in _started_from(work):
        with contextlib.suppress(psutil.Error):
            process.kill()


def _started_from(work: Path) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            folder = Path(process.environ().get("JUPYTER_KF_RUNTIME_DIR", "/"))
            if work in folder.parents and process.pid != os.getpid():
                yield process


def say(line: str) -> None:
    """One line, at once."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
