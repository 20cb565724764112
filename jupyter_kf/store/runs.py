"""Run folders: made, read into records, ended once, listed fast.

The folder is the truth. What only a backend can know (does the process still live?) comes in as
an `Observation`-like object; the first reader of an end writes result.json, exclusively.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol

from jupyter_kf.blobs import explained, read_json, write_atomic, write_json, write_once
from jupyter_kf.errors import KfError, NotFound, StoreError, did_you_mean
from jupyter_kf.layout import RunFolder
from jupyter_kf.names import is_run_id, new_run_id, slug
from jupyter_kf.records import Metric, Origin, Run, State
from jupyter_kf.store.reported import lines

_PART_BYTES = 65_536  # read of the beginning and of the end of what a run reported
_INDEX_FORMAT = 1
_GOING = ".deleted-"


class Seen(Protocol):
    """What a backend saw of a run."""

    @property
    def state(self) -> State: ...
    @property
    def reason(self) -> str: ...
    @property
    def started_s(self) -> float | None: ...
    @property
    def ended_s(self) -> float | None: ...


class Runs:
    """The runs of a store.

    Args:
        root: the store's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / "runs"
        self._index = root / "index.json"
        self._ended: dict[str, Run] | None = None  # what the index said, plus what was read since
        self._listing = threading.Lock()  # a server lists from several threads

    def new(
        self,
        kind: str,
        name: str,
        spec: Mapping[str, Any],
        backend: str,
        origin: Origin | None = None,
    ) -> RunFolder:
        """An empty run folder with its spec.json; the id is new."""
        with explained(self._folder):
            self._folder.mkdir(exist_ok=True)
            while True:
                folder = RunFolder(self._folder / new_run_id(name))
                try:
                    folder.path.mkdir()
                except FileExistsError:
                    continue
                break
            folder.inputs.mkdir()
        asked = {
            "id": folder.id,
            "kind": kind,
            "name": name,
            "created_s": time.time(),
            "backend": backend,
            "spec": dict(spec),
            "origin": asdict(origin) if origin else None,
        }
        write_json(folder.spec, asked)
        return folder

    def folder(self, run_id: str) -> RunFolder:
        """The folder of a run.

        Raises:
            NotFound: kf-1105.
        """
        if not self.is_run(run_id):
            raise self._no_run(run_id)
        return RunFolder(self._folder / run_id)

    def is_run(self, run_id: str) -> bool:
        """Whether this is the whole id of a run that is here."""
        return "/" not in run_id and RunFolder(self._folder / run_id).spec.exists()

    def find(self, text: str) -> str:
        """The run id that `text` means: an id, the beginning of one, or the newest of a name."""
        ids = self.ids()
        if text in ids:
            return text
        begins = [i for i in ids if i.startswith(text)]
        if len(begins) == 1:
            return begins[0]
        label = slug(text)
        named = sorted((i for i in ids if i.rpartition("-")[0] == label), reverse=True)
        for newest in named:
            # Without a spec its submitter was killed, a damaged one can be shown by its id.
            with contextlib.suppress(ValueError, KeyError, TypeError):
                spec = read_json(RunFolder(self._folder / newest).spec)
                if spec and text in (spec["name"], label):
                    return newest
        if begins:
            raise NotFound(
                1106,
                f"{len(begins)} runs begin with {text!r}",
                cause=", ".join(sorted(begins)[-8:]),
                fix="give more of the id",
            )
        raise self._no_run(text)

    def ids(self) -> set[str]:
        """The ids of all runs; what begins with a dot is none of ours, or is being deleted."""
        try:
            names = os.listdir(self._folder)  # noqa: PTH208 - ten thousand paths take 30 ms
            return {name for name in names if name[0] != "."}
        except FileNotFoundError:
            return set()

    def read(self, run_id: str, seen: Seen | None = None) -> Run:
        """The record of one run, with what a backend saw of it when it has not ended."""
        return _record(self.folder(run_id), seen)

    def newest(self, kind: str, name: str) -> Run | None:
        """The newest run of a kind and name, ended or not."""
        ended, open_ids = self.listing()
        found = [run for run in ended if run.kind == kind and run.name == name]
        for run_id in open_ids:
            with contextlib.suppress(StoreError, NotFound):  # damaged, or deleted since
                run = self.read(run_id)
                found += [run] if run.kind == kind and run.name == name else []
        return max(found, key=lambda run: (run.created_s, run.id), default=None)

    def listing(self) -> tuple[list[Run], list[str]]:
        """All ended runs, and the ids of those that a backend must be asked about.

        Ended runs come from the index; a folder that the index does not know is read, and the
        index written again.
        """
        with self._listing:
            return self._list()

    def _list(self) -> tuple[list[Run], list[str]]:
        known = self._ended if self._ended is not None else self._read_index()
        self._ended = known
        here = self.ids()
        for gone in known.keys() - here:
            del known[gone]
        open_ids, news = [], 0
        for run_id in here - known.keys():
            folder = RunFolder(self._folder / run_id)
            if folder.result.exists():
                try:
                    known[run_id] = _record(folder, None)
                except (StoreError, NotFound):
                    continue  # damaged or half deleted: it can be shown, which says so, and deleted
                news += 1
            elif folder.spec.exists():
                open_ids.append(run_id)
        if news:
            self._write_index(known.values())
        return list(known.values()), open_ids

    def settle(self, run_id: str, seen: Seen) -> None:
        """Writes the end that a backend saw; does nothing when somebody already did."""
        folder = RunFolder(self._folder / run_id)
        if not seen.state.ended or folder.result.exists():
            return
        result: dict[str, Any] = {
            "state": str(seen.state),
            "reason": seen.reason,
            "started_s": seen.started_s,
            "ended_s": seen.ended_s or time.time(),
            "outputs": {},
            "error": None,
            "usage": {},
        }
        write_once(folder.result, json.dumps(result, indent=1).encode())

    def metrics(self, run_id: str) -> list[Metric]:
        """Everything that a run reported, in order."""
        folder = self.folder(run_id)
        data = folder.metrics.read_bytes() if folder.metrics.exists() else b""
        return [point for line in lines(data) for point in line.points()]

    def delete(self, run_id: str) -> None:
        """Removes a run's folder, one that is half deleted too.

        It goes out of sight in one step: who looks at the runs meanwhile would see half of it, and
        might write into it.
        """
        if run_id not in self.ids():
            raise self._no_run(run_id)
        with explained(self._folder):
            (self._folder / run_id).rename(self._folder / f"{_GOING}{run_id}")
            for one in list(self._folder.glob(f"{_GOING}*")):  # and what killed deletions left
                with contextlib.suppress(FileNotFoundError):  # somebody else is at it too
                    shutil.rmtree(one)

    def _no_run(self, text: str) -> NotFound:
        return NotFound(
            1105,
            f"there is no run `{text}`",
            cause="it was deleted, or never was here"
            if is_run_id(text)
            else did_you_mean(text, self.ids() - {text}),
            fix="`%kf runs` lists them",
        )

    def _read_index(self) -> dict[str, Run]:
        try:
            index = json.loads(self._index.read_bytes())
            if index["format"] != _INDEX_FORMAT:
                return {}
            return {row["id"]: _from_row(row) for row in index["runs"]}
        except (OSError, ValueError, KeyError, TypeError):
            return {}  # a cache: whatever is wrong with it, the folders say it again

    def _write_index(self, runs: Iterable[Run]) -> None:
        rows = [_to_row(run) for run in runs]
        try:
            write_atomic(self._index, json.dumps({"format": _INDEX_FORMAT, "runs": rows}).encode())
        except (KfError, OSError):
            return  # a store that can't be written is listed all the same


@contextlib.contextmanager
def damage_named(folder: RunFolder) -> Iterator[None]:
    """Turns what reading a damaged file, or one of a newer version, leads to into kf-3022."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as damage:
        raise _damaged(folder, damage) from damage


def _record(folder: RunFolder, seen: Seen | None) -> Run:
    with damage_named(folder):
        return _read(folder, seen)


def _read(folder: RunFolder, seen: Seen | None) -> Run:
    asked, result = read_json(folder.spec), read_json(folder.result)
    if asked is None and not folder.spec.exists():
        raise _gone(folder.id)
    run = Run(
        id=folder.id,
        kind=asked["kind"],
        name=asked["name"],
        state=State.PENDING,
        backend=asked["backend"],
        created_s=asked["created_s"],
        spec=asked["spec"],
        origin=_origin(asked.get("origin")),
    )
    told = _ends(folder.metrics)
    run = replace(run, metrics=told["metrics"], progress=told["progress"])
    if result is None:
        run = _living(run, seen, told)
        if run.reason or run.kind != "train":
            return run
        return replace(run, reason=(read_json(folder.job) or {}).get("look") or "")
    told_error = result.get("error")
    return replace(
        run,
        state=State(result["state"]),
        reason=result.get("reason") or _what_to_know(run, result),
        started_s=result.get("started_s"),
        ended_s=result.get("ended_s"),
        outputs=result.get("outputs") or {},
        error=KfError.from_dict(told_error) if told_error else None,
        usage=result.get("usage") or {},
    )


def _origin(told: Mapping[str, str] | None) -> Origin | None:
    return Origin(**told) if told else None


def _damaged(folder: RunFolder, error: Exception) -> StoreError:
    return StoreError(
        3022,
        f"run {folder.id} can't be read",
        cause=f"a file of {folder.path} is damaged, or of a newer jupyter-kf: {error!r}",
        fix=f"look at it, or remove the folder {folder.path}",
    )


def _gone(run_id: str) -> NotFound:
    return NotFound(
        1105,
        f"there is no run `{run_id}`",
        cause="it was deleted",
        fix="`%kf runs` lists them",
    )


def _what_to_know(run: Run, result: Mapping[str, Any]) -> str:
    """What is not seen of a run that went well: what a batch made, and what a model lacks."""
    outputs = result.get("outputs") or {}
    if result["state"] != State.SUCCEEDED or run.kind not in ("train", "batch"):
        return ""
    if run.kind == "batch":
        there = f"; files there already: {outputs['skipped']}" if outputs.get("skipped") else ""
        rows = f"{outputs.get('rows', 0):,} rows predicted by {run.spec.get('model')}"
        return f"{rows} into {outputs.get('output')}{there}"
    if not outputs.get("model"):
        return "it left no model: when the cell ended, `model` was None or not bound"
    told = [str(outputs.get(key) or "") for key in ("fitted_elsewhere", "named_elsewhere")]
    return "; ".join(filter(None, told))


def _living(run: Run, seen: Seen | None, told: dict[str, Any]) -> Run:
    if seen is None:
        return run
    remaining_s = told["remaining_s"]
    share = told["progress"]
    # A search says itself when it knows: its trials may differ in length by a hundred times.
    if remaining_s is None and share and seen.started_s and run.kind != "tune":
        remaining_s = (told["t"] - seen.started_s) * (1 - share) / share
    return replace(
        run,
        state=seen.state,
        reason=seen.reason or (told["reason"] if seen.state is State.RUNNING else ""),
        started_s=seen.started_s,
        ended_s=seen.ended_s,
        remaining_s=remaining_s,
    )


def _ends(path: Path) -> dict[str, Any]:
    """The last value of each metric in the first and the last part of the file, and progress."""
    told: dict[str, Any] = {
        "metrics": {},
        "progress": None,
        "remaining_s": None,
        "t": None,
        "reason": "",
    }
    try:
        with open(path, "rb") as stream:
            data = stream.read(_PART_BYTES)  # what is reported once comes early
            if os.fstat(stream.fileno()).st_size > 2 * _PART_BYTES:
                data += b"\n"
                stream.seek(-_PART_BYTES, 2)
            data += stream.read()
    except FileNotFoundError:
        return told
    for line in lines(data):
        told["metrics"].update(line.values)
        now = {
            "progress": line.progress,
            "remaining_s": line.remaining_s,
            "t": line.at_s,
            "reason": line.reason,
        }
        told |= {key: value for key, value in now.items() if value is not None}
    return told


_ROW = ("id", "kind", "name", "backend", "reason", "created_s", "started_s", "ended_s", "progress")


def _to_row(run: Run) -> dict[str, Any]:
    row: dict[str, Any] = {key: getattr(run, key) for key in _ROW}
    row["state"] = str(run.state)
    row["error"] = run.error.to_dict() if run.error else None
    row["origin"] = asdict(run.origin) if run.origin else None
    for key in ("metrics", "spec", "outputs", "usage"):
        row[key] = dict(getattr(run, key))
    return row


def _from_row(row: dict[str, Any]) -> Run:
    error = row.pop("error")
    row["state"] = State(row["state"])
    origin = _origin(row.pop("origin", None))  # an index from before it was recorded has none
    return Run(**row, error=KfError.from_dict(error) if error else None, origin=origin)


def finite(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics that are numbers one can compare."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}
