"""Does what the hub says reach `%kf`, and can `%kf` work with it?

The two packages share no code: only a test knows both.
"""

from __future__ import annotations

from importlib.util import find_spec

from jupyter_kf_spawner import handoff
from jupyter_kf_spawner.resolve import Usage, resolve

from jupyter_kf.backends import registry
from jupyter_kf.client import connect
from jupyter_kf.config import HANDOFF, read_config


def test_a_server_that_may_use_the_cluster_needs_no_configuration(
    catalogue, grace, tmp_path, monkeypatch
):
    usage = Usage(claims={}, home="claim-grace")
    resolved = resolve(catalogue, grace, usage, {"kubeflow": True})
    said = handoff.handoff(catalogue, resolved, "team-a")
    assert handoff.VARIABLE == HANDOFF
    read = read_config({HANDOFF: said})
    assert (read.namespace, read.notice) == ("team-a", "")
    assert read.image == resolved.image.image and read.limits["memory"] == resolved.memory
    # The day jupyter-kf has a back end for the cluster, the hub must hand it over.
    there = find_spec("jupyter_kf.backends.kube") is not None
    assert read.backend == ("kubernetes" if there else "local")
    assert read.backend in registry.names()
    monkeypatch.setenv(HANDOFF, said)
    monkeypatch.setenv("JUPYTER_KF_STORE", str(tmp_path))
    assert connect().runs() == []
