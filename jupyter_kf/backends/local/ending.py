"""How did a run end, and what is told of it?

`conclude` is pure: from exit statuses, the supervisor's own acts and the worker's account it
makes the result. `write` creates result.json, once, whoever comes first. May import `errors`,
`blobs`, `layout`, `units`.
"""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from jupyter_kf.backends.local import cgroups, processes
from jupyter_kf.blobs import read_json, write_once
from jupyter_kf.errors import BackendError, KfError
from jupyter_kf.layout import RunFolder, scratch_path
from jupyter_kf.units import format_memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

_FULL = "the disk that holds the run is full, so that it could not even say how it went"
PATIENCE_S = 600.0  # how long a supervisor waits for space to write its result

_MEANING = {
    signal.SIGSEGV: "compiled code used memory that is not its own",
    signal.SIGBUS: "compiled code used memory that is not there; a full disk behind a mapped file "
    "does this too",
    signal.SIGILL: "compiled code was built for another processor",
    signal.SIGFPE: "compiled code divided by zero",
    signal.SIGABRT: "compiled code gave up; its last words are in the log",
    signal.SIGKILL: "somebody or the system killed it",
    signal.SIGTERM: "somebody asked it to end",
    signal.SIGINT: "somebody interrupted it",
    signal.SIGXFSZ: "a file grew beyond the allowed size",
}


class Facts:
    """What a supervisor knows at the end of a run.

    Attributes:
        exits: (rank, wait status) in the order of their ends.
        cause: why the supervisor ended it: "", "cancelled", "time_limit", "memory", "terminated",
            "not_started", "vanished".
        detail: the cause's own words.
        oom: the kernel killed for want of memory: "group" (this run's limit), "machine" or "".
        limits: process.json's limits.
        full: whether the disk that holds the run had no space left.
        left: pids that could not be ended.
    """

    def __init__(self, kind: str = "", count: int = 1) -> None:
        self.kind, self.count = kind, count
        self.exits: list[tuple[int, int]] = []
        self.cause = self.detail = self.oom = ""
        self.limits: Mapping[str, Any] = {}
        self.started_s: float | None = None
        self.usage: dict[str, float] = {}
        self.full = False
        self.left: Sequence[int] = ()


def conclude(facts: Facts, outcome: Mapping[str, Any] | None, run_id: str) -> dict[str, Any]:
    """The result of a run. Pure, but for the clock."""
    first = next(((r, s) for r, s in facts.exits if s != 0), None)
    status = first[1] if first else (facts.exits[-1][1] if facts.exits else None)
    state, reason, error = _judge(facts, outcome or {}, first, run_id)
    if facts.left:
        reason += f"; could not be ended: process {', '.join(map(str, facts.left))}"
    return {
        "state": state,
        "reason": reason,
        "started_s": facts.started_s,
        "ended_s": time.time(),
        "exit": _exit(status),
        "outputs": (outcome or {}).get("outputs") or {},
        "error": error.to_dict() if error else (outcome or {}).get("error"),
        "usage": facts.usage,
    }


def is_full(folder: str) -> bool:
    """Whether the disk has no space left for anybody but its administrator."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize < 65_536


def write(folder: RunFolder, result: Mapping[str, Any]) -> bool:
    """Creates result.json unless it is there; False when somebody else already did."""
    return write_once(folder.result, json.dumps(result, indent=1, ensure_ascii=False).encode())


def read_outcome(folder: RunFolder) -> dict[str, Any] | None:
    """The worker's own account of its end, when it lived to give one."""
    try:
        outcome = read_json(folder.outcome)
    except (OSError, ValueError):
        return None
    return outcome if isinstance(outcome, dict) else None


def write_patiently(
    folder: RunFolder, result: Mapping[str, Any], between: Callable[[], None] = lambda: None
) -> None:
    """`write`, again and again while the disk is full, for ten minutes at most.

    The space that was kept for the result is given back first.
    """
    delay_s, until = 0.05, time.monotonic() + PATIENCE_S
    while True:
        try:
            folder.reserve.unlink(missing_ok=True)
            write(folder, result)
            return
        except (KfError, OSError):
            if not folder.path.is_dir():
                return  # the run was deleted; there is nobody to tell
            if time.monotonic() > until:
                raise
        between()
        time.sleep(delay_s)
        delay_s = min(5.0, delay_s * 2)


def sweep(run_id: str) -> None:
    """Removes the temporary folders that a run's processes could not remove when they were killed.

    All its processes have ended.
    """
    folder = scratch_path(run_id)
    if folder.is_dir():
        import shutil  # few runs have one, and all wait for this module at their end

        shutil.rmtree(folder, ignore_errors=True)


def bury(folder: RunFolder, why: str, under: Iterable[int] = (), *, patient: bool = False) -> None:
    """Ends what is left of a run whose supervisor died, and writes its result.

    Whoever notices may call it, several at once too.

    Args:
        why: what is said when the worker left no account of its own.
        under: supervisors whose descendants are the run's; its guard gives itself.
        patient: wait for space on a full disk, instead of leaving it to the next who notices.
    """
    beat = _read(folder.heartbeat)
    group = beat.get("group")

    def find() -> dict[int, processes.Process]:
        return processes.members(folder.id, under=under, group=group)

    facts = Facts(str(_read(folder.spec).get("kind", "")))
    facts.left = processes.end(find, grace_s=0)
    cgroups.remove([str(name) for name in beat.get("cgroups") or []])
    facts.started_s = beat.get("started_s")
    facts.cause, facts.detail = "vanished", why
    if folder.cancel.exists():
        facts.cause = "cancelled"
    result = conclude(facts, read_outcome(folder), folder.id)
    if patient:
        write_patiently(folder, result)
    else:
        folder.reserve.unlink(missing_ok=True)
        write(folder, result)
    sweep(folder.id)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = read_json(path)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _judge(
    facts: Facts, outcome: Mapping[str, Any], first: tuple[int, int] | None, run_id: str
) -> tuple[str, str, KfError | None]:
    if facts.cause in ("cancelled", "terminated"):
        asked = "it was asked to stop" if facts.kind == "serve" else "cancelled"
        why = asked if facts.cause == "cancelled" else "its supervisor was told to end"
        return "CANCELLED", why, None
    said = outcome.get("error")
    if facts.cause == "vanished":
        if outcome.get("ok"):
            return "SUCCEEDED", "", None
        if said:
            return "FAILED", said.get("message", ""), None
        return "LOST", facts.detail, _lost(facts.detail)
    if outcome.get("ok") and first is None and not facts.cause:
        return "SUCCEEDED", "", None  # whatever became of a helper that it did without
    failure = _failure(facts, first, run_id)
    if failure is None and not said:
        failure = _silent(run_id)
    if said and (failure is None or not _knows_better(facts, first)):
        return "FAILED", said.get("message", ""), None
    assert failure is not None
    return "FAILED", failure.what, failure


def _knows_better(facts: Facts, first: tuple[int, int] | None) -> bool:
    """Whether our reason is nearer to the cause than the worker's own account."""
    return bool(facts.cause or facts.oom == "group") or (first is not None and first[0] != 0)


def _failure(facts: Facts, first: tuple[int, int] | None, run_id: str) -> KfError | None:
    if facts.cause == "not_started":
        return BackendError(
            2004,
            "the job could not be started",
            cause=facts.detail,
            fix="see to the cause and run the cell again",
        )
    if facts.cause == "time_limit":
        limit_s = facts.limits.get("time_limit_s")
        return BackendError(
            2008,
            f"the job ran into its time limit of {limit_s:g} s",
            cause="it was still running then, and was ended",
            fix="give it more with --time-limit, or less to do",
        )
    if facts.cause == "memory" or facts.oom == "group":
        return _out_of_memory(facts)
    if first is None:
        return None
    rank, status = first
    who = f"rank {rank} of the job" if facts.count > 1 else "the job"
    if not os.WIFSIGNALED(status):
        return BackendError(
            2005,
            f"{who} ended with exit code {os.WEXITSTATUS(status)}",
            cause=_FULL if facts.full else "its last words are in the log",
            fix=f"read them: `%kf logs {run_id}`",
        )
    number = os.WTERMSIG(status)
    if number == signal.SIGKILL and facts.oom == "machine":
        return BackendError(
            2007,
            f"{who} ran out of memory (SIGKILL)",
            cause="the machine's memory was full, and the system killed to get some back",
            fix="work on fewer rows at a time, or end something else that runs here",
        )
    return BackendError(
        2006,
        f"{who} was ended by {_signal_name(number)}",
        cause=_MEANING.get(signal.Signals(number), "see signal(7)")
        if number in set(signal.Signals)
        else "see signal(7)",
        fix=f"`%kf logs {run_id}` shows what it did last",
    )


def _out_of_memory(facts: Facts) -> KfError:
    limit = facts.limits.get("memory_bytes")
    allowed = f" of {format_memory(limit)}" if limit else ""
    return BackendError(
        2007,
        f"the job ran out of memory: it needed more than its limit{allowed}",
        cause=facts.detail or "the kernel ended it when it went over the limit",
        fix="give it more with --memory, or work on fewer rows at a time",
    )


def _silent(run_id: str) -> KfError:
    return BackendError(
        2003,
        "the job ended without saying how it went",
        cause="its process left with exit code 0 before the worker had finished (os._exit?)",
        fix=f"let the cell end by itself; `%kf logs {run_id}` shows what it did last",
    )


def _lost(why: str) -> KfError:
    return BackendError(
        2010,
        "the run is lost",
        cause=why,
        fix="run the cell again; what it had reported and stored is kept",
    )


def _exit(status: int | None) -> dict[str, int | None]:
    if status is None:
        return {"code": None, "signal": None}
    if os.WIFSIGNALED(status):
        return {"code": None, "signal": os.WTERMSIG(status)}
    return {"code": os.WEXITSTATUS(status), "signal": None}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
