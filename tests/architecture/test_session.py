"""The tests' own session: what a test leaves running is named and ended, workers or not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

TESTS = Path(__file__).parents[1]
STARTS = """
import os, subprocess
def test_{name}():
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    open("{name}.pid", "w").write(str(child.pid))
    {then}
"""


FOLDER = 'print("FOLDER", os.environ["JUPYTER_KF_RUNTIME_DIR"])'


@pytest.fixture
def session(tmp_path):
    """A checkout with this one's conftest and nothing else; runs pytest there."""
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "leftovers.py").write_text((TESTS / "leftovers.py").read_text())
    text, found = re.subn(
        r"^LEAK_GRACE_S = .*$",
        "LEAK_GRACE_S = 0.3",
        (TESTS / "conftest.py").read_text(),
        flags=re.M,
    )
    assert found == 1
    (tests / "conftest.py").write_text(text)
    options = "testpaths = tests\naddopts = --import-mode=importlib -p no:cacheprovider\n"
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = .\n{options}")

    def run(*options: str, **files: str) -> subprocess.CompletedProcess[str]:
        for name, text in files.items():
            (tests / f"{name}.py").write_text(text)
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "JUPYTER_KF_"))}
        env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        command = [sys.executable, "-m", "pytest", "-p", "xdist", *options]
        return subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )

    return run


def alive(pid_file: Path) -> bool:
    pid = int(pid_file.read_text())
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_process_that_outlives_its_test_is_named_ended_and_fails_the_session(session, tmp_path):
    done = session(test_one=STARTS.format(name="leaves", then="pass"))
    assert done.returncode == 1 and "1 passed" in done.stdout, done.stdout
    assert re.search(r"LEAK .*sleep 600, started by tests/test_one.py::test_leaves", done.stdout)
    assert not alive(tmp_path / "leaves.pid")


def test_so_it_is_with_workers_even_when_one_dies(session, tmp_path):
    done = session(
        *("-n", "2", "--dist", "loadfile", "--max-worker-restart=0", "-rP"),
        test_one=STARTS.format(name="leaves", then=FOLDER),
        test_two=STARTS.format(name="dies", then="os._exit(3)"),
        test_three=STARTS.format(name="ends", then="child.kill(); child.wait();" + FOLDER),
    )
    assert done.returncode == 1 and "2 passed" in done.stdout, done.stdout
    assert re.search(r"LEAK .*sleep 600, started by tests/test_one.py::test_leaves", done.stdout)
    assert re.search(r"LEAK .*sleep 600, started by tests/test_two.py::test_dies", done.stdout)
    assert done.stdout.count("LEAK ") == 2
    assert not alive(tmp_path / "leaves.pid") and not alive(tmp_path / "dies.pid")
    folders = [Path(folder) for folder in re.findall(r"^FOLDER (/\S+)", done.stdout, re.M)]
    assert len(set(folders)) == 2 and {f.parent.name[:2] for f in folders} == {"gw"}
    assert not any(folder.parent.parent.exists() for folder in folders), "it leaves no folder"


def test_a_room_that_shares_what_is_dear_keeps_to_one_worker(session, tmp_path):
    (tmp_path / "tests" / "spawner").mkdir()
    says = 'import os\ndef test_it():\n    print("ROOM", os.environ["PYTEST_XDIST_WORKER"])\n'
    files = {f"spawner/test_{n}": says for n in range(4)}
    done = session("-n", "2", "--dist", "loadfile", "-rP", **files, test_other="def test(): pass")
    assert "5 passed" in done.stdout, done.stdout
    assert len(re.findall("^ROOM", done.stdout, re.M)) == 4
    assert len(set(re.findall(r"^ROOM (\w+)", done.stdout, re.M))) == 1


class Asked:
    """A pytest configuration, as far as the choice of workers reads it."""

    def __init__(self, whole: bool = True, **options: object) -> None:
        sources = pytest.Config.ArgsSource
        self.args_source = sources.TESTPATHS if whole else sources.ARGS
        self.options = {"capture": "fd", **options}

    def getoption(self, name: str, default: object = None) -> object:
        return self.options.get(name, default)


@pytest.fixture
def workers(request, monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_AUTO_NUM_WORKERS", raising=False)
    choose = request.config.hook.pytest_xdist_auto_num_workers
    return lambda **asked: choose(config=Asked(**asked))


@pytest.mark.parametrize(("cores", "expected"), [(1, 0), (2, 2), (64, 8)])
def test_the_whole_gets_a_worker_for_each_core_and_one_core_none(
    workers, monkeypatch, cores, expected
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert workers() == expected


@pytest.mark.parametrize(
    "asked", [{"keyword": "parity"}, {"capture": "no"}, {"whole": False}, {"lf": True}]
)
def test_a_selection_or_a_person_gets_no_workers(workers, asked):
    assert workers(**asked) == 0
