"""What goes into the decision, and what comes out of it? The nouns of `resolve`.

Pure. May import `catalogue.models`, `limits`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from jupyter_kf_spawner.catalogue.models import Gpu, Image, Size
from jupyter_kf_spawner.limits import Running


@dataclass(frozen=True)
class Identity:
    """Who asks, as the hub knows it."""

    name: str
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Usage:
    """What is there now.

    Attributes:
        running: the user's other servers.
        claims: volumes' owners by name, as their annotations say; None: can't be known, and then
            none is opened.
        home: name of the claim that holds the user's usual workspace.
        free: devices by resource key. quota: see `quota.left`. Advice only; None: unknown.
    """

    running: tuple[Running, ...] = ()
    claims: Mapping[str, str] | None = None
    home: str = ""
    free: Mapping[str, int] | None = None
    quota: Mapping[str, Decimal] | None = field(default_factory=dict)


@dataclass(frozen=True)
class Mount:
    """A volume in the server: the claim's name, the folder, whether it may be written."""

    claim: str
    path: str
    read_only: bool


@dataclass(frozen=True)
class Resolved:
    """A server that may be started.

    Attributes:
        image_name, size_name, gpu_name: their names in the catalogue; "" is no GPU.
        image, size, gpu: the parts themselves.
        cpu: cores. memory, workspace_size: bytes.
        gpus: how many.
        workspace: "new", "none", or the claim's name; "hub": as the hub is configured.
        mounts: data volumes.
        secrets: names of the variables from Secrets that this person gets.
        spot, kubeflow: granted.
        notes: sentences the user should read, such as what replaced an image.
    """

    image_name: str
    image: Image
    size_name: str
    size: Size
    cpu: float
    memory: int
    gpu_name: str = ""
    gpu: Gpu | None = None
    gpus: int = 0
    workspace: str = "hub"
    workspace_size: int = 0
    mounts: tuple[Mount, ...] = ()
    secrets: frozenset[str] = frozenset()
    spot: bool = False
    kubeflow: bool = False
    notes: tuple[str, ...] = ()
