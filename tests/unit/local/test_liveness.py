"""Dead supervisors, restarted machines, silent hosts: no run is RUNNING for ever."""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import json
import os
import signal
import time
from pathlib import Path

import pytest

from jupyter_kf.backends.local import liveness, processes
from jupyter_kf.backends.local.backend import LocalBackend
from jupyter_kf.backends.local.machine import Machine
from jupyter_kf.errors import BackendError
from jupyter_kf.layout import RunFolder, lock_path
from jupyter_kf.records import State

WAITS = "import time\nprint('begun', flush=True)\ntime.sleep(600)\n"


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def test_a_killed_supervisor_takes_its_run_along_and_the_guard_says_so(jobs):
    ref = jobs.submit(WAITS)
    jobs.begun(ref)
    kill(jobs.keepers(ref)[0])
    jobs.until(lambda: jobs.folder(ref).result.exists())  # nobody observes
    assert jobs.processes(ref) == []
    assert jobs.seen(ref).state is State.LOST
    assert "supervisor was killed" in jobs.seen(ref).reason


def test_a_killed_guard_changes_nothing(jobs, tmp_path):
    go = tmp_path / "go"
    waits = f"import os, time\nprint('begun', flush=True)\nwhile not os.path.exists({str(go)!r}):"
    ref = jobs.submit(waits + " time.sleep(0.01)")
    jobs.begun(ref)
    kill(jobs.keepers(ref)[1])
    assert jobs.seen(ref).state is State.RUNNING
    go.touch()
    assert jobs.end(ref).state is State.SUCCEEDED


def test_when_both_are_killed_the_next_observer_ends_the_rest(jobs):
    grandchild = (
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], "
        "start_new_session=True)\n"
    )
    ref = jobs.submit(grandchild + WAITS)
    jobs.begun(ref)
    supervisor, guard = jobs.keepers(ref)
    kill(guard, supervisor)
    jobs.until(lambda: not liveness.is_locked(ref.run_id))
    assert jobs.seen(ref).state is State.LOST
    assert jobs.processes(ref) == []


def test_a_worker_that_had_finished_has_succeeded_whatever_became_of_its_supervisor(jobs):
    source = (
        "import json, pathlib, time\n"
        "done = json.dumps({'ok': True, 'outputs': {'rows': 1}, 'error': None})\n"
        "pathlib.Path(folder, 'outcome.json').write_text(done)\n"
    )
    ref = jobs.submit(source + WAITS)
    jobs.begun(ref)
    kill(jobs.keepers(ref)[0])
    assert jobs.end(ref).state is State.SUCCEEDED
    assert jobs.result(ref)["outputs"] == {"rows": 1}


def test_a_killed_run_asked_to_end_is_cancelled(jobs):
    ref = jobs.submit(WAITS)
    jobs.begun(ref)
    keepers = jobs.keepers(ref)
    for pid in keepers:  # they may not do it themselves
        os.kill(pid, signal.SIGSTOP)
    jobs.folder(ref).cancel.touch()
    kill(*keepers)
    assert jobs.end(ref).state is State.CANCELLED


def test_a_submitter_that_dies_before_the_start_leaves_a_lost_run(jobs):
    ref = jobs.submit("")
    jobs.end(ref)
    folder = jobs.folder(ref)
    for path in (folder.result, folder.outcome, folder.heartbeat):
        path.unlink(missing_ok=True)
    jobs.until(lambda: not liveness.is_locked(ref.run_id))
    os.close(liveness.take_lock(ref.run_id))
    assert jobs.seen(ref).state is State.LOST


@pytest.fixture
def silent(store_dir: Path) -> RunFolder:
    """A run that began an hour ago and was last heard of then."""
    folder = RunFolder(store_dir / "runs" / "silent-0000000001")
    folder.path.mkdir(parents=True)
    here = liveness.here(Machine.read())
    ref = {"run_id": folder.id, "backend": "local", "where": here}
    folder.ref.write_text(json.dumps(ref))
    folder.heartbeat.write_text(json.dumps({"pids": [], "started_s": time.time() - 3600}))
    for path in (folder.ref, folder.heartbeat):
        os.utime(path, (time.time() - 3600,) * 2)
    return folder


def look(folder: RunFolder, machine: Machine) -> liveness.Life:
    return liveness.look(folder, json.loads(folder.ref.read_text())["where"], machine)


def test_a_run_from_before_the_machines_restart_is_lost_at_once(silent, jobs):
    silent.heartbeat.touch()  # a second before the power cut
    restarted = dataclasses.replace(Machine.read(), boot_id="another", booted_s=time.time() + 20)
    assert look(silent, restarted) is liveness.Life.REBOOTED
    jobs.backend = LocalBackend(jobs.store, restarted)
    from jupyter_kf.backends.base import Ref

    seen = jobs.seen(Ref(**json.loads(silent.ref.read_text())))
    assert seen.state is State.LOST
    assert "restarted, or lost power" in seen.reason


def test_another_machine_of_the_same_name_is_not_taken_for_a_restarted_one(silent):
    silent.heartbeat.touch()
    twin = dataclasses.replace(Machine.read(), boot_id="another", booted_s=time.time() - 9999)
    assert look(silent, twin) is liveness.Life.ALIVE


def test_another_host_is_believed_while_its_heart_beats(silent):
    far = dataclasses.replace(Machine.read(), host="elsewhere", boot_id="another")
    assert look(silent, far) is liveness.Life.SILENT
    silent.heartbeat.touch()
    assert look(silent, far) is liveness.Life.ALIVE


def test_a_new_container_of_the_same_name_waits_for_silence(silent):
    moved = dataclasses.replace(Machine.read(), room="pid:[1]")
    assert look(silent, moved) is liveness.Life.SILENT
    silent.heartbeat.touch()
    assert look(silent, moved) is liveness.Life.ALIVE


def test_a_lock_file_that_was_tidied_away_loses_no_run(jobs):
    ref = jobs.submit(WAITS)
    jobs.begun(ref)
    lock_path(ref.run_id).unlink()
    assert jobs.seen(ref).state is State.RUNNING
    jobs.backend.cancel(ref)
    assert jobs.seen(ref).state is State.CANCELLED


def test_a_runtime_folder_without_locks_is_refused(jobs, monkeypatch):
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(BackendError) as refusal:
        jobs.submit("")
    assert refusal.value.code == 2011
    assert "JUPYTER_KF_RUNTIME_DIR" in refusal.value.fix


def test_where_there_is_no_proc_ps_gives_the_same_table(monkeypatch):
    me = processes.table()[os.getpid()]
    monkeypatch.setattr(processes, "HAS_PROC", False)
    same = processes.table()[os.getpid()]
    assert (same.parent, same.group) == (me.parent, me.group)
    assert same.rss > 0


def test_without_environments_a_group_tells_who_belongs_to_a_run(jobs, monkeypatch):
    ref = jobs.submit(WAITS)
    jobs.begun(ref)
    jobs.keepers(ref)  # the heart beats
    group = json.loads(jobs.folder(ref).heartbeat.read_text())["group"]
    monkeypatch.setattr(processes, "HAS_PROC", False)
    assert group in processes.members(ref.run_id, group=group)
    monkeypatch.undo()
    jobs.backend.cancel(ref)


def test_a_process_number_given_to_somebody_else_is_not_signalled(jobs):
    ref = jobs.submit(WAITS)
    jobs.begun(ref)
    (process,) = processes.members(ref.run_id).values()
    process.start -= 1  # as seen before the number was given away
    processes.send(process, signal.SIGKILL)
    assert jobs.seen(ref).state is State.RUNNING
    jobs.backend.cancel(ref)
