"""Does what the hub says reach `%kf`, and can `%kf` work with it?

The two packages share no code: only a test knows both.
"""

from __future__ import annotations

import json
from importlib.util import find_spec

import pytest
from jupyter_kf_spawner import handoff
from jupyter_kf_spawner.local import idle_arguments
from jupyter_kf_spawner.resolve import Usage, resolve
from traitlets.config import Config

from jupyter_kf.backends import registry
from jupyter_kf.client import connect
from jupyter_kf.config import HANDOFF, read_config
from tests.spawner.conftest import ROOT


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


@pytest.mark.parametrize("idle_s", [7, 90, 7200])
def test_a_local_server_stops_by_itself_as_one_of_our_images_does(idle_s, monkeypatch):
    monkeypatch.setenv(handoff.VARIABLE, json.dumps({"version": 1, "idle_s": idle_s}))
    settings = Config()
    text = (ROOT / "images" / "base" / "jupyter_server_config.py").read_text()
    exec(compile(text, "jupyter_server_config.py", "exec"), {"get_config": lambda: settings})
    of_images = {
        f"--{section}.{name}={value}"
        for section, given in settings.items()
        for name, value in given.items()
    }
    assert of_images and set(idle_arguments(idle_s)) == of_images
