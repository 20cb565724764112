"""A train job's phases: read, prepare, execute, finish. Trials share all but the last.

A train cell is a script whose inputs are bound as plain names. Standard library only at import;
pandas, numpy and the frameworks come with what the job itself uses.
"""

from __future__ import annotations

import linecache
import os
import random
import sys
import traceback
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from jupyter_kf.blobs import Blobs, read_json
from jupyter_kf.errors import (
    BackendError,
    DataError,
    InternalError,
    KfError,
    StoreError,
    did_you_mean,
)
from jupyter_kf.layout import RunFolder
from jupyter_kf.refs import Refs
from jupyter_kf.worker.kept import keep_trained
from jupyter_kf.worker.report import Reporter, json_number, tell

PARTS = ("train", "valid", "test")


def read(folder: RunFolder) -> dict[str, Any]:
    """job.json of a run.

    Raises:
        StoreError: kf-3010, it is not there.
    """
    job: dict[str, Any] | None = read_json(folder.job)
    if job is None:
        raise StoreError(
            3010,
            f"run {folder.id} has no job",
            cause=f"{folder.job} is missing",
            fix="start the run again from its cell",
        )
    return job


def run_train(job: dict[str, Any], folder: RunFolder, kf: Reporter) -> dict[str, Any]:
    """All phases of a train run; returns its outputs."""
    if job.get("look"):
        sys.stdout.write(f"{job['look']}\n")
    names = prepare(job, folder, _main_names())
    execute(job, folder, names, kf)
    return finish_train(job, folder, names, kf) if kf.rank == 0 else {}


def prepare(
    job: dict[str, Any], folder: RunFolder, names: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The cell's namespace before its first line: what travelled, and the rows.

    Binds X_train, y_train, X_valid, y_valid (and X_test, y_test) when a dataset of rows has a
    target; `data` otherwise: the frame, or the path of a folder.
    """
    from jupyter_kf.worker.bind import load_inputs

    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)  # as in the notebook, which imports from its own folder
    if names is None:
        names = {"__name__": "__main__", "__builtins__": __builtins__}
    load_inputs(folder.inputs, names)  # the same namespace: helpers see what the job binds
    if job.get("dataset"):
        names.update(_rows(job))
    return names


def _main_names() -> dict[str, Any]:
    """The namespace of a new ``__main__``, where pickle looks for what the cell defines."""
    _kept.append(sys.modules["__main__"])  # else its names are cleared under the running code
    sys.modules["__main__"] = main = ModuleType("__main__")
    main.__dict__["__builtins__"] = __builtins__
    return main.__dict__


_kept: list[ModuleType] = []


def execute(job: dict[str, Any], folder: RunFolder, names: dict[str, Any], kf: Reporter) -> None:
    """Runs the cell in its namespace, with its parameters and `kf` bound.

    ``sys.exit()`` ends the cell early and well; any other exit code is a failure.
    """
    code = compiled(folder.cell)
    _seed(job["spec"].get("seed", 0))
    names.update(job["spec"].get("params") or {})
    names["kf"] = kf
    try:
        exec(code, names)  # noqa: S102 - the user's own cell
    except SystemExit as end:
        if end.code not in (None, 0):
            raise BackendError(
                2051,
                f"the cell ended itself with sys.exit({end.code!r})",
                cause="an exit code other than 0 means failure",
                fix=f"`%kf logs {folder.id}` shows what it printed before",
            ) from None


def compiled(cell: Path) -> CodeType:
    """The cell's code; tracebacks show its lines."""
    source = cell.read_text(encoding="utf-8")
    shown = _shown(RunFolder(cell.parent))
    linecache.cache[shown] = (len(source), None, source.splitlines(True), shown)
    return compile(source, shown, "exec", dont_inherit=True)


def finish_train(
    job: dict[str, Any], folder: RunFolder, names: dict[str, Any], kf: Reporter
) -> dict[str, Any]:
    """Stores and registers the model that the cell left behind; returns the run's outputs."""
    if kf.saved or names.get("model") is not None:
        tell(folder, "its cell has ended: the model is kept, and proven on golden rows")
    try:
        outputs = save_model(job, folder, names, kf)
    except KfError as error:  # an hour of training may be behind it
        made = kf.saved["model"] if kf.saved else names["model"]
        raise keep_trained(folder, made, error) from error
    travelled = [entry["name"] for entry in read_json(folder.inputs / "listing.json") or ()]
    if travelled:
        outputs["travelled"] = travelled
    for told in ("unread", "fitted_elsewhere", "named_elsewhere", "without_target"):
        if job.get(told):
            outputs[told] = job[told]
    if "model" in outputs:
        Refs(job["store"]).add("model", job["name"], outputs["model"], model_note(job, kf.metrics))
    if folder.outputs.is_dir():
        files = Blobs(job["store"]).put_folder(folder.outputs)
        if files:
            outputs["artifacts"] = files
    return outputs


def save_model(
    job: dict[str, Any], folder: RunFolder, names: dict[str, Any], kf: Reporter
) -> dict[str, Any]:
    """Stores the model without giving it a name: ``{"model": digest, ...}``, or ``{}``."""
    from jupyter_kf.worker.model import save_from_cell

    if not kf.saved and names.get("model") is None:
        return {}
    return save_from_cell(job, folder, names, kf)


def model_note(job: dict[str, Any], metrics: dict[str, float]) -> dict[str, Any]:
    """What a model's version says of its origin."""
    return {
        "run": job["run"],
        "metrics": {name: json_number(value) for name, value in metrics.items()},
        "params": job["spec"].get("params") or {},
        "dataset": job.get("dataset"),
    }


def is_of_cell(folder: RunFolder, error: BaseException) -> bool:
    """Whether the line that raised is one of the cell itself, so that a traceback ends with it."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and frames[-1].filename == _shown(folder)


def _shown(folder: RunFolder) -> str:
    """What tracebacks call the cell of a run."""
    return f"<{folder.id} cell>"


def explain(folder: RunFolder, error: BaseException, run: str = "") -> KfError:
    """The user's exception as an error that names the line of the cell.

    Args:
        folder: of the run whose cell it is.
        run: whose log has the traceback, when it is another's: a study's.
    """
    run = run or folder.id
    shown = _shown(folder)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == shown]
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if not frames:
        return InternalError(
            9003,
            f"jupyter-kf failed with {said}",
            cause="it was raised outside the cell, so it is not the cell's",
            fix=f"please report it with the traceback: `%kf logs {run}`",
        )
    where = f"line {frames[-1].lineno}: {frames[-1].line}"
    return BackendError(
        2050,
        f"the cell raised {said}",
        cause=where,
        fix=f"`%kf logs {run}` has the traceback; --inline runs the cell in this kernel",
    )


def _seed(seed: int) -> None:
    random.seed(seed)
    os.environ["JUPYTER_KF_SEED"] = str(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def _rows(job: dict[str, Any]) -> dict[str, Any]:
    from jupyter_kf.worker import data

    blobs = Blobs(job["store"])
    manifest = blobs.get_json(job["dataset"])
    if manifest["form"] == "folder":
        return {"data": data.checkout(blobs, job["dataset"])}
    table = data.load_table(blobs, job["dataset"])
    frame_kind = manifest.get("frame", "pandas")
    target = job.get("target")
    if not target:
        return {"data": data.to_frame(table, frame_kind)}
    check_target(manifest, target)
    features, frame_kind = _features(job, table.drop_columns([target]), frame_kind)
    return _split(job, table, features, frame_kind)


def check_target(manifest: dict[str, Any], target: str) -> None:
    """Lets a column of the dataset pass.

    Raises:
        DataError: kf-1450.
    """
    names = [column["name"] for column in manifest.get("columns", ())]
    if target not in names:
        raise DataError(
            1450,
            f"the dataset has no column `{target}` to predict",
            cause=did_you_mean(target, names),
            fix="give another --target",
        ).at("target")


def _features(job: dict[str, Any], table: Any, frame_kind: str) -> tuple[Any, str]:
    """The rows as the model sees them: prepared once for a transform and a dataset."""
    if not job.get("transform"):
        return table, frame_kind
    from jupyter_kf.worker import prepared

    blobs = Blobs(job["store"])
    manifest = blobs.get_json(job["transform"])
    _warn_of_leak(job["spec"], manifest.get("fit"))
    return prepared.apply(blobs, job["transform"], job["dataset"]), manifest["frame"]


def _warn_of_leak(spec: dict[str, Any], fit: dict[str, Any] | None) -> None:
    """Says so when `fit` has seen rows that this run validates on."""
    same = ("split", "split_by", "seed")
    if fit and any(fit.get(key) != spec.get(key) for key in same):
        told = ", ".join(f"--{key.replace('_', '-')} {fit.get(key)}" for key in same)
        sys.stdout.write(
            f"warning: the transform was fitted on the training rows of {told}; this run splits "
            "otherwise, so its validation rows were partly seen by fit and its metrics flatter\n"
        )


def _split(job: dict[str, Any], table: Any, features: Any, frame_kind: str) -> dict[str, Any]:
    from jupyter_kf.worker import data

    spec, target = job["spec"], job["target"]
    fractions = tuple(float(part) for part in spec["split"].split("/"))
    parts = data.split_rows(table, fractions, by=spec.get("split_by"), seed=spec["seed"])
    answers = table.column(target)
    known = answers.is_valid().to_numpy()
    if not known.all():
        dropped = job["without_target"] = int((~known).sum())
        sys.stdout.write(f"{dropped:,} rows without `{target}` are left out\n")
    bound: dict[str, Any] = {}
    for part, rows in zip(PARTS, parts, strict=False):
        rows = rows[known[rows]]
        bound[f"X_{part}"] = data.to_frame(features.take(rows), frame_kind)
        bound[f"y_{part}"] = data.to_series(answers.take(rows), target, frame_kind)
    return bound
