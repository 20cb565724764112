"""How is a program of the test bed started, watched and ended?

A program is started through a line of shell that first writes its own /proc/self/stat into the
journal and then becomes the program: there is no moment at which it runs unrecorded. It gets its
own session, so that an interrupt at the terminal reaches pytest alone, and the end stays orderly.
"""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from tests.cluster.journal import Identity, boot_id

# $1 journal, $2 name, $3 boot id; the rest is the program. The stat line has no quote or backslash
# but in the name of the program, which is `sh` at this moment.
LINE = r'{"undo":"process","name":"%s","boot":"%s","stat":"%s"}\n'
RECORD = (
    f'read -r stat < /proc/$$/stat; printf \'{LINE}\' "$2" "$3" "$stat" >> "$1"; shift 3; exec "$@"'
)


class ProcessFailed(RuntimeError):
    """A program of the test bed ended by itself, or never became ready; quotes its log."""


class Process:
    """One program of one cluster: start, alive, kill, and start again as it was.

    Attributes:
        log: standard output and error of all its starts.
        forks: what is started is a helper (nsenter) whose only child is the program; it ends when
            the program ends.
        keep_open: files that the program inherits, such as a lock it holds while it lives.
    """

    def __init__(
        self,
        state: Path,
        name: str,
        argv: Sequence[str | Path],
        *,
        forks: bool = False,
    ) -> None:
        self.state = state
        self.name = name
        self.argv = [str(word) for word in argv]
        self._forks = forks
        self.log = state / "logs" / f"{name}.log"
        self.keep_open: tuple[int, ...] = ()
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> "Process":
        """Raises RuntimeError when it already runs."""
        if self.alive():
            raise RuntimeError(f"{self.name} already runs")
        self.log.parent.mkdir(exist_ok=True)
        journal = self.state / "journal.jsonl"
        shell = ["/bin/sh", "-c", RECORD, "sh", str(journal), self.name, boot_id()]
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [*shell, *self.argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.state,
                env=plain_environment(),
                start_new_session=True,
                pass_fds=self.keep_open,
            )
        return self

    @property
    def pid(self) -> int:
        if self._child is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._child.pid

    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def kill(self) -> None:
        """End it at once; does nothing when it has ended."""
        if self._forks and self.alive():
            for program in children(self.pid):
                program.kill()
        if self._child is not None and self._child.poll() is None:
            Identity.of(self._child.pid).kill()
        if self._child is not None:
            self._child.wait()

    def tail(self, lines: int = 25) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def wait_until(self, ready: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Poll `ready` every 50 ms.

        Raises:
            ProcessFailed: the program ended first, or the time is over; with the log's end.
        """
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.alive():
                raise ProcessFailed(f"{self.name} ended before {what}\n{self.tail()}")
            if time.monotonic() > deadline:
                raise ProcessFailed(f"{self.name}: not {what} in {timeout_s:.0f} s\n{self.tail()}")
            time.sleep(0.05)


def plain_environment() -> dict[str, str]:
    """What programs of the test bed inherit: nothing of the test's settings, no proxy."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "XDG_CACHE_HOME")
    # Go's collector runs when the heap has grown fourfold, not twofold: a sixth of the CPU.
    return {name: os.environ[name] for name in kept if name in os.environ} | {"GOGC": "300"}


def children(pid: int) -> list[Identity]:
    """Processes whose parent is `pid`, at this moment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            stat = (folder / "stat").read_text()
            if int(stat[stat.rindex(")") + 2 :].split()[1]) == pid:
                found.append(Identity.from_stat(stat))
    return found


def listens(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0
