"""Studies: the order of a search, its trials as records, and the promotion of one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jupyter_kf.blobs import canonical, digest_bytes, read_json
from jupyter_kf.client.launch import Order
from jupyter_kf.errors import NotFound, TuneError
from jupyter_kf.records import Run, State, Study, Trial
from jupyter_kf.specs import TuneSpec
from jupyter_kf.store import Store


def order(store: Store, spec: TuneSpec) -> Order:
    """A search over the cell of the newest train run of the spec's name, or of `spec.run`."""
    tuned = store.runs.find(spec.run) if spec.run else _newest_train(store, spec.name)
    folder = store.runs.folder(tuned)
    train = read_json(folder.job)
    if train is None or train["kind"] != "train":
        raise TuneError(
            2590,
            f"run {tuned} can't be tuned",
            cause=f"it is a {store.runs.read(tuned).kind} run; only a train cell has parameters",
            fix="give a train run: --run RUN",
        )
    job: dict[str, Any] = {"train": {**train, "folder": str(folder.path)}}
    if spec.resume:
        job["resume"] = str(store.runs.folder(store.runs.find(spec.resume)).path)
    return Order(spec, {key: train[key] for key in ("dataset", "transform", "target")} | job)


def register(store: Store, spec: TuneSpec, run_id: str) -> None:
    """Makes the study findable by its name, with what decides in it."""
    note = {"run": run_id, "metrics": list(spec.metric), "maximize": list(directions(spec))}
    digest = digest_bytes(canonical(spec.model_dump(mode="json")))
    store.refs.add("study", spec.name, digest, note)


def directions(spec: TuneSpec) -> tuple[bool, ...]:
    """Whether larger is better, for each metric."""
    if isinstance(spec.maximize, bool):
        return tuple(spec.maximize for _ in spec.metric)
    return tuple(metric in spec.maximize for metric in spec.metric)


def read(store: Store, run: Run) -> Study:
    """A study's trials and the best of them, as they are now."""
    from jupyter_kf.backends.local.trials.reading import read_study

    spec = TuneSpec.model_validate(dict(run.spec))
    facts = read_study(store.runs.folder(run.id).path)
    trials = tuple(_trial(row) for row in facts["trials"])
    by_number = {trial.number: trial for trial in trials}
    best = tuple(by_number[n] for n in facts["best"] if n in by_number)
    return Study(run, spec.metric, directions(spec), trials, best)


def promote(store: Store, run_id: str, trial: int | None) -> str:
    """Registers a trial's model under the study's name; returns ``name@version``."""
    from jupyter_kf.backends.local.trials.promote import promote as promote_trial

    digest = promote_trial(store.root, store.runs.folder(run_id).path, trial)
    name = store.runs.read(run_id).name
    for entry in reversed(store.refs.versions("model", name)):
        if entry.digest == digest:
            return f"{name}@{entry.n}"
    return digest


def _newest_train(store: Store, name: str) -> str:
    ended, open_ids = store.runs.listing()
    runs = [*ended, *(store.runs.read(run_id) for run_id in open_ids)]
    found = [run for run in runs if run.kind == "train" and run.name == name]
    if not found:
        raise NotFound(
            1109,
            f"there is no train run of `{name}` to tune",
            cause="a search repeats the cell of a train run with other parameters",
            fix=f"run `%%kf train {name} ...` once, then tune it",
        )
    return max(found, key=lambda run: (run.created_s, run.id)).id


def _trial(row: dict[str, Any]) -> Trial:
    row = {key: value for key, value in row.items() if key in Trial.__dataclass_fields__}
    values = row.get("values")
    trial = Trial(**{**row, "state": State(row["state"])})
    return replace(trial, values=tuple(values) if values is not None else None)
