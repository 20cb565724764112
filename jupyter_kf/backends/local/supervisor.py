"""One run's keeper: two small processes that wait in the queue, start the run, and end it.

The *guard* only waits; its child, the *supervisor*, does the work. The run's processes die with
the supervisor, by the kernel's hand; whatever they had started falls to the guard, which ends
it and writes the result. When the guard is killed, the supervisor carries on alone. Both hold
the run's lock, by which everybody else sees that the run is looked after.

Started with ``python -I -S``. Standard library only, and little of that before the run's own
processes are on their way: everything here is time until the user's first line.
"""

from __future__ import annotations

import marshal
import os
import select
import sys
import time

from jupyter_kf.backends.local import admission, cgroups, children, processes

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import Any
else:
    import _signal as signal  # without enum, which would double the time to the start

STRAGGLERS_S = 0.5  # helpers of an ended job may take this long to leave by themselves
BEAT_S = 15.0
SETTLED_S = 1.0  # the run has started; what its end needs may be imported now
LOOK_S = 2.0  # between looks at the cancel file, for those who can't signal
WATCH_S = 0.25  # between looks at the memory of a run that no control group holds
NODE_ROOM_BYTES = 2**30  # what one process may map above a watched limit


def main(folder: str, lock: int) -> None:
    """The guard.

    What process.json says comes by stdin, marshalled: reading JSON takes `re` and twice the time.

    Args:
        lock: the descriptor of the run's lock, held.
    """
    os.set_inheritable(lock, False)
    task = marshal.load(sys.stdin.buffer)  # noqa: S302 - written by our own `submit` just before
    children.adopt_orphans()
    guard = os.getpid()
    supervisor = os.fork()
    if supervisor == 0:
        code = 1
        try:
            Supervisor(task, guard).run()
            code = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stderr.flush()
            os._exit(code)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.kill(supervisor, signal.SIGTERM))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _, status = os.waitpid(supervisor, 0)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    if status != 0:
        from jupyter_kf.backends.local import ending
        from jupyter_kf.layout import RunFolder

        how = "was killed" if os.WIFSIGNALED(status) else "failed; the log says how"
        why = f"its supervisor {how}"
        ending.bury(RunFolder(folder), why, under=[guard], patient=True)
    _unlink(task["files"]["lock"])


class Supervisor:
    """Takes one run from the queue to its result."""

    def __init__(self, task: dict[str, Any], guard: int) -> None:
        self._task, self._files = task, task["files"]
        self._guard = guard
        self._count: int = task["count"]
        self._children: dict[int, children.Child] = {}
        self._exits: list[tuple[int, int]] = []
        self._group = 0
        self._cause = self._detail = ""
        self._started_s: float | None = None
        self._grant: admission.Grant | None = None
        self._cgroups: list[str] = []
        self._cpu_s = self._max_rss = 0.0
        self._told = False
        self._kills = cgroups.MachineKills()
        self._log = os.open(
            self._files["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644
        )
        self._poll = select.poll()
        self._pipes: dict[int, children.Child] = {}
        self._wake = self._listen()
        self._beat_due = self._look_due = 0.0

    def run(self) -> None:
        """From the queue to result.json."""
        needs, machine = self._task["needs"], self._task["capacity"]
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        need = admission.Need(needs["cpu"], needs["memory_bytes"], needs["gpu"])
        place = admission.Place(self._files["queue"], self._task["run"], need, cores)
        capacity = admission.Capacity(
            machine["cores"], machine["memory_bytes"], machine["gpus"], machine["max_runs"]
        )
        children.adopt_orphans()
        try:
            if self._wait_for(place, capacity):
                self._start()
        except OSError as error:
            self._cause, self._detail = "not_started", str(error)
            if not self._children:
                self._started_s = None
        if self._started_s is not None:
            self._reserve()
            self._watch()
        left = self._end()
        from jupyter_kf.backends.local import ending
        from jupyter_kf.layout import RunFolder

        facts = ending.Facts(self._task["kind"], self._count)
        facts.exits, facts.cause, facts.detail = self._exits, self._cause, self._detail
        facts.limits, facts.left, facts.oom = self._task["limits"], left, self._oom()
        facts.started_s, facts.usage = self._started_s, self._usage()
        folder = RunFolder(os.path.dirname(self._files["log"]))
        facts.full = ending.is_full(str(folder.path))
        cgroups.remove(self._cgroups)
        result = ending.conclude(facts, ending.read_outcome(folder), folder.id)
        place.leave()
        ending.write_patiently(folder, result, self._beat)
        ending.sweep(folder.id)
        if os.getppid() != self._guard:
            _unlink(self._files["lock"])

    def _wait_for(self, place: admission.Place, capacity: admission.Capacity) -> bool:
        """Whether the run has its place; False when it was cancelled first."""
        delay_s, said = 0.02, ""
        while not self._must_end():
            got = place.look(capacity)
            if isinstance(got, admission.Grant):
                self._grant = got
                if said:
                    _unlink(self._files["queued"])
                return True
            if got.reason != said:
                said = got.reason
                import json

                self._put("queued", json.dumps({"reason": said, "ahead": got.ahead}))
            self._beat()
            self._pause(delay_s)
            delay_s = min(delay_s * 1.5, min(5.0, 0.5 * max(1.0, got.ahead / 8)))
        return False

    def _start(self) -> None:
        task, grant = self._task, self._grant
        assert grant is not None
        what = children.Start(task["argv"], task["cwd"], self._log)
        limits = task["limits"]
        if limits["cpu"] is not None:
            what.cores = grant.cores
        if limits["watch"]:
            what.data_bytes = limits["memory_bytes"] + NODE_ROOM_BYTES
        shared = {k: v for k, v in os.environ.items() if k != processes.SUPERVISOR}
        shared.update(task["env"])
        shared[processes.RUN] = task["run"]
        if task["rendezvous"]:
            shared["MASTER_ADDR"], shared["MASTER_PORT"] = "127.0.0.1", _free_port()
        self._started_s = time.time()
        for rank in range(self._count):
            env = {**shared, **task["env_per_process"][rank], **self._devices(rank)}
            groups = self._make_groups(rank)
            child = children.start(
                what, rank, env, group=self._group, groups=groups, relay=self._count > 1
            )
            self._group = self._group or child.pid
            self._children[child.pid] = child
            if child.pipe is not None:
                self._pipes[child.pipe] = child
                self._poll.register(child.pipe, select.POLLIN)
        self._beat(again=True)

    def _make_groups(self, rank: int) -> list[str]:
        limits, name = self._task["limits"], f"jupyter-kf-{self._task['run']}.{rank}"
        memory = None if limits["watch"] else limits["memory_bytes"]
        quota = limits["cpu"] if limits["quota"] else None
        made = cgroups.create(self._task["cgroup"], name, memory, quota)
        self._cgroups += made
        return made

    def _devices(self, rank: int) -> dict[str, str]:
        if not self._task["capacity"]["gpus"]:
            return {}
        assert self._grant is not None
        each = self._task["needs"]["gpu"] // self._count
        mine = self._grant.gpus[rank * each : (rank + 1) * each]
        return {"CUDA_VISIBLE_DEVICES": ",".join(mine)}

    def _watch(self) -> None:
        """Returns when all processes have ended by themselves, or a reason to end them is there."""
        assert self._started_s is not None
        limits = self._task["limits"]
        limit_s = limits["time_limit_s"]
        begun = time.monotonic()
        until = None if limit_s is None else begun + limit_s
        while len(self._exits) < self._count and not self._must_end():
            now = time.monotonic()
            if until is not None and now >= until:
                self._cause = "time_limit"
                return
            if limits["watch"] and self._over(limits["memory_bytes"] * self._count):
                return
            self._beat()
            self._kills.look()
            if now - begun > SETTLED_S:  # the package may be upgraded while the run lasts
                import jupyter_kf.backends.local.ending  # noqa: F401
            waits = [LOOK_S] + ([until - now] if until is not None else [])
            self._pause(min(waits + ([WATCH_S] if limits["watch"] else [])))
            if any(status != 0 for _, status in self._exits):
                return

    def _over(self, limit: int) -> bool:
        alive = self._members().values()
        if sum(process.rss for process in alive) <= limit:
            return False
        used = processes.resident_bytes(alive)
        if used <= limit:
            return False
        self._cause = "memory"
        self._detail = f"its processes held {used / 2**30:.3g}Gi together, and were ended"
        for process in alive:
            processes.send(process, signal.SIGKILL)
        return True

    def _end(self) -> list[int]:
        """Ends whatever is still there; returns the pids of what could not be ended."""
        if self._started_s is None:
            return []
        until = time.monotonic() + STRAGGLERS_S
        done = len(self._exits) == self._count and not self._cause
        while done and self._members() and time.monotonic() < until:
            self._pause(0.01)
        left = processes.end(self._members, grace_s=self._task["grace_s"], between=self._pause)
        while self._children and not left:  # the last are zombies, about to be reaped
            self._pause(0.001)
        self._relay(last=True)
        return left

    def _members(self) -> dict[int, processes.Process]:
        everybody = (os.getpid(), self._guard)
        found = processes.members(self._task["run"], under=everybody[:1], group=self._group)
        return {pid: process for pid, process in found.items() if pid not in everybody}

    def _must_end(self) -> bool:
        """Whether somebody asked for the end, by signal or by file."""
        now = time.monotonic()
        if self._told or now >= self._look_due:
            self._look_due = now + LOOK_S
            gone = not os.path.exists(self._files["log"])  # somebody deleted the run
            if gone or os.path.exists(self._files["cancel"]):
                self._cause = "cancelled"
            elif self._told:
                self._cause = "terminated"
        return bool(self._cause)

    def _listen(self) -> int:
        reader, writer = os.pipe()
        for end in (reader, writer):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._hear)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._poll.register(reader, select.POLLIN)
        return reader

    def _hear(self, *_: object) -> None:
        self._told = True

    def _pause(self, seconds: float) -> None:
        """Waits, at most this long, until something happens; reaps and relays what there is."""
        for descriptor, _ in self._poll.poll(max(1, seconds * 1000)):
            if descriptor == self._wake:
                os.read(self._wake, 4096)
        self._relay()
        self._reap()

    def _reap(self) -> None:
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._cpu_s += used.ru_utime + used.ru_stime
            unit = 1 if sys.platform == "darwin" else 1024
            self._max_rss = max(self._max_rss, used.ru_maxrss * unit)
            child = self._children.pop(pid, None)
            if child is not None:
                self._exits.append((child.rank, status))

    def _relay(self, last: bool = False) -> None:
        """Copies the ranks' output into the log, each line under its rank."""
        for pipe, child in list(self._pipes.items()):
            ended = last
            while True:
                try:
                    data = os.read(pipe, 65_536)
                except BlockingIOError:
                    break
                if not data:
                    ended = True
                    break
                *lines, child.rest = (child.rest + data).split(b"\n")
                self._print(child.rank, lines)
            if ended:
                self._print(child.rank, [child.rest] if child.rest else [])
                self._poll.unregister(pipe)
                os.close(pipe)
                del self._pipes[pipe]

    def _print(self, rank: int, lines: list[bytes]) -> None:
        if lines:
            try:
                os.write(self._log, b"".join(b"[%d] %s\n" % (rank, line) for line in lines))
            except OSError:
                pass  # the disk is full: the job goes on without these lines

    def _beat(self, again: bool = False) -> None:
        """Says on the store that the run is looked after, for those on other machines."""
        now = time.monotonic()
        if not again and now < self._beat_due:
            return
        first, self._beat_due = self._beat_due == 0.0, now + BEAT_S
        if not (first or again):
            for path in (self._files["heartbeat"], self._files["lock"]):
                try:
                    os.utime(path)
                except OSError:
                    pass
            return
        pids = [[pid, processes.start_of(pid) or 0] for pid in (os.getpid(), self._guard)]
        groups = ", ".join('"' + name.replace("\\", "\\\\") + '"' for name in self._cgroups)
        started = "null" if self._started_s is None else repr(self._started_s)
        text = f'{{"pids": {pids}, "group": {self._group}, "started_s": {started}, '
        self._put("heartbeat", text + f'"cgroups": [{groups}]}}')

    def _put(self, name: str, text: str) -> None:
        """Replaces one of our small files; on a full disk the run goes on without it."""
        path = self._files[name]
        temp = f"{path}.{os.getpid()}.tmp"
        try:
            with open(temp, "w") as stream:
                stream.write(text)
            os.replace(temp, path)
        except OSError:
            _unlink(temp)

    def _reserve(self) -> None:
        try:
            with open(self._files["reserve"], "wb") as stream:
                stream.write(bytes(16_384))
        except OSError:
            pass

    def _oom(self) -> str:
        if cgroups.oom_kills(self._cgroups):
            return "group"
        machine_bytes = self._task["capacity"]["memory_bytes"]
        return "machine" if self._kills.took(self._max_rss, machine_bytes) else ""

    def _usage(self) -> dict[str, float]:
        if self._started_s is None:
            return {}
        return {
            "cpu_s": round(self._cpu_s, 3),
            "wall_s": round(time.time() - self._started_s, 3),
            "max_rss_bytes": int(max(self._max_rss, cgroups.peak_bytes(self._cgroups))),
        }


def _free_port() -> str:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
