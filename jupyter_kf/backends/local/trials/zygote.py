"""Holds what all trials share, and forks one process for each: imports and rows are loaded once.

Started by the driver with one socket. It answers ``{"ready"}`` or ``{"error"}``, then for each
request ``{"trial", ..., + a socket}`` forks, says ``{"forked": n, "pid"}`` and, when the trial's
process has ended, ``{"exited": n, "code", "cpu_s", "max_rss_bytes"}``. When the driver's end
closes, it ends every trial and itself.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from jupyter_kf.backends.local.trials import kin, rows, trial
from jupyter_kf.backends.local.trials.wire import Channel
from jupyter_kf.blobs import Blobs, read_json
from jupyter_kf.errors import KfError
from jupyter_kf.layout import RunFolder
from jupyter_kf.worker import job as jobs

_LATE = frozenset({"tensorflow", "keras", "jax", "flax"})
"""Imported by each trial for itself: their imports begin threads that a fork would lose."""
_SAVED_WITH = {"sklearn": "skops.io"}
"""What saving a framework's model imports (seconds of CPU): once here, not in each best trial."""
_BOUND = ("data", *(f"{axis}_{part}" for part in jobs.PARTS for axis in "Xy"))
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def main(argv: list[str]) -> int:
    """``zygote JOB_JSON DESCRIPTOR DRIVER_PID``."""
    kin.die_with(int(argv[2]))
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    channel = Channel(socket.socket(fileno=int(argv[1])))
    began = time.monotonic()
    study = Path(argv[0])
    train = {**read_json(study)["train"], "run": study.parent.name}
    try:
        names, held = _prepare(train)
    except KfError as error:
        sys.stderr.write(f"{error}\n")
        channel.send({"error": error.to_dict()})
        return 1
    except Exception as error:
        sys.excepthook(type(error), error, error.__traceback__)
        said = jobs.explain(RunFolder(train["folder"]), error, train["run"])
        channel.send({"error": said.to_dict()})
        return 1
    gc.collect()
    gc.freeze()  # what is here now stays in shared pages
    channel.send({"ready": time.monotonic() - began})
    return Zygote(channel, train, names, held).serve()


def _prepare(train: dict[str, Any]) -> tuple[dict[str, Any], rows.Rows]:
    folder = RunFolder(train["folder"])
    dataset = train.get("dataset")
    if dataset and Blobs(train["store"]).get_json(dataset)["form"] == "folder":
        dataset = None  # only its path is bound; the files go with this process
    names = jobs.prepare({**train, "dataset": None} if dataset else train, folder)
    import_early(folder.cell.read_text())
    importlib.import_module("jupyter_kf.worker.model")
    for framework, saver in _SAVED_WITH.items():
        if framework in sys.modules:
            with contextlib.suppress(ImportError):
                importlib.import_module(saver)
    if not dataset:
        return names, rows.Rows({}, {})
    for module in ("pandas", "pyarrow"):
        importlib.import_module(module)
    everything = rows.prepared(
        lambda: {k: v for k, v in jobs.prepare(train, folder).items() if k in _BOUND}
    )
    return names, everything


def import_early(source: str) -> None:
    """Imports what a cell imports at its top level, for all trials at once.

    A module that fails to import is left to the cell, where the error has its line.
    """
    for node in ast.parse(source).body:
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found = [node.module]
        for name in found:
            if name.partition(".")[0] not in _LATE:
                with contextlib.suppress(Exception):
                    importlib.import_module(name)


class Zygote:
    """The serving loop."""

    def __init__(
        self, channel: Channel, train: dict[str, Any], names: dict[str, Any], held: rows.Rows
    ) -> None:
        self.channel, self.train, self.names, self.rows = channel, train, names, held
        self.pid = os.getpid()
        self.trials: dict[int, int] = {}  # pid -> trial
        self._wake, self._woken = socket.socketpair()

    def serve(self) -> int:
        """Until the driver is gone."""
        kin.adopt_orphans()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        poll = selectors.DefaultSelector()
        poll.register(self.channel.sock, selectors.EVENT_READ)
        poll.register(self._wake, selectors.EVENT_READ)
        while True:
            for key, _ in poll.select():
                if key.fileobj is self._wake:
                    self._reap()
                elif not self._request():
                    self._end_all()
                    return 0

    def _request(self) -> bool:
        """Forks for each request; False when the driver is gone."""
        for request, descriptor in self.channel.requests():
            pid = os.fork()
            if pid == 0:
                os._exit(self._child(request, descriptor))
            os.close(descriptor)
            self.trials[pid] = request["trial"]
            self.channel.send({"forked": request["trial"], "pid": pid})
        return not self.channel.closed

    def _child(self, request: dict[str, Any], descriptor: int) -> int:
        try:
            trial.forget_zygote()
            for sock in (self.channel.sock, self._wake, self._woken):
                sock.close()
            channel = Channel(socket.socket(fileno=descriptor))
            self.rows.bind(self.names)
            request |= {"train": self.train, "zygote": self.pid}
            return trial.live(request, channel, self.names)
        except BaseException as error:
            sys.excepthook(type(error), error, error.__traceback__)
            return 1

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wake.recv(4096):
                pass
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            number = self.trials.pop(pid, None)
            if number is None:
                continue  # an orphan of a trial
            code = os.waitstatus_to_exitcode(status)
            if code != trial.SAID_ALL:
                kin.end_orphans(number, set(self.trials))
            self.channel.send(
                {
                    "exited": number,
                    "code": code,
                    "cpu_s": usage.ru_utime + usage.ru_stime,
                    "max_rss_bytes": usage.ru_maxrss * _RSS_UNIT,
                }
            )

    def _end_all(self) -> None:
        for pid in self.trials:
            kin.end(pid)
        for pid, number in self.trials.items():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
            kin.end_orphans(number, set())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
