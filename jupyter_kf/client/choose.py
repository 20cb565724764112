"""Which model is meant: a version, a digest, a run, or the best of a name."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from jupyter_kf.errors import NotFound
from jupyter_kf.names import versioned
from jupyter_kf.records import State
from jupyter_kf.refs import Entry
from jupyter_kf.store import Store


@dataclass(frozen=True)
class Choice:
    """A model version, and the sentence that says why it was chosen."""

    entry: Entry
    why: str


def choose_model(store: Store, text: str) -> Choice:
    """The model that `text` means.

    A bare name means the best of the versions since the last one that somebody promoted, that one
    included, by the metric of the newest study by which they can be compared: a promotion is a
    decision, which only a better model overtakes. Among equals, and without a study, the newest.
    Models of different data are compared too, as those that are trained again are; `why` says so.

    Raises:
        NotFound: kf-1102 and its siblings; kf-1107, a run that left no model; kf-1146, a run
            that makes it has not ended.
    """
    if "@" in text or text not in store.refs.names("model"):
        if text in store.runs.ids():
            return _of_run(store, text)
        _refuse_unmade(store, text)
        return Choice(store.refs.resolve("model", text), "the version that was asked for")
    every = store.refs.versions("model", text)
    versions = _since_promotion(every)
    decided = versions[0] if "trial" in versions[0].note else None
    for metric, maximize in _rules(store, text):
        values = _values(versions, metric)
        if len(versions) > 1 and values and (decided is None or decided.n in values):
            best = _best(values, maximize)
            rank = "highest" if maximize else "lowest"
            since = " since the last promotion" if len(versions) < len(every) else ""
            said = f"the {rank} {metric} of {len(values)} versions{since}: {values[best]:.4g}"
            said += _unlike([v for v in versions if v.n in values])
            return Choice(next(v for v in versions if v.n == best), said)
    if decided:
        later = len(versions) - 1
        why = f"; no study's metric compares the {later} after it" if later else ""
        return Choice(decided, f"trial {decided.note['trial']}, which was promoted{why}")
    newest = versions[-1]
    if len(versions) == 1:
        return Choice(newest, "the only version")
    return Choice(newest, f"the newest of {len(versions)}; no study says which metric decides")


def better_before(store: Store, entry: Entry) -> str:
    """What to know of a promoted version that an older one beats, by its study's metric.

    Empty when none does, or nothing compares them.
    """
    for metric, maximize in _rules(store, entry.name):
        versions = [v for v in store.refs.versions("model", entry.name) if v.n <= entry.n]
        values = _values(versions, metric)
        if entry.n not in values:
            continue
        best = _best(values, maximize)
        if values[best] == values[entry.n]:
            return ""
        which, older = "higher" if maximize else "lower", versioned(entry.name, best)
        return (
            f"look: {older} was better: {metric} {values[best]:.4g}, and "
            f"{values[entry.n]:.4g} now, where {which} is better"
            f"{_unlike([v for v in versions if v.n in (best, entry.n)])}; "
            f"`%kf serve {entry.name} --model {older}` serves it all the same"
        )
    return ""


def _unlike(versions: list[Entry]) -> str:
    """What to know of a comparison of models that were measured on other rows each; else empty."""
    several = len({version.note.get("dataset") for version in versions})
    return f", though they were measured on {several} different datasets" if several > 1 else ""


def _values(versions: list[Entry], metric: str) -> dict[int, float]:
    """The metric of those versions that have it as a number, by version."""
    told = {v.n: float(v.note.get("metrics", {}).get(metric, "NaN")) for v in versions}
    return {n: value for n, value in told.items() if math.isfinite(value)}


def _best(values: dict[int, float], maximize: bool) -> int:
    """The version with the best value; the newest among equals."""
    sign = 1 if maximize else -1
    return max(values, key=lambda n: (sign * values[n], n))


def _since_promotion(versions: list[Entry]) -> list[Entry]:
    """The newest promoted version and those after it; all when none was promoted."""
    promoted = [i for i, version in enumerate(versions) if "trial" in version.note]
    return versions[promoted[-1] :] if promoted else versions


def _of_run(store: Store, run_id: str) -> Choice:
    run = store.runs.read(run_id)
    digest = run.outputs.get("model")
    if not digest:
        bound = run.state is State.SUCCEEDED
        raise NotFound(
            1107,
            f"run {run_id} left no model",
            cause="when its cell ended, `model` was None or not bound"
            if bound
            else f"it is {run.state}",
            fix="bind the fitted model to the name `model` in the cell"
            if bound
            else f"see why: `%kf show {run_id}`, `%kf logs {run_id}`",
        )
    own = [v for v in store.refs.versions("model", run.name) if v.note.get("run") == run_id]
    entry = own[-1] if own else store.refs.by_digest("model", digest)
    return Choice(entry, f"the model of run {run_id}")


def _refuse_unmade(store: Store, name: str) -> None:
    """Says of a model that is still being made, or that its run did not make, just that."""
    trained, tuned = (store.runs.newest(kind, name) for kind in ("train", "tune"))
    for run in (trained, tuned):
        if run is not None and not run.state.ended:
            raise NotFound(
                1146,
                f"there is no model `{name}` yet",
                cause=f"its {run.kind} run {run.id} has not ended",
                fix=f"ask again when it has: `%kf show {run.id}` says how far it is",
            )
    if trained is not None:
        _of_run(store, trained.id)


def _rules(store: Store, name: str) -> Iterator[tuple[str, bool]]:
    """(metric, larger is better) of each single-objective study of a name, the newest first."""
    for study in reversed(store.refs.versions("study", name)):
        if len(study.note["metrics"]) == 1:
            yield study.note["metrics"][0], bool(study.note["maximize"][0])
