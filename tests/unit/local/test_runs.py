"""Runs on this machine: what they get, what they are held to, how they end."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_kf.backends.local.backend import LocalBackend
from jupyter_kf.backends.local.machine import Machine
from jupyter_kf.errors import BackendError, NotFound
from jupyter_kf.names import new_run_id
from jupyter_kf.records import State

WAITS = "import time\nprint('begun', flush=True)\ntime.sleep(600)\n"
# A process that leaves its session, its group and its environment behind.
ESCAPES = """
import subprocess, sys, time
code = "import os,time; print('begun', os.getpid(), flush=True); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", code], env={}, start_new_session=True)
"""
can_hold_memory = pytest.mark.skipif(
    "memory" not in Machine.read().cgroups, reason="no control groups can be made here"
)


# what a run gets


def test_it_runs_where_the_notebook_runs_with_its_environment(jobs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FROM_THE_KERNEL", "yes")
    ref = jobs.submit("import os; print(os.getcwd(), os.environ['FROM_THE_KERNEL'])")
    assert jobs.lines(ref) == [f"{tmp_path} yes"]


def test_its_process_file_is_private_and_holds_no_environment_of_the_kernel(jobs, monkeypatch):
    monkeypatch.setenv("API_TOKEN", "s3cret")
    ref = jobs.submit("")
    jobs.end(ref)
    path = jobs.folder(ref).process
    assert path.stat().st_mode & 0o777 == 0o600
    written = [p.read_text() for p in jobs.folder(ref).path.rglob("*") if p.is_file()]
    assert "s3cret" not in "".join(written)


def test_ranks_of_a_distributed_job_find_each_other(jobs):
    source = """
import os, socket, time
rank, address = int(os.environ["RANK"]), (os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))
if rank == 0:
    with socket.create_server(address) as server:
        print("heard", server.accept()[0].recv(9).decode())
else:
    while True:
        try:
            socket.create_connection(address).send(b"rank 1")
            break
        except ConnectionRefusedError:
            time.sleep(0.01)
"""
    ref = jobs.submit(source, nodes=2, runtime="torch-distributed")
    assert "[0] heard rank 1" in jobs.lines(ref)
    assert jobs.seen(ref).state is State.SUCCEEDED


def test_the_first_rank_that_fails_ends_the_others(jobs):
    source = "import os, time\nif os.environ['RANK'] == '1': os._exit(4)\ntime.sleep(600)"
    ref = jobs.submit(source, nodes=2, runtime="torch-distributed")
    assert jobs.end(ref).reason == "rank 1 of the job ended with exit code 4"


def test_cores_are_held_by_affinity(jobs):
    ref = jobs.submit("import os; print(len(os.sched_getaffinity(0)))", cpu="1")
    assert jobs.lines(ref) == ["1"]


def test_gpus_are_leased_one_by_one(jobs, monkeypatch):
    monkeypatch.setenv("JUPYTER_KF_GPUS", "0,1")
    jobs.backend = LocalBackend(jobs.store)
    show = "import os; print(os.environ['CUDA_VISIBLE_DEVICES'] or 'none', flush=True)\n"
    held = jobs.submit(show + "import time; time.sleep(600)", gpu=1, cpu="0.1")
    jobs.begun(held, "0")
    assert jobs.lines(jobs.submit(show, gpu=1, cpu="0.1")) == ["1"]
    assert jobs.lines(jobs.submit(show, cpu="0.1")) == ["none"]
    jobs.backend.cancel(held)


# limits


@can_hold_memory
def test_the_kernel_holds_it_to_its_memory(jobs):
    ref = jobs.submit("b = bytearray(b'x' * (300 << 20))", memory="64Mi")
    result = jobs.result(ref)
    assert result["error"]["code"] == "kf-2007"
    assert "64Mi" in result["reason"]
    groups = Machine.read().cgroups["memory"][1]
    assert not list(Path(groups).glob(f"jupyter-kf-{ref.run_id}*"))  # others run meanwhile


@can_hold_memory
def test_a_run_that_somebody_killed_is_not_told_of_another_run_s_want_of_memory(jobs, monkeypatch):
    monkeypatch.setenv("JUPYTER_KF_CORES", "2")  # a core for each of two runs
    jobs.backend = LocalBackend(jobs.store)
    held = jobs.submit(WAITS)
    jobs.begun(held)
    full = jobs.result(jobs.submit("b = bytearray(b'x' * (300 << 20))", memory="64Mi"))
    assert full["error"]["code"] == "kf-2007"
    keepers = jobs.keepers(held)
    for process in jobs.processes(held):
        if process.pid not in keepers:
            process.kill()
    assert jobs.result(held)["error"]["code"] == "kf-2006"


def test_memory_is_watched_where_the_kernel_does_not_hold_it(jobs):
    jobs.backend = LocalBackend(jobs.store, dataclasses.replace(Machine.read(), cgroups={}))
    ref = jobs.submit(
        "b = bytearray(b'x' * (300 << 20))\nimport time; time.sleep(60)", memory="64Mi"
    )
    result = jobs.result(ref)
    assert result["error"]["code"] == "kf-2007"
    assert "its processes held" in result["error"]["cause"]


def test_a_run_that_cannot_be_started_says_why(jobs):
    result = jobs.result(jobs.submit("", change={"argv": ["/nowhere/python"]}))
    assert result["state"] == "FAILED"
    assert result["error"]["code"] == "kf-2004"
    assert "No such file" in result["error"]["cause"]


def test_usage_is_told(jobs):
    usage = jobs.result(jobs.submit("sum(range(10**6))"))["usage"]
    assert usage["cpu_s"] > 0
    assert usage["wall_s"] > 0
    assert usage["max_rss_bytes"] > 2**20


# the queue


def test_a_full_machine_makes_runs_wait_and_says_why(jobs, monkeypatch):
    monkeypatch.setenv("JUPYTER_KF_CORES", "1")
    jobs.backend = LocalBackend(jobs.store)
    first = jobs.submit(WAITS)
    jobs.begun(first)
    second = jobs.submit("print('now')")
    jobs.until(lambda: jobs.seen(second).reason)
    assert jobs.seen(second).state is State.PENDING
    assert jobs.seen(second).reason == "waiting for 1 core: 1 running"
    jobs.backend.cancel(first)
    assert jobs.lines(second) == ["now"]
    assert jobs.seen(second).state is State.SUCCEEDED


def test_a_waiting_run_can_be_cancelled(jobs, monkeypatch):
    monkeypatch.setenv("JUPYTER_KF_CORES", "1")
    jobs.backend = LocalBackend(jobs.store)
    first = jobs.submit(WAITS)
    jobs.begun(first)  # else the second may be let in first
    second = jobs.submit("print('never')")
    jobs.backend.cancel(second)
    assert jobs.seen(second).state is State.CANCELLED
    assert jobs.seen(second).started_s is None
    jobs.backend.cancel(first)
    assert jobs.lines(second) == []


# ends


def test_cancelling_ends_what_ignores_it(jobs):
    source = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + WAITS
    ref = jobs.submit(source)
    jobs.begun(ref)
    jobs.backend.cancel(ref)
    assert jobs.result(ref)["exit"] == {"code": None, "signal": 9}
    assert jobs.processes(ref) == []


def test_cancelling_ends_what_left_the_group_the_session_and_the_environment(jobs, is_alive):
    ref = jobs.submit(ESCAPES + "time.sleep(600)")
    escaped = int(next(iter(jobs.backend.logs(ref, follow=True))).split()[1])
    assert is_alive(escaped)
    jobs.backend.cancel(ref)
    assert not is_alive(escaped)


def test_an_ended_run_leaves_nothing_behind(jobs, is_alive, tmp_path):
    go = tmp_path / "go"
    waits = f"import os\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)"
    ref = jobs.submit(ESCAPES + waits)
    escaped = int(next(iter(jobs.backend.logs(ref, follow=True))).split()[1])
    go.touch()
    assert jobs.end(ref).state is State.SUCCEEDED
    assert not is_alive(escaped)


def test_a_signal_from_outside_is_no_request_of_the_user(jobs):
    ref = jobs.submit(WAITS)
    jobs.begun(ref)
    os.kill(jobs.keepers(ref)[1], 15)  # the guard hands it on
    assert jobs.end(ref).state is State.CANCELLED
    assert "told to end" in jobs.seen(ref).reason


def test_a_run_submitted_from_inside_a_run_outlives_it(jobs):
    """A retraining job starts jobs of its own; they are runs, not parts of it."""
    inner = new_run_id("inner")
    source = f"""
import dataclasses, pathlib, sys
from jupyter_kf.backends.local.backend import LocalBackend
from jupyter_kf.specs import TrainSpec
store = pathlib.Path({str(jobs.store)!r})
inside = store / "runs" / {inner!r}
inside.mkdir()
backend = LocalBackend(store)
plan = backend.plan(TrainSpec.of(name="inner", cpu="0.1"), {inner!r})
argv = [sys.executable, "-c", {WAITS!r}]
backend.submit(dataclasses.replace(plan, objects=({{**plan.objects[0], "argv": argv}},)), inside)
"""
    outer = jobs.submit(source)
    assert jobs.end(outer).state is State.SUCCEEDED
    ref = dataclasses.replace(outer, run_id=inner, where={**outer.where, "folder": ""})
    jobs.begun(ref)
    jobs.until(lambda: jobs.seen(ref).state is State.RUNNING)  # no worker, which would say so
    jobs.backend.cancel(ref)
    assert jobs.seen(ref).state is State.CANCELLED


# who sees it


def test_another_process_sees_and_ends_it(jobs):
    ref = jobs.submit(WAITS)
    jobs.begun(ref)
    code = f"""
import json, pathlib
from jupyter_kf.backends.base import Ref
from jupyter_kf.backends.local.backend import LocalBackend
ref = Ref(**json.loads(pathlib.Path({str(jobs.folder(ref).ref)!r}).read_text()))
backend = LocalBackend({str(jobs.store)!r})
print(backend.observe([ref])[ref.run_id].state)
backend.cancel(ref)
print(backend.observe([ref])[ref.run_id].state)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["RUNNING", "CANCELLED"]
    assert jobs.seen(ref).state is State.CANCELLED


def test_it_outlives_the_process_that_submitted_it(jobs, tmp_path):
    go = tmp_path / "go"
    source = (
        f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\nprint('done')"
    )
    submitter = os.fork()
    if submitter == 0:
        jobs.submit(source)
        os.kill(os.getpid(), 9)
    os.waitpid(submitter, 0)
    (folder,) = (jobs.store / "runs").iterdir()
    from jupyter_kf.backends.base import Ref

    ref = Ref(**json.loads((folder / "ref.json").read_text()))
    assert not jobs.seen(ref).state.ended
    go.touch()
    assert jobs.lines(ref) == ["done"]
    assert jobs.seen(ref).state is State.SUCCEEDED


def test_an_endpoint_is_ready_when_it_says_so(jobs):
    ref = jobs.submit(
        f"import pathlib\npathlib.Path(folder, 'ready.json').write_text('{{}}')\n{WAITS}"
    )
    jobs.begun(ref)
    assert jobs.seen(ref).state is State.READY
    jobs.backend.cancel(ref)


def test_a_run_is_submitted_once(jobs):
    ref = jobs.submit("")
    jobs.end(ref)
    from jupyter_kf.specs import TrainSpec

    plan = jobs.backend.plan(TrainSpec.of(name="program"), ref.run_id)
    with pytest.raises(BackendError) as refusal:
        jobs.backend.submit(plan, jobs.folder(ref).path)
    assert refusal.value.code == 2012


def test_a_log_of_no_run_is_not_found(jobs):
    from jupyter_kf.backends.base import Ref

    with pytest.raises(NotFound):
        jobs.backend.logs(Ref("nobody-1", "local"))


def test_a_supervisor_loads_next_to_nothing():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from jupyter_kf.backends.local import supervisor\n"
        "print(' '.join(sys.modules))"
    )
    root = str(Path(__file__).parents[3])
    run = [sys.executable, "-I", "-S", "-c", code, root]
    loaded = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    heavy = {"pydantic", "site", "typing", "pathlib", "dataclasses", "subprocess", "enum", "json"}
    assert not heavy & set(loaded)
    assert not {name for name in loaded if name.startswith("jupyter_kf.")} - {
        "jupyter_kf.backends",
        "jupyter_kf.backends.local",
        "jupyter_kf.locks",
        *(
            f"jupyter_kf.backends.local.{name}"
            for name in ("admission", "cgroups", "children", "processes", "supervisor")
        ),
    }


def test_a_run_whose_folder_is_deleted_ends(jobs, is_alive):
    import shutil

    ref = jobs.submit(WAITS)
    jobs.begun(ref)
    keepers = jobs.keepers(ref)
    shutil.rmtree(jobs.folder(ref).path)
    jobs.until(lambda: not any(is_alive(pid) for pid in keepers))
    assert jobs.processes(ref) == []
