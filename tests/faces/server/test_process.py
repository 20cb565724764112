"""The server as users start it, in a process of its own: enabled by the install, small, patient."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faces.server.process import Server
from tests.faces.server.scene import ended_run

MIB = 2**20
LOG_BYTES = 200 * MIB
# Of these none has a place in a server that only looks.
HEAVY = ("pyarrow", "pandas", "numpy", "polars", "sklearn", "scipy", "optuna", "kubernetes")


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    yield server
    server.close()


def test_the_extension_is_enabled_and_sound_after_an_install():
    command = [sys.executable, "-m", "jupyter", "server", "extension", "list"]
    done = subprocess.run(command, capture_output=True, text=True)
    told = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    assert re.search(r"jupyter_kf +enabled", told), told
    assert re.search(r"jupyter_kf .*OK", told), told


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="memory is read from /proc")
def test_looking_at_everything_loads_no_frame_library_into_the_server(whole, server):
    run = whole.runs(kind="train")[0].id
    paths = ["/where", "/runs", f"/runs/{run}", "/models", "/models/high", "/transforms/prepare"]
    paths += ["/datasets/points", "/studies", "/studies/high", "/endpoints", "/endpoints/high"]
    paths += ["/endpoints/high/stats", "/resources", "/schemas", "/doctor", "/openapi.json"]
    paths += ["/lineage?thing=high", f"/runs/{run}/metrics", f"/runs/{run}/cell"]
    for path in paths:
        server.get(path)
    maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert not [name for name in HEAVY if f"/site-packages/{name}" in maps]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("path", ["/log", "/log/stream"])
def test_a_log_of_200_mb_costs_the_memory_of_a_piece(client, server, path):
    run_id = ended_run(client, "long")
    line = b"x" * 99 + b"\n"
    with client.store.runs.folder(run_id).log.open("wb") as log:
        for _ in range(LOG_BYTES // MIB):
            log.write(line * (MIB // len(line)))
    size = client.store.runs.folder(run_id).log.stat().st_size
    server.get(f"/runs/{run_id}")
    before = server.most_memory()
    with server.open(f"/runs/{run_id}{path}") as answer:
        assert answer.read(MIB)
        read = _stalled(server)  # nobody reads, so it must not go on
        assert read < 64 * MIB
        seen, tail = MIB, b""
        while piece := answer.read(MIB):
            seen, tail = seen + len(piece), piece
    assert seen >= size
    assert path == "/log" or b"event: end" in tail[-200:]
    assert server.most_memory() - before < 24 * MIB


def _stalled(server) -> int:
    """Bytes that the server has read from anywhere, once it reads no more."""
    same, last = 0, -1
    while same < 10:
        now = server.process.io_counters().read_chars
        same, last = (same + 1, now) if now == last else (0, now)
        time.sleep(0.02)
    return last
