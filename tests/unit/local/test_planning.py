"""What a machine can do, and what it refuses before anything starts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from jupyter_kf.backends.base import Plan
from jupyter_kf.backends.local.backend import LocalBackend
from jupyter_kf.backends.local.machine import Machine
from jupyter_kf.errors import BackendError
from jupyter_kf.specs import BatchSpec, JobSpec, ServeSpec, TrainSpec, TuneSpec

GIB = 2**30
HELD = {"memory": [2, "/sys/fs/cgroup/x"], "cpu": [2, "/sys/fs/cgroup/x"]}
BIG = Machine(cores=8, memory_bytes=16 * GIB, gpus=("0", "1"), cgroups=HELD)


def plan(spec: JobSpec, machine: Machine = BIG) -> Plan:
    return LocalBackend("/nowhere/store", machine).plan(spec, "delay-0000000001")


def train(**fields: object) -> TrainSpec:
    return TrainSpec.of(name="delay", **fields)


def test_planning_touches_no_file(tmp_path):
    plan(train(cpu="2", memory="1Gi", gpu=1))
    LocalBackend(tmp_path / "store", BIG).plan(train(), "delay-0000000001")
    assert not any(tmp_path.rglob("store/*"))


def test_a_plan_shows_the_command_and_what_it_needs():
    task = plan(train(cpu="2", memory="1Gi", gpu=1)).objects[0]
    assert task["argv"][0] == sys.executable
    assert task["argv"][-1] == "/nowhere/store/runs/delay-0000000001"
    assert task["needs"] == {"cpu": 2.0, "memory_bytes": GIB, "gpu": 1}
    assert task["env"]["OMP_NUM_THREADS"] == "2"


def test_the_users_variable_wins_over_ours():
    task = plan(train(cpu="2", env={"OMP_NUM_THREADS": "1"})).objects[0]
    assert task["env"]["OMP_NUM_THREADS"] == "1"


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"cpu": "9"}, "cpu", "9 cores were asked for and this machine has 8"),
        ({"memory": "17Gi"}, "memory", "17Gi were asked for and this machine has 16Gi"),
        ({"gpu": 3}, "gpu", "3 GPUs were asked for and this machine has 2"),
        ({"image": "x"}, "image", "not an image"),
        ({"volumes": ("c:/d",)}, "volumes", "cluster only"),
        ({"queue": "team"}, "queue", "cluster only"),
        ({"nodes": 2}, "nodes", "several processes would all do the same"),
        (
            {"nodes": 3, "cpu": "4", "runtime": "torch-distributed"},
            "cpu",
            "4 x 3 cores were asked for and this machine has 8",
        ),
    ],
)
def test_what_cannot_be_had_is_refused_with_numbers_and_a_way_out(fields, field, said):
    (refused,) = plan(train(**fields)).unsupported
    assert refused.field == field
    assert said in refused.reason
    assert refused.fix


def test_all_refusals_come_at_once():
    assert len(plan(train(image="x", gpu=9, cpu="99")).unsupported) == 3


def test_an_endpoint_needs_no_core_while_it_waits():
    assert plan(ServeSpec.of(name="delay")).objects[0]["needs"]["cpu"] == 0
    assert "takes no place" in plan(ServeSpec.of(name="delay")).notes[-1]


def test_a_study_needs_what_its_parallel_trials_need():
    spec = TuneSpec.of(name="d", params={"lr": "float(0, 1)"}, metric=("auc",), parallel=2, cpu="3")
    assert plan(spec).objects[0]["needs"]["cpu"] == 6
    wide = spec.model_copy(update={"parallel": 3})
    assert "3 x 3 cores" in plan(wide).unsupported[0].reason


def test_only_training_is_distributed():
    told = {"nodes": 2, "runtime": "torch-distributed", "pickle": ("x",)}
    refused = plan(BatchSpec.of(name="d", input="*.csv", output="o", **told)).unsupported
    reasons = {one.field: one.reason for one in refused}
    assert "one process" in reasons.pop("nodes")
    assert sorted(reasons) == ["pickle", "runtime"]
    assert all("only a train cell" in reason for reason in reasons.values())
    assert plan(train(**told)).unsupported == ()


def test_ranks_get_the_variables_of_torch():
    task = plan(train(nodes=2, runtime="torch-distributed")).objects[0]
    assert task["count"] == 2
    assert task["rendezvous"]
    assert [env["RANK"] for env in task["env_per_process"]] == ["0", "1"]
    assert {env["WORLD_SIZE"] for env in task["env_per_process"]} == {"2"}


def test_a_limit_that_is_watched_instead_of_enforced_is_declared():
    bare = Machine(cores=2, memory_bytes=4 * GIB)
    got = plan(train(memory="1Gi", cpu="0.5"), bare)
    assert got.objects[0]["limits"]["watch"]
    assert not got.objects[0]["limits"]["quota"]
    assert "watched" in got.notes[0]
    assert "counts in the queue only" in got.notes[1]
    assert plan(train(memory="1Gi", cpu="0.5", gpu=1)).notes == ()


def test_gpus_are_hidden_from_who_asked_for_none_and_it_says_so():
    assert "--gpu 1" in plan(train()).notes[0]


def test_a_refused_plan_is_not_submitted(store_dir):
    with pytest.raises(BackendError) as refusal:
        LocalBackend(store_dir, BIG).submit(plan(train(image="x", queue="q")), store_dir)
    assert refusal.value.code == 2040
    assert "`image`, `queue`" in refusal.value.what
    assert not any(store_dir.iterdir())


def test_the_machine_can_be_told_what_it_has():
    told = Machine.read(
        {"JUPYTER_KF_CORES": "6", "JUPYTER_KF_GPUS": "0,1", "JUPYTER_KF_MAX_RUNS": "3"}
    )
    assert (told.cores, told.gpus, told.max_runs) == (6.0, ("0", "1"), 3)


def test_a_machine_that_is_told_nonsense_says_so():
    with pytest.raises(BackendError) as wrong:
        Machine.read({"JUPYTER_KF_CORES": "many"})
    assert "JUPYTER_KF_CORES" in wrong.value.what


def test_this_machine_knows_itself():
    here = Machine.read({})
    assert here.cores > 0
    assert here.memory_bytes > 2**28
    assert here.boot_id == Machine.read({}).boot_id


def test_only_known_back_ends_are_made(tmp_path: Path):
    from jupyter_kf.backends import registry

    assert registry.get("local", store_root=tmp_path).name == "local"
    with pytest.raises(BackendError) as wrong:
        registry.get("locla")
    assert wrong.value.code == 2002
    assert "did you mean `local`" in wrong.value.cause
