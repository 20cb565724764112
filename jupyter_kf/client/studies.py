"""Studies: the order of a search, its trials as records, and the promotion of one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from jupyter_kf.blobs import canonical, digest_bytes, read_json
from jupyter_kf.capture.reads import ANY_NAME, reads_of
from jupyter_kf.client.fits import refuse_misfit
from jupyter_kf.client.launch import Order
from jupyter_kf.errors import NotFound, TuneError, did_you_mean, together
from jupyter_kf.layout import RunFolder
from jupyter_kf.records import Run, State, Study, Trial
from jupyter_kf.specs import TuneSpec
from jupyter_kf.store import Store
from jupyter_kf.store.studies import promote as promote_trial
from jupyter_kf.store.studies import read_study


def with_resumed(store: Store, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields, with what a resumed study was asked and this call does not say again."""
    if not fields.get("resume"):
        return fields
    resumed = store.runs.find(run_of(store, fields["resume"]))
    asked = TuneSpec.model_validate(store.runs.read(resumed).spec).asked()
    asked.pop("name", None)
    return {**asked, **fields, "resume": resumed}


def run_of(store: Store, text: str) -> str:
    """The run id of a study: the newest of a name, or the text itself."""
    newest = store.refs.newest("study", text)
    return str(newest.note["run"]) if newest else text


def to_promote(store: Store, text: str) -> str:
    """The run id of the newest study of a name that has a best trial."""
    for entry in reversed(store.refs.versions("study", text)):
        run_id = str(entry.note["run"])
        if run_id in store.runs.ids() and read_study(store.runs.folder(run_id).path)["best"]:
            return run_id
    return run_of(store, text)


def order(store: Store, spec: TuneSpec) -> Order:
    """A search over the cell of the newest train run of the spec's name, or of `spec.run`."""
    tuned = store.runs.find(spec.run) if spec.run else newest_train(store, spec.name)
    folder = store.runs.folder(tuned)
    train = read_json(folder.job)
    if train is None or train["kind"] != "train":
        raise TuneError(
            2590,
            f"run {tuned} can't be tuned",
            cause=f"it is a {store.runs.read(tuned).kind} run; only a train cell has parameters",
            fix="give a train run: --run RUN",
        ).at("run" if spec.run else "name")
    if train["transform"] and train["dataset"]:
        refuse_misfit(store, train["transform"], train["dataset"])
    wrong = [*_unread(spec, train, folder), *_unreported(store, spec, tuned)]
    if wrong:
        raise together(wrong)
    job: dict[str, Any] = {"train": {**train, "folder": str(folder.path)}}
    if spec.resume:
        job["resume"] = str(store.runs.folder(store.runs.find(spec.resume)).path)
    return Order(spec, {key: train[key] for key in ("dataset", "transform", "target")} | job)


def _unread(spec: TuneSpec, train: dict[str, Any], folder: RunFolder) -> Iterator[TuneError]:
    """The refusal of each parameter that nothing reads: every trial of it would be the same."""
    files = [p for p in (folder.cell, folder.inputs / "preamble.py") if p.is_file()]
    reads = [reads_of(ast.parse(file.read_text())) for file in files]
    read = {name for each in reads for name in each.names}
    by_table = any(use[:1] == ("params",) for each in reads for use in each.chains.get("kf", ()))
    known = set((train["spec"] or {}).get("params") or {})
    for name in spec.params:
        if name in read or by_table or read & ANY_NAME:  # kf.params[...], globals()[...]
            continue
        yield TuneError(
            2591,
            f"tune {spec.name}: nothing reads a parameter `{name}`",
            cause=did_you_mean(name, known)
            if known
            else f"the cell of run {folder.id} never reads it, so all trials would be the same",
            fix=f"use `{name}` in the train cell and run it again, or correct the name",
        ).at("params")


def _unreported(store: Store, spec: TuneSpec, tuned: str) -> Iterator[TuneError]:
    """The refusal of each metric that the cell, run once and to its end, did not report."""
    if store.runs.read(tuned).state is not State.SUCCEEDED:
        return  # how far it came says nothing
    known = {metric.name for metric in store.runs.metrics(tuned)}
    for name in spec.metric:
        if name not in known:
            yield TuneError(
                2592,
                f"tune {spec.name}: the cell does not report `{name}`",
                cause=f"run {tuned} of it reported {', '.join(f'`{k}`' for k in sorted(known))}; "
                + did_you_mean(name, known)
                if known
                else f"run {tuned} of it never called kf.report",
                fix=f"add kf.report({name}=...) to the train cell and run it again, or give "
                "another --metric",
            ).at("metric")


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
    """A study's trials and the best of them, as they are now; none before the first began.

    Raises:
        NotFound: kf-1115, the run is of another kind.
    """
    if run.kind != "tune":
        raise NotFound(
            1115,
            f"run {run.id} is no study",
            cause=f"it is a {run.kind} run",
            fix="`%kf runs --kind tune` lists the studies",
        )
    spec = TuneSpec.model_validate(dict(run.spec))
    try:
        facts = read_study(store.runs.folder(run.id).path)
    except NotFound:  # it waits, or ended before its first trial: `run` says so
        return Study(run, spec.metric, directions(spec), total=spec.trials)
    trials = tuple(_trial(row) for row in facts["trials"])
    by_number = {trial.number: trial for trial in trials}
    best = tuple(by_number[n] for n in facts["best"] if n in by_number)
    total = facts.get("total", spec.trials)
    return Study(run, spec.metric, directions(spec), trials, best, total)


def asked(store: Store, run: Run) -> dict[str, Any]:
    """What a run was asked; of a study, over what the cell that it searches was given."""
    if run.kind != "tune":
        return dict(run.spec)
    job = read_json(store.runs.folder(run.id).job) or {}
    cell = (job.get("train") or {}).get("spec") or {}
    params = {**(cell.get("params") or {}), **(run.spec.get("params") or {})}
    return {**cell, **run.spec, "params": params}


def code_of(store: Store, run: Run) -> str | None:
    """What a run ran: its cell, below what the cell took along as text; of a study, its cell's.

    None when it ran none, or the run whose cell a study searches is no more.
    """
    folder = store.runs.folder(run.id)
    if run.kind == "tune":
        train = (read_json(folder.job) or {}).get("train") or {}
        folder = RunFolder(train.get("folder") or folder.path)
    parts = [folder.inputs / "preamble.py", folder.cell]
    texts = [part.read_text(errors="replace").strip("\n") for part in parts if part.is_file()]
    return "\n\n".join(texts) + "\n" if any(texts) else None


def promote(store: Store, run_id: str, trial: int | None) -> tuple[str, tuple[str, ...]]:
    """Registers a trial's model under the study's name.

    Returns:
        ``name@version``, and a sentence when that version was there already.
    """
    name = store.runs.read(run_id).name
    newest = store.refs.newest("model", name)
    digest = promote_trial(store.root, store.runs.folder(run_id).path, trial)
    ours = [v for v in store.refs.versions("model", name) if v.note.get("run") == run_id]
    entry = next(v for v in reversed(ours) if v.digest == digest.removeprefix("sha256:"))
    if newest is None or entry.n > newest.n:
        return entry.ref, ()
    return entry.ref, (
        f"trial {entry.note['trial']} is already {entry.ref}: it was promoted before",
    )


def promoted(store: Store, run: Run) -> dict[int, str]:
    """The versions that trials of a study became, as name@version by the trials' numbers."""
    return {
        int(v.note["trial"]): v.ref
        for v in store.refs.versions("model", run.name)
        if v.note.get("run") == run.id and "trial" in v.note
    }


def newest_train(store: Store, name: str) -> str:
    """The run whose cell a search of this name repeats.

    Raises:
        NotFound: kf-1109.
    """
    found = store.runs.newest("train", name)
    if found is None:
        raise NotFound(
            1109,
            f"there is no train run of `{name}` to tune",
            cause="a search repeats the cell of a train run with other parameters",
            fix=f"run `%%kf train {name} ...` once, then tune it",
        )
    return found.id


def _trial(row: dict[str, Any]) -> Trial:
    row = {key: value for key, value in row.items() if key in Trial.__dataclass_fields__}
    values = row.get("values")
    trial = Trial(**{**row, "state": State(row["state"]), "model": row.get("model") or ""})
    return replace(trial, values=tuple(values) if values is not None else None)
