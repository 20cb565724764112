"""Settings, read once from the environment, or from what the hub handed to a spawned server.

The hub's spawner puts one JSON variable into the server, ``JUPYTER_KF_HANDOFF``, so that `%kf`
needs no configuration there. A variable of its own (``JUPYTER_KF_STORE`` ...) wins over it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_kf.layout import expanded

HANDOFF = "JUPYTER_KF_HANDOFF"
HANDOFF_VERSION = 1


@dataclass(frozen=True)
class Config:
    """Where things are and who does the work.

    Attributes:
        store: folder of datasets, models and runs (``JUPYTER_KF_STORE``).
        backend: where jobs go (``JUPYTER_KF_BACKEND``).
        namespace: namespace on a cluster (``JUPYTER_KF_NAMESPACE``).
        queue: Kueue's local queue for jobs; "" is none.
        image: image of the notebook server, which jobs may use too; "" is unknown.
        gpu: extended resource that the server was given, "nvidia.com/gpu" say; "" is none.
        limits: what the server has: ``cpu`` in cores, ``memory`` in bytes, ``gpus``.
        notebook: path of the notebook that this process is the kernel of, or was started from
            (``JPY_SESSION_NAME``, set by the Jupyter server when the kernel starts); "" is none.
        notice: what is wrong with the handoff, for whoever shows where one is; "" is nothing.
    """

    store: Path
    backend: str = "local"
    namespace: str = ""
    queue: str = ""
    image: str = ""
    gpu: str = ""
    limits: Mapping[str, float] = field(default_factory=dict)
    notebook: str = ""
    notice: str = ""


def read_config(environ: dict[str, str] | None = None) -> Config:
    """The settings of this process."""
    env = dict(os.environ) if environ is None else environ
    handed, notice = _handoff(env.get(HANDOFF, ""))
    data_home = env.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    store = env.get("JUPYTER_KF_STORE") or _text(handed, "store") or Path(data_home) / "jupyter-kf"
    gpu = handed.get("gpu")
    limits = handed.get("limits")
    return Config(
        store=expanded(store),
        backend=env.get("JUPYTER_KF_BACKEND") or _text(handed, "backend") or "local",
        namespace=env.get("JUPYTER_KF_NAMESPACE") or _text(handed, "namespace"),
        queue=_text(handed, "queue"),
        image=_text(handed, "image"),
        gpu=_text(gpu, "resource") if isinstance(gpu, dict) else "",
        limits={
            name: float(amount)
            for name, amount in (limits.items() if isinstance(limits, dict) else ())
            if isinstance(amount, int | float)
        },
        notebook=_notebook(env.get("JPY_SESSION_NAME", "")),
        notice=notice,
    )


def _notebook(session: str) -> str:
    """The session's name where it is a notebook's; a console's is no file."""
    return session if session.endswith(".ipynb") or (session and Path(session).is_file()) else ""


def _handoff(text: str) -> tuple[dict[str, Any], str]:
    """What the hub said, and what is wrong with it; a bad handoff must not stop `%kf` locally."""
    if not text:
        return {}, ""
    try:
        said = json.loads(text)
    except ValueError:
        return {}, f"{HANDOFF} is not JSON, so it is not used; the hub's spawner writes it"
    version = said.get("version") if isinstance(said, dict) else None
    if version != HANDOFF_VERSION:
        return {}, (
            f"{HANDOFF} is of version {version}, and this jupyter-kf reads {HANDOFF_VERSION}, so it"
            " is not used; bring the hub's spawner and the image to the same release"
        )
    return said, ""


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""
