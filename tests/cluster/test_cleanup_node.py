"""Does a killed node tier leave the machine as it found it?

Needs the machine's only node tier for itself, so it can't run while this session's is up; by its
name it comes before the files that start one.
"""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster import paths
from tests.cluster.control import wait_for
from tests.cluster.sandbox import CGROUPS, SETTINGS

OWNER = """
import time
from tests.cluster import instances
from tests.cluster.control import ControlPlane
from tests.cluster.node import Node
state = instances.create()
Node(ControlPlane(state).start()).start()
print(state, flush=True)
time.sleep(600)
"""


def machine():
    """What a node tier changes outside its own folder and namespaces."""
    settings = {name: (Path("/proc/sys") / name).read_text() for name in SETTINGS}
    links = sorted(path.name for path in Path("/sys/class/net").iterdir())
    # Named as a cluster is, by eight digits; runs of other tests come and go beside them.
    cgroups = sorted(map(str, CGROUPS.glob(f"**/jupyter-kf-{'[0-9a-f]' * 8}")))
    mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if "testbed" in line]
    fixed_names = [path.exists() for path in map(Path, ("/run/containerd", "/var/lib/cni"))]
    routes = Path("/proc/net/route").read_text()
    return settings, links, cgroups, mounts, fixed_names, routes


def test_a_killed_node_tier_leaves_the_machine_as_it_was(bed):
    if bed.has_node:
        pytest.skip("this session's node tier is up; run this file first or alone")
    bed.check_node_tier()
    before = machine()
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], cwd=paths.CLONE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert owner.stdout is not None
        state = Path(owner.stdout.readline().strip())
        assert (state / "node").is_dir()
        assert machine() != before
    finally:
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    wait_for(lambda: not state.exists(), 120, "removed by the guard")
    assert machine() == before
