"""What has to be undone, even if the one who did it was killed?

Every change outside the state folder (a process, a kernel setting, a cgroup, a network link) is
one line in `journal.jsonl`, written before the change is made or, for a process, by the process
itself before it becomes the program. Undoing means reading the lines backwards. A process is known
by its id together with its start time and the machine's boot id, so that a process which merely
got the same number later is never touched.
"""

import json
import os
import select
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Identity:
    """One process for certain: ids are reused, an id with its start time is not.

    Attributes:
        pid: process id.
        started_ticks: field 22 of /proc/PID/stat, clock ticks since boot.
        boot: the boot id the ticks count from.
    """

    pid: int
    started_ticks: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> "Identity":
        """Raises FileNotFoundError or ProcessLookupError when no such process exists."""
        return cls.from_stat(Path(f"/proc/{pid}/stat").read_text())

    @classmethod
    def from_stat(cls, stat: str) -> "Identity":
        """Parses a line of /proc/PID/stat; the name in brackets may itself hold brackets."""
        after_name = stat[stat.rindex(")") + 2 :].split()
        return cls(int(stat.split(" ", 1)[0]), int(after_name[19]), boot_id())

    def open(self) -> int | None:
        """A pidfd of exactly this process, or None when it is gone."""
        try:
            fd = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return None
        try:
            same = Identity.of(self.pid) == self
        except (FileNotFoundError, ProcessLookupError):
            same = False
        if not same:
            os.close(fd)
            return None
        return fd

    def alive(self) -> bool:
        fd = self.open()
        if fd is None:
            return False
        with_exit = select.select([fd], [], [], 0)[0]
        os.close(fd)
        return not with_exit

    def wait(self, timeout_s: float | None) -> bool:
        """True once the process has ended; False when it still runs after the time."""
        fd = self.open()
        if fd is None:
            return True
        try:
            return bool(select.select([fd], [], [], timeout_s)[0])
        finally:
            os.close(fd)

    def kill(self, timeout_s: float = 10.0) -> None:
        """SIGKILL, then wait: nothing in a test bed is worth a graceful end.

        Raises:
            TimeoutError: the kernel still lists it after `timeout_s`.
        """
        fd = self.open()
        if fd is None:
            return
        try:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(fd, signal.SIGKILL)
            if not select.select([fd], [], [], timeout_s)[0]:
                raise TimeoutError(f"process {self.pid} did not end in {timeout_s:.0f} s")
        finally:
            os.close(fd)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def boot_id() -> str:
    return BOOT_ID.read_text().strip()


class Journal:
    """Append-only list of what to undo, in the state folder of one cluster."""

    def __init__(self, state: Path) -> None:
        self.path = state / "journal.jsonl"

    def note(self, undo: str, **facts: Any) -> None:
        """Write one line, before the change it describes is made."""
        line = json.dumps({"undo": undo, "boot": boot_id(), **facts})
        with self.path.open("a") as file:
            file.write(line + "\n")

    def entries(self) -> list[dict[str, Any]]:
        """Complete lines only: a writer that was killed may leave half a line at the end."""
        if not self.path.exists():
            return []
        found = []
        for line in self.path.read_text().splitlines():
            with suppress(json.JSONDecodeError):
                found.append(json.loads(line))
        return found

    def undo(self) -> None:
        """Undo everything, newest first. Safe to call twice and from another process."""
        for entry in reversed(self.entries()):
            if entry["boot"] == boot_id():
                _UNDO[entry["undo"]](entry)


def _end_process(entry: dict[str, Any]) -> None:
    Identity.from_stat(entry["stat"]).kill()


def _restore_file(entry: dict[str, Any]) -> None:
    path = Path(entry["path"])
    if path.exists() and path.read_text() != entry["text"]:
        path.write_text(entry["text"])


def _delete_link(entry: dict[str, Any]) -> None:
    """The namespace's death removes the link by itself, a moment later: ask, then wait for it."""
    link = Path("/sys/class/net") / entry["name"]
    if link.exists():
        subprocess.run(["ip", "link", "delete", entry["name"]], capture_output=True, check=False)
    deadline = time.monotonic() + 10
    while link.exists() and time.monotonic() < deadline:
        time.sleep(0.05)


def _remove_cgroup(entry: dict[str, Any]) -> None:
    """Remove a cgroup and those below it; the members' last moments may keep it busy shortly."""
    top = Path(entry["path"])
    deadline = time.monotonic() + 5
    while top.exists() and time.monotonic() < deadline:
        for folder, _, _ in os.walk(top, topdown=False):
            with suppress(OSError):
                Path(folder).rmdir()
        if top.exists():
            time.sleep(0.05)


def _remove_folder(entry: dict[str, Any]) -> None:
    shutil.rmtree(entry["path"], ignore_errors=True)


_UNDO = {
    "process": _end_process,
    "file": _restore_file,
    "link": _delete_link,
    "cgroup": _remove_cgroup,
    "folder": _remove_folder,
}
