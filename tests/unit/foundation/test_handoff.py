"""In a spawned server, `%kf` knows from one variable where it is; both packages agree on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jupyter_kf_spawner import handoff as spawner

from jupyter_kf import connect
from jupyter_kf.config import HANDOFF, HANDOFF_VERSION, read_config

SAID = {
    "version": 1,
    "backend": "kubernetes",
    "namespace": "team-a",
    "queue": "night",
    "store": "/data/kf",
    "image": "scipy:1",
    "gpu": {"resource": "nvidia.com/gpu", "count": 1},
    "limits": {"cpu": 2.0, "memory": 1024, "gpus": 1},
}


def config(said: object, **more: str):
    return read_config({HANDOFF: said if isinstance(said, str) else json.dumps(said), **more})


def test_both_packages_mean_the_same_variable_and_version():
    assert (spawner.VARIABLE, spawner.VERSION) == (HANDOFF, HANDOFF_VERSION)


def test_what_the_hub_handed_over_is_the_configuration():
    got = config(SAID)
    assert (got.backend, got.namespace, got.queue) == ("kubernetes", "team-a", "night")
    assert (got.store, got.image, got.gpu) == (Path("/data/kf"), "scipy:1", "nvidia.com/gpu")
    assert got.limits == {"cpu": 2.0, "memory": 1024.0, "gpus": 1.0} and got.notice == ""


def test_a_variable_of_its_own_wins():
    got = config(SAID, JUPYTER_KF_BACKEND="local", JUPYTER_KF_STORE="/mine")
    assert (got.backend, got.store, got.namespace) == ("local", Path("/mine"), "team-a")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("{not json", "not JSON"),
        ({"version": 2, "backend": "kubernetes"}, "version 2"),
        ([], "version None"),
        ('"text"', "version None"),
    ],
)
def test_a_handoff_that_can_not_be_read_is_left_out_and_said(said, words):
    got = config(said)
    assert got.backend == "local" and words in got.notice


@pytest.mark.parametrize("odd", [{"gpu": 3}, {"limits": []}, {"store": 1}, {"backend": None}])
def test_keys_of_another_type_are_left_out(odd):
    got = config({"version": 1, **odd})
    assert (got.backend, got.gpu, got.limits) == ("local", "", {})


def test_without_a_hub_nothing_changes(tmp_path):
    got = read_config({"XDG_DATA_HOME": str(tmp_path)})
    assert (got.backend, got.store, got.notice) == ("local", tmp_path / "jupyter-kf", "")


def test_doctor_says_what_is_wrong_with_a_handoff(store_dir, monkeypatch):
    monkeypatch.setenv(HANDOFF, json.dumps({"version": 9}))
    found = {one.what: one for one in connect(store=store_dir).doctor()}
    assert not found["handed over by the hub"].ok
    assert "same release" in found["handed over by the hub"].says
