"""One spec per verb: what can be asked of data, transform, train, serve, batch and check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, model_validator

from jupyter_kf import units
from jupyter_kf.errors import gather, together
from jupyter_kf.specs.base import (
    Duration,
    JobSpec,
    Memory,
    Name,
    Params,
    Ref,
    Spec,
    Words,
    _alone,
    _Carried,
    checked,
    field,
)
from jupyter_kf.specs.search import check_metrics, check_search
from jupyter_kf.specs.space import Space
from jupyter_kf.specs.split import parse_split

Split = Annotated[str, checked(parse_split)]


class DataSpec(Spec):
    """Snapshot a frame, files or a folder under one digest, with a profile."""

    kind: ClassVar[str] = "data"
    source: str = field(
        ...,
        "a frame of the notebook: its name, or an expression as df.dropna(); or a glob of "
        "Parquet, CSV or Arrow; or a folder",
        positional=True,
    )
    time: str | None = field(None, "column that orders the rows in time, for splits and drift")


class TransformSpec(JobSpec):
    """Fit and certify the code that prepares rows, under one digest."""

    kind: ClassVar[str] = "transform"
    data: Ref = field(
        ..., "dataset it is fitted on and certified with: name, name@version or digest"
    )
    target: str | None = field(None, "column to predict: never shown to the transform")
    split: Split = field("0.8/0.2", "`fit` sees the first part only", unit="train/valid[/test]")
    split_by: str | None = field(None, "column whose order splits the rows; by chance otherwise")
    seed: int = field(0, "seed of the split", ge=0)
    source: str | None = field(
        None, "fitted object of the notebook to use instead of a cell", flag="from"
    )
    frame: Literal["pandas", "polars"] = field("pandas", "what `df` is")
    ulp: int = field(0, "allowed difference of its outputs, in ulp", unit="ulp", ge=0)
    batch_only: bool = field(False, "accept that a value depends on the rest of its batch")


class TrainSpec(JobSpec):
    """Run a cell as a job that leaves a model behind.

    The cell finds X_train, y_train, X_valid, y_valid (X_test, y_test with a third share in
    --split), each --param by its name, and `kf`: kf.report(auc=0.9), kf.artifact(...). A dataset
    without a target is bound as `data`. What it leaves in `model` is kept. In a loop,
    kf.report(step=i, progress=(i + 1) / n, loss=loss) draws a curve and moves the progress bar.
    """

    kind: ClassVar[str] = "train"
    idle: ClassVar[frozenset[str]] = frozenset()
    data: Ref | None = field(None, "dataset of the cell's rows: name, name@version or digest")
    transform: Ref | None = field(None, "transform applied to the rows first: the same")
    target: str | None = field(None, "column to predict, when no transform names it")
    split: Split = field("0.8/0.2", "how rows are divided", unit="train/valid[/test]")
    split_by: str | None = field(None, "column whose order splits the rows; by chance otherwise")
    seed: int = field(0, "seed of the split, and of random, numpy and torch", ge=0)
    params: Params = field({}, "value bound to a name in the cell", unit="NAME=VALUE", flag="param")
    flavour: str | None = field(None, "how the model is saved; found from its class otherwise")
    ulp: int | None = field(
        None, "allowed difference of predictions in production, in ulp", unit="ulp", ge=0
    )


class TuneSpec(JobSpec):
    """Search the parameters of a train cell."""

    kind: ClassVar[str] = "tune"
    guessed: ClassVar[Mapping[str, tuple[str, str]]] = {
        "minimize": (
            "smaller is better already, for every metric that --maximize does not name",
            "leave it out",
        )
    }
    name: Name = field(
        ...,
        "train cell to search, by its name; the study and its promoted model are called the same",
        positional=True,
    )
    params: Annotated[dict[str, str], checked(Space.of)] = field(
        ..., "space of a parameter: lr=loguniform(1e-4, 0.3)", unit="NAME=SPACE", flag="param"
    )
    metric: Annotated[Words, checked(lambda names: check_metrics(names, False))] = field(
        ..., "metric that decides; give several for several objectives"
    )
    maximize: Annotated[bool | tuple[str, ...], BeforeValidator(_alone)] = field(
        False, "larger is better: for every metric, or for those named; else smaller is"
    )
    trials: int = field(20, "how many trials there are", unit="count", ge=1)
    parallel: int = field(1, "how many trials run at once", unit="count", ge=1)
    sampler: Literal["auto", "random", "grid", "tpe", "cmaes"] = field(
        "auto", "how the next trial is chosen"
    )
    early_stop: Literal["none", "median", "asha"] = field(
        "none", "how hopeless trials are ended early"
    )
    seed: int = field(0, "seed of the sampler", ge=0)
    run: str | None = field(
        None, "train run whose cell is searched; the newest of this name otherwise"
    )
    resume: str | None = field(None, "study to continue")

    @model_validator(mode="after")
    def _fits(self) -> TuneSpec:
        space = Space.of(self.params)
        wrong = gather(
            (
                lambda: check_metrics(self.metric, self.maximize),
                lambda: check_search(space, self.metric, self.sampler, self.early_stop),
            )
        )
        if wrong:
            raise _Carried(together(wrong))
        return self


class ServeSpec(JobSpec):
    """Answer predictions over HTTP with a model and its own transform."""

    kind: ClassVar[str] = "serve"
    name: Name = field(
        ..., "what the endpoint is called: as its model, unless --model names one", positional=True
    )
    model: str | None = field(
        None,
        "model name, name@version, run or digest; the best of this name otherwise, by its study",
    )
    version: int | None = field(
        None,
        "go back to this version: at once while it runs, else it is started and proven again",
        ge=1,
    )
    max_body: Memory = field("64Mi", "largest request body", unit="64Mi")
    max_rows: int = field(100_000, "most rows of one request", unit="rows", ge=1)
    timeout: Duration = field("30s", "longest a request may take", unit="30s")
    combine: bool = field(
        True, "answer waiting requests in one call where the transform is row-wise"
    )
    log_rate: float = field(
        0.01, "share of predictions kept for monitoring", unit="0 to 1", ge=0, le=1
    )
    idle_stop: Duration | None = field(None, "ended when nobody asked for this long", unit="2h")
    port: int | None = field(
        None,
        "answer on 127.0.0.1 too, behind the endpoint's token; 0 takes any free port",
        ge=0,
        le=65535,
    )


class BatchSpec(JobSpec):
    """Predict whole files, in bounded memory, resumable."""

    kind: ClassVar[str] = "batch"
    more_words: ClassVar[tuple[str, str] | None] = (
        "files go in --input, as one quoted pattern; the folder for their results in --output",
        "write `%kf batch NAME --input {word} --output FOLDER`",
    )

    name: Name = field(
        ..., "what the run is called: as its model, unless --model names one", positional=True
    )
    input: str = field(..., "glob of Parquet, CSV or Arrow files")
    output: str = field(..., "folder for one result file per input file")
    model: str | None = field(None, "model name, name@version, run or digest; the best otherwise")
    rows: int = field(65_536, "rows read and predicted at a time", unit="rows", ge=1)
    keep: Words = field((), "input column copied beside the predictions")
    format: Literal["parquet", "csv", "arrow"] = field("parquet", "what is written")
    overwrite: bool = field(False, "replace results that another model wrote")


def seconds(duration: str | None) -> float | None:
    """A duration field as seconds."""
    return None if duration is None else units.parse_duration(duration)
