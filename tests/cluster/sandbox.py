"""Where does the node live, so that nothing of it can stay behind?

In namespaces of its own: processes, mounts and network. Its first process is `init.py`; when that
dies the kernel ends every container, unmounts every volume, and removes every network link and
iptables rule in one step, without anybody's help. The machine itself sees three things only: one
virtual link (10.99.0.1, by which tests reach pods and pods reach the API server), one cgroup, and
kernel settings that are not per namespace. All three are in the journal.

Needs root. One sandbox per machine, since the addresses are fixed: a second one waits.
"""

import fcntl
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from tests.cluster import instances, paths
from tests.cluster.addresses import HOST_IP, HOST_LINK, NODE_IP, SERVICE_CIDR
from tests.cluster.journal import Journal
from tests.cluster.processes import Process

CGROUPS = Path("/sys/fs/cgroup")
BRIDGE = "jkf-bridge"
PEER_LINK = "jkf1"
# The kubelet sets these for the whole machine.
SETTINGS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
# /run, /var/lib and /var/log get memory of their own: containerd's shims, the CNI plugins and the
# kubelet leave files there under fixed names. The new bridge port forwards at once (no STP).
INSIDE = f"""
set -e
mount --make-rshared /
for folder in /run /var/lib /var/log; do mount -t tmpfs tmpfs $folder; done
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6
ip link set lo up
ip link add {BRIDGE} type bridge
ip address add {NODE_IP}/24 dev {BRIDGE}
ip link set {BRIDGE} up
ip link set {PEER_LINK} master {BRIDGE} up
ip route add {SERVICE_CIDR} dev {BRIDGE}
"""


class Sandbox:
    """The namespaces of one node, from `start` until the cluster's end."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.cgroup = f"jupyter-kf-{state.name}"
        command = ["unshare", "--pid", "--net", "--mount", "--propagation", "private"]
        command += ["--fork", "--kill-child", "--mount-proc"]
        init = paths.HERE / "init.py"
        self._init = Process(state, "node-init", [*command, sys.executable, "-I", init])
        self._lock_path = paths.cache() / "node.lock"

    def start(self, wait_s: float = 240.0) -> "Sandbox":
        """Raises TimeoutError when another test run keeps the node tier for `wait_s`, and at once
        when `make cluster` has it."""
        with self._take_turn(wait_s):
            self._note_changes()
            self._init.start()
            self._init.wait_until(self._has_namespaces, 60, "in its namespaces")
        self._connect()
        return self

    def inside(self, argv: Sequence[str | Path]) -> list[str]:
        """The command line that runs `argv` in the sandbox; it ends when `argv` ends."""
        spaces = Path(f"/proc/{self._init.pid}/ns")
        enter = ["nsenter", f"--net={spaces}/net", f"--mount={spaces}/mnt"]
        enter += [f"--pid={spaces}/pid_for_children", "--"]
        return [*enter, *(str(word) for word in argv)]

    def run(self, argv: Sequence[str | Path], timeout_s: float = 120.0) -> str:
        """Run to the end in the sandbox; returns standard output.

        Raises:
            RuntimeError: it failed; with its standard error.
        """
        return run(self.inside(argv), timeout_s)

    def _note_changes(self) -> None:
        journal = Journal(self.state)
        journal.note("link", name=HOST_LINK)
        for setting in SETTINGS:
            path = Path("/proc/sys") / setting
            if path.exists():
                journal.note("file", path=str(path), text=path.read_text())
        for folder in cgroup_folders(self.cgroup):
            journal.note("cgroup", path=str(folder))
            folder.mkdir(exist_ok=True)

    def _has_namespaces(self) -> bool:
        """unshare has made them all once its child, the first process, exists."""
        link = Path(f"/proc/{self._init.pid}/ns/pid_for_children")
        return (self.state / "logs" / "node-init.log").read_text().startswith("up") and (
            link.exists()
        )

    def _connect(self) -> None:
        pid = str(self._init.pid)
        run(["ip", "link", "add", HOST_LINK, "type", "veth", "peer", PEER_LINK, "netns", pid])
        self.run(["/bin/sh", "-c", INSIDE])
        run(["ip", "address", "add", f"{HOST_IP}/24", "dev", HOST_LINK])
        run(["ip", "link", "set", HOST_LINK, "up"])
        run(["ip", "route", "add", SERVICE_CIDR, "via", NODE_IP, "dev", HOST_LINK])

    def _take_turn(self, wait_s: float) -> IO[str]:
        """The lock of the machine's one node tier. init inherits it and holds it while it lives."""
        lock = self._lock_path.open("w")
        deadline = time.monotonic() + wait_s
        while not _try_lock(lock):
            kept = [other for other in instances.kept() if (other / "node").exists()]
            if kept or time.monotonic() > deadline:
                holder = "the cluster of `make cluster`" if kept else "another test run"
                raise TimeoutError(f"{holder} has the machine's one node tier")
            time.sleep(0.5)
        self._init.keep_open = (lock.fileno(),)
        return lock


def _try_lock(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def cgroup_folders(name: str) -> list[Path]:
    """One folder in the unified hierarchy, or one per controller where they are apart."""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS / name]
    return [folder / name for folder in sorted(CGROUPS.iterdir()) if folder.is_dir()]


def run(argv: Sequence[str | Path], timeout_s: float = 120.0) -> str:
    """Raises RuntimeError with standard error when the program fails."""
    result = subprocess.run(
        [str(word) for word in argv],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if result.returncode:
        raise RuntimeError(f"{' '.join(map(str, argv))}\n{result.stderr.strip()}")
    return result.stdout
