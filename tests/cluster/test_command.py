"""Does one command start a cluster that outlives it, and another end it without a trace?"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from kubernetes import client

from tests.cluster import paths
from tests.cluster.control import api_client
from tests.cluster.journal import Identity, Journal


@pytest.fixture
def command(tmp_path):
    """Runs a verb where there are no programs for the node tier, which is the session's own."""
    settings = {**os.environ, "TMPDIR": str(tmp_path), "PATH": "/no/such/folder"}

    def run(verb: str) -> str:
        said = subprocess.run(
            [sys.executable, "-m", "tests.cluster", verb],
            cwd=paths.CLONE,
            env=settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.returncode == 0, said.stdout + said.stderr
        return said.stdout

    yield run
    run("down")


def test_a_cluster_runs_from_up_until_down(control_plane, command):
    """`control_plane` is asked for its check that all is built."""
    said = command("up")
    assert "control tier is ready" in said and "no node tier: " in said
    kubeconfig = Path(re.search(r"^export KUBECONFIG=(.+)$", said, re.M)[1])
    with api_client(kubeconfig) as api:
        names = {one.metadata.name for one in client.CoreV1Api(api).list_namespace().items}
    assert "default" in names
    state = kubeconfig.parent
    assert f"{state} (until `down`)" in command("status")
    programs = [Identity.from_stat(one["stat"]) for one in Journal(state).entries()]
    assert len(programs) == 4 and all(one.alive() for one in programs)
    assert "ended 1 cluster(s)" in command("down")
    assert not any(one.alive() for one in programs)
    assert not state.exists() and command("status") == ""
