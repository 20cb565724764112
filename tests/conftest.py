"""What every test gets: a store and a runtime folder of its own, and nothing left running.

Each test's processes carry `JUPYTER_KF_RUNTIME_DIR` in their environment, under one folder of
this session; at the end of the session whatever still carries it is a leak: it is named with
the test that started it, ended, and the session fails. Other processes are never touched.

With workers (`-n`), each has a session of its own in a folder below the controller's: it looks
for its own leaks and hands their names up. The controller looks once more, for those of a worker
that died, and fails the whole.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import hypothesis
import psutil
import pytest

from tests.leftovers import started_under

# Rooms whose files share what is dear to make: a store with one of everything, a hub.
WHOLE = ("tests/faces/server/", "tests/spawner/")
# Folders and files whose tests take longest, as `--durations=0` tells, longest first.
LONG = ("server", "spawner", "walks", "test_skew", "test_load", "tune")
LEAK_GRACE_S = 60.0  # used up by a leak only
MOST_WORKERS = 8

_session = Path("not chosen yet")  # this process's folder, by `pytest_configure`
_tests = itertools.count(1)
_leaks: list[str] = []

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # else models' threads spin against each other
hypothesis.settings.register_profile("dev", deadline=None, database=None, print_blob=True)
hypothesis.settings.register_profile(
    "ci", parent=hypothesis.settings.get_profile("dev"), derandomize=True
)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Workers for `-n auto`: one a core for the whole, none for a selection or for a person.

    A few tests end before workers would have started, and `-s` asks to see their output.
    """
    if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS"):
        return None  # xdist reads it
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    chosen = any(config.getoption(name, None) for name in ("keyword", "markexpr", "lf"))
    if not whole or chosen or config.getoption("capture") == "no":
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores or 1, MOST_WORKERS) if cores != 1 else 0


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a worker where its session's folder belongs."""
    node.workerinput["session"] = str(_session / node.gateway.id)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Gives a file's tests to one worker, and a room's of `WHOLE`, which else makes its own."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByRoom(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            room = next((room for room in WHOLE if nodeid.startswith(room)), None)
            return room or str(super()._split_scope(nodeid))

    return ByRoom(config, log)


def pytest_configure(config: pytest.Config) -> None:
    """Isolates what is set up for a whole module or session, before any test's own folders."""
    global _session
    below = getattr(config, "workerinput", {}).get("session")
    # Short, since a Unix socket's path may have only some 100 characters; pytest's own are longer.
    _session = Path(below or tempfile.mkdtemp(prefix="kf-"))
    _session.mkdir(mode=0o700, exist_ok=True)
    if config.getoption("numprocesses", None):
        return  # it runs no test, and its workers must not look as if they were started by one
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(_session / "hypothesis")
    os.environ["JUPYTER_KF_STORE"] = str(_session / "store")
    os.environ["JUPYTER_KF_RUNTIME_DIR"] = str(_session / "0")
    for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        os.environ[variable] = str(_session / variable.lower())
    ours = ("JUPYTER_KF_BACKEND", "JUPYTER_KF_HANDOFF", "JUPYTER_KF_NAMESPACE")
    for variable in (*ours, "JPY_SESSION_NAME"):  # the last as of a notebook's kernel
        os.environ.pop(variable, None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long files first where workers share the files out: what is short fills the end of each."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _place(item.path))


def _place(path: Path) -> int:
    """The first of the `LONG` that a file is or lies in; files of a place keep their order."""
    found = (place for place, name in enumerate(LONG) if name in (*path.parts, path.stem))
    return next(found, len(LONG) + ("architecture" in path.parts))


@pytest.fixture(scope="session")
def session_folder() -> Path:
    """This process's folder, short enough for sockets; what is started below it may not stay."""
    return _session


@pytest.fixture
def store_dir(tmp_path: Path) -> Path:
    """An empty folder, which is this test's store."""
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


@pytest.fixture
def runtime(request: pytest.FixtureRequest) -> Path:
    """This test's folder for locks and sockets: short, private, empty."""
    folder = _session / str(next(_tests))
    folder.mkdir(mode=0o700)
    folder.with_suffix(".test").write_text(request.node.nodeid)  # for whoever finds a leak of it
    return folder


@pytest.fixture(autouse=True)
def _isolated(store_dir: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_KF_STORE", str(store_dir))
    monkeypatch.setenv("JUPYTER_KF_RUNTIME_DIR", str(runtime))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Takes what a worker found at its end; one that died had no time to look."""
    _leaks.extend(getattr(node, "workeroutput", {}).get("leaks", []))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the session when a process of one of its tests outlived it, and ends that process."""
    leaked = list(started_under(_session))
    until = time.monotonic() + LEAK_GRACE_S
    while leaked and time.monotonic() < until:
        psutil.wait_procs([process for process, _ in leaked], timeout=0.2)
        leaked = list(started_under(_session))
    for process, folder in leaked:
        _leaks.append(f"{_described(process)}, started by {_starter(folder)}")
        with contextlib.suppress(psutil.Error):
            process.kill()
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["leaks"] = _leaks  # the controller fails, and says them
    elif _leaks:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    shutil.rmtree(_session, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names what was left running."""
    if _leaks:
        terminalreporter.section("left running", sep="!", red=True, bold=True)
        for line in _leaks:
            terminalreporter.write_line(f"LEAK {line}", red=True)


def _starter(folder: Path) -> str:
    places = [place for place in (folder, *folder.parents) if _session in place.parents]
    names = [place.with_suffix(".test") for place in places]
    return next((name.read_text() for name in names if name.is_file()), "a shared fixture")


def _described(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        run = process.environ().get("JUPYTER_KF_RUN", "no run")
        return f"process {process.pid} of {run}: {' '.join(process.cmdline())[:200]}"
    return f"process {process.pid}, which has ended since"
