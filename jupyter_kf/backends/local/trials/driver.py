"""Runs a study to its end: asks, starts trials, hears them, tells the results.

Exactly `trials` attempts end, whatever happens to their processes or to this one: a study that
was interrupted is continued from its journal, here (same folder) or by a new run (`resume`).
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import time
from dataclasses import dataclass, field
from typing import Any

from jupyter_kf.backends.local.trials import judge
from jupyter_kf.backends.local.trials.nursery import Nursery
from jupyter_kf.backends.local.trials.records import TrialRecord, best_of, improved
from jupyter_kf.backends.local.trials.search import Past, Search, Wanted
from jupyter_kf.backends.local.trials.wire import Channel
from jupyter_kf.blobs import explained, read_json, write_json
from jupyter_kf.errors import KfError, TuneError
from jupyter_kf.layout import RunFolder

SAME_FAILURES = 3
"""When that many trials, the first ones, fail alike, the study would only repeat it."""

FEWEST_TIMED = 3
"""From so many trials on that did not fail it is told how long the others will take."""


@dataclass
class Attempt:
    """A trial that runs."""

    record: TrialRecord
    channel: Channel
    pid: int = 0
    final: dict[str, Any] | None = None
    pruned_at: int | None = None


@dataclass
class Counts:
    """How the ended trials ended."""

    complete: int = 0
    pruned: int = 0
    failed: int = 0
    vanished: int = 0

    @property
    def good(self) -> int:
        """Those that did not fail."""
        return self.complete + self.pruned

    def add(self, state: str) -> None:
        """One more."""
        setattr(self, state, getattr(self, state) + 1)


@dataclass
class Driver:
    """One study's run. `run` does all."""

    folder: RunFolder
    job: dict[str, Any]
    wanted: Wanted
    search: Search
    nursery: Nursery
    running: dict[int, Attempt] = field(default_factory=dict)
    best: list[dict[str, Any]] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    failures: list[dict[str, str]] = field(default_factory=list)
    steps_seen: bool = False
    began_s: float = 0.0
    before: int = 0  # trials that had ended when this run began
    good_before: int = 0  # of them those that did not fail

    def run(self) -> dict[str, Any]:
        """Returns the study's outputs.

        Raises:
            KfError: the first trials all failed alike (their error), kf-2535 no trial completed,
                kf-2529 the process that starts trials was ended.
        """
        self._recall()
        self._snapshot()
        self.before, self.good_before = self.search.ended, self.counts.good
        if self.search.more:
            self.nursery.ready()
        self.began_s = time.monotonic()
        with selectors.DefaultSelector() as poll:
            poll.register(self.nursery.channel.sock, selectors.EVENT_READ, None)
            while True:
                while self.search.more and len(self.running) < self.wanted.parallel:
                    self._start(poll)
                if not self.running:
                    break
                for key, _ in poll.select():
                    if key.data is None:
                        self._hear_nursery(poll)
                    elif key.data in self.running:
                        self._hear(self.running[key.data], poll)
        return self._outputs()

    def cancelled(self) -> None:
        """Writes down that the running trials were ended with the study."""
        for attempt in self.running.values():
            attempt.record.state, attempt.record.ended = "cancelled", time.time()
            attempt.record.reason = "the study was cancelled"
            attempt.record.write(self.folder.trials)
        self.running.clear()
        self._snapshot()

    def _recall(self) -> None:
        """Takes over what the journal has; records that a crash left behind it are renewed."""
        entries = []
        for past in self.search.past():
            self.counts.add(past.state)
            kept = self._renewed(past)
            if past.values is not None:
                entries.append(
                    _entry(past.number, past.params, past.values, kept["metrics"], kept["model"])
                )
        self.best = best_of(entries, self.wanted.maximize)

    def _renewed(self, past: Past) -> dict[str, Any]:
        folder = RunFolder(self.folder.trials / str(past.number))
        kept = read_json(folder.path / "trial.json") or {}
        if kept.get("ended") and past.state != "vanished":
            return dict(kept)
        outcome = read_json(folder.outcome) or {}
        record = TrialRecord(
            past.number,
            past.params,
            past.started_s,
            past.state,
            past.values,
            dict(zip(self.wanted.metrics, past.values or (), strict=False)),
            past.ended_s,
            judge.VANISHED if past.state == "vanished" else "",
            outcome.get("outputs", {}).get("model") if past.state == "complete" else None,
            past.repeats,
        )
        record.write(self.folder.trials)
        return {"metrics": record.metrics, "model": record.model}

    def _start(self, poll: selectors.BaseSelector) -> None:
        number, params = self.search.ask()
        record = TrialRecord(number, params, time.time(), repeats=self.search.repeats(number))
        record.write(self.folder.trials)
        ours, theirs = socket.socketpair()
        attempt = Attempt(record, Channel(ours))
        self.running[number] = attempt
        poll.register(ours, selectors.EVENT_READ, number)
        request = {
            "trial": number,
            "folder": str(self.folder.trials / str(number)),
            "params": judge.bound(self.wanted.space, self.job["train"]["spec"], params),
            "metric": self.wanted.metrics[0] if self.wanted.early_stop != "none" else None,
        }
        self.nursery.start(request, theirs)

    def _hear_nursery(self, poll: selectors.BaseSelector) -> None:
        for message in self.nursery.news():
            if "forked" in message and message["forked"] in self.running:
                self.running[message["forked"]].pid = message["pid"]
            elif "exited" in message:
                attempt = self.running[message["exited"]]
                self._hear(attempt, poll)  # what it said last
                if not attempt.channel.closed:
                    poll.unregister(attempt.channel.sock)
                attempt.channel.close()
                self._end(attempt, message)

    def _hear(self, attempt: Attempt, poll: selectors.BaseSelector) -> None:
        if attempt.channel.closed:
            return
        for message in attempt.channel.waiting():
            if "step" in message:
                self._answer_step(attempt, message["step"], message["value"])
            elif "done" in message:
                values, _ = judge.values(self.wanted.metrics, message["done"])
                entry = _entry(attempt.record.number, attempt.record.params, values or ())
                save = bool(values) and improved(self.best, entry, self.wanted.maximize)
                attempt.channel.send({"save": bool(save)})
            else:
                attempt.final = message
        if attempt.channel.closed:
            poll.unregister(attempt.channel.sock)

    def _answer_step(self, attempt: Attempt, step: int, value: float) -> None:
        self.steps_seen = True
        prune = self.search.hopeless(attempt.record.number, step, value)
        if prune:
            attempt.pruned_at = step
        attempt.channel.send({"prune": prune})

    def _end(self, attempt: Attempt, exited: dict[str, Any]) -> None:
        record, final = attempt.record, attempt.final
        record.ended = time.time()
        record.metrics = (final or {}).get("metrics", {})
        verdict = judge.verdict(self.wanted, final, attempt.pruned_at, exited["code"])
        record.state, record.reason, record.values = verdict.state, verdict.reason, verdict.values
        if record.state == "complete":
            record.model = (final or {}).get("saved", {}).get("model")
        self.search.tell(record.number, record.state, record.values)
        record.write(self.folder.trials)
        del self.running[record.number]
        self.counts.add(record.state)
        note = self._counted(record)
        print(judge.line(record, self.wanted, note), flush=True)  # noqa: T201 - the study's log
        self._snapshot()
        self._progress()
        if verdict.error:
            self._judge_failure(verdict.error)

    def _counted(self, record: TrialRecord) -> str:
        if record.values is None:
            return ""
        entry = _entry(record.number, record.params, record.values, record.metrics, record.model)
        better = improved(self.best, entry, self.wanted.maximize)
        self.best = better or self.best
        return "best so far" if better else ""

    def _judge_failure(self, error: dict[str, str]) -> None:
        """Ends the study when nothing else but this one failure was ever seen."""
        self.failures.append(error)
        if self.counts.complete or self.counts.pruned or len(self.failures) < SAME_FAILURES:
            return
        if len({_likeness(failure) for failure in self.failures}) == 1:
            first = KfError.from_dict(self.failures[0])
            first.cause += f"; the first {len(self.failures)} trials failed alike"
            raise first

    def _snapshot(self) -> None:
        wanted = self.wanted
        write_json(
            self.folder.path / "study.json",
            {
                "metrics": list(wanted.metrics),
                "maximize": list(wanted.maximize),
                "total": self.search.total,
                "finished": self.search.ended,
                "running": len(self.running),
                **vars(self.counts),
                "best": self.best,
                "space": wanted.space.to_json(),
                "sampler": wanted.sampler,
                "early_stop": wanted.early_stop,
                "updated_s": time.time(),
            },
        )

    def _progress(self) -> None:
        ended, total = self.search.ended, self.search.total
        spent_s = time.monotonic() - self.began_s
        # One that fails at once says nothing of how long the others take.
        known = ended == total or self.counts.good - self.good_before >= FEWEST_TIMED
        each_s = spent_s / max(1, ended - self.before)
        values = (
            dict(zip(self.wanted.metrics, self.best[0]["values"], strict=True)) if self.best else {}
        )
        line = {
            "t": time.time(),
            "step": ended,
            "values": values,
            "progress": ended / total,
            "remaining_s": each_s * (total - ended) if known else None,
        }
        with explained(self.folder.metrics), open(self.folder.metrics, "ab", 0) as out:
            out.write(json.dumps(line).encode() + b"\n")

    def _outputs(self) -> dict[str, Any]:
        if not self.best:
            last = self.failures[-1] if self.failures else None
            raise TuneError(
                2535,
                f"none of the {self.search.ended} trials of {self.folder.id} completed",
                cause=f"the last failed with {last['code']}: {last['message']}"
                if last
                else f"{self.counts.pruned} were ended early, {self.counts.failed} failed",
                fix="see trials/*/log.txt in the study's folder, or run the cell with --inline",
            )
        notes = []
        if (
            self.wanted.early_stop != "none"
            and not self.steps_seen
            and self.before < self.search.ended
        ):
            notes.append(
                f"no trial was compared early: the cell never calls "
                f"kf.report(step=..., {self.wanted.metrics[0]}=...)"
            )
        counted = vars(self.counts)
        return {"best": self.best, "trials": self.search.ended, **counted, "notes": notes}


def _entry(
    number: int, params: Any, values: Any, metrics: Any = None, model: str | None = None
) -> dict[str, Any]:
    return {
        "trial": number,
        "params": dict(params),
        "values": list(values),
        "metrics": dict(metrics or {}),
        "model": model,
    }


def _likeness(error: dict[str, str]) -> tuple[str, str, str]:
    """Errors are alike when they differ in numbers only."""
    return error["code"], re.sub(r"[-+.\de]*\d", "#", error["message"]), error["cause"]


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
