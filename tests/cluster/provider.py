"""Which Kubernetes may the tests use?

Probed in this order: a cluster somebody names, the binaries in the cache, none. Tests never build
by themselves, since a first build takes half an hour: `make cluster-build` does.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.cluster import build, node

REQUIRE = "JUPYTER_KF_REQUIRE_CLUSTER"
OURS = "JUPYTER_KF_TEST_KUBECONFIG"
# A KUBECONFIG that merely happens to be set may name somebody's production.
PLAYGROUNDS = ("kind-", "k3d-", "minikube", "testbed")


@dataclass(frozen=True)
class Given:
    """A cluster that runs already; the tests make and remove namespaces there, nothing else."""

    kubeconfig: Path


@dataclass(frozen=True)
class Built:
    """The test bed starts its own."""


@dataclass(frozen=True)
class Missing:
    """No cluster can be had; `why` says what is missing and how to get it."""

    why: str


def choose() -> Given | Built | Missing:
    """Where `cluster` comes from; tests that stop programs always take the test bed's own."""
    if named := os.environ.get(OURS):
        return Given(Path(named))
    if (found := os.environ.get("KUBECONFIG")) and _is_playground(Path(found)):
        return Given(Path(found))
    return control_tier_missing() or Built()


def control_tier_missing() -> Missing | None:
    """What the test bed's own control plane lacks on this machine, or None."""
    if not sys.platform.startswith("linux"):
        return Missing(
            f"the test bed runs on Linux; elsewhere set {OURS} to a cluster's kubeconfig"
        )
    return not_built(build.ETCD, build.KUBE)


def not_built(*upstreams: build.Upstream) -> Missing | None:
    """Which binaries the cache lacks, or None."""
    lacking = [name for upstream in upstreams for name in upstream.missing()]
    return Missing(f"{', '.join(lacking)} not in the cache: {build.HOW}") if lacking else None


def node_tier_missing() -> Missing | None:
    """What the node tier lacks on this machine, or None."""
    if os.geteuid() != 0:
        return Missing("the node tier (containers that really run) needs root")
    programs = node.missing_programs()
    if programs:
        return Missing(f"{', '.join(programs)} not installed: run `make cluster-setup`")
    return not_built(build.COREDNS, build.PAUSE)


def required() -> bool:
    """True where a skipped cluster test counts as a failure, as in CI."""
    return os.environ.get(REQUIRE, "") not in ("", "0")


def _is_playground(kubeconfig: Path) -> bool:
    try:
        context = yaml.safe_load(kubeconfig.read_text())["current-context"]
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return False
    return str(context).startswith(PLAYGROUNDS)
