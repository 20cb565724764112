"""What does an endpoint cost beside the call itself, and how many requests does it answer?

30 columns, a pandas transform and a logistic regression. Baselines: the same functions called in
process, in turns with the requests (`pairs`); a bare uvicorn + orjson server that calls them once
per request; KServe's ModelServer, in the environment of `tests/walks/peers`. READY is timed in
turns with importing the libraries.
"""

from __future__ import annotations

import contextlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson
import pandas as pd

import jupyter_kf as kf
from jupyter_kf.client import Client
from tests.bench import scene
from tests.bench.table import Row, clocked, interleaved
from tests.walks.peers import environment

ROUNDS = 3
PAIRS, MANY_REQUESTS, MANY = 200, 320, 16
START_S = 60.0
LIBRARIES = "import numpy, pandas, pyarrow, scipy, sklearn.linear_model, uvicorn"
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Server:
    """Where to send what."""

    address: str
    path: str
    body: Path


@dataclass(frozen=True)
class Started:
    """A server's process and what it printed."""

    process: subprocess.Popen[bytes]
    output: IO[bytes]


def main() -> list[Row]:
    """The pandas transform against all baselines, the numpy one against the bare server."""
    table = scene.frame()
    with tempfile.TemporaryDirectory(prefix="kf-") as root:
        work = Path(root)
        client = kf.connect(store=work / "store")
        client.data("scene", table)
        bodies = write_bodies(work, table)
        rows = []
        for name, code in (("pandas", scene.PANDAS), ("numpy", scene.NUMPY)):
            scene.write_scene(work / name, code, table)
            golden = train(client, name, code)
            if name == "pandas":
                rows.append(ready(client, name, golden))
            client.serve(name, wait=True)
            try:
                rows += figures(client, name, work, bodies)
            finally:
                client.stop(name)
        return rows


def write_bodies(work: Path, table: pd.DataFrame) -> dict[str, Path]:
    """One row, as each protocol wants it."""
    row = scene.record(table.drop(columns="late").iloc[1])
    bodies = {"rows": work / "rows.json", "v1": work / "v1.json"}
    bodies["rows"].write_bytes(orjson.dumps({"rows": [row]}))
    bodies["v1"].write_bytes(orjson.dumps({"instances": [row]}))
    return bodies


def train(client: Client, name: str, code: str) -> int:
    """Trains; how many golden rows the model has."""
    client.transform(code, name=f"{name}-prepare", data="scene", target="late")
    run = client.train(scene.TRAIN, name=name, data="scene", transform=f"{name}-prepare", wait=True)
    if run.error:
        raise run.error
    return int(client.get_model(name).manifest["golden"]["rows"])


def ready(client: Client, name: str, golden: int) -> Row:
    """From asking until READY, against a process that imports what the model needs."""

    def serve() -> float:
        seconds = clocked(lambda: client.serve(name, wait=True))
        client.stop(name)
        return seconds

    seconds = interleaved(
        {
            "import": lambda: clocked(lambda: subprocess.run([sys.executable, "-c", LIBRARIES])),
            "serve": serve,
        },
        ROUNDS,
    )
    what = f"serve until READY, {golden} golden rows proven"
    plain = "importing its libraries"
    return Row(what, plain, seconds["import"], seconds["serve"], "difference", "s", 3)


def figures(client: Client, name: str, work: Path, bodies: dict[str, Path]) -> list[Row]:
    """One client's median and 16 clients' rate."""
    ours = Server(client.endpoint(name).url, f"/v2/models/{name}/rows", bodies["rows"])
    call_ms, request_ms = one_client(ours, work / name)
    with contextlib.ExitStack() as stack:
        servers = {"bare uvicorn + orjson": stack.enter_context(bare(work / name, bodies))}
        if name == "pandas":
            peer = kserve(environment.python(), work / name, bodies)
            servers["KServe's ModelServer"] = stack.enter_context(peer)
        many = interleaved(
            {
                label: lambda server=server: rate(server)
                for label, server in {"ours": ours, **servers}.items()
            },
            ROUNDS,
        )
    asked = f"{name}: 16 clients, one row each"
    bounds = {"numpy": 1.5} if name == "numpy" else {}
    if name == "pandas":
        bounds = {"KServe's ModelServer": 5.0}
    return [
        Row(
            f"{name}: one client, p50 of {PAIRS} pairs",
            "the call in process",
            call_ms,
            request_ms,
            "difference",
            "ms",
            1.0 if name == "pandas" else None,
        ),
        *(
            Row(
                asked,
                label,
                many[label],
                many["ours"],
                "ratio",
                "req/s",
                bounds.get(label, bounds.get(name)),
                "least",
            )
            for label in servers
        ),
    ]


def one_client(server: Server, folder: Path) -> tuple[float, float]:
    """Medians in ms: of the call in process, and of that call and what a request adds to it."""
    arguments = [folder, server.address, server.path, server.body, str(PAIRS)]
    found = []
    for _ in range(ROUNDS):
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.pairs", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        found.append([float(number) for number in done.stdout.split()])
    call_ms, _, more_ms = map(statistics.median, zip(*found, strict=True))
    return call_ms, call_ms + more_ms


def rate(server: Server) -> float:
    """Requests for each second, of 16 clients."""
    return MANY_REQUESTS / load(server, MANY, MANY_REQUESTS)


def load(server: Server, clients: int, requests: int) -> float:
    """Seconds in all, from a process of its own."""
    arguments = [server.address, server.path, server.body, str(clients), str(requests)]
    command = [sys.executable, HERE / "load.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return float(done.stdout.split()[0])


@contextlib.contextmanager
def bare(folder: Path, bodies: dict[str, Path]) -> Iterator[Server]:
    """The bare server."""
    path = folder / "bare.sock"
    with started([sys.executable, "-m", "tests.bench.servers", "bare", folder, path]) as server:
        wait_for(server, lambda: connected(socket.AF_UNIX, str(path)))
        yield Server(f"unix:{path}", "/", bodies["rows"])


@contextlib.contextmanager
def kserve(python: Path, folder: Path, bodies: dict[str, Path]) -> Iterator[Server]:
    """KServe's server, on a port that was free."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with started([python, "-m", "tests.bench.servers", "kserve", folder, str(port)]) as server:
        wait_for(server, lambda: connected(socket.AF_INET, ("127.0.0.1", port)))
        yield Server(f"http://127.0.0.1:{port}", "/v1/models/scene:predict", bodies["v1"])


@contextlib.contextmanager
def started(command: list[str | Path]) -> Iterator[Started]:
    """A process that is ended afterwards."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield Started(process, output)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(server: Started, up: Callable[[], bool]) -> None:
    """Until it answers; its output is shown when it does not."""
    until = time.monotonic() + START_S
    while not up():
        if server.process.poll() is not None or time.monotonic() > until:
            server.output.seek(0)
            raise RuntimeError(server.output.read().decode(errors="replace")[-3000:])
        time.sleep(0.05)


def connected(family: int, address: Any) -> bool:
    """Whether somebody listens there."""
    with socket.socket(family) as probe:
        try:
            probe.connect(address)
        except OSError:
            return False
        return True
