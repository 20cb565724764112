"""Do the parts of a search fit each other: space, metrics, sampler, early stop?

Pure. May import `errors`, `specs.space`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from jupyter_kf.errors import TuneError, did_you_mean
from jupyter_kf.specs.space import Space


def check_metrics(metrics: Sequence[str], maximize: bool | Collection[str]) -> None:
    """Raises kf-2521 for a metric that can't be reported, is said twice, or is not searched."""
    for at, name in enumerate(metrics):
        if not name.isidentifier() or name in metrics[:at]:
            raise TuneError(
                2521,
                f"{name!r} can't be a metric of this study",
                cause="it was given before"
                if name.isidentifier()
                else "several metrics are said one by one: --metric a --metric b"
                if "," in name
                else "kf.report(NAME=...) needs a name that Python accepts",
                fix="give each metric once, by the name that the cell reports",
            ).at("metric")
    for name in () if isinstance(maximize, bool) else maximize:
        if name not in metrics:
            raise TuneError(
                2521,
                f"`{name}` is to be maximized, but is no metric of this study",
                cause=did_you_mean(name, metrics),
                fix=f"add --metric {name}, or maximize one that is there",
            ).at("maximize")
    if not metrics:
        raise TuneError(
            2521,
            "the study has no metric",
            cause="nothing says which trial is the best",
            fix="add --metric NAME, which the cell reports with kf.report(NAME=...)",
        ).at("metric")


def check_search(space: Space, metrics: Sequence[str], sampler: str, early_stop: str) -> None:
    """Whether the sampler and the early stop can do what is asked.

    Raises:
        TuneError: kf-2522 early stop of several objectives, kf-2523 CMA-ES of a space or
            objectives it does not know, kf-2509 and kf-2510 a space without a grid.
    """
    if early_stop != "none" and len(metrics) > 1:
        raise TuneError(
            2522,
            f"--early-stop {early_stop} can't judge {len(metrics)} metrics",
            cause="a trial that is behind in one metric may be ahead in another",
            fix="give one --metric, or leave --early-stop out",
        ).at("early_stop")
    if sampler == "cmaes":
        _check_cmaes(space, metrics)
    if sampler == "grid":
        for parameter in space.parameters:
            try:
                parameter.count()
            except TuneError as error:
                raise error.at("params") from error


def _check_cmaes(space: Space, metrics: Sequence[str]) -> None:
    reason = ""
    if len(metrics) > 1:
        reason = "it follows one metric only"
    for parameter in space.parameters:
        if parameter.type == "choice":
            reason = f"`{parameter.name}` is a choice, and it needs numbers in order"
        elif parameter.when:
            reason = f"`{parameter.name}` has a condition, but every trial must have all"
    if reason:
        raise TuneError(
            2523,
            "--sampler cmaes can't search this",
            cause=reason,
            fix="choose --sampler tpe, which can",
        ).at("sampler")
