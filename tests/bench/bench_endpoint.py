"""What does an endpoint cost beside the call itself, and how many requests does it answer?

30 columns, a pandas transform and a logistic regression. Baselines: the same functions called in
process; a bare uvicorn + orjson server that calls them once per request; KServe's ModelServer,
in the environment of `tests/walks/peers`.
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
ONE_REQUESTS, MANY_REQUESTS, MANY = 100, 320, 16
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
            ready_s, golden = serve(client, name, code)
            try:
                rows += figures(client, name, work, bodies)
            finally:
                client.stop(name)
            if name == "pandas":
                rows.append(ready(ready_s, golden))
        return rows


def write_bodies(work: Path, table: pd.DataFrame) -> dict[str, Path]:
    """One row, as each protocol wants it."""
    row = scene.record(table.drop(columns="late").iloc[1])
    bodies = {"rows": work / "rows.json", "v1": work / "v1.json"}
    bodies["rows"].write_bytes(orjson.dumps({"rows": [row]}))
    bodies["v1"].write_bytes(orjson.dumps({"instances": [row]}))
    return bodies


def serve(client: Client, name: str, code: str) -> tuple[float, int]:
    """Trains and serves; seconds from asking until READY, and how many golden rows were proven."""
    client.transform(code, name=f"{name}-prepare", data="scene", target="late")
    run = client.train(scene.TRAIN, name=name, data="scene", transform=f"{name}-prepare", wait=True)
    if run.error:
        raise run.error
    seconds = clocked(lambda: client.serve(name, wait=True))
    golden = client.get_model(name).manifest["golden"]["rows"]
    return seconds, int(golden)


def ready(seconds: float, golden: int) -> Row:
    """Time to READY against importing what the model needs."""
    plain = interleaved(
        {"import": lambda: clocked(lambda: subprocess.run([sys.executable, "-c", LIBRARIES]))}, 3
    )
    name = f"serve until READY, {golden} golden rows proven"
    return Row(name, "importing its libraries", plain["import"], seconds, "difference", "s", 3)


def figures(client: Client, name: str, work: Path, bodies: dict[str, Path]) -> list[Row]:
    """One client's median and 16 clients' rate."""
    ours = Server(client.endpoint(name).url, f"/v2/models/{name}/rows", bodies["rows"])
    direct = scene.Direct(work / name)
    row = orjson.loads(bodies["rows"].read_bytes())["rows"]
    with contextlib.ExitStack() as stack:
        servers = {"bare uvicorn + orjson": stack.enter_context(bare(work / name, bodies))}
        if name == "pandas":
            peer = kserve(environment.python(), work / name, bodies)
            servers["KServe's ModelServer"] = stack.enter_context(peer)
        one = interleaved(
            {
                "direct": lambda: median(lambda: direct.predict(row)),
                "ours": lambda: load(ours, 1, ONE_REQUESTS)[1],
            },
            ROUNDS,
        )
        many = interleaved(
            {
                label: lambda server=server: rate(server)
                for label, server in {"ours": ours, **servers}.items()
            },
            ROUNDS,
        )
    ms = {label: 1000 * value for label, value in one.items()}
    asked = f"{name}: 16 clients, one row each"
    bounds = {"numpy": 1.5} if name == "numpy" else {}
    if name == "pandas":
        bounds = {"KServe's ModelServer": 5.0}
    return [
        Row(
            f"{name}: one client, p50",
            "the call in process",
            ms["direct"],
            ms["ours"],
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


def median(call: Callable[[], object]) -> float:
    """Seconds of one call among as many as one client makes."""
    return statistics.median(clocked(call) for _ in range(ONE_REQUESTS))


def rate(server: Server) -> float:
    """Requests for each second, of 16 clients."""
    return MANY_REQUESTS / load(server, MANY, MANY_REQUESTS)[0]


def load(server: Server, clients: int, requests: int) -> tuple[float, float]:
    """Seconds in all and the median of one, from a process of its own."""
    arguments = [server.address, server.path, server.body, str(clients), str(requests)]
    command = [sys.executable, HERE / "load.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    total, each = map(float, done.stdout.split())
    return total, each


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
