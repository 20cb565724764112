"""Versions of an endpoint through the client: a fixed port, roll back, stop."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.request

import pandas as pd
import pytest

import jupyter_kf as kf
from jupyter_kf.display import cards
from jupyter_kf.records import State
from jupyter_kf.serving import routing
from tests.ports import free_port

# Of no framework, since each of its versions is a process that would import it first.
CELL = """
import json

class Above:
    def __init__(self, limit):
        self.limit = limit

    def predict(self, rows):
        return (rows["x"].to_numpy() > self.limit).astype("int64")

def read(folder):
    return Above(json.loads((folder / "limit.json").read_text()))

kf.save(kept, loader=read)
"""


@pytest.fixture
def client():
    client = kf.connect()
    frame = pd.DataFrame({"x": [float(n) for n in range(100)]})
    client.data("points", frame.assign(high=frame["x"] > 50))
    yield client
    client.stop("high")


def train(client, strength: float) -> None:
    kept = client.store.root.with_name("limit.json")
    kept.write_text(json.dumps(50 + strength))
    run = client.train(
        CELL, name="high", data="points", target="high", params={"kept": str(kept)}, wait=True
    )
    assert run.state is State.SUCCEEDED, run.error


def over_tcp(client, endpoint) -> str:
    token = routing.token(client.store.root, "high")
    request = urllib.request.Request(
        f"{endpoint.url}/v2/models/high/rows",
        data=json.dumps([{"x": 99.0}]).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())["model_version"]


def until(version: str, client, endpoint) -> None:
    """Waits for the version before to let go of the port that both hold for a moment."""
    deadline = time.monotonic() + 120
    while over_tcp(client, endpoint) != version:
        assert time.monotonic() < deadline, f"version {version} never got the port for itself"


@pytest.mark.timeout(240)
def test_a_fixed_port_follows_the_traffic_forward_and_back(client):
    port = free_port()
    train(client, 1.0)
    first = client.serve("high", port=port, wait=True)
    assert over_tcp(client, first) == "1"
    train(client, 0.001)
    second = client.serve("high", port=port, wait=True)
    assert (second.version, second.url) == (2, first.url)
    until("2", client, second)
    back = client.serve("high", version=1, wait=True)
    assert back.version == 1
    until("1", client, back)
    assert client.stop("high").state.ended
    assert client.endpoint("high").state.ended


@pytest.mark.timeout(240)
def test_the_next_prediction_after_a_kill_comes_from_the_version_before(client):
    train(client, 1.0)
    client.serve("high", wait=True)
    train(client, 0.001)
    second = client.serve("high", wait=True)
    assert second.version == 2
    ready = json.loads(client.store.runs.folder(second.run.id).ready.read_bytes())
    os.kill(ready["pid"], signal.SIGKILL)
    while not client.run(second.run.id).state.ended:
        time.sleep(0.02)
    answer = client.predict("high", pd.DataFrame({"x": [99.0]}))
    assert answer["prediction"].tolist() == [1]
    found = client.endpoint("high")
    assert (found.state, found.version, found.instead_of) == (State.READY, 1, 2)
    assert ("instead of", "version 2, which died") in cards.endpoint(found).facts
