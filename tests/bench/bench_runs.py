"""Does a store of 10,000 runs stay fast to list, and what memory do the parts take?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

import jupyter_kf as kf
from tests.bench.table import Row, clocked, interleaved

RUNS = 10_000
REPEATS = 5
WARM_BOUND_S, COLD_BOUND_S = 0.1, 1.0
LIST = """
import sys, time
import jupyter_kf as kf
client = kf.connect(store=sys.argv[1])
began = time.perf_counter()
client.runs()
print(time.perf_counter() - began)
"""
MEMORY = """
import sys, psutil
{}
print(psutil.Process().memory_info().rss / 2**20)
"""
CONNECT = "import jupyter_kf as kf; client = kf.connect(store=sys.argv[1])"


def main() -> list[Row]:
    """Listing, warm and cold, against an empty store; memory against a bare interpreter."""
    with tempfile.TemporaryDirectory(prefix="kf-") as root:
        empty, full = Path(root) / "empty", Path(root) / "full"
        kf.connect(store=empty)
        kf.connect(store=full)
        make_runs(full)
        rows = [*listing(empty, full), *memory(full)]
        rows.append(supervisor(empty))
        return rows


def make_runs(store: Path) -> None:
    """Ended runs with two metrics each, as a year of work leaves them."""
    client = kf.connect(store=store)
    for i in range(RUNS):
        spec = {"name": f"run{i % 50}", "params": {"lr": i / RUNS}}
        folder = client.store.runs.new("train", f"run{i % 50}", spec, "local")
        metric = {"t": time.time(), "step": 1, "values": {"auc": 0.9, "loss": 0.1}}
        folder.metrics.write_text(json.dumps(metric | {"progress": None, "remaining_s": None}))
        result = {"state": "SUCCEEDED", "started_s": 1.0, "ended_s": 2.0, "usage": {"cpu_s": 1.0}}
        folder.result.write_text(json.dumps(result))


def listing(empty: Path, full: Path) -> list[Row]:
    """A listing in a process that has listed before, in a new one, and without the index."""
    nothing, client = kf.connect(store=empty), kf.connect(store=full)
    client.runs()
    warm = interleaved(
        {"empty": lambda: clocked(nothing.runs), "full": lambda: clocked(client.runs)}, REPEATS
    )
    cold = interleaved(
        {
            "empty": lambda: printed(LIST, empty),
            "full": lambda: printed(LIST, full),
            "no index": lambda: without_index(full),
        },
        REPEATS,
    )
    bounds = (("warm", warm["full"], WARM_BOUND_S), ("cold", cold["full"], COLD_BOUND_S))
    rows = [
        Row(f"list 10,000 runs, {how}", "an empty store", base, value, "difference", "s", bound)
        for (how, value, bound), base in zip(bounds, (warm["empty"], cold["empty"]), strict=True)
    ]
    name = "list 10,000 runs, index rebuilt"
    return [
        *rows,
        Row(name, "an empty store", cold["empty"], cold["no index"], "difference", "s"),
    ]


def without_index(store: Path) -> float:
    """Seconds of a listing that has to read every folder."""
    (store / "index.json").unlink(missing_ok=True)
    return printed(LIST, store)


def memory(store: Path) -> list[Row]:
    """What `runs` and `doctor` hold in memory, above a bare interpreter."""
    things = {"bare": "", "runs": f"{CONNECT}; client.runs()"}
    things["doctor"] = f"{CONNECT}; client.doctor()"
    mib = {name: printed(MEMORY.format(code), store) for name, code in things.items()}
    said = {"runs": "memory: 10,000 runs listed", "doctor": "memory: doctor"}
    return [
        Row(text, "bare interpreter", mib["bare"], mib[name], "difference", "MiB")
        for name, text in said.items()
    ]


def supervisor(store: Path) -> Row:
    """Memory of what watches one run beside its worker, not shared with other processes."""
    client = kf.connect(store=store)
    run = client.train("import time\ntime.sleep(600)", name="sleeper")
    try:
        while client.run(run.id).state.name == "PENDING":
            time.sleep(0.05)
        own = [p for p in of_run() if "run" not in p.cmdline()[-2:-1]]
        mib = sum(p.memory_full_info().uss for p in own) / 2**20
    finally:
        run.cancel()
    if not own:
        raise RuntimeError("nothing watches the run")
    bare = printed(MEMORY.format(""), store)
    name = f"memory: what watches a run ({len(own)} processes)"
    return Row(name, "bare interpreter", bare, mib, "difference", "MiB")


def of_run() -> list[psutil.Process]:
    """The processes of this bench's runtime folder."""
    mine = os.environ["JUPYTER_KF_RUNTIME_DIR"]
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("JUPYTER_KF_RUNTIME_DIR") == mine:
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if process.pid != os.getpid()]


def printed(code: str, store: Path) -> float:
    """The number that a fresh interpreter prints last."""
    command = [sys.executable, "-c", code, str(store)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return float(done.stdout.split()[-1])
