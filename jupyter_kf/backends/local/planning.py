"""What would be started on this machine, and what can't be? Pure: from a spec and the machine.

May import `base`, `specs`, `units`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jupyter_kf import units
from jupyter_kf.backends.base import Plan, Unsupported
from jupyter_kf.backends.local.machine import Machine
from jupyter_kf.specs import JobSpec, TuneSpec

GRACE_S = 5.0  # from SIGTERM to SIGKILL
WORKER = "worker.pyz"  # stands for the archive's path, which `submit` puts in its place
DEFAULT_MEMORY_BYTES = 256 * 2**20  # counted for a run that does not say what it needs
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "POLARS_MAX_THREADS",
)


def make_plan(spec: JobSpec, run_id: str, machine: Machine, folder: Path) -> Plan:
    """The plan of one run.

    Its one object is what process.json will say, but for the working folder, and with
    `WORKER` for the worker's archive. ``env`` is what the run gets on top of the environment
    that it was submitted from.
    """
    copies = spec.parallel if isinstance(spec, TuneSpec) else spec.nodes
    cpu = units.parse_cpu(spec.cpu) if spec.cpu else None
    memory = units.parse_memory(spec.memory) if spec.memory else None
    total_cpu = None if cpu is None else cpu * (copies if isinstance(spec, TuneSpec) else 1)
    total_memory = (
        None if memory is None else memory * (copies if isinstance(spec, TuneSpec) else 1)
    )
    limits = {
        "memory_bytes": total_memory,
        "cpu": total_cpu,
        "time_limit_s": units.parse_duration(spec.time_limit) if spec.time_limit else None,
        "watch": memory is not None and "memory" not in machine.cgroups,
        "quota": cpu is not None and "cpu" in machine.cgroups,
    }
    task = {
        "run": run_id,
        "kind": spec.kind,
        "argv": argv(spec.kind, folder),
        "env": _environment(spec, cpu),
        "count": spec.nodes,
        "env_per_process": _ranks(spec),
        "rendezvous": spec.runtime == "torch-distributed",
        "limits": limits,
        "needs": _needs(spec, copies, cpu, memory, machine),
        "capacity": {
            "cores": machine.cores,
            "memory_bytes": machine.memory_bytes,
            "gpus": list(machine.gpus),
            "max_runs": machine.max_runs,
        },
        "cgroup": dict(machine.cgroups),
        "grace_s": GRACE_S,
    }
    return Plan(
        run_id=run_id,
        backend="local",
        kind=spec.kind,
        spec=spec,
        objects=(task,),
        unsupported=tuple(_refused(spec, copies, cpu, memory, machine)),
        notes=tuple(_notes(spec, cpu, limits, machine)),
    )


def argv(kind: str, folder: Path) -> list[str]:
    """The program that does a job of this kind."""
    if kind == "serve":
        return [sys.executable, "-P", "-m", "jupyter_kf.serving", str(folder)]
    if kind == "tune":
        return [sys.executable, "-P", "-m", "jupyter_kf.backends.local.trials", str(folder)]
    return [sys.executable, WORKER, "run", str(folder)]


def _environment(spec: JobSpec, cpu: float | None) -> dict[str, str]:
    # OpenMP threads that wait by spinning take the cores from every other run: two fits of a
    # gradient boosting at once took ten times as long. `--env OMP_WAIT_POLICY=ACTIVE` undoes it.
    # A log is read as UTF-8, so that is what a job prints, whatever the terminal knows.
    env = {"OMP_WAIT_POLICY": "PASSIVE", "PYTHONIOENCODING": "utf-8:backslashreplace"}
    if cpu is not None:
        env |= dict.fromkeys(_THREADS, str(max(1, math.ceil(cpu))))
    return {**env, **spec.env}


def _ranks(spec: JobSpec) -> list[dict[str, str]]:
    if spec.runtime != "torch-distributed":
        return [{} for _ in range(spec.nodes)]
    world = str(spec.nodes)
    return [
        {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": world,
            "LOCAL_WORLD_SIZE": world,
        }
        for rank in range(spec.nodes)
    ]


def _needs(
    spec: JobSpec, copies: int, cpu: float | None, memory: int | None, machine: Machine
) -> dict[str, Any]:
    """What the queue counts. A run that does not say needs one core, an idle endpoint none."""
    if cpu is not None:
        cores = cpu * copies
    else:
        cores = 0.0 if spec.kind == "serve" else min(float(copies), math.ceil(machine.cores))
    return {
        "cpu": cores,
        "memory_bytes": (DEFAULT_MEMORY_BYTES if memory is None else memory) * copies,
        "gpu": spec.gpu * copies,
    }


def _refused(
    spec: JobSpec, copies: int, cpu: float | None, memory: int | None, machine: Machine
) -> Iterator[Unsupported]:
    for name, why in ELSEWHERE.items():
        if getattr(spec, name):
            yield Unsupported(name, *why)
    for name in sorted(spec.idle & spec.asked().keys() - {"nodes"}):
        nothing = f"it means nothing to a {spec.kind} job: only a train cell takes it"
        yield Unsupported(name, nothing, f"leave out --{name}")
    if spec.nodes > 1 and spec.kind != "train":
        yield Unsupported(
            "nodes", f"a {spec.kind} job is one process on this machine", "leave out --nodes"
        )
    elif spec.nodes > 1 and spec.runtime == "python":
        yield Unsupported(
            "nodes",
            "the python runtime starts a cell once; several processes would all do the same",
            "add --runtime torch-distributed, or leave out --nodes",
        )
    times = f" x {copies}" if copies > 1 else ""
    if cpu is not None and cpu * copies > machine.cores:
        yield Unsupported(
            "cpu",
            f"{cpu:g}{times} cores were asked for and this machine has {machine.cores:g}",
            f"ask for --cpu {machine.cores / copies:.3g} or less, or use a cluster",
        )
    if memory is not None and memory * copies > machine.memory_bytes:
        have = units.format_memory(machine.memory_bytes)
        yield Unsupported(
            "memory",
            f"{units.format_memory(memory)}{times} were asked for and this machine has {have}",
            f"ask for less than {have} in all, or use a cluster",
        )
    if spec.gpu * copies > len(machine.gpus):
        yield Unsupported(
            "gpu",
            f"{spec.gpu}{times} GPUs were asked for and this machine has {len(machine.gpus)}",
            "leave out --gpu, or use a cluster",
        )


ELSEWHERE: Mapping[str, tuple[str, str]] = {
    "image": (
        "runs on this machine use the notebook's own Python, not an image",
        "leave out --image, or use `--backend kubernetes`",
    ),
    "volumes": (
        "volume claims exist on a cluster only; here the job sees the same folders as you",
        "leave out --volume and use the path",
    ),
    "queue": (
        "Kueue's queues exist on a cluster only; this machine has one queue of its own",
        "leave out --queue",
    ),
}


def _notes(
    spec: JobSpec, cpu: float | None, limits: Mapping[str, Any], machine: Machine
) -> Iterator[str]:
    if limits["watch"]:
        yield (
            f"memory: no control group may be made here, so {spec.memory} is watched 4 times a "
            "second and the run ended above it, not held to it by the kernel"
        )
    if cpu is not None and cpu != int(cpu) and not limits["quota"]:
        yield (
            f"cpu: no control group may be made here, so the run gets {math.ceil(cpu)} whole "
            f"core{'s' if cpu > 1 else ''}; {cpu:g} counts in the queue only"
        )
    if machine.gpus and not spec.gpu:
        yield "gpu: hidden from this run, since it asked for none; ask with --gpu 1"
    if spec.kind == "serve" and cpu is None:
        yield "cpu: an endpoint that waits for requests takes no place in the machine's queue"
