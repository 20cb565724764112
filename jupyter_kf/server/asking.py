"""What the routes are asked: query strings and bodies, as requests that explain their refusals.

They are models like the specs, so an unknown or malformed field has the same words everywhere.
"""

from __future__ import annotations

from typing import Any, ClassVar

from jupyter_kf.specs.base import Request, field
from jupyter_kf.specs.queries import AnyJob, AnyState

MOST_ROWS = 1_000
_MOST = 10**18


class Ask(Request):
    """What a route takes; `kind` is how its errors call it."""

    @classmethod
    def guide(cls) -> str:
        """Where a caller reads what may be asked."""
        return "GET jupyter-kf/api/v1/openapi.json"


class NoAsk(Ask):
    """A route that takes nothing."""

    kind: ClassVar[str] = "this route"


class PageAsk(Ask):
    """Part of a list."""

    kind: ClassVar[str] = "this list"
    search: str = field("", "words that must all occur, in any case")
    offset: int = field(0, "rows left out before the first", ge=0, le=_MOST)
    limit: int = field(100, "most rows", ge=0, le=MOST_ROWS)


class StatedAsk(PageAsk):
    """Part of a list of what has a state."""

    state: AnyState = field(None, "only those in this state")


class RunsAsk(StatedAsk):
    """Part of the runs."""

    kind: ClassVar[str] = "runs"
    job: AnyJob = field(None, "only runs of this kind", flag="kind")
    name: str | None = field(None, "only runs of this name")


class MetricsAsk(Ask):
    """Part of a run's metrics."""

    kind: ClassVar[str] = "metrics"
    after: int = field(0, "bytes that the caller has: the last answer's `next`", ge=0, le=_MOST)
    curves: bool = field(
        False, "all from the beginning, in no more points than a picture shows; not with `after`"
    )


class LogAsk(Ask):
    """A run's log."""

    kind: ClassVar[str] = "log"
    download: bool = field(False, "as a file to keep")


class StreamAsk(Ask):
    """Where a stream begins; `Last-Event-ID` goes before it."""

    kind: ClassVar[str] = "stream"
    offset: int | None = field(None, "begin after this many bytes", ge=0, le=_MOST)
    tail: int | None = field(None, "begin at most this many bytes before the end", ge=0, le=_MOST)


class CompareAsk(Ask):
    """Runs to be put side by side."""

    kind: ClassVar[str] = "compare"
    run: tuple[str, ...] = field(..., "a run; given twice or more", min_length=2)


class LineageAsk(Ask):
    """A thing whose past and future are asked."""

    kind: ClassVar[str] = "lineage"
    thing: str = field(..., "dataset, transform, run, model, endpoint or digest")


class StartAsk(Ask):
    """How something is started."""

    kind: ClassVar[str] = "start"
    dry_run: bool = field(False, "answer the plan, and start nothing")


class StartBody(Ask):
    """What a verb is given: the fields of its spec, and the cell of those that take one."""

    kind: ClassVar[str] = "start"
    fields: dict[str, Any] = field({}, "of the verb's spec")
    code: str | None = field(None, "the cell's text")


class CellBody(StartBody):
    """A call that is to be written as a cell."""

    kind: ClassVar[str] = "cell"
    verb: str = field(..., "verb of the line")
    known: bool = field(False, "refuse names of what is not in the store")


class PredictBody(Ask):
    """Rows to be predicted."""

    kind: ClassVar[str] = "predict"
    rows: Any = field(..., "a list of records, one record, or columns as lists")


class VersionBody(Ask):
    """A version to go back to."""

    kind: ClassVar[str] = "roll-back"
    version: int = field(..., "of the endpoint", ge=1)


class TrialBody(Ask):
    """A trial to be promoted."""

    kind: ClassVar[str] = "promote"
    trial: int | None = field(None, "its number; the best otherwise", ge=0)


class NameBody(Ask):
    """A thing by its name."""

    kind: ClassVar[str] = "check"
    name: str = field(..., "endpoint, model or transform")
