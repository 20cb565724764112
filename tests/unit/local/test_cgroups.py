"""Control groups of both versions, in a tree of plain files."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_kf.backends.local import cgroups


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A version 2 tree as systemd makes it: app.slice is ours, and hands memory and cpu down."""
    slice_ = tmp_path / "cgroup" / "user.slice" / "app.slice"
    (slice_ / "notebook.scope").mkdir(parents=True)
    (slice_ / "cgroup.subtree_control").write_text("cpu memory pids\n")
    (slice_ / "notebook.scope" / "cgroup.subtree_control").write_text("\n")
    (tmp_path / "mounts").write_text(f"cgroup2 {tmp_path / 'cgroup'} cgroup2 rw,nosuid 0 0\n")
    (tmp_path / "own").write_text("0::/user.slice/app.slice/notebook.scope\n")
    return tmp_path


def find(tree: Path) -> dict[str, object]:
    return cgroups.find(str(tree / "mounts"), str(tree / "own"))


def test_the_nearest_group_that_was_delegated_is_used(tree):
    ours = str(tree / "cgroup" / "user.slice" / "app.slice")
    assert find(tree) == {"memory": [2, ours], "cpu": [2, ours]}


def test_a_controller_that_is_not_handed_down_is_not_used(tree):
    ours = tree / "cgroup" / "user.slice" / "app.slice"
    (ours / "cgroup.subtree_control").write_text("memory\n")
    assert set(find(tree)) == {"memory"}


def test_without_any_there_are_none(tmp_path):
    assert find(tmp_path) == {}


def test_one_group_of_version_2_holds_both_limits(tree):
    made = cgroups.create(find(tree), "jupyter-kf-a.0", 2**30, 0.5)
    (folder,) = (Path(name) for name in made)
    assert (folder / "memory.max").read_text() == str(2**30)
    assert (folder / "cpu.max").read_text() == "50000 100000"
    assert (folder / "memory.swap.max").read_text() == "0"


def test_each_hierarchy_of_version_1_gets_a_group(tmp_path):
    for controller in ("memory", "cpu"):
        (tmp_path / controller).mkdir()
    usable = {name: [1, str(tmp_path / name)] for name in ("memory", "cpu")}
    made = cgroups.create(usable, "jupyter-kf-a.0", 2**20, 2)
    assert made == [str(tmp_path / name / "jupyter-kf-a.0") for name in ("memory", "cpu")]
    assert (Path(made[0]) / "memory.limit_in_bytes").read_text() == str(2**20)
    assert (Path(made[1]) / "cpu.cfs_quota_us").read_text() == "200000"


def test_kills_for_want_of_memory_are_counted_in_both_versions(tmp_path):
    for number, file in enumerate(("memory.events", "memory.oom_control")):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / file).write_text("low 0\noom 3\noom_kill 2\n")
    folders = [str(tmp_path / "0"), str(tmp_path / "1"), "/nowhere"]
    assert cgroups.oom_kills(folders[:1]) == cgroups.oom_kills(folders[1:2]) == 2
    assert cgroups.oom_kills(folders) == 4


def test_the_machine_s_kill_is_the_run_s_when_it_is_recent_and_the_run_was_large(tmp_path):
    def counted(kills: int) -> None:
        (tmp_path / "vmstat").write_text(f"oom_kill_disable 9\noom_kill {kills}\n")

    counted(3)
    kills = cgroups.MachineKills(str(tmp_path))
    assert not kills.took(16 << 30, 24 << 30)
    counted(4)
    assert kills.took(16 << 30, 24 << 30)
    assert not kills.took(150 << 20, 24 << 30), "the kernel takes whoever holds most"
    kills.RECENT_S = 0.0
    for _ in range(3):
        kills._due = 0.0
        kills.look()
    assert not kills.took(16 << 30, 24 << 30), "that kill was long ago"
