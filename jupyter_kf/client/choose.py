"""Which model is meant: a version, a digest, a run, or the best of a name."""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_kf.errors import NotFound
from jupyter_kf.refs import Entry
from jupyter_kf.store import Store


@dataclass(frozen=True)
class Choice:
    """A model version, and the sentence that says why it was chosen."""

    entry: Entry
    why: str


def choose_model(store: Store, text: str) -> Choice:
    """The model that `text` means.

    A bare name means the best, by the metric of the newest study of that name, of the versions
    since the last one that somebody promoted, that one included: a promotion is a decision, which
    only a better model overtakes. Among equals, and without a study, the newest.

    Raises:
        NotFound: kf-1102 and its siblings; kf-1107, a run that left no model; kf-1146, a run
            that makes it has not ended.
    """
    if "@" in text or text not in store.refs.names("model"):
        if text in store.runs.ids():
            return _of_run(store, text)
        _refuse_unfinished(store, text)
        return Choice(store.refs.resolve("model", text), "as asked")
    versions = _since_promotion(store.refs.versions("model", text))
    if "trial" in versions[0].note and len(versions) == 1:
        return Choice(versions[0], f"trial {versions[0].note['trial']}, which was promoted")
    rule = _rule(store, text)
    if rule:
        metric, maximize = rule
        scored = [v for v in versions if metric in v.note.get("metrics", {})]
        if scored:
            sign = 1 if maximize else -1
            best = max(scored, key=lambda v: (sign * v.note["metrics"][metric], v.n))
            value = best.note["metrics"][metric]
            rank = "highest" if maximize else "lowest"
            return Choice(best, f"the {rank} {metric} of {len(scored)} versions: {value:.4g}")
    newest = versions[-1]
    if len(versions) == 1:
        return Choice(newest, "the only version")
    return Choice(newest, f"the newest of {len(versions)}; no study says which metric decides")


def _since_promotion(versions: list[Entry]) -> list[Entry]:
    """The newest promoted version and those after it; all when none was promoted."""
    promoted = [i for i, version in enumerate(versions) if "trial" in version.note]
    return versions[promoted[-1] :] if promoted else versions


def _of_run(store: Store, run_id: str) -> Choice:
    run = store.runs.read(run_id)
    digest = run.outputs.get("model")
    if not digest:
        raise NotFound(
            1107,
            f"run {run_id} left no model",
            cause=f"it is {run.state}" if not run.state.ended else "its cell bound no `model`",
            fix="bind the fitted model to the name `model` in the cell",
        )
    return Choice(store.refs.by_digest("model", digest), f"the model of run {run_id}")


def _refuse_unfinished(store: Store, name: str) -> None:
    """Says that a model is still being made, instead of that there is none."""
    open_runs = [store.runs.read(run_id) for run_id in store.runs.listing()[1]]
    for run in open_runs:
        if run.name == name and run.kind in ("train", "tune"):
            raise NotFound(
                1146,
                f"there is no model `{name}` yet",
                cause=f"its {run.kind} run {run.id} has not ended",
                fix=f"ask again when it has: `%kf show {run.id}` says how far it is",
            )


def _rule(store: Store, name: str) -> tuple[str, bool] | None:
    """(metric, larger is better) of the newest single-objective study of a name."""
    newest = store.refs.newest("study", name)
    if newest is None or len(newest.note["metrics"]) != 1:
        return None
    return newest.note["metrics"][0], bool(newest.note["maximize"][0])
