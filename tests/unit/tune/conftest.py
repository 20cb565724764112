"""Small real studies: a train run's folder, a study's folder, and its processes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_kf.blobs import read_json
from jupyter_kf.store.studies import read_study


class StudyRun:
    """One study's run folder, and its driver once it was started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.driver: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-m", "jupyter_kf.backends.local.trials"]
        with open(self.folder / "log.txt", "ab") as log:
            self.driver = subprocess.Popen(
                [*command, str(self.folder)], stdout=log, stderr=log, start_new_session=True
            )
        return self.driver

    def run(self) -> dict[str, Any]:
        """Runs to the end; returns outcome.json."""
        self.start().wait(240)
        outcome = read_json(self.folder / "outcome.json")
        assert outcome is not None, self.log
        return outcome

    def until(self, holds: Callable[[StudyRun], bool]) -> None:
        """Waits for something to become true of the running study."""
        deadline = time.monotonic() + 120
        while not holds(self):
            assert self.driver and self.driver.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.01)

    @property
    def processes(self) -> list[psutil.Process]:
        """Zygote, trials, and what they started."""
        assert self.driver is not None
        return psutil.Process(self.driver.pid).children(recursive=True)

    @property
    def log(self) -> str:
        return (self.folder / "log.txt").read_text()

    @property
    def study(self) -> dict[str, Any]:
        return read_study(self.folder)

    @property
    def trials(self) -> list[dict[str, Any]]:
        return list(self.study["trials"])

    def ended(self) -> int:
        """How many trials have ended so far."""
        study = read_json(self.folder / "study.json")
        return study["finished"] if study else 0


@pytest.fixture
def make_study(store_dir: Path) -> Iterator[Callable[..., StudyRun]]:
    """Makes studies of a cell; whatever they left running is ended afterwards."""
    made: list[StudyRun] = []

    def make(cell: str, params: dict[str, str], name: str = "quad", **fields: Any) -> StudyRun:
        preamble, resume = fields.pop("preamble", ""), fields.pop("resume", None)
        train = {"params": fields.pop("train_params", {}), "split": "0.8/0.2", "seed": 0}
        job = {"format": 1, "name": name, "store": str(store_dir), "dataset": None}
        job |= {"transform": None, "target": None}
        folder = store_dir / "runs" / f"{name}-{len(made)}"
        trained = store_dir / "runs" / f"{name}-{len(made)}-train"
        (trained / "inputs").mkdir(parents=True)
        (trained / "cell.py").write_text(cell)
        (trained / "inputs" / "preamble.py").write_text(preamble)
        spec = {"params": params, "metric": ["loss"], "maximize": False, "trials": 6}
        spec |= {"parallel": 1, "sampler": "random", "early_stop": "none", "seed": 0} | fields
        inner = {**job, "run": trained.name, "kind": "train", "spec": train}
        inner["folder"] = str(trained)
        job |= {"run": folder.name, "kind": "tune", "spec": spec, "train": inner}
        job |= {"resume": str(resume)} if resume else {}
        folder.mkdir()
        (folder / "job.json").write_text(json.dumps(job))
        made.append(StudyRun(folder))
        return made[-1]

    yield make
    for study in made:
        if study.driver and study.driver.poll() is None:
            study.driver.kill()
            study.driver.wait()


def gone(processes: list[psutil.Process]) -> bool:
    """Whether all of them end, within a grace that only a failure uses up."""
    _, alive = psutil.wait_procs(processes, timeout=60)
    return not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def all_gone() -> Callable[[list[psutil.Process]], bool]:
    return gone
