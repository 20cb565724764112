"""A server that stops when idle waits for runs that will end, and for nothing else of ours."""

from __future__ import annotations

import shutil
import threading

import pytest

from jupyter_kf.client import Client
from jupyter_kf.server import extension as module

WAIT = """
import pathlib, time
while not pathlib.Path(gate).exists():
    time.sleep(0.05)
model = None
"""


@pytest.fixture
def patient(monkeypatch):
    """A server that waits for its store as long as it takes."""
    monkeypatch.setattr(module, "_ACTIVITY_S", 60.0)


def test_a_run_that_goes_keeps_an_idle_server_and_one_that_ended_does_not(
    extension, jp_serverapp, client, tmp_path, patient
):
    activity = jp_serverapp.extension_manager.any_activity
    assert not activity()
    gate = tmp_path / "gate"
    run = client.train(WAIT, name="long", params={"gate": str(gate)})
    assert activity()
    gate.touch()
    run.wait()
    assert not activity()


def test_a_store_that_is_gone_keeps_nothing(extension, jp_serverapp, store_dir, patient):
    assert not jp_serverapp.extension_manager.any_activity()
    shutil.rmtree(store_dir)
    assert not jp_serverapp.extension_manager.any_activity()


def test_a_store_that_hangs_keeps_the_server_and_does_not_stop_its_loop(
    extension, jp_serverapp, monkeypatch
):
    came = threading.Event()
    monkeypatch.setattr(module, "_ACTIVITY_S", 0.05)
    monkeypatch.setattr(Client, "runs", lambda _client: came.wait(60))
    try:
        assert jp_serverapp.extension_manager.any_activity()
    finally:
        came.set()
