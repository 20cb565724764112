"""Settings, read once from the environment; a spawned server hands over the same variables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from jupyter_kf.layout import expanded


@dataclass(frozen=True)
class Config:
    """Where things are and who does the work.

    Attributes:
        store: folder of datasets, models and runs (``JUPYTER_KF_STORE``).
        backend: where jobs go (``JUPYTER_KF_BACKEND``).
        namespace: namespace on a cluster (``JUPYTER_KF_NAMESPACE``).
    """

    store: Path
    backend: str = "local"
    namespace: str = ""


def read_config(environ: dict[str, str] | None = None) -> Config:
    """The settings of this process."""
    env = dict(os.environ) if environ is None else environ
    data_home = env.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Config(
        store=expanded(env.get("JUPYTER_KF_STORE") or Path(data_home) / "jupyter-kf"),
        backend=env.get("JUPYTER_KF_BACKEND") or "local",
        namespace=env.get("JUPYTER_KF_NAMESPACE", ""),
    )
