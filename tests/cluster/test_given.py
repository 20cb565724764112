"""A cluster that runs already is used as it is: namespaces come and go, nothing is started.

Another process owns the cluster; the tests that need any Kubernetes run against its kubeconfig in
a pytest of their own, whose cache of binaries is empty, so that it could start nothing if it tried.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from kubernetes import client, watch

from tests.cluster import paths, provider
from tests.cluster.control import wait_for

ANY_CLUSTER = "tests/cluster/test_control.py"


@pytest.fixture
def suite(control_plane, tmp_path):
    """Runs tests of this room against the session's cluster, as somebody else's."""

    def run(*options: str, **env: str) -> subprocess.CompletedProcess[str]:
        settings = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        settings |= {"XDG_CACHE_HOME": str(tmp_path / "empty"), "TMPDIR": str(tmp_path)}
        settings |= {provider.REQUIRE: "1", **env}
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *options]
        return subprocess.run(
            command, cwd=paths.CLONE, env=settings, capture_output=True, text=True, check=False
        )

    return run


def namespaces(api) -> dict[str, tuple[str, bool]]:
    """By name its identity, which another of that name would not have, and whether it goes."""
    found = client.CoreV1Api(api).list_namespace().items
    return {
        n.metadata.name: (n.metadata.uid, n.metadata.deletion_timestamp is not None) for n in found
    }


def test_a_given_cluster_serves_the_suite_and_is_left_as_it_was(
    api, control_plane, suite, tmp_path
):
    before = namespaces(api)  # those of other tests may still be on their way out
    list_namespaces = client.CoreV1Api(api).list_namespace
    since = list_namespaces().metadata.resource_version
    done = suite(
        *(ANY_CLUSTER, "-k", "no_node_fits or restricted or quota"),
        **{provider.OURS: str(control_plane.kubeconfig)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^3 passed", done.stdout, re.M), done.stdout
    changes = watch.Watch().stream(list_namespaces, resource_version=since, timeout_seconds=60)
    assert any(change["type"] == "ADDED" for change in changes), "it was this cluster"

    def as_it_was() -> bool:
        now = namespaces(api)
        stay = {name for name, (_, goes) in before.items() if not goes}
        return stay <= now.keys() <= before.keys() and all(now[n] == before[n] for n in stay)

    wait_for(as_it_was, 120, "as it was")
    assert not list(tmp_path.glob("jupyter-kf-testbed-*/*")), "it started a cluster"


def test_what_stops_programs_never_takes_a_given_cluster(control_plane, suite):
    done = suite(
        *("tests/cluster/test_faults.py", "-k", "api_server", "-x"),
        **{provider.OURS: str(control_plane.kubeconfig)},
    )
    assert done.returncode == 1, done.stdout
    assert "not in the cache" in done.stdout
    assert control_plane.api_server.alive()


def test_a_kubeconfig_that_is_not_there_is_named(suite):
    gone = str(Path("/no/such/kubeconfig"))
    done = suite(ANY_CLUSTER, "-k", "no_node_fits", **{provider.OURS: gone})
    assert done.returncode == 1
    assert gone in done.stdout


def test_without_any_cluster_one_loud_line_says_what_is_missing(suite):
    done = suite(ANY_CLUSTER, "-k", "no_node_fits", **{provider.REQUIRE: ""})
    assert done.returncode == 0, done.stdout
    assert re.search(r"^CLUSTER TESTS DID NOT RUN: .*etcd.* not in the cache", done.stdout, re.M)
    assert "1 skipped" in done.stdout
