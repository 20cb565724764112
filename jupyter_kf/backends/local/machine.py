"""What is this machine, and what has it to give? Read once, then only facts.

Standard library only. Tests hand over machines of their own making.
"""

from __future__ import annotations

import glob
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_kf.backends.local import cgroups
from jupyter_kf.errors import BackendError


@dataclass(frozen=True)
class Machine:
    """One machine, or the part of it that this process may use.

    Attributes:
        host: its name; not always its own: containers and laptops share names.
        boot_id: differs after each start of the machine.
        booted_s: Unix time of that start; 0 when it can't be known.
        room: the process namespace: one container does not see into another.
        cores: cores that we may use; a fraction under a quota.
        memory_bytes: memory that we may use.
        gpus: their numbers, as CUDA_VISIBLE_DEVICES takes them.
        max_runs: most runs at once; None is as many as fit.
        cgroups: see `cgroups.find`; {} when limits of memory can only be watched.
    """

    host: str = "localhost"
    boot_id: str = ""
    booted_s: float = 0.0
    room: str = ""
    cores: float = 1.0
    memory_bytes: int = 2**30
    gpus: tuple[str, ...] = ()
    max_runs: int | None = None
    cgroups: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def read(environ: Mapping[str, str] | None = None) -> Machine:
        """This machine. ``JUPYTER_KF_CORES``, ``_GPUS`` and ``_MAX_RUNS`` say otherwise.

        Raises:
            BackendError: kf-2013, one of these variables is not a number.
        """
        env = os.environ if environ is None else environ
        most = _number(env, "JUPYTER_KF_MAX_RUNS")
        return Machine(
            host=platform.node() or "localhost",
            boot_id=_text("/proc/sys/kernel/random/boot_id") or str(round(_booted_s())),
            booted_s=_booted_s(),
            room=_link("/proc/self/ns/pid"),
            cores=_number(env, "JUPYTER_KF_CORES") or _cores(),
            memory_bytes=_memory_bytes(),
            gpus=_gpus(env),
            max_runs=None if most is None else max(1, int(most)),
            cgroups=cgroups.find(),
        )


def _cores() -> float:
    seen = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _text("/sys/fs/cgroup/cpu.max").split()
    if len(quota) == 2 and quota[0].isdigit():
        return min(float(seen), int(quota[0]) / int(quota[1]))
    return float(seen)


def _memory_bytes() -> int:
    """Physical memory, or less where a control group holds this process to less."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limits = [_text("/sys/fs/cgroup/memory.max")]
    for line in _text("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            limits.append(_text(f"/sys/fs/cgroup/memory{path}/memory.limit_in_bytes"))
            limits.append(_text("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
    return min([total] + [int(text) for text in limits if text.isdigit()])


def _gpus(env: Mapping[str, str]) -> tuple[str, ...]:
    """NVIDIA GPUs by number, from their device files: asking the driver takes a second."""
    chosen = env.get("JUPYTER_KF_GPUS") or env.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return tuple(part.strip() for part in chosen.split(",") if part.strip() not in ("", "-1"))
    return tuple(str(n) for n in range(len(glob.glob("/dev/nvidia[0-9]*"))))  # noqa: PTH207


def _booted_s() -> float:
    for line in _text("/proc/stat").splitlines():
        if line.startswith("btime "):
            return float(line.split()[1])
    return time.time() - time.monotonic() if platform.system() == "Darwin" else 0.0


def _number(env: Mapping[str, str], name: str) -> float | None:
    text = env.get(name)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if value <= 0:
        raise BackendError(
            2013,
            f"{name}={text!r} is not a positive number",
            cause="the environment variable says how much of this machine runs may use",
            fix=f"set {name} to a number, or unset it",
        )
    return value


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""
