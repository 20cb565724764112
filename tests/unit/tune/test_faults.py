"""A study's processes are killed, cancelled and resumed: nothing lost, nothing twice, none left."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

Make = Callable[..., Any]
Gone = Callable[[list[psutil.Process]], bool]

# Each trial writes itself into the ledger, and ends when so many as it is the nth may.
GATED = """
import pathlib, time
with open(LEDGER, 'a') as ledger:
    ledger.write(f'{x!r:<31}\\n')
    ledger.flush()
    nth = ledger.tell() // 32
while nth > int(pathlib.Path(MAY).read_text() or 0):
    time.sleep(0.01)
kf.report(loss=x)
"""
PATIENCE_S = 120


class Gate:
    """How many trials may end, of those in the ledger: the others wait to be killed."""

    def __init__(self, folder: Path) -> None:
        self.ledger, self._may = folder / "ledger", folder / "may"
        self.ledger.touch()
        self.preamble = f"LEDGER, MAY = {str(self.ledger)!r}, {str(self._may)!r}"

    def lets(self, more: int) -> None:
        """So many more trials."""
        self._may.write_text(str(len(self.ledger.read_text().split()) + more))


def finished(study: Any) -> dict[int, str]:
    """trial.json of each ended trial, as text."""
    files = {int(p.parent.name): p.read_text() for p in study.folder.glob("trials/*/trial.json")}
    return {n: text for n, text in files.items() if json.loads(text)["state"] == "SUCCEEDED"}


def check_resumed(study: Any, before: dict[int, str], ledger: Path, total: int) -> None:
    done = [t for t in study.trials if t["state"] == "SUCCEEDED"]
    lost = [t for t in study.trials if t["state"] == "LOST"]
    assert len(done) == total
    assert {n: text for n, text in finished(study).items() if n in before} == before
    drawn = [trial["params"]["x"] for trial in done]
    assert len(set(drawn)) == total  # no finished trial was repeated
    repeats = {t["repeats"]: t["params"] for t in done if t["repeats"] is not None}
    assert all(repeats.get(t["number"]) == t["params"] for t in lost if t["params"])
    ran = [float(line) for line in ledger.read_text().split()]
    assert set(drawn) <= set(ran)
    assert len(ran) <= total + len(lost)


def test_a_killed_study_is_continued_in_its_folder(
    make_study: Make, all_gone: Gone, tmp_path: Path
) -> None:
    gate = Gate(tmp_path)
    study = make_study(GATED, {"x": "float(0, 1)"}, preamble=gate.preamble, trials=14, parallel=2)
    for so_many in (3, 7):
        gate.lets(so_many - study.ended())
        driver = study.start()
        study.until(lambda s, so_many=so_many: s.ended() == so_many)
        others = study.processes
        driver.kill()
        driver.wait()
        assert all_gone(others)
    before = finished(study)
    assert len(before) == 7
    gate.lets(14)
    outcome = study.run()
    assert outcome["ok"], study.log
    assert outcome["outputs"]["trials"] == 14
    check_resumed(study, before, gate.ledger, 14)


def test_a_new_run_takes_a_killed_study_over(
    make_study: Make, all_gone: Gone, tmp_path: Path
) -> None:
    gate = Gate(tmp_path)
    fields = {"preamble": gate.preamble, "trials": 8, "parallel": 2}
    old = make_study(GATED, {"x": "float(0, 1)"}, **fields)
    gate.lets(3)
    driver = old.start()
    old.until(lambda s: s.ended() == 3)
    others = old.processes
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    assert all_gone(others)
    before, journal = finished(old), (old.folder / "journal.log").read_bytes()
    gate.lets(8)
    new = make_study(GATED, {"x": "float(0, 1)"}, **fields, resume=old.folder)
    outcome = new.run()
    assert outcome["ok"], new.log
    check_resumed(new, before, gate.ledger, 8)
    assert finished(old) == before
    assert (old.folder / "journal.log").read_bytes() == journal


def test_a_study_that_still_runs_is_not_taken_over(make_study: Make, all_gone: Gone) -> None:
    old = make_study("import time; time.sleep(600)", {"x": "float(0, 1)"})
    driver = old.start()
    old.until(lambda s: (s.folder / "trials/0/log.txt").exists())
    new = make_study("kf.report(loss=x)", {"x": "float(0, 1)"}, resume=old.folder)
    assert new.run()["error"]["code"] == "kf-2527"
    others = old.processes
    driver.kill()
    driver.wait()
    assert all_gone(others)


def test_cancel_ends_every_process_and_the_trials_say_so(make_study: Make, all_gone: Gone) -> None:
    cell = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)
kf.report(started=1)
time.sleep(600)
"""
    study = make_study(cell, {"x": "float(0, 1)"}, parallel=2)
    driver = study.start()
    study.until(lambda s: len(list(s.folder.glob("trials/*/metrics.jsonl"))) == 2)
    others = study.processes
    assert len(others) == 5  # zygote, two trials, a child of each
    driver.send_signal(signal.SIGTERM)
    assert driver.wait(PATIENCE_S) == -signal.SIGTERM
    assert all_gone(others)
    assert [t["state"] for t in study.trials] == ["CANCELLED"] * 2
    assert study.trials[0]["reason"] == "the study was cancelled"


def test_a_killed_zygote_ends_the_study_and_its_trials_are_repeated(
    make_study: Make, all_gone: Gone, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    cell = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\n"
    study = make_study(cell + "kf.report(loss=x)", {"x": "float(0, 1)"}, trials=3, parallel=2)
    driver = study.start()
    study.until(lambda s: len(list(s.folder.glob("trials/*/log.txt"))) == 2)
    others = study.processes
    zygote = next(p for p in others if p.ppid() == driver.pid)
    zygote.kill()
    assert driver.wait(PATIENCE_S) == 1
    assert all_gone(others)
    outcome = json.loads((study.folder / "outcome.json").read_text())
    assert outcome["error"]["code"] == "kf-2529"
    assert "SIGKILL" in outcome["error"]["message"]
    go.touch()
    assert study.run()["ok"], study.log
    states = [t["state"] for t in study.trials]
    assert (states.count("SUCCEEDED"), states.count("LOST")) == (3, 2)


def test_what_a_trial_leaves_running_is_ended_with_it(make_study: Make, all_gone: Gone) -> None:
    cell = """
import subprocess, sys
code = 'import time; time.sleep(600)'
child = subprocess.Popen([sys.executable, '-c', code], start_new_session=True)
kf.report(loss=x, pid=child.pid)
"""
    study = make_study(cell, {"x": "float(0, 1)"}, trials=2, parallel=2)
    assert study.run()["ok"], study.log
    left = [int(t["metrics"]["pid"]) for t in study.trials]
    assert len(left) == 2
    assert all_gone([psutil.Process(pid) for pid in left if psutil.pid_exists(pid)])


def test_a_full_disk_fails_trials_and_loses_none(make_study: Make) -> None:
    cell = """
import resource
from jupyter_kf import blobs
if n == 1: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
kf.report(loss=n)
"""
    study = make_study(cell, {"n": "int(0, 3)"}, sampler="grid")
    outputs = study.run()["outputs"]
    assert (outputs["complete"], outputs["failed"]) == (3, 1)
