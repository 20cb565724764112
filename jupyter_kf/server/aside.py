"""What needs a heavy library runs in a child process, and gives back a few lines of JSON.

Importing Optuna's importance costs 210 MiB and two seconds of a core, pandas 110 MiB; a server
that runs for weeks beside notebooks has neither for them, and a model's code is never run in it.
``python -m jupyter_kf.server.aside JOB`` reads standard input; `JOBS` are its jobs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from jupyter_kf.client import Client, connect
from jupyter_kf.errors import KfError
from jupyter_kf.records import plain

PATIENCE_S = 120.0
_children: set[subprocess.Popen[bytes]] = set()


class Failed(Exception):
    """The child has no answer; the text says why."""


def run(job: str, data: bytes, *, patience_s: float | None = PATIENCE_S) -> Any:
    """What the job makes of the data; for threads.

    Raises:
        Failed: a library is missing, or the data are not what the job takes.
        KfError: the job's own.
    """
    command = [sys.executable, "-m", __name__, job]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=env) as child:  # noqa: S603 - our own program
        _children.add(child)
        try:
            out, said = child.communicate(data, patience_s)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"no answer within {patience_s:.0f} s") from error
        finally:
            child.kill()
            _children.discard(child)
    if child.returncode:
        raise Failed(said.decode(errors="replace").strip().rpartition("\n")[2])
    told = json.loads(out)
    if isinstance(told, dict) and "refused" in told:
        raise KfError.from_dict(told["refused"])
    return told


def end_all() -> None:
    """Ends the children, when the server stops; whoever waits for one is told that it failed."""
    for child in tuple(_children):
        child.kill()


def settings(client: Client) -> dict[str, Any]:
    """What a child needs to know to be the same client."""
    return {
        "store": str(client.store.root),
        "backend": client.backend.name,
        "namespace": client.namespace,
    }


def importance(data: bytes) -> dict[str, float]:
    """Each parameter's share in how the first metric varies, from an Optuna journal's path."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = JournalStorage(JournalFileBackend(data.decode()))
    (name,) = (summary.study_name for summary in optuna.get_all_study_summaries(storage))
    study = optuna.load_study(study_name=name, storage=storage)
    target = (lambda trial: trial.values[0]) if len(study.directions) > 1 else None
    told = optuna.importance.get_param_importances(
        study, target=target, evaluator=_evaluator(optuna)
    )
    return {name: float(share) for name, share in told.items()}


def schema(data: bytes) -> list[dict[str, Any]]:
    """The columns of an Arrow schema: name, type, nullable."""
    import pyarrow as pa

    told = pa.ipc.read_schema(pa.py_buffer(data))
    return [{"name": f.name, "type": str(f.type), "nullable": f.nullable} for f in told]


def snapshot(data: bytes) -> dict[str, Any]:
    """A dataset from files: its name and version."""
    asked = json.loads(data)
    client = connect(**asked["client"])
    found = client.data(asked["name"], asked["source"], time=asked["time"])
    return {"name": found.name, "version": found.version}


def check(data: bytes) -> dict[str, Any]:
    """A parity check, which loads a model and runs its transform."""
    asked = json.loads(data)
    told: dict[str, Any] = plain(connect(**asked["client"]).check(asked["name"]))
    return told


JOBS: dict[str, Callable[[bytes], Any]] = {
    "check": check,
    "importance": importance,
    "schema": schema,
    "snapshot": snapshot,
}


def _answer(job: str, data: bytes) -> Any:
    try:
        return JOBS[job](data)
    except KfError as error:
        return {"refused": error.to_dict()}


def _evaluator(optuna: Any) -> Any:
    """Optuna's own choice where scikit-learn is there, else the one that needs nothing more."""
    try:
        import sklearn  # noqa: F401 - only whether it is there
    except ImportError:
        return optuna.importance.PedAnovaImportanceEvaluator()
    return None


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_answer(sys.argv[1], sys.stdin.buffer.read())))
