"""Starting a run's processes: each in its limits, in one group, dying with its supervisor.

Called by a supervisor that has one thread, so that Python code may run between fork and exec.
Standard library only.
"""

from __future__ import annotations

import os
import resource
import sys

from jupyter_kf.backends.local import cgroups

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping, Sequence
else:
    import _signal as signal  # without enum, which would double the time to the start

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_DEFAULT_AGAIN = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGCHLD,
    signal.SIGPIPE,
)


class Start:
    """What every process of a run is started with.

    Attributes:
        argv, cwd: program and arguments; working folder.
        out: where stdout and stderr go, unless it is relayed.
        cores: numbers of the cores it may use; empty for all.
        data_bytes: RLIMIT_DATA, or None.
        descriptors: duplicated in all of them.
    """

    __slots__ = ("argv", "cores", "cwd", "data_bytes", "out")

    def __init__(self, argv: Sequence[str], cwd: str, out: int) -> None:
        self.argv, self.cwd, self.out = list(argv), cwd, out
        self.cores: Sequence[int] = ()
        self.data_bytes: int | None = None


class Child:
    """A started process. `pipe` carries its output when it is relayed."""

    __slots__ = ("pid", "pipe", "rank", "rest")

    def __init__(self, pid: int, rank: int, pipe: int | None) -> None:
        self.pid, self.rank, self.pipe = pid, rank, pipe
        self.rest = b""  # the beginning of a line that has not ended


class StartError(OSError):
    """The program could not be started; the text says why."""


def prctl(option: int, value: int) -> bool:
    """prctl(2); False where there is none."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        import ctypes

        return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)
    except (ImportError, OSError, AttributeError):
        return False


def adopt_orphans() -> None:
    """Makes this process the parent of descendants whose own parent ended (Linux)."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


def start(
    what: Start,
    rank: int,
    env: Mapping[str, str],
    *,
    group: int = 0,
    groups: Sequence[str] = (),
    relay: bool = False,
) -> Child:
    """Starts one process.

    Args:
        group: process group to join; 0 for one of its own.
        groups: control groups to enter.
        relay: its output comes back through a pipe instead of going to `what.out`.

    Raises:
        StartError: no such program or folder, or not allowed.
    """
    problem, problem_in = os.pipe()
    pipe, pipe_in = os.pipe() if relay else (None, what.out)
    supervisor = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            _become(what, env, group, groups, pipe_in, supervisor)
        except BaseException as error:  # nothing may return into the supervisor's code
            os.write(problem_in, f"{error}"[:1000].encode())
        finally:
            os._exit(127)
    os.close(problem_in)
    if pipe is not None:
        os.close(pipe_in)
        os.set_blocking(pipe, False)
    said = os.read(problem, 1000)  # ends at once when exec succeeds
    os.close(problem)
    if said:
        os.waitpid(pid, 0)
        raise StartError(said.decode(errors="replace"))
    return Child(pid, rank, pipe)


def _become(
    what: Start,
    env: Mapping[str, str],
    group: int,
    groups: Sequence[str],
    out: int,
    supervisor: int,
) -> None:
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor:
        os._exit(127)  # it died before the line above
    os.setpgid(0, group)
    for number in _DEFAULT_AGAIN:
        signal.signal(number, signal.SIG_DFL)
    cgroups.enter(list(groups))
    if what.cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, what.cores)
    if what.data_bytes is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (what.data_bytes, what.data_bytes))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.chdir(what.cwd)
    os.execvpe(what.argv[0], what.argv, dict(env))  # noqa: S606 - no shell is the point
