"""The zygote, seen from the driver: starts it, passes requests on, notices its end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from typing import Any

from jupyter_kf.backends.local.trials.wire import Channel
from jupyter_kf.errors import KfError, TuneError
from jupyter_kf.layout import RunFolder

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")
_PATIENCE_S = 5.0


class Nursery:
    """A running zygote.

    Args:
        folder: the study's run folder.
        threads: for each trial's numerical libraries, where the environment does not say.
    """

    def __init__(self, folder: RunFolder, threads: int | None) -> None:
        ours, theirs = socket.socketpair()
        environment = dict(os.environ)
        for name in _THREADS if threads else ():
            environment.setdefault(name, str(threads))
        module = "jupyter_kf.backends.local.trials.zygote"
        arguments = [str(folder.job), str(theirs.fileno()), str(os.getpid())]
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", module, *arguments],
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
            )
        self.channel = Channel(ours)
        self.pids: set[int] = set()

    def ready(self) -> None:
        """Waits until it holds imports and rows.

        Raises:
            KfError: why it can't.
        """
        message = self.channel.receive()
        if message is None:
            raise self._gone()
        if "error" in message:
            raise KfError.from_dict(message["error"])

    def start(self, request: dict[str, Any], theirs: socket.socket) -> None:
        """Asks for a trial's process, which speaks at the other end of `theirs`."""
        with theirs:
            if not self.channel.send(request, theirs.fileno()):
                raise self._gone()
        self.channel.sock.setblocking(True)

    def news(self) -> list[dict[str, Any]]:
        """What has happened; also raises kf-2529 when the zygote is gone."""
        messages = self.channel.waiting()
        for message in messages:
            if "forked" in message:
                self.pids.add(message["pid"])
        if self.channel.closed:
            raise self._gone()
        return messages

    def close(self) -> None:
        """Ends it with all its trials."""
        self.channel.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_PATIENCE_S)
            return
        self.process.kill()
        self.process.wait()

    def _gone(self) -> TuneError:
        code = self.process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return TuneError(
            2529,
            f"the process that starts trials was ended by {how}",
            cause="memory ran out, or somebody killed it" if code == -9 else "see the study's log",
            fix="resume the study; give it more with --memory if it happens again",
        )
