"""The study in its journal: what to try next, what to end early, what a crash left behind.

The only importer of Optuna beside `journal`; imported by the driver alone.
"""

from __future__ import annotations

import importlib.util
import random
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from jupyter_kf.backends.local.trials.journal import OwnedJournal
from jupyter_kf.errors import TuneError
from jupyter_kf.specs.space import Space

_ASKED, _STALE, _REPEATS = "jupyter-kf:asked", "jupyter-kf:vanished", "jupyter-kf:repeats"
_NSGA_FROM = 200  # trials; below that TPE finds better fronts


@dataclass(frozen=True)
class Wanted:
    """What a study is asked to do, from a TuneSpec's JSON."""

    space: Space
    metrics: tuple[str, ...]
    maximize: tuple[bool, ...]
    trials: int
    sampler: str = "auto"
    early_stop: str = "none"
    seed: int = 0
    parallel: int = 1

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Wanted:
        """From the fields of a checked TuneSpec."""
        metrics = tuple(spec["metric"])
        asked = spec.get("maximize", False)
        maximize = tuple(asked if isinstance(asked, bool) else m in asked for m in metrics)
        kept = {
            key: spec[key]
            for key in ("sampler", "early_stop", "seed", "parallel")
            if spec.get(key) is not None
        }
        return cls(Space.of(spec["params"]), metrics, maximize, int(spec["trials"]), **kept)


@dataclass(frozen=True)
class Past:
    """An ended trial as the journal has it."""

    number: int
    state: str  # complete, pruned, failed; vanished: repeated by a later one
    params: Mapping[str, Any]
    values: tuple[float, ...] | None
    started_s: float
    ended_s: float
    repeats: int | None


class Search:
    """One study; everything that changes it goes through its journal first.

    Args:
        journal: the journal file, made when missing.
        wanted: what is searched.

    Raises:
        TuneError: kf-2524 the journal is of a study with another space or other metrics,
            kf-2526, kf-2527 see `OwnedJournal`, kf-2509, kf-2510 a space that has no grid.
    """

    def __init__(self, journal: Path, wanted: Wanted) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        self.wanted = wanted
        self._journal = OwnedJournal(journal)
        self._storage = optuna.storages.JournalStorage(self._journal)
        self.study = self._opened(journal.parent.name)
        self._repeat_vanished()
        self._running: dict[int, optuna.Trial] = {}
        known = self.study.get_trials(deepcopy=False)
        self.study.sampler = _sampler(wanted, wanted.seed + len(known))
        self._points = self._grid(known) if wanted.sampler == "grid" else None
        waiting = sum(t.state == TrialState.WAITING for t in known)
        self._ended = sum(_ended(t) for t in known)
        in_grid = wanted.trials if self._points is None else len(self._points) + waiting
        self.total = max(self._ended, min(wanted.trials, self._ended + in_grid))

    def past(self) -> list[Past]:
        """All ended trials, in their order."""
        return [_past(t) for t in self.study.get_trials(deepcopy=False) if t.state.is_finished()]

    @property
    def ended(self) -> int:
        """How many trials have ended, without those that vanished."""
        return self._ended

    @property
    def more(self) -> bool:
        """Whether another trial is to be started."""
        return self._ended + len(self._running) < self.total

    def ask(self) -> tuple[int, dict[str, Any]]:
        """The next trial's number and parameters."""
        if self._points and not self._has_waiting():
            self.study.enqueue_trial(self._points.pop())
        trial = self.study.ask()
        self._running[trial.number] = trial
        return trial.number, self.wanted.space.suggest(trial)

    def repeats(self, number: int) -> int | None:
        """The vanished trial that this running one repeats."""
        found: int | None = self._running[number].user_attrs.get(_REPEATS)
        return found

    def hopeless(self, number: int, step: int, value: float) -> bool:
        """Notes an intermediate value; whether the trial should end now."""
        trial = self._running[number]
        trial.report(value, step)
        return bool(trial.should_prune())  # a numpy bool at times

    def tell(self, number: int, state: str, values: Sequence[float] | None = None) -> None:
        """Ends a trial (complete, pruned, failed), durably."""
        told = {
            "complete": TrialState.COMPLETE,
            "pruned": TrialState.PRUNED,
            "failed": TrialState.FAIL,
        }[state]
        self.study.tell(self._running.pop(number), values, told)
        self._ended += 1
        self._journal.sync()

    def close(self) -> None:
        """Lets the journal go; trials that run count as vanished from now on."""
        self._journal.sync()
        self._journal.close()

    def _opened(self, name: str) -> optuna.Study:
        wanted = self.wanted
        asked = {
            "space": wanted.space.to_json(),
            "metric": list(wanted.metrics),
            "maximize": list(wanted.maximize),
        }
        kept = self._storage.get_all_studies()
        if kept:
            before = kept[0].user_attrs.get(_ASKED)
            if before != asked:
                raise _other(name, before or {}, asked)
            study = optuna.load_study(
                study_name=kept[0].study_name, storage=self._storage, pruner=_pruner(wanted)
            )
        else:
            up, down = StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE
            directions = [up if larger else down for larger in wanted.maximize]
            study = optuna.create_study(
                study_name=name,
                storage=self._storage,
                directions=directions,
                pruner=_pruner(wanted),
            )
            study.set_user_attr(_ASKED, asked)
        return study

    def _repeat_vanished(self) -> None:
        """Running trials of a dead driver: queued again first, then ended, so none is lost."""
        known = self.study.get_trials(deepcopy=False)
        repeated = {t.user_attrs.get(_REPEATS) for t in known}
        for trial in known:
            if trial.state != TrialState.RUNNING:
                continue
            params = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
            if params and trial.number not in repeated:
                self.study.enqueue_trial(params, user_attrs={_REPEATS: trial.number})
            self._storage.set_trial_user_attr(trial._trial_id, _STALE, True)
            self._storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
        self._journal.sync()

    def _grid(self, known: Sequence[FrozenTrial]) -> list[dict[str, Any]]:
        tried = {
            _key({**t.system_attrs.get("fixed_params", {}), **t.params})
            for t in known
            if not t.user_attrs.get(_STALE)
        }
        points = self.wanted.space.grid()
        random.Random(self.wanted.seed).shuffle(points)  # noqa: S311 - an order, no secret
        return [point for point in points if _key(point) not in tried]

    def _has_waiting(self) -> bool:
        return bool(self.study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))


def _sampler(wanted: Wanted, seed: int) -> optuna.samplers.BaseSampler:
    seed %= 2**32
    kind = wanted.sampler
    if kind == "auto":
        many = len(wanted.metrics) > 1 and wanted.trials >= _NSGA_FROM
        kind = "nsga" if many else "tpe"
    if kind == "tpe":
        return optuna.samplers.TPESampler(seed=seed, constant_liar=wanted.parallel > 1)
    if kind == "cmaes":
        if importlib.util.find_spec("cmaes") is None:
            raise TuneError(
                2513,
                "the sampler cmaes needs the package cmaes, which is not installed here",
                cause="it is an extra of its own",
                fix='pip install "jupyter-kf[tune]"',
            )
        return optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
    if kind == "nsga":
        return optuna.samplers.NSGAIISampler(seed=seed)
    return optuna.samplers.RandomSampler(seed=seed)


def _pruner(wanted: Wanted) -> optuna.pruners.BasePruner:
    if wanted.early_stop == "median":
        return optuna.pruners.MedianPruner()
    if wanted.early_stop == "asha":
        return optuna.pruners.SuccessiveHalvingPruner()
    return optuna.pruners.NopPruner()


def _ended(trial: FrozenTrial) -> bool:
    return trial.state.is_finished() and not trial.user_attrs.get(_STALE)


def _past(trial: FrozenTrial) -> Past:
    state = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned"}.get(
        trial.state, "failed"
    )
    start, end = trial.datetime_start, trial.datetime_complete
    return Past(
        trial.number,
        "vanished" if trial.user_attrs.get(_STALE) else state,
        trial.params,
        tuple(trial.values) if trial.values and state == "complete" else None,
        start.timestamp() if start else 0.0,
        end.timestamp() if end else 0.0,
        trial.user_attrs.get(_REPEATS),
    )


def _key(params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, repr(value)) for name, value in params.items()))


def _other(name: str, before: Mapping[str, Any], asked: Mapping[str, Any]) -> TuneError:
    differs = next((key for key in asked if before.get(key) != asked[key]), "space")
    return TuneError(
        2524,
        f"study {name} can't be continued with another {differs}",
        cause=f"it searched {before.get(differs)}, not {asked[differs]}",
        fix="ask for the same parameters and metrics, or begin a new study",
    )
