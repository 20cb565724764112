"""What transform, train and batch need, resolved: names to digests, code to what travels."""

from __future__ import annotations

import ast
import atexit
import contextlib
import inspect
import shutil
import tempfile
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

from jupyter_kf.blobs import write_atomic, write_json
from jupyter_kf.capture import (
    Captured,
    TransformSource,
    capture_cell,
    capture_estimator,
    capture_function,
    capture_transform,
    write,
)
from jupyter_kf.capture.reads import ANY_NAME, reads_of
from jupyter_kf.client.choose import choose_model
from jupyter_kf.client.fits import refuse_misfit
from jupyter_kf.client.launch import Order
from jupyter_kf.client.params import commas, refuse_commas
from jupyter_kf.errors import SpecError, did_you_mean
from jupyter_kf.layout import RunFolder, expanded, working_dir
from jupyter_kf.names import slug
from jupyter_kf.specs import BatchSpec, ServeSpec, Spec, TrainSpec, TransformSpec, TuneSpec
from jupyter_kf.specs.words import quoted
from jupyter_kf.store import Store
from jupyter_kf.worker.batch_read import refuse_other_csv
from jupyter_kf.worker.files import form_of, matching
from jupyter_kf.worker.job import check_target

Scope = Mapping[str, Any]

_ROW_NAMES = ("X_train", "y_train", "X_valid", "y_valid")


def named(code: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with a name: a function's own when none is given."""
    if "name" not in fields and callable(code) and hasattr(code, "__name__"):
        return {"name": slug(code.__name__), **fields}
    return fields


def transform(store: Store, spec: TransformSpec, code: Any, scope: Scope) -> Order:
    """A transform job: the code made self-contained, the dataset by digest."""
    dataset = store.refs.resolve("dataset", spec.data)
    if spec.target:
        check_target(store.blobs.get_json(dataset.digest), spec.target)
    if spec.source is not None:
        if spec.source not in scope:
            raise _no_object(spec.source, scope)
        code = scope[spec.source]
    if isinstance(code, FunctionType):
        code, scope = _transform_text(code), code.__globals__
    if isinstance(code, str):
        found = capture_transform(code, scope, working_dir())
    else:
        found = capture_estimator(spec.source or spec.name, code, working_dir())
    return Order(
        spec,
        {
            "dataset": dataset.digest,
            "target": spec.target,
            "warnings": list(found.warnings),
            "above": found.above,
        },
        code=found.code,
        travel=lambda folder: _write_transform(found, folder),
    )


def train(store: Store, spec: TrainSpec, code: Any, scope: Scope) -> Order:
    """A train job: the cell and what it uses of the notebook, its inputs by digest."""
    refuse_commas(store, spec, code, scope)
    job = train_inputs(store, spec)
    bound = bound_names(store, spec, job)
    capture: Callable[..., Captured] = capture_cell
    if not isinstance(code, str):
        found = capture_function(code, bound=bound, pickle=spec.pickle, directory=working_dir())
    else:
        found = capture(code, scope, bound=bound, pickle=spec.pickle, directory=working_dir())
    job["unread"] = _unread(found) if job["transform"] and "X_train" in bound else []
    looks = [commas(spec), "" if job["dataset"] else _unproven(found)]
    job["look"] = "; ".join(filter(None, looks))
    return Order(spec, job, code=found.source, travel=lambda folder: write(found, folder))


def _unproven(found: Captured) -> str:
    """What to know of a cell that makes a model, and has no rows to prove it with.

    Such a run fails when all is trained, unless its model is None. Empty where that can't be told
    from the text.
    """
    reads = [reads_of(ast.parse(text)) for text in (found.source, found.preamble)]
    made = {*found.values, *(name for each in reads for name in each.defined)}
    saves = any(use[:1] == ("save",) for each in reads for use in each.chains.get("kf", ()))
    unknown = any(each.star or each.names.keys() & ANY_NAME for each in reads)
    if "X_train" in made or unknown or not (saves or "model" in made):
        return ""
    return (
        "look: if it leaves a model, this run will fail when all is trained, for there are no rows "
        "to prove it with: bind a frame or matrix to `X_train` in the cell, or give --data and "
        "--target"
    )


def _unread(found: Captured) -> list[str]:
    """The prepared rows, if neither the cell nor a helper that travels with it reads them."""
    reads = [reads_of(ast.parse(text)) for text in (found.source, found.preamble)]
    names = {name for each in reads for name in each.names}
    return [] if names & {"X_train", *ANY_NAME} else ["X_train"]


def batch(store: Store, spec: BatchSpec) -> Order:
    """A batch job: the model by digest, paths made absolute.

    Raises:
        DataError: kf-1412, kf-1413: there is nothing to read.
        BatchError: kf-2416, a CSV is cut by another mark.
    """
    model = choose_model(store, spec.model or spec.name).entry
    fields = {key: str(working_dir() / expanded(getattr(spec, key))) for key in _PATHS}
    paths = matching(fields["input"])
    for path in [path for path in paths if form_of(path) == "csv"][:_MOST_HEADS]:
        with contextlib.suppress(OSError):  # what can't be read at all, the job explains
            refuse_other_csv(path)
    fields["model"] = model.ref
    return Order(spec.model_copy(update=fields), {"model": model.digest})


_PATHS = ("input", "output")
_MOST_HEADS = 100  # files that are looked at before the start; the job looks at the others


def any_order(store: Store, verb: str, code: Any, scope: Scope, fields: dict[str, Any]) -> Order:
    """The order of a verb, for a dry run."""
    from jupyter_kf.client import endpoints, studies

    build: dict[str, tuple[type[Spec], Callable[[Any], Order]]] = {
        "transform": (TransformSpec, lambda spec: transform(store, spec, code, scope)),
        "train": (TrainSpec, lambda spec: train(store, spec, code, scope)),
        "tune": (TuneSpec, lambda spec: studies.order(store, spec)),
        "serve": (ServeSpec, lambda spec: endpoints.order(store, spec)),
        "batch": (BatchSpec, lambda spec: batch(store, spec)),
    }
    if verb not in build:
        raise SpecError(
            1007,
            f"`{verb}` starts no job, so there is nothing to plan",
            cause=did_you_mean(verb, build),
            fix="plan transform, train, tune, serve or batch",
        )
    kind, order = build[verb]
    return order(kind.of(**named(code, fields)))


def bound_names(store: Store, spec: TrainSpec, job: Mapping[str, Any]) -> set[str]:
    """The names that the job binds before the cell runs."""
    names = {"kf", *spec.params}
    if not job["dataset"]:
        return names
    folder = store.blobs.get_json(job["dataset"])["form"] == "folder"
    if folder or not job["target"]:
        return names | {"data"}
    more = ("X_test", "y_test") if spec.split.count("/") == 2 else ()
    return names | {*_ROW_NAMES, *more}


def inline_names(store: Store, spec: TrainSpec) -> dict[str, Any]:
    """The bound names with their values, in this process."""
    from jupyter_kf.worker import job as jobs
    from jupyter_kf.worker.report import Reporter

    folder = RunFolder(tempfile.mkdtemp(prefix="kf-inline-"))
    atexit.register(shutil.rmtree, folder.path, ignore_errors=True)
    folder.inputs.mkdir()
    job = {"store": str(store.root), "spec": spec.model_dump(mode="json")}
    job.update(train_inputs(store, spec))
    names = jobs.prepare(job, folder)
    names = {name: value for name, value in names.items() if not name.startswith("__")}
    return {**names, **spec.params, "kf": Reporter(folder, spec.params)}


def train_inputs(store: Store, spec: TrainSpec) -> dict[str, Any]:
    """Dataset, transform and target of a train run, by digest."""
    if not spec.data:
        if spec.transform:
            raise SpecError(
                1014,
                f"train: transform `{spec.transform}` has no rows to prepare",
                cause="--transform was given without --data",
                fix="add --data DATASET",
            ).at("data")
        return {"dataset": None, "transform": None, "target": None}
    dataset = store.refs.resolve("dataset", spec.data)
    target, transform_digest, elsewhere = spec.target, None, ""
    if spec.transform:
        found = store.refs.resolve("transform", spec.transform)
        transform_digest = found.digest
        made = store.blobs.get_json(found.digest)
        own = made.get("target")
        refuse_misfit(store, found.digest, dataset.digest)
        elsewhere = _fitted_elsewhere(store, spec, made.get("fit"), dataset.digest)
        if target and own != target:
            raise SpecError(
                1013,
                f"train: --target {target}, but transform `{spec.transform}` was made for "
                f"{own or 'no target'}",
                cause="the transform must not see the column that is predicted",
                fix=f"make the transform again with --target {quoted(target)}",
            ).at("target")
        target = own
    manifest = store.blobs.get_json(dataset.digest)
    if target and manifest["form"] == "table":
        check_target(manifest, target)
    inputs = {"dataset": dataset.digest, "transform": transform_digest, "target": target}
    return {**inputs, "fitted_elsewhere": elsewhere}


def _fitted_elsewhere(
    store: Store, spec: TrainSpec, fit: Mapping[str, Any] | None, dataset: str
) -> str:
    """What to know when `fit` saw other rows than this run's training rows; empty when it did not.

    Other rows may be meant, as when a model is trained again on new ones; with another split of
    the same rows, some that validate the model have been seen.
    """
    if fit is None:
        return ""
    if fit["dataset"] != dataset:
        seen, now = (store.refs.by_digest("dataset", d) for d in (fit["dataset"], dataset))
        return (
            f"look: transform `{spec.transform}` was fitted on {seen.ref}, and these "
            f"rows are {now.ref}"
        )
    if (fit["split"], fit["split_by"], fit["seed"]) == (spec.split, spec.split_by, spec.seed):
        return ""
    return (
        f"look: transform `{spec.transform}` was fitted with another split (--split {fit['split']} "
        f"--seed {fit['seed']}), so it has seen rows that validate this model"
    )


def _transform_text(function: FunctionType) -> str:
    """A function as a transform cell, whatever it is called."""
    text = textwrap.dedent(inspect.getsource(function))
    if function.__name__ == "transform":
        return text
    return f"{text}\n\ndef transform(df):\n    return {function.__name__}(df)\n"


def _write_transform(found: TransformSource, folder: Path) -> None:
    for name, content in found.modules.items():
        target = folder / "modules" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target, content)
    write_json(folder / "listing.json", list(found.listing))
    if found.state:
        from jupyter_kf.worker.state_values import dump_estimator

        write_atomic(folder / "estimator.skops", dump_estimator(found.state["estimator"]))


def _no_object(name: str, scope: Scope) -> SpecError:
    return SpecError(
        1008,
        f"transform --from {name}: the notebook has no `{name}`",
        cause=did_you_mean(name, [n for n in scope if not n.startswith("_")]),
        fix="give the name of a fitted object with a transform method",
    )
