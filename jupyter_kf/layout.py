"""Every file name in a store, in one place.

store/
├── format                      the store's format number
├── objects/sha256/<2>/<64>     bytes by their digest, never rewritten
├── refs/<kind>/<name>/<n>.json what a name means; version n is created once, the highest is now
├── runs/<run id>/              one folder per run, see `RunFolder`
├── endpoints/<name>/           one folder per endpoint, see `EndpointFolder`
├── cache/{transform,prepared}/  what was computed once: digests by the digests it was made from
├── worker/                     worker.pyz by the digest of its sources
└── index.json                  a listing cache; rebuilt when missing, never trusted over folders

A machine's own state (locks, queue leases, sockets) is not in the store, which may be a network
home: it is under `runtime_dir`. Standard library only.
"""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_kf.errors import NotFound, StoreError

FORMAT = "1"
SCRATCH = "JUPYTER_KF_SCRATCH"
KINDS = ("dataset", "transform", "model", "study")


def runtime_dir() -> Path:
    """This machine's folder for locks, leases and sockets; short, for socket paths' sake."""
    base = os.environ.get("JUPYTER_KF_RUNTIME_DIR")
    if base:
        folder = Path(base)
    else:
        import tempfile  # not at the top: every supervisor and worker imports this module

        folder = Path(tempfile.gettempdir()) / f"jupyter-kf-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            3006,
            f"there can be no folder {folder} for locks and sockets",
            cause=error.strerror or str(error),
            fix="point JUPYTER_KF_RUNTIME_DIR at a folder of yours that can be made",
        ) from error
    owner = folder.stat()
    if owner.st_uid != os.getuid() or owner.st_mode & 0o022:
        raise StoreError(
            3005,
            f"{folder} can't be trusted with locks and sockets",
            cause="another user owns it or may write to it",
            fix="remove it, or point JUPYTER_KF_RUNTIME_DIR at a folder of yours with mode 0700",
        )
    return folder


def working_dir() -> Path:
    """The folder that this process works in.

    Raises:
        NotFound: kf-1118, it was deleted meanwhile.
    """
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise NotFound(
            1118,
            "the working folder of this process is gone",
            cause="it was deleted or moved after the process had entered it",
            fix="go to a folder that exists: `%cd ~`, or os.chdir(...)",
        ) from error


def expanded(path: str | os.PathLike[str]) -> Path:
    """A path with its ``~`` replaced.

    Raises:
        NotFound: kf-1119, nobody is called so.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise NotFound(
            1119,
            f"{path} can't be found",
            cause=f"{error}"[:1].lower() + f"{error}"[1:].rstrip("."),
            fix="write the whole path, from / on",
        ) from error


def scratch_path(run_id: str) -> Path:
    """Where a run's processes make their temporary folders; removed however the run ends."""
    return runtime_dir() / "scratch" / run_id


def scratch() -> str | None:
    """This run's place for temporary folders; None outside of runs: the system's."""
    folder = os.environ.get(SCRATCH)
    if folder:
        Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder or None


def lock_path(run_id: str) -> Path:
    """Held (flock) by a run's supervisor as long as it lives."""
    folder = runtime_dir() / "locks"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{run_id}.lock"


class RunFolder:
    """The files of one run. Paths only; nothing here touches the disk."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.id = self.path.name
        self.spec = self.path / "spec.json"  # what was asked, and when
        self.job = self.path / "job.json"  # what the worker shall do: see worker/job.py
        self.cell = self.path / "cell.py"  # the user's code as text
        self.inputs = self.path / "inputs"  # what travelled from the notebook
        self.ref = self.path / "ref.json"  # where it runs: backend, host, boot, pids
        self.process = self.path / "process.json"  # what the supervisor starts; 0600
        self.queue = self.path / "queue.json"  # why it is still pending
        self.started = self.path / "started.json"  # the worker's pid and time of start
        self.metrics = self.path / "metrics.jsonl"  # one line per kf.report
        self.log = self.path / "log.txt"  # stdout and stderr, interleaved
        self.cancel = self.path / "cancel"  # exists once cancelling was asked
        self.outcome = self.path / "outcome.json"  # the worker's own account of its end
        self.result = self.path / "result.json"  # the end; created exclusively, once
        self.ready = self.path / "ready.json"  # an endpoint proved itself: where it answers
        self.proof_key = self.path / "proof-key"  # a check names it, so as not to count; 0600
        self.checked = self.path / "checked.json"  # an endpoint's last check: when, what it found
        self.outputs = self.path / "outputs"  # artefacts
        self.heartbeat = self.path / "heartbeat"  # touched while it lives, for other hosts
        self.reserve = self.path / ".reserve"  # space kept for result.json on a full disk
        self.journal = self.path / "journal.log"  # a study's Optuna journal
        self.trials = self.path / "trials"  # a study's trials, a run folder each


class EndpointFolder:
    """The files of one endpoint."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.name = self.path.name
        self.versions = self.path / "versions"  # <n>.json: run id, model digest
        self.current = self.path / "current.json"  # the version that gets the traffic
        self.token = self.path / "token"  # 0600
        self.predictions = self.path / "predictions"  # sampled log, Arrow files
