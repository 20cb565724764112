"""What does this machine have, which runs use it, and what do the others wait for?

Looks at the queue's tickets (`admission`), at the machine's facts and at /proc; changes nothing.
May import `base`, `blobs`, `layout`.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from jupyter_kf.backends.base import Cpu, Gpu, Memory, Queue, Resources, WaitingRun
from jupyter_kf.backends.local.admission import Ticket
from jupyter_kf.backends.local.machine import Machine
from jupyter_kf.blobs import read_json
from jupyter_kf.layout import RunFolder, runtime_dir

Ticks = tuple[int, int]  # busy, all: of all cores since the machine started


def measure(machine: Machine, store: Path, since: Ticks | None) -> tuple[Resources, Ticks | None]:
    """What there is and who uses it.

    Args:
        store: where the reasons of waiting runs are written.
        since: the ticks of the measurement before; the busy share is of the time between.
    """
    tickets = sorted(_tickets(runtime_dir() / "queue"), key=lambda one: one[0].number)
    running = [(ticket, path) for ticket, path in tickets if ticket.running]
    waiting = [ticket for ticket, _ in tickets if not ticket.running]
    now = _ticks()
    told = Resources(
        backend="local",
        cpu=Cpu(
            capacity=machine.cores,
            used_by_runs=sum(ticket.need.cpu for ticket, _ in running),
            busy_share=_busy(since, now),
        ),
        memory=Memory(
            capacity_bytes=machine.memory_bytes,
            free_bytes=_available(machine.memory_bytes),
            used_by_runs_bytes=sum(ticket.need.memory for ticket, _ in running),
        ),
        gpus=tuple(_gpus(machine, running)),
        queue=Queue(
            running=sum(ticket.need.cpu > 0 or ticket.need.gpu > 0 for ticket, _ in running),
            waiting=len(waiting),
            slots=machine.max_runs,
            waiting_runs=tuple(WaitingRun(t.run, _reason(store, t.run)) for t in waiting),
        ),
    )
    return told, now


def _tickets(folder: Path) -> Iterator[tuple[Ticket, Path]]:
    """The tickets whose supervisors live."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are all that is needed
    except FileNotFoundError:
        return
    for name in names:
        ticket = Ticket.parse(name)
        if ticket and _held(folder / name):
            yield ticket, folder / name


def _held(path: Path) -> bool:
    try:
        probe = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(probe)
    return False


def _gpus(machine: Machine, running: list[tuple[Ticket, Path]]) -> Iterator[Gpu]:
    holders: dict[str, str] = {}
    for ticket, path in running:
        try:
            lines = path.read_text().splitlines()
        except OSError:
            continue
        for gpu in lines[1].split() if len(lines) > 1 else ():
            holders.setdefault(gpu, ticket.run)
    for gpu in machine.gpus:
        yield Gpu(gpu, gpu not in holders, holders.get(gpu))


def _reason(store: Path, run: str) -> str:
    try:
        return str((read_json(RunFolder(store / "runs" / run).queue) or {}).get("reason", ""))
    except (OSError, ValueError):
        return ""


def _ticks() -> Ticks | None:
    try:
        fields = [int(text) for text in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    except (OSError, ValueError, IndexError):
        return None
    return sum(fields) - fields[3] - fields[4], sum(fields)  # all but idle and iowait


def _busy(before: Ticks | None, now: Ticks | None) -> float | None:
    if before is None or now is None or now[1] <= before[1]:
        return None
    return min(1.0, max(0.0, (now[0] - before[0]) / (now[1] - before[1])))


def _available(limit: int) -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        found = next(line for line in lines if line.startswith("MemAvailable:"))
        return min(limit, int(found.split()[1]) * 1024)
    except (OSError, StopIteration, ValueError):
        return None
