"""May this run start now, and if not, what does it wait for?

A machine-wide queue without a daemon. Each run has one ticket: a file whose name says its
place, what it needs and whether it runs, and which its supervisor holds locked, so that a dead
run's ticket is seen to be dead. Whoever waits looks again, ever more slowly. First come, first
served, except that a run may start ahead of one that does not fit yet; each can be overtaken
`MOST_OVERTAKES` times, after which the machine is kept for it, so that neither large nor small
runs starve. Standard library and `locks`.
"""

from __future__ import annotations

import fcntl
import os

from jupyter_kf import locks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

MOST_OVERTAKES = 8
_MIB = 2**20
_PROBED = 32  # waiting tickets ahead that are checked for life at a look


class Need:
    """What a run occupies while it runs: cores, bytes, GPUs."""

    __slots__ = ("cpu", "gpu", "memory")

    def __init__(self, cpu: float = 0.0, memory: int = 0, gpu: int = 0) -> None:
        self.cpu, self.memory, self.gpu = cpu, memory, gpu


class Capacity:
    """What there is to share out. `runs` limits how many run at once; None is no limit."""

    __slots__ = ("cpu", "gpus", "memory", "runs")

    def __init__(
        self, cpu: float, memory: int, gpus: Sequence[str] = (), runs: int | None = None
    ) -> None:
        self.cpu, self.memory, self.gpus, self.runs = cpu, memory, tuple(gpus), runs


class Ticket:
    """One run's place. Its file's name is ``number.state.millicores.MiB.gpus.overtaken.run``.

    Once it runs, the file's two lines are the numbers of its cores and of its GPUs.
    """

    __slots__ = ("need", "number", "overtaken", "run", "running")

    def __init__(
        self, number: int, run: str, need: Need, *, running: bool = False, overtaken: int = 0
    ) -> None:
        self.number, self.run, self.need = number, run, need
        self.running, self.overtaken = running, overtaken

    @property
    def name(self) -> str:
        """The file's name."""
        state = "r" if self.running else "w"
        need = f"{round(self.need.cpu * 1000)}.{-(-self.need.memory // _MIB)}.{self.need.gpu}"
        return f"{self.number:09d}.{state}.{need}.{self.overtaken}.{self.run}"

    @staticmethod
    def parse(name: str) -> Ticket | None:
        """The ticket that a file's name says; None for any other file."""
        parts = name.split(".")
        if len(parts) != 7 or not all(part.isdigit() for part in (parts[0], *parts[2:6])):
            return None
        need = Need(int(parts[2]) / 1000, int(parts[3]) * _MIB, int(parts[4]))
        return Ticket(
            int(parts[0]),
            parts[6],
            need,
            running=parts[1] == "r",
            overtaken=int(parts[5]),
        )


class Decision:
    """`reason` is empty when the run may start. `passed` are the runs it overtakes then."""

    __slots__ = ("ahead", "passed", "reason")

    def __init__(self, reason: str, ahead: int, passed: Sequence[Ticket] = ()) -> None:
        self.reason, self.ahead, self.passed = reason, ahead, passed


def decide(mine: Ticket, tickets: Sequence[Ticket], capacity: Capacity) -> Decision:
    """Whether `mine` may start, given all living tickets (its own may be among them). Pure."""
    others = [t for t in tickets if t.number != mine.number]
    running = [t for t in others if t.running]
    ahead = [t for t in others if not t.running and t.number < mine.number]
    taken = Need(
        sum(t.need.cpu for t in running),
        sum(t.need.memory for t in running),
        sum(t.need.gpu for t in running),
    )
    count = sum(t.need.cpu > 0 for t in running)
    passed: list[Ticket] = []
    for ticket in sorted(ahead, key=lambda t: t.number):
        if not _lack(ticket.need, taken, capacity, count):
            taken = Need(  # it starts at its next look; what it needs is spoken for
                taken.cpu + ticket.need.cpu,
                taken.memory + ticket.need.memory,
                taken.gpu + ticket.need.gpu,
            )
            count += ticket.need.cpu > 0
        elif mine.need.cpu > 0 or mine.need.gpu > 0:
            passed.append(ticket)
    lack = _lack(mine.need, taken, capacity, count)
    if lack and not running and not ahead:
        lack = ""  # alone on the machine: it will never fit better
    worn = next((t for t in passed if t.overtaken >= MOST_OVERTAKES), None)
    if not lack and not worn:
        return Decision("", len(ahead), passed)
    want = lack or f"its turn after {worn.run if worn else ''}, which waited long enough"
    return Decision(f"waiting for {want}{_in_front(len(running), len(ahead))}", len(ahead))


def _lack(need: Need, taken: Need, capacity: Capacity, count: int) -> str:
    if need.gpu and need.gpu > len(capacity.gpus) - taken.gpu:
        return f"{need.gpu} GPU" + ("s" if need.gpu > 1 else "")
    if need.cpu > 0 and need.cpu > capacity.cpu - taken.cpu + 1e-6:
        return f"{need.cpu:g} core" + ("s" if need.cpu > 1 else "")
    if need.memory > capacity.memory - taken.memory:
        return f"{need.memory / 2**30:.3g}Gi of memory"
    if need.cpu > 0 and capacity.runs is not None and count >= capacity.runs:
        return f"one of {capacity.runs} places for runs"
    return ""


def _in_front(running: int, ahead: int) -> str:
    parts = [f"{running} running"] if running else []
    parts += [f"{ahead} ahead in the queue"] if ahead else []
    return f": {', '.join(parts)}" if parts else ""


class Grant:
    """What a run was given: its cores and GPUs, by number."""

    __slots__ = ("cores", "gpus")

    def __init__(self, cores: list[int], gpus: list[str]) -> None:
        self.cores, self.gpus = cores, gpus


class Place:
    """One run's place in the queue of the machine, from waiting to leaving.

    Args:
        folder: the queue's folder, on a local disk.
        cores: the numbers of the cores that this process may use.
    """

    def __init__(self, folder: str, run: str, need: Need, cores: Sequence[int] = ()) -> None:
        self._folder, self._cores = folder, sorted(cores)
        self._file = -1
        self.ticket = Ticket(0, run, need)

    def look(self, capacity: Capacity) -> Decision | Grant:
        """Takes a place when it has none; starts if it may."""
        with _Mutex(self._folder):
            tickets = self._tickets()
            if self._file < 0:
                self._take(tickets)
            mine = tickets.get(self.ticket.number, self.ticket)
            self.ticket = mine
            decision = decide(mine, list(tickets.values()), capacity)
            if decision.reason and self._forget_the_dead(tickets):
                decision = decide(mine, list(tickets.values()), capacity)
            if decision.reason:
                return decision
            for ticket in decision.passed:
                self._rename(ticket, overtaken=ticket.overtaken + 1)
            return self._start(tickets, capacity)

    def leave(self) -> None:
        """Gives everything back. Also done by dying: the lock goes, and others see it."""
        if self._file < 0:
            return
        with _Mutex(self._folder):
            found = self._tickets().get(self.ticket.number)
            if found:
                _unlink(os.path.join(self._folder, found.name))
        os.close(self._file)
        self._file = -1

    def _take(self, tickets: dict[int, Ticket]) -> None:
        self.ticket.number = max(tickets, default=0) + 1
        path = os.path.join(self._folder, self.ticket.name)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        locks.claim(self._file)

    def _start(self, tickets: dict[int, Ticket], capacity: Capacity) -> Grant:
        need = self.ticket.need
        held = list(self._held(tickets))
        grant = Grant(
            _fewest_users(self._cores, [c for h in held for c in h.cores], -(-need.cpu // 1)),
            _fewest_users(capacity.gpus, [g for h in held for g in h.gpus], need.gpu),
        )
        cores = " ".join(map(str, grant.cores))
        os.pwrite(self._file, f"{cores}\n{' '.join(grant.gpus)}\n".encode(), 0)
        self.ticket = self._rename(self.ticket, running=True)
        return grant

    def _held(self, tickets: dict[int, Ticket]) -> Iterator[Grant]:
        for ticket in tickets.values():
            if ticket.running:
                try:
                    with open(os.path.join(self._folder, ticket.name)) as stream:
                        cores, gpus = stream.readline().split(), stream.readline().split()
                except OSError:
                    continue
                yield Grant([int(core) for core in cores if core.isdigit()], gpus)

    def _rename(self, old: Ticket, *, running: bool | None = None, overtaken: int = 0) -> Ticket:
        new = Ticket(
            old.number,
            old.run,
            old.need,
            running=old.running if running is None else running,
            overtaken=max(old.overtaken, overtaken),
        )
        os.rename(os.path.join(self._folder, old.name), os.path.join(self._folder, new.name))
        return new

    def _tickets(self) -> dict[int, Ticket]:
        parsed = (Ticket.parse(name) for name in os.listdir(self._folder))
        return {ticket.number: ticket for ticket in parsed if ticket}

    def _forget_the_dead(self, tickets: dict[int, Ticket]) -> bool:
        """Removes tickets whose supervisors died, among those that are in the way."""
        running = [t for t in tickets.values() if t.running]
        ahead = sorted(
            (t for t in tickets.values() if not t.running and t.number < self.ticket.number),
            key=lambda t: t.number,
        )
        dead = [t for t in running + ahead[:_PROBED] if not self._alive(t)]
        for ticket in dead:
            _unlink(os.path.join(self._folder, ticket.name))
            del tickets[ticket.number]
        return bool(dead)

    def _alive(self, ticket: Ticket) -> bool:
        if ticket.number == self.ticket.number:
            return True
        return bool(locks.held(os.path.join(self._folder, ticket.name)))


class _Mutex:
    """Held for the moment of one look; the kernel releases it when its holder dies."""

    def __init__(self, folder: str) -> None:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self._path = os.path.join(folder, "mutex")
        self._file = -1

    def __enter__(self) -> None:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def _fewest_users(choices: Sequence[Any], used: Sequence[Any], count: float) -> list[Any]:
    """`count` of the choices, those first that are in the fewest hands."""
    ranked = sorted(range(len(choices)), key=lambda at: (used.count(choices[at]), at))
    return sorted(choices[at] for at in ranked[: int(count)])


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
