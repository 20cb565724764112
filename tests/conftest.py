"""What every test gets: a store and a runtime folder of its own, and nothing left running.

Each test's processes carry `JUPYTER_KF_RUNTIME_DIR` in their environment, under one folder of
this session; at the end of the session whatever still carries it is a leak: it is named with
the test that started it, ended, and the session fails. Other processes are never touched.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

import hypothesis
import psutil
import pytest

from tests.leftovers import started_under

# Short, since a Unix socket's path may have only some 100 characters; pytest's own are longer.
SESSION = Path(tempfile.mkdtemp(prefix="kf-"))
LEAK_GRACE_S = 15.0

_tests: dict[str, str] = {}
_leaks: list[str] = []

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # else models' threads spin against each other
os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(SESSION / "hypothesis")
hypothesis.settings.register_profile("dev", deadline=None, database=None, print_blob=True)
hypothesis.settings.register_profile(
    "ci", parent=hypothesis.settings.get_profile("dev"), derandomize=True
)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_configure() -> None:
    """Isolates what is set up for a whole module or session, before any test's own folders."""
    os.environ["JUPYTER_KF_STORE"] = str(SESSION / "store")
    os.environ["JUPYTER_KF_RUNTIME_DIR"] = str(SESSION / "0")
    for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        os.environ[variable] = str(SESSION / variable.lower())
    for variable in ("JUPYTER_KF_BACKEND", "JUPYTER_KF_HANDOFF", "JUPYTER_KF_NAMESPACE"):
        os.environ.pop(variable, None)


@pytest.fixture
def store_dir(tmp_path: Path) -> Path:
    """An empty folder, which is this test's store."""
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


@pytest.fixture
def runtime(request: pytest.FixtureRequest) -> Path:
    """This test's folder for locks and sockets: short, private, empty."""
    folder = SESSION / str(len(_tests) + 1)
    folder.mkdir(mode=0o700)
    _tests[folder.name] = request.node.nodeid
    return folder


@pytest.fixture(autouse=True)
def _isolated(store_dir: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_KF_STORE", str(store_dir))
    monkeypatch.setenv("JUPYTER_KF_RUNTIME_DIR", str(runtime))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the session when a process of one of its tests outlived it, and ends that process."""
    leaked = list(started_under(SESSION))
    until = time.monotonic() + LEAK_GRACE_S
    while leaked and time.monotonic() < until:
        psutil.wait_procs([process for process, _ in leaked], timeout=0.2)
        leaked = list(started_under(SESSION))
    for process, folder in leaked:
        _leaks.append(f"{_described(process)}, started by {_tests.get(folder, 'a shared fixture')}")
        with contextlib.suppress(psutil.Error):
            process.kill()
    if leaked:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    shutil.rmtree(SESSION, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names what was left running."""
    if _leaks:
        terminalreporter.section("left running", sep="!", red=True, bold=True)
        for line in _leaks:
            terminalreporter.write_line(f"LEAK {line}", red=True)


def _described(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        run = process.environ().get("JUPYTER_KF_RUN", "no run")
        return f"process {process.pid} of {run}: {' '.join(process.cmdline())[:200]}"
    return f"process {process.pid}, which has ended since"
