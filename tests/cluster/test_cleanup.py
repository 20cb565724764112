"""Is everything undone, whatever kills whom?

The clusters here consist of one `sleep`: what is proven is the bookkeeping, in real processes.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster import instances, paths
from tests.cluster.control import wait_for
from tests.cluster.journal import Identity, Journal
from tests.cluster.processes import Process

OWNER = """
import time
from tests.cluster import instances
from tests.cluster.processes import Process
state = instances.create()
Process(state, "program", ["sleep", "600"]).start()
print(state, flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Keeps these states apart from those of the session's own cluster."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


@pytest.fixture
def owner():
    """A process that owns a cluster: (process, state folder, identity of its program)."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER], cwd=paths.CLONE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    state = Path(process.stdout.readline().strip())
    wait_for(lambda: bool(programs(state)), 60, "recorded")
    yield process, state, programs(state)[0]
    process.kill()
    process.wait()
    process.stdout.close()


def programs(state: Path) -> list[Identity]:
    entries = Journal(state).entries()
    return [Identity.from_stat(entry["stat"]) for entry in entries]


def guards(state: Path) -> list[int]:
    """Process ids of the guards of one state folder."""
    wanted = f"guard\0{state}\0".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cmdline").read_bytes().endswith(wanted):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_a_killed_owner_leaves_neither_process_nor_folder(owner):
    process, state, program = owner
    assert program.alive()
    wait_for(lambda: bool(guards(state)), 60, "guarded")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert program.wait(60)
    wait_for(lambda: not state.exists(), 60, "removed")


def test_the_next_start_ends_what_owner_and_guard_left_together(owner):
    process, state, program = owner
    wait_for(lambda: bool(guards(state)), 60, "guarded")
    for guard in guards(state):
        os.kill(guard, signal.SIGKILL)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert program.alive()
    assert instances.sweep() == [state]
    assert not program.alive()
    assert not state.exists()


def test_a_living_owner_is_left_alone(owner):
    _, state, program = owner
    assert instances.sweep() == []
    assert program.alive()
    assert state.exists()


def test_a_process_that_only_has_the_same_number_is_spared(tmp_path):
    bystander = Process(tmp_path, "bystander", ["sleep", "600"]).start()
    wait_for(lambda: bool(programs(tmp_path)), 60, "recorded")
    journal = Journal(tmp_path)
    entry = journal.entries()[0]
    words = entry["stat"].split()
    words[21] = str(int(words[21]) - 1)
    journal.path.write_text(json.dumps({**entry, "stat": " ".join(words)}) + "\n")
    journal.undo()
    assert bystander.alive()
    bystander.kill()


def test_a_changed_setting_is_put_back(tmp_path):
    setting = tmp_path / "overcommit"
    setting.write_text("0\n")
    Journal(tmp_path).note("file", path=str(setting), text="0\n")
    setting.write_text("1\n")
    Journal(tmp_path).undo()
    assert setting.read_text() == "0\n"


def test_half_a_line_of_a_killed_writer_is_no_obstacle(tmp_path):
    program = Process(tmp_path, "program", ["sleep", "600"]).start()
    wait_for(lambda: bool(programs(tmp_path)), 60, "recorded")
    with Journal(tmp_path).path.open("a") as file:
        file.write('{"undo": "proc')
    Journal(tmp_path).undo()
    assert not program.alive()
