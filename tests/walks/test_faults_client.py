"""kill -9 through the client: submitter, supervisor, worker, endpoint; nothing lost, no orphan.

`test_faults_kill` does this to the back end with a bare program; here whole jobs and a live
endpoint are hit. ``JUPYTER_KF_FAULT_ROUNDS`` says how many rounds of jobs (8 by default; an
endpoint takes seconds to start, so it gets fewer), ``JUPYTER_KF_FAULT_SEED`` repeats a seed.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

import jupyter_kf as kf
from jupyter_kf.blobs import read_json
from jupyter_kf.errors import KfError
from jupyter_kf.layout import RunFolder
from jupyter_kf.records import State
from jupyter_kf.serving import routing

ROUNDS = int(os.environ.get("JUPYTER_KF_FAULT_ROUNDS", "8"))
ENDPOINT_ROUNDS = max(4, ROUNDS // 20)  # each kind of victim at least once
SEED = int(os.environ.get("JUPYTER_KF_FAULT_SEED", "0")) or random.SystemRandom().randrange(
    1, 10**9
)
CELL = """
import time
for step in range(5):
    kf.report(step=step, loss=1 / (step + 1))
    time.sleep(0.1)
kf.artifact({"steps": 5}, name="told.json")
"""


@pytest.fixture
def client() -> Any:
    return kf.connect()


@contextlib.contextmanager
def kernel(act: Callable[[], Any]) -> Iterator[int]:
    """A process of its own that acts as a notebook's kernel would, and then idles; its pid."""
    pid = os.fork()
    if not pid:
        with contextlib.suppress(BaseException):
            act()
            time.sleep(600)
        os._exit(1)
    try:
        yield pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def until(holds: Callable[[], Any], what: str) -> Any:
    stop = time.monotonic() + 90
    while not (found := holds()):
        assert time.monotonic() < stop, f"{what}: waited too long"
        time.sleep(0.01)
    return found


def each_in_turn(chance: random.Random, *kinds: str) -> Iterator[str]:
    """The kinds without end, each as often as the others, in an order nobody chose."""
    while True:
        yield from chance.sample(kinds, len(kinds))


def processes_of(run_id: str) -> dict[str, list[int]]:
    """The living processes of a run: those that keep it, and those that are it."""
    found: dict[str, list[int]] = {"keepers": [], "workers": []}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            env = process.environ()
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            if env.get("JUPYTER_KF_RUN") == run_id:
                found["workers"].append(process.pid)
            elif env.get("JUPYTER_KF_SUPERVISOR") == run_id:
                found["keepers"].append(process.pid)
    return found


def kept(run_id: str) -> bool:
    """Whether a supervisor of its own keeps the run."""
    return bool(processes_of(run_id)["keepers"])


def kill(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def ended(run_id: str) -> Any:
    """The run once a client that was not there before has seen its end."""
    folder = RunFolder(kf.connect().store.root / "runs" / run_id)
    if not folder.ref.exists():  # its submitter is dead: be as late as if it were found tomorrow
        os.utime(folder.spec, (time.time() - 3600,) * 2)
    run = until(lambda: (r := kf.connect().run(run_id)).state.ended and r, run_id)
    until(lambda: not any(processes_of(run_id).values()), f"processes of {run_id}")
    return run


def begun(store: Path, known: set[str], pid: int) -> str | None:
    """The id of the run that the kernel has begun; None when it was killed too early for one."""

    def look() -> str | bool:
        new = [p.name for p in (store / "runs").glob("*") if p.name not in known]
        for run_id in new:
            if (store / "runs" / run_id / "spec.json").exists():
                return run_id
        return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE

    found = until(look, "a new run")
    return found if isinstance(found, str) else None


@pytest.mark.timeout(120 + 20 * ROUNDS)
def test_whatever_of_a_job_is_killed_its_run_ends_and_nothing_else_is_touched(client, store_dir):
    chance = random.Random(SEED)
    victims = each_in_turn(chance, "submitter", "keepers", "workers", "all", "nobody")
    client.data("trips", pd.DataFrame({"km": [1.0, 2.0, 3.0]}))
    before = client.train(CELL, name="before", wait=True)
    assert before.state is State.SUCCEEDED, before.error
    for number in range(ROUNDS):
        victim = next(victims)
        delay_s = chance.uniform(0, 0.2 if victim == "submitter" else 1.2)
        said = f"JUPYTER_KF_FAULT_SEED={SEED} round {number}: {victim} after {delay_s:.3f} s"
        print(said)
        known = client.store.runs.ids()
        with kernel(lambda: kf.connect().train(CELL, name="fault")) as pid:
            if victim == "submitter":
                time.sleep(delay_s)
                kill([pid])
            run_id = begun(store_dir, known, pid)
            if victim != "submitter":
                time.sleep(delay_s)
                there = processes_of(run_id)
                hit = {"all": [pid, *there["keepers"], *there["workers"]], "nobody": []}
                kill(hit[victim] if victim in hit else there[victim])
            if run_id is None:
                continue  # killed before it asked for anything
            run = ended(run_id)
        if victim == "nobody":
            assert run.state is State.SUCCEEDED, said
        assert run.state in (State.SUCCEEDED, State.FAILED, State.LOST), said
        assert run.state is State.SUCCEEDED or run.error or run.reason, said
        if run.state is State.SUCCEEDED:
            assert "told.json" in run.outputs["artifacts"] and run.metrics["loss"] == 0.2, said
        steps = [metric.step for metric in client.metrics(run_id)]
        assert steps == list(range(len(steps))), said
        assert client.run(before.id).outputs == before.outputs
        assert client.get_data("trips").version == 1
    left = [run for run in client.runs() if not run.state.ended]
    assert not left


@pytest.fixture
def served(client) -> Any:
    frame = pd.DataFrame({"km": [float(n) for n in range(80)]})
    client.data("trips", frame.assign(late=frame["km"] > 40))
    code = "def transform(df):\n    return df[['km']] / 2\n"
    client.transform(code, name="prepare", data="trips", target="late")
    train = (
        "from sklearn.tree import DecisionTreeClassifier\n"
        "model = DecisionTreeClassifier(random_state=0).fit(X_train, y_train)\n"
    )
    run = client.train(train, name="late", data="trips", transform="prepare", wait=True)
    assert run.state is State.SUCCEEDED, run.error
    client.serve("late", wait=True)
    yield client
    client.stop("late")


def answer(client: Any) -> list[bool] | None:
    """The predictions of two rows; None when the endpoint says that it is not there."""
    try:
        return list(client.predict("late", [{"km": 1.0}, {"km": 70.0}])["prediction"])
    except KfError as error:
        assert error.code in (2204, 1121), error
        assert error.cause and "%kf serve late" in error.fix
        return None


@pytest.mark.timeout(180 + 90 * ENDPOINT_ROUNDS)
def test_whatever_of_an_endpoint_is_killed_another_version_answers_or_it_says_so(served):
    chance = random.Random(SEED)
    victims = each_in_turn(chance, "endpoint", "its keepers", "a new version", "its submitter")
    whole = answer(served)
    assert whole == [False, True]
    for number in range(ENDPOINT_ROUNDS):
        victim = next(victims)
        delay_s = chance.uniform(0, 4)
        said = f"JUPYTER_KF_FAULT_SEED={SEED} round {number}: {victim} after {delay_s:.3f} s"
        print(said)
        now, runs = served.endpoint("late"), served.store.runs
        if victim in ("endpoint", "its keepers"):
            there, stood_by = processes_of(now.run.id), standing_by(served)
            kill(there["workers" if victim == "endpoint" else "keepers"])
            run = ended(now.run.id)
            assert run.state in (State.FAILED, State.LOST), said
            got = answer(served)
            assert got in (None, whole), said
            if victim == "endpoint":  # with its keepers it may end in order, and is not replaced
                assert (got is not None) == stood_by, said
        else:
            known = runs.ids()
            with kernel(lambda: kf.connect().serve("late")) as pid:
                run_id = begun(served.store.root, known, pid)
                # ref.json stands before the supervisor does; a submitter that dies between leaves
                # a run that is LOST, and here one is to go on.
                until(partial(kept, run_id), said)
                if victim == "a new version":
                    time.sleep(delay_s)
                    kill(processes_of(run_id)["workers"])
                    assert ended(run_id).state is State.FAILED, said
            if victim == "its submitter":
                assert served.wait(run_id).state is State.READY, said
            elif served.endpoint("late").run.id == now.run.id:
                assert answer(served) == whole, said  # the version before never stopped
        recovered(served, said)
        assert answer(served) == whole, said
    runs = [run.id for run in served.runs(kind="serve")]
    served.stop("late")
    for run_id in runs:
        assert ended(run_id).state.ended
    assert read_json(served.store.root / "endpoints" / "late" / "current.json")


def standing_by(client: Any) -> bool:
    """Whether an earlier version is warm, which takes the traffic when the current one dies."""
    now = routing.current(client.store.root, "late")
    if now is None or now.previous is None or now.previous > now.version:
        return False
    before = dict(routing.versions(client.store.root, "late"))[now.previous]
    return bool(client.run(before["run"]).state is State.READY)


def recovered(client: Any, said: str) -> None:
    """Follows the error's advice until the endpoint answers: a warm version, or a new one."""
    if answer(client) is not None:
        return
    with pytest.raises(KfError) as caught:
        client.predict("late", [{"km": 1.0}])
    advice = caught.value.fix
    version = int(advice.split("--version ")[1].split("`")[0])
    found = client.serve("late", version=version, wait=True)
    if "still runs" in advice:
        assert found.version == version, said
    assert found.state is State.READY, said
