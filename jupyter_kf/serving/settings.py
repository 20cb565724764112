"""What job.json asks of an endpoint.

It holds every field of the checked spec. To check them again would import `specs` and pydantic,
0.1 s of an endpoint's start, for nothing. May import `units`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_kf import units


@dataclass(frozen=True)
class Settings:
    """One endpoint process.

    Attributes:
        port: of loopback TCP; None for the Unix socket alone, 0 for any free port.
        idle_s: ended when nobody asked for so long; None for never.
    """

    run: str
    store: str
    name: str
    model: str
    version: int
    max_body: int
    max_rows: int
    timeout_s: float
    combine: bool
    log_rate: float
    idle_s: float | None
    port: int | None


def read_settings(job: Mapping[str, Any]) -> Settings:
    """The settings of a job of kind "serve"."""
    spec = job["spec"]
    idle = spec["idle_stop"]
    return Settings(
        run=job["run"],
        store=job["store"],
        name=job["name"],
        model=job["model"],
        version=int(job["version"]),
        max_body=units.parse_memory(spec["max_body"]),
        max_rows=spec["max_rows"],
        timeout_s=units.parse_duration(spec["timeout"]),
        combine=spec["combine"],
        log_rate=spec["log_rate"],
        idle_s=None if idle is None else units.parse_duration(idle),
        port=spec["port"],
    )
