"""What may be asked for? The catalogue's nouns, one class each, with units.

A name refers to another part of the same catalogue; whether it exists is checked in `rules`, so
that all problems are told at once. May import `fields`, `quantities`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from jupyter_kf_spawner.catalogue.fields import (
    IMAGE_PATTERN,
    Bytes,
    Cores,
    EnvName,
    LabelKey,
    LabelValue,
    MountPath,
    Name,
    ObjectName,
    Part,
    ResourceKey,
    Seconds,
    Text,
    wrong,
)
from jupyter_kf_spawner.quantities import cores_text, size_text

EVERYONE = "*"
Groups = Annotated[tuple[Text, ...], Field(default=(EVERYONE,), min_length=1)]
Positive = Annotated[int, Field(ge=1, le=1024)]


def is_for(allowed: tuple[str, ...], groups: frozenset[str]) -> bool:
    """Whether someone in `groups` is among those `allowed`."""
    return EVERYONE in allowed or bool(groups & set(allowed))


class Offer(Part):
    """What every choice has: how it is shown, and to whom."""

    title: Text
    """What the user reads."""
    description: Text | None = None
    """One more sentence, below the title."""
    groups: Groups
    """Hub groups that see it; "*" is everyone."""

    def is_for(self, groups: frozenset[str]) -> bool:
        """Whether someone in `groups` may choose it."""
        return is_for(self.groups, groups)


class Image(Offer):
    """A notebook image."""

    image: str = Field(pattern=f"^{re.sub('[?]P<[a-z]+>', '?:', IMAGE_PATTERN)}$")
    """Reference with a digest (`name@sha256:...`), or with a tag."""
    pull: Literal["IfNotPresent", "Always", "Never"] | None = None
    """When the node asks the registry; by default IfNotPresent, and Always for the tag `latest`."""
    inside: tuple[Text, ...] = ()
    """What the image contains, in the user's words."""
    gpus: tuple[Name, ...] = ()
    """Kinds of GPU that its libraries can use; empty: none."""
    sizes: tuple[Name, ...] = ()
    """Sizes it may be started with; empty: all."""
    deprecated: Text | None = None
    """Why not to choose it any more; it is offered last, with this sentence."""
    redirect: Name | None = None
    """The image that saved options and links with this name get instead; it is not offered."""
    command: tuple[Text, ...] = ()
    """Replaces the image's own start command."""

    @property
    def pull_policy(self) -> str:
        """What Kubernetes is told."""
        if self.pull:
            return self.pull
        found = re.fullmatch(IMAGE_PATTERN, self.image, re.ASCII)
        moving = found is not None and not found["digest"] and found["tag"] in (None, "latest")
        return "Always" if moving else "IfNotPresent"


class CoresRange(Part):
    """CPU, in cores."""

    min: Cores
    default: Cores
    max: Cores

    @model_validator(mode="after")
    def _in_order(self) -> CoresRange:
        _check_order(self.min, self.default, self.max, cores_text)
        return self


class BytesRange(Part):
    """Memory or storage, in bytes."""

    min: Bytes
    default: Bytes
    max: Bytes

    @model_validator(mode="after")
    def _in_order(self) -> BytesRange:
        _check_order(self.min, self.default, self.max)
        return self


class Size(Offer):
    """How much of a machine."""

    cpu: CoresRange
    memory: BytesRange
    guarantee: float = Field(default=1.0, gt=0, le=1)
    """Share of CPU and memory that is reserved; the rest is used only while it is free."""
    shm: Bytes | None = None
    """Shared memory at /dev/shm; it counts as memory."""
    idle: Seconds | None = None
    """Without kernels at work, terminals or open pages for so long, the server is stopped."""
    spot: bool = False
    """May run on machines that can be taken away."""
    gpus: tuple[Name, ...] | None = None
    """Kinds of GPU it may have; left out: all."""
    tolerations: tuple[Name, ...] = ()
    affinity: tuple[Name, ...] = ()
    priority_class: ObjectName | None = None


class Gpu(Offer):
    """A kind of GPU, or of any other device."""

    resource: ResourceKey
    """nvidia.com/gpu, amd.com/gpu, gpu.intel.com/i915, nvidia.com/mig-1g.5gb, ..."""
    counts: Annotated[tuple[Positive, ...], Field(default=(1,), min_length=1)]
    """How many may be asked for."""
    node_labels: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    """Labels of the nodes that have this kind."""
    tolerations: tuple[Name, ...] = ()
    affinity: tuple[Name, ...] = ()


class Toleration(Part):
    """A taint that is tolerated, in Kubernetes' words."""

    key: LabelKey
    operator: Literal["Exists", "Equal"] = "Exists"
    value: LabelValue | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None

    @model_validator(mode="after")
    def _value_goes_with_equal(self) -> Toleration:
        if (self.value is not None) != (self.operator == "Equal"):
            raise wrong(
                "`value` goes with `operator: Equal`, and only with it",
                "write both, or neither",
            )
        return self


class Affinity(Part):
    """Nodes that are needed or liked, by their labels; every line must hold."""

    required: dict[LabelKey, tuple[LabelValue, ...]] = Field(default_factory=dict)
    preferred: dict[LabelKey, tuple[LabelValue, ...]] = Field(default_factory=dict)
    weight: int = Field(default=50, ge=1, le=100)
    """How much the preferred nodes are preferred."""


class Workspace(Part):
    """The user's own volume."""

    mount: MountPath = "/home/jovyan"
    size: BytesRange
    storage_class: ObjectName | None = None
    access: Literal["ReadWriteOnce", "ReadWriteOncePod", "ReadWriteMany"] = "ReadWriteOnce"
    own: bool = False
    """Whether a user may choose another volume that carries the user's name."""
    scratch: bool = False
    """Whether a user may work without a volume; the files end with the server."""


class DataVolume(Offer):
    """A volume that several people read."""

    claim: ObjectName
    """PersistentVolumeClaim in the servers' namespace."""
    mount: MountPath
    read_only: bool = True
    writers: tuple[Text, ...] = ()
    """Groups that may write, however it is for the others."""


class Spot(Part):
    """Machines that cost less and can be taken away."""

    tolerations: tuple[Name, ...] = ()
    affinity: tuple[Name, ...] = ()


class Secret(Part):
    """A variable whose value stands in a Kubernetes Secret."""

    secret: ObjectName
    key: str = Field(pattern=r"^[-._a-zA-Z0-9]{1,253}$")
    groups: Groups


class Limit(Part):
    """The most that one user's servers may have together; the most generous entry counts."""

    groups: Groups
    servers: Positive | None = None
    cpu: Cores | None = None
    memory: Bytes | None = None
    gpus: Annotated[int, Field(ge=0, le=1024)] | None = None


class Choices(Part):
    """Options by their names in the form; what is left out is the catalogue's default."""

    image: Name | None = None
    size: Name | None = None
    cpu: Cores | None = None
    memory: Bytes | None = None
    gpu: Name | None = None
    gpus: Positive | None = None
    volumes: tuple[Name, ...] | None = None
    spot: bool | None = None


class Preset(Offer):
    """Several options under one name; several presets are merged, and must not contradict."""

    options: Choices


class Kubeflow(Part):
    """Whether `%kf` may use the cluster from the server."""

    groups: Groups
    service_account: ObjectName = "jupyter-kf"
    """Bound to a Role that is limited to the objects `%kf` makes."""
    queue: LabelValue | None = None
    """Kueue's local queue for its jobs."""
    store: Text | None = None
    """Folder of datasets, models and runs; by default in the workspace."""


class Security(Part):
    """Who the server's processes are; the rest is Pod Security's "restricted", always."""

    uid: int = Field(default=1000, ge=1, le=2**31 - 1)
    gid: int = Field(default=100, ge=1, le=2**31 - 1)
    fs_gid: int = Field(default=100, ge=1, le=2**31 - 1)


class Catalogue(Part):
    """Everything a user may ask for, and on which terms."""

    version: Literal[1]
    images: dict[Name, Image]
    sizes: dict[Name, Size]
    defaults: Choices
    gpus: dict[Name, Gpu] = Field(default_factory=dict)
    tolerations: dict[Name, tuple[Toleration, ...]] = Field(default_factory=dict)
    affinity: dict[Name, Affinity] = Field(default_factory=dict)
    spot: Spot | None = None
    workspace: Workspace | None = None
    """Left out: the hub's own storage settings hold."""
    volumes: dict[Name, DataVolume] = Field(default_factory=dict)
    presets: dict[Name, Preset] = Field(default_factory=dict)
    limits: tuple[Limit, ...] = ()
    environment: dict[EnvName, str] = Field(default_factory=dict)
    secrets: dict[EnvName, Secret] = Field(default_factory=dict)
    kubeflow: Kubeflow | None = None
    """Left out: no server may use the cluster, and none gets a token."""
    security: Security = Security()


def _check_order(
    least: float, default: float, most: float, show: Callable[[Any], str] = size_text
) -> None:
    if not least <= default <= most:
        raise wrong(
            f"min {show(least)}, default {show(default)} and max {show(most)} are not in order",
            "put them in the order min <= default <= max",
        )
