"""One trial, in the process that was forked for it: runs the cell, reports, leaves an outcome.

The process inherits imports and rows, so it begins with the cell's first line. It ends with
`os._exit`, since what it shares with the zygote is not its own to tear down.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from jupyter_kf.backends.local.trials import kin
from jupyter_kf.backends.local.trials.wire import Channel
from jupyter_kf.blobs import write_json
from jupyter_kf.errors import KfError, TuneError
from jupyter_kf.layout import RunFolder
from jupyter_kf.worker import job as jobs
from jupyter_kf.worker.report import Reporter

SAID_ALL = 0
SAID_ALL_BUT_SWEEP = 17  # exit code: it started processes, which may still be there


class Pruned(BaseException):
    """Ends a hopeless trial from inside ``kf.report``; no ``except Exception`` stops it."""


class Asking:
    """Called after each report: asks the driver whether the trial may go on.

    Args:
        metric: the objective; None when trials are not ended early.
    """

    def __init__(self, channel: Channel, metric: str | None) -> None:
        self._channel, self._metric = channel, metric
        self._lock, self._pid = threading.Lock(), os.getpid()
        self.pruned_at: int | None = None

    def __call__(self, step: int | None, values: dict[str, float]) -> None:
        if self._metric is None or step is None or step < 0 or self._metric not in values:
            return
        if os.getpid() != self._pid:
            return  # a process of the cell's own, such as a data loader
        if self.pruned_at is None:
            with self._lock:
                answer = ask(self._channel, {"step": step, "value": values[self._metric]})
            if not answer["prune"]:
                return
            self.pruned_at = step
        raise Pruned


def ask(channel: Channel, message: dict[str, Any]) -> dict[str, Any]:
    """The driver's answer; without a driver there is no point in going on."""
    answer = channel.receive() if channel.send(message) else None
    if answer is None:
        os._exit(1)
    return answer


def live(request: dict[str, Any], channel: Channel, names: dict[str, Any]) -> int:
    """The whole life of a trial.

    Args:
        request: ``{"trial": n, "folder", "params", "metric": str|None, "train": job}``.
        names: the cell's namespace, this process's own by now.

    Returns:
        The exit code.
    """
    folder = RunFolder(request["folder"])
    kin.die_with(request["zygote"])
    _speak_into(folder.log)
    os.environ[kin.TRIAL] = str(request["trial"])
    started: list[bool] = []
    kin.watch_forks(started)
    asking = Asking(channel, request["metric"])
    kf = Reporter(folder, request["params"], asking)
    final = _run(request, folder, names, kf, asking)
    channel.send(final)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return SAID_ALL_BUT_SWEEP if started else SAID_ALL


def _run(
    request: dict[str, Any],
    folder: RunFolder,
    names: dict[str, Any],
    kf: Reporter,
    asking: Asking,
) -> dict[str, Any]:
    train = request["train"]
    job = {**train, "spec": {**train["spec"], "params": request["params"]}}
    code = RunFolder(train["folder"])
    try:
        jobs.execute(job, code, names, kf)
        if asking.pruned_at is not None:
            raise Pruned  # the cell caught it
        outputs = {}
        if ask(asking._channel, {"done": kf.metrics})["save"]:
            outputs = jobs.save_model(job, code, names, kf)
    except Pruned:
        return _end(folder, {"pruned": asking.pruned_at, "metrics": kf.metrics})
    except KfError as error:
        sys.stderr.write(f"{error}\n")
        return _end(folder, {"failed": error.to_dict(), "metrics": kf.metrics})
    except MemoryError:
        traceback.print_exc()
        return _end(folder, {"failed": _out_of_memory().to_dict(), "metrics": kf.metrics})
    except BaseException as error:
        traceback.print_exc()
        said = jobs.explain(code, error, train["run"]).to_dict()
        return _end(folder, {"failed": said, "metrics": kf.metrics})
    return _end(folder, {"saved": outputs, "metrics": kf.metrics})


def _end(folder: RunFolder, message: dict[str, Any]) -> dict[str, Any]:
    write_json(
        folder.outcome,
        {
            "ok": "failed" not in message,
            "outputs": message.get("saved", {}),
            "error": message.get("failed"),
        },
    )
    return message


def _speak_into(log: Path) -> None:
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
        stream.flush()
        os.dup2(target, descriptor)
    os.close(target)


def forget_zygote() -> None:
    """Undoes what the zygote set up for itself only."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _out_of_memory() -> TuneError:
    return TuneError(
        2534,
        "the trial ran out of memory",
        cause="Python could not get the memory it asked for",
        fix="give the study more with --memory, or fewer trials at once with --parallel",
    )
