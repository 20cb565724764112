"""Clients of other projects, unchanged, get the same answers from an endpoint as ours."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from jupyter_kf.serving import routing
from tests.unit.serving.fakes import FLOATS, FakeModel, serving
from tests.walks.peers import environment

ROWS = [{"x0": 1.0, "x1": 2.0, "x2": 0.1}, {"x0": 0.5, "x1": -1.0, "x2": 3.0}]


@pytest.mark.timeout(900)
def test_tritonclient_and_kserves_client_are_answered_as_ours_is(tmp_path):
    python = environment.python()
    program = Path(environment.__file__).with_name("clients.py")
    with serving(tmp_path, FakeModel(FLOATS), port=0) as running:
        with running.connection() as connection:
            ours = connection.predict(ROWS).outputs
        url = json.loads(running.folder.ready.read_bytes())["url"]
        done = subprocess.run(
            [python, "-P", program, url, routing.token(tmp_path, "delay")],
            capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    expected = [ours["prediction"].tolist(), ours["probability"].tolist()]

    triton = said["triton"]
    assert all(triton[key] is True for key in ("live", "ready", "model_ready", "versioned"))
    assert triton["inputs"] == ["x0", "x1", "x2"]
    for binary in (True, False):
        for packed in (None, "gzip", "deflate"):
            assert triton[f"binary={binary} packed={packed}"] == expected
    assert triton["default"] == expected
    assert "kf-2310" in triton["refused"] and "`x2`" in triton["refused"]

    kserve = said["kserve"]
    for key in ("live", "ready", "model_ready", "v1_live", "v1_ready"):
        assert kserve[key] is True
    assert kserve["binary=True"] == kserve["binary=False"] == expected
    assert kserve["v1"]["predictions"] == expected[0]
    assert kserve["v1"]["probabilities"] == expected[1]
    assert "kf-2315" in kserve["refused"]
