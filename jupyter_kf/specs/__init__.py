"""What was asked: one frozen pydantic model per verb. May import `names`, `units`, `errors`."""

from jupyter_kf.specs.base import JobSpec, Request, Spec
from jupyter_kf.specs.jobs import (
    BatchSpec,
    DataSpec,
    ServeSpec,
    TrainSpec,
    TransformSpec,
    TuneSpec,
)

SPECS: dict[str, type[Spec]] = {
    spec.kind: spec for spec in (DataSpec, TransformSpec, TrainSpec, TuneSpec, ServeSpec, BatchSpec)
}

__all__ = [
    "SPECS",
    "BatchSpec",
    "DataSpec",
    "JobSpec",
    "Request",
    "ServeSpec",
    "Spec",
    "TrainSpec",
    "TransformSpec",
    "TuneSpec",
]
