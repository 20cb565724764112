"""What can be asked of the verbs that start no job: predict, check, runs, logs and the others.

They are models like the specs, so that their flags, help and errors come from one place too.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator

from jupyter_kf.errors import SpecError
from jupyter_kf.specs.base import Request, checked, field


def _upper(value: Any) -> Any:
    """As states are written; a list shows a cancelled endpoint as stopped."""
    said = value.upper() or None if isinstance(value, str) else value
    return "CANCELLED" if said == "STOPPED" else said


def _plural(value: Any) -> Any:
    """``model`` means ``models``; what is no noun stays as it was typed."""
    return {"study": "studies"}.get(value, f"{value}s") if value in _SINGULAR else value


def _two(runs: tuple[str, ...]) -> None:
    if len(runs) < 2:
        told = runs[0] if runs else ""
        raise SpecError(
            1036,
            "compare needs two runs or more",
            cause=f"`{told}` means one run, the newest of that name" if told else "none was given",
            fix=f"`%kf runs {told}`".replace(" `", "`") + " lists them; give their ids",
        )


_SINGULAR = frozenset({"dataset", "transform", "model", "study", "endpoint"})
_Nouns = Literal["datasets", "transforms", "models", "studies", "endpoints"]
_States = Literal["PENDING", "RUNNING", "READY", "SUCCEEDED", "FAILED", "CANCELLED", "LOST"]
AnyState = Annotated[_States | None, BeforeValidator(_upper)]
AnyJob = Literal["transform", "train", "tune", "serve", "batch"] | None


class PredictQuery(Request):
    """Ask an endpoint for predictions."""

    kind: ClassVar[str] = "predict"
    name: str = field(..., "endpoint", positional=True)
    rows: str = field(
        ...,
        "a frame, a dict or a list of dicts of the notebook: a name, or an expression as "
        "df.head(3); or a Parquet, CSV, Arrow or JSON file; or JSON; on a command line - reads "
        "JSON from standard input",
        positional=True,
    )


class CheckQuery(Request):
    """Replay golden rows through an endpoint, a model or a transform, now."""

    kind: ClassVar[str] = "check"
    name: str = field(..., "endpoint, model or transform", positional=True)


class RunsQuery(Request):
    """List runs, the newest first."""

    kind: ClassVar[str] = "runs"
    name: str | None = field(None, "only runs of this name", positional=True)
    job: AnyJob = field(None, "only runs of this kind", flag="kind")
    state: AnyState = field(None, "only runs in this state")
    search: str = field(
        "",
        "only runs that have all these words: in their names, parameters as lr=0.1, metrics, data, "
        "notebook or error",
    )
    limit: int = field(20, "most runs shown", unit="count", ge=1)


class ListQuery(Request):
    """List what has a name: datasets, transforms, models, studies, endpoints."""

    kind: ClassVar[str] = "list"
    what: Annotated[_Nouns | None, BeforeValidator(_plural)] = field(
        None, "only things of this kind", positional=True
    )


class ShowQuery(Request):
    """Show one thing as it is now: a run, study, endpoint, model, transform or dataset."""

    kind: ClassVar[str] = "show"
    thing: str = field(
        ..., "run id or name; kind/name, as model/delay, where several share it", positional=True
    )


class LogsQuery(Request):
    """Show what a run printed; of a name the one that lives, else the newest train run."""

    kind: ClassVar[str] = "logs"
    run: str = field(..., "run id, the beginning of one, or a name", positional=True)
    follow: bool = field(False, "go on until the run ends")
    tail: int | None = field(None, "only this many of the last lines", unit="count", ge=0)


class CancelQuery(Request):
    """End a run with everything it started."""

    kind: ClassVar[str] = "cancel"
    run: str = field(..., "run id, the beginning of one, or a name", positional=True)


class StopQuery(Request):
    """End an endpoint, all versions of it."""

    kind: ClassVar[str] = "stop"
    name: str = field(..., "endpoint", positional=True)


class CompareQuery(Request):
    """Show runs side by side."""

    kind: ClassVar[str] = "compare"
    runs: Annotated[tuple[str, ...], checked(_two, BeforeValidator)] = field(
        ...,
        "two runs or more: ids, or beginnings of them, or models as name@version",
        positional=True,
        min_length=2,
    )


class LineageQuery(Request):
    """Show where a thing came from and what was made of it."""

    kind: ClassVar[str] = "lineage"
    thing: str = field(..., "dataset, transform, run, model, endpoint or digest", positional=True)


class PromoteQuery(Request):
    """Make a trial's model the newest version of its name."""

    kind: ClassVar[str] = "promote"
    study: str = field(..., "study: its name or run id", positional=True)
    trial: int | None = field(None, "trial number; the best otherwise", ge=0)


class ResourcesQuery(Request):
    """Show the cores, memory and GPUs there are, who uses them, and who waits."""

    kind: ClassVar[str] = "resources"


class DoctorQuery(Request):
    """Say what this installation can do, and what is wrong with it."""

    kind: ClassVar[str] = "doctor"


class ConnectQuery(Request):
    """Choose where jobs go."""

    kind: ClassVar[str] = "connect"
    backend: Literal["local", "kubernetes"] = field("local", "who runs the jobs")
    namespace: str | None = field(None, "namespace on a cluster")
    store: str | None = field(None, "folder of datasets, models and runs")


class FormQuery(Request):
    """Fill in a form instead of a line; it shows the line."""

    kind: ClassVar[str] = "form"
    about: Literal["transform", "train", "tune", "serve", "batch", "predict", "compare"] = field(
        ..., "verb that the form performs", positional=True
    )
    name: str | None = field(None, "what it is about: a name, or an endpoint", positional=True)


class HelpQuery(Request):
    """Explain a verb."""

    kind: ClassVar[str] = "help"
    verb: str | None = field(None, "verb; all of them otherwise", positional=True)


class CallOptions(Request):
    """How a verb is called, whatever it does."""

    wait: bool | None = field(None, "return only when it has ended, and not at once")
    dry_run: bool = field(False, "show what would be started, and start nothing")
    inline: bool = field(
        False, "run the cell in this kernel with the same names bound, to debug it"
    )
    bind_to: str | None = field(None, "bind the result to this name", flag="o")
