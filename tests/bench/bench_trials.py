"""What does a trial cost beyond Optuna's own, with an empty objective, and does it stay flat?

Baseline: the same sampler and space in this process, Optuna's memory storage. Ours: a study of a
train cell with one line, all its processes' CPU (driver, zygote, trials) read from /proc.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import optuna

from jupyter_kf.specs.space import Space
from tests.bench.table import Row

BOUND_MS = 25.0
GROWTH_MS = 5.0
WINDOWS = ((10, 110), (900, 1000))
TRIALS = WINDOWS[-1][1] + 10  # the last border is not the end, when processes vanish
SPACE = {"x": "float(0, 1)", "n": "int(1, 64, log=true)"}
CELL = "kf.report(loss=x)\n"
TICKS = os.sysconf("SC_CLK_TCK")


def baseline(sampler: str) -> list[float]:
    """CPU ms for each trial in each window, in process."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers = {
        "random": optuna.samplers.RandomSampler(seed=0),
        "tpe": optuna.samplers.TPESampler(seed=0, constant_liar=False),
    }
    study, space = optuna.create_study(sampler=samplers[sampler]), Space.of(SPACE)
    marks = [time.process_time()]

    def objective(trial: optuna.Trial) -> float:
        return float(space.suggest(trial)["x"])

    def mark(_study: optuna.Study, _trial: optuna.trial.FrozenTrial) -> None:
        marks.append(time.process_time())

    study.optimize(objective, n_trials=WINDOWS[-1][1], callbacks=[mark])
    return [1000 * (marks[end] - marks[start]) / (end - start) for start, end in WINDOWS]


def ours(sampler: str, root: Path) -> tuple[list[float], float]:
    """CPU ms for each trial in each window, and seconds on the clock for each trial."""
    folder = make_study(root, sampler)
    command = [sys.executable, "-P", "-m", "jupyter_kf.backends.local.trials", str(folder)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as driver:
        marks = watch(driver, folder / "metrics.jsonl")
    took = time.perf_counter() - began
    if driver.returncode:
        raise RuntimeError((folder / "outcome.json").read_text())
    cpu = [1000 * (marks[end] - marks[start]) / (end - start) for start, end in WINDOWS]
    return cpu, took / TRIALS


def make_study(root: Path, sampler: str) -> Path:
    """A train run of one line, and a study of it."""
    train, study = root / "runs" / "empty-train", root / "runs" / f"empty-{sampler}"
    (train / "inputs").mkdir(parents=True, exist_ok=True)
    (train / "cell.py").write_text(CELL)
    study.mkdir()
    spec = {"params": SPACE, "metric": ["loss"], "maximize": False, "trials": TRIALS}
    spec |= {"parallel": 1, "sampler": sampler, "early_stop": "none", "seed": 0}
    plain = {"format": 1, "name": "empty", "store": str(root), "dataset": None, "transform": None}
    inner = {**plain, "run": train.name, "kind": "train", "spec": {"params": {}, "seed": 0}}
    job = {**plain, "run": study.name, "kind": "tune", "spec": spec}
    job["train"] = {**inner, "folder": str(train)}
    (study / "job.json").write_text(json.dumps(job))
    return study


def watch(driver: subprocess.Popen[bytes], metrics: Path) -> dict[int, float]:
    """CPU seconds of the study's processes when each of the windows' borders is reached."""
    borders = [border for window in WINDOWS for border in window]
    marks: dict[int, float] = {}
    used = cpu_s(driver.pid)
    while borders:
        ended = metrics.read_bytes().count(b"\n") if metrics.exists() else 0
        alive = driver.poll() is None
        used = max(used, cpu_s(driver.pid)) if alive else used
        while borders and ended >= borders[0]:
            marks[borders.pop(0)] = used
        if not alive and borders:
            raise RuntimeError("the study ended early")
        time.sleep(0.002)
    return marks


def cpu_s(driver: int) -> float:
    """Of the driver, its zygote, and the trials that the zygote has waited for."""
    total = 0.0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(entry.name) == driver or int(fields[1]) == driver:
            total += sum(map(int, fields[11:15])) / TICKS
    return total


def main() -> list[Row]:
    """A trial's CPU beside Optuna's, early and late, for two samplers."""
    rows = []
    with tempfile.TemporaryDirectory() as root:
        for sampler in ("random", "tpe"):
            plain = baseline(sampler)
            measured, _ = ours(sampler, Path(root))
            for (start, end), theirs, mine in zip(WINDOWS, plain, measured, strict=True):
                name = f"tune: CPU of trials {start} to {end}, {sampler}"
                row = Row(name, "Optuna in process", theirs, mine, "difference", "ms", BOUND_MS)
                rows.append(row)
            early, late = (mine - theirs for theirs, mine in zip(plain, measured, strict=True))
            name = f"tune: growth of the extra, {sampler}"
            rows.append(Row(name, "trials 10 to 110", early, late, "difference", "ms", GROWTH_MS))
    return rows
