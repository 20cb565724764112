"""Which server does this person get for these options? One pure decision for every way in.

The form, REST, links and options the hub saved end here, so none can ask for what another may
not. Pure: no clock, no cluster. May import `catalogue`, `asked`, `errors`, `quantities`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from jupyter_kf_spawner.asked import Asked, read
from jupyter_kf_spawner.catalogue.models import (
    Catalogue,
    Choices,
    Gpu,
    Image,
    Offer,
    Size,
    is_for,
)
from jupyter_kf_spawner.errors import Refusal, did_you_mean, sentence, shown
from jupyter_kf_spawner.limits import Running, check_limits
from jupyter_kf_spawner.quantities import cores_text, size_text

O = TypeVar("O", bound=Offer)  # noqa: E741 - the usual letter of a type variable


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
        claims: volumes' owners by name, as their annotations say; None: can't be known.
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


def resolve(
    catalogue: Catalogue, identity: Identity, usage: Usage, user_options: object
) -> Resolved:
    """The server that `user_options` ask for.

    Args:
        catalogue: what may be asked for.
        identity: who asks.
        usage: what is there now.
        user_options: anything: a form's, a link's, a REST call's, or what the hub saved.

    Raises:
        Refusal: with what to choose instead.
    """
    asked = read(user_options)
    wishes = _merged(catalogue, identity, asked)
    image_name, image, notes = _image(catalogue, identity, asked, wishes)
    size_name = asked.size or wishes.size or catalogue.defaults.size or ""
    size = _one_of("size", size_name, catalogue.sizes, identity)
    if image.sizes and size_name not in image.sizes:
        raise Refusal(
            "size",
            f"{image.title} can't be started with the size {size.title}",
            fix=f"Choose {_titles(catalogue.sizes, image.sizes)}",
            field="size",
        )
    gpu_name, gpu, gpus = _gpu(catalogue, identity, asked, wishes)
    if gpu is not None:
        _check_gpu(catalogue, gpu_name, image, size)
    workspace, workspace_size = _workspace(catalogue, identity, usage, asked)
    resolved = Resolved(
        image_name=image_name,
        image=image,
        size_name=size_name,
        size=size,
        cpu=_cpu(size, asked, wishes),
        memory=_memory(size, asked, wishes),
        gpu_name=gpu_name,
        gpu=gpu,
        gpus=gpus,
        workspace=workspace,
        workspace_size=workspace_size,
        mounts=_mounts(catalogue, identity, (*asked.volumes, *(wishes.volumes or ()))),
        secrets=frozenset(
            name
            for name, secret in catalogue.secrets.items()
            if is_for(secret.groups, identity.groups)
        ),
        spot=_spot(size, asked, wishes),
        kubeflow=_kubeflow(catalogue, identity, asked),
        notes=notes,
    )
    wanted = Running(resolved.cpu, resolved.memory, gpus)
    check_limits(catalogue.limits, identity.groups, usage.running, wanted)
    return resolved


def _merged(catalogue: Catalogue, identity: Identity, asked: Asked) -> Choices:
    """The presets' options in the order given, over the catalogue's defaults.

    Raises:
        Refusal: two presets set one option to different values.
    """
    merged = catalogue.defaults.model_dump(exclude_none=True)
    set_by: dict[str, str] = {}
    volumes: list[str] = list(merged.get("volumes", ()))
    for name in asked.preset:
        preset = _one_of("preset", name, catalogue.presets, identity)
        for option, value in preset.options.model_dump(exclude_none=True).items():
            if option == "volumes":
                volumes.extend(value)
                continue
            if option in set_by and merged[option] != value:
                other = catalogue.presets[set_by[option]].title
                raise Refusal(
                    "preset",
                    f"{other} and {preset.title} set {option} to different values",
                    fix="Choose one of the two",
                    field="preset",
                )
            set_by[option], merged[option] = name, value
    return Choices.model_validate({**merged, "volumes": tuple(dict.fromkeys(volumes)) or None})


def _one_of(field: str, name: str, offers: Mapping[str, O], identity: Identity) -> O:
    """The offer of that name, if this person may have it; nobody learns what others may."""
    offer = offers.get(name)
    if offer is None or not offer.is_for(identity.groups):
        mine = [key for key, other in offers.items() if other.is_for(identity.groups)]
        raise Refusal(
            field,
            f"there is no {field} {shown(name)} for you",
            fix=sentence(did_you_mean(name, mine)),
            field=field,
        )
    return offer


def _image(
    catalogue: Catalogue, identity: Identity, asked: Asked, wishes: Choices
) -> tuple[str, Image, tuple[str, ...]]:
    name = asked.image or wishes.image or catalogue.defaults.image or ""
    notes: tuple[str, ...] = ()
    known = catalogue.images.get(name)
    if known is not None and known.redirect:
        old = known.title
        while known is not None and known.redirect:
            name, known = known.redirect, catalogue.images.get(known.redirect)
        image = _one_of("image", name, catalogue.images, identity)
        notes = (f"{old} was replaced by {image.title}.",)
    else:
        image = _one_of("image", name, catalogue.images, identity)
    if image.deprecated:
        notes += (f"{image.title} is on its way out: {image.deprecated}",)
    return name, image, notes


def _cpu(size: Size, asked: Asked, wishes: Choices) -> float:
    cpu = asked.cpu if asked.cpu is not None else _if_fits(wishes.cpu, size.cpu.min, size.cpu.max)
    if cpu is None:
        return size.cpu.default
    if not size.cpu.min <= cpu <= size.cpu.max:
        least, most = cores_text(size.cpu.min), cores_text(size.cpu.max)
        raise Refusal(
            "cpu",
            f"{size.title} has {least} to {most} CPU, not {cores_text(cpu)}",
            fix=f"Ask for {least} to {most}, or choose another size",
            field="cpu",
        )
    return cpu


def _memory(size: Size, asked: Asked, wishes: Choices) -> int:
    memory = asked.memory
    if memory is None:
        memory = _if_fits(wishes.memory, size.memory.min, size.memory.max)
    if memory is None:
        return size.memory.default
    if not size.memory.min <= memory <= size.memory.max:
        least, most = size_text(size.memory.min), size_text(size.memory.max)
        raise Refusal(
            "memory",
            f"{size.title} has {least} to {most} of memory, not {size_text(memory)}",
            fix=f"Ask for {least} to {most}, or choose another size",
            field="memory",
        )
    return memory


N = TypeVar("N", int, float)


def _if_fits(value: N | None, least: N, most: N) -> N | None:
    """A preset's amount, unless the user chose a size for which it is no amount."""
    return value if value is not None and least <= value <= most else None


def _gpu(
    catalogue: Catalogue, identity: Identity, asked: Asked, wishes: Choices
) -> tuple[str, Gpu | None, int]:
    if asked.gpus == 0 or asked.gpu == "none":
        return "", None, 0
    name = asked.gpu or wishes.gpu
    if not name:
        if asked.gpus:
            raise Refusal(
                "gpu", "a number of GPUs without their kind", fix="Choose a kind too", field="gpu"
            )
        return "", None, 0
    gpu = _one_of("gpu", name, catalogue.gpus, identity)
    own = wishes.gpus if name == wishes.gpu else None
    count = asked.gpus or own or min(gpu.counts)
    if count not in gpu.counts:
        counts = ", ".join(map(str, gpu.counts))
        raise Refusal(
            "gpus",
            f"{gpu.title} can't be had {count} at a time",
            fix=f"Ask for {counts}",
            field="gpus",
        )
    return name, gpu, count


def _check_gpu(catalogue: Catalogue, name: str, image: Image, size: Size) -> None:
    title = catalogue.gpus[name].title
    if name not in image.gpus:
        able = [key for key, other in catalogue.images.items() if name in other.gpus]
        raise Refusal(
            "gpu",
            f"{image.title} can't use {title}",
            fix=f"Choose {_titles(catalogue.images, able)}, or no GPU" if able else "Take no GPU",
            field="gpu",
        )
    if size.gpus is not None and name not in size.gpus:
        able = [
            k for k, other in catalogue.sizes.items() if other.gpus is None or name in other.gpus
        ]
        raise Refusal(
            "gpu",
            f"the size {size.title} has no {title}",
            fix=f"Choose {_titles(catalogue.sizes, able)}, or no GPU" if able else "Take no GPU",
            field="gpu",
        )


def _spot(size: Size, asked: Asked, wishes: Choices) -> bool:
    spot = asked.spot if asked.spot is not None else bool(wishes.spot)
    if spot and not size.spot:
        raise Refusal(
            "spot",
            f"the size {size.title} does not run on spot machines",
            fix="Choose another size, or no spot machine",
            field="spot",
        )
    return spot


def _workspace(
    catalogue: Catalogue, identity: Identity, usage: Usage, asked: Asked
) -> tuple[str, int]:
    """Which volume, and how large if it has to be made.

    A volume that exists is used only when its annotation names this user.
    """
    terms = catalogue.workspace
    wanted = asked.workspace or ("new" if terms else "hub")
    if terms is None:
        if asked.workspace or asked.workspace_size:
            raise Refusal(
                "workspace",
                "the workspace can't be chosen here",
                fix="Leave it out",
                field="workspace",
            )
        return "hub", 0
    size = asked.workspace_size if asked.workspace_size is not None else terms.size.default
    if not terms.size.min <= size <= terms.size.max:
        least, most = size_text(terms.size.min), size_text(terms.size.max)
        raise Refusal(
            "workspace_size",
            f"a workspace has {least} to {most}, not {size_text(size)}",
            fix=f"Ask for {least} to {most}",
            field="workspace_size",
        )
    if wanted == "none":
        if not terms.scratch:
            raise Refusal(
                "workspace", "a server needs a workspace here", fix="Choose one", field="workspace"
            )
        return "none", size
    claim = usage.home if wanted == "new" else wanted
    if wanted != "new" and wanted != usage.home:
        if not terms.own:
            raise Refusal(
                "workspace",
                "another workspace can't be chosen here",
                fix="Leave it out",
                field="workspace",
            )
        if usage.claims is None:
            raise Refusal(
                "workspace",
                "whose volume that is can't be checked now",
                fix="Take your usual workspace, or try again later",
                field="workspace",
            )
    owner = (usage.claims or {}).get(claim)
    if owner != identity.name and (owner is not None or wanted not in ("new", usage.home)):
        raise Refusal(
            "workspace",
            f"the volume {shown(claim, 80)} is not yours",
            fix="Choose one that the form offers; if it should be yours, ask your admin",
            field="workspace",
        )
    return ("new" if claim == usage.home else claim), size


def _mounts(catalogue: Catalogue, identity: Identity, names: Iterable[str]) -> tuple[Mount, ...]:
    mounts = []
    for name in dict.fromkeys(names):
        volume = _one_of("volumes", name, catalogue.volumes, identity)
        writer = bool(identity.groups & set(volume.writers))
        mounts.append(Mount(volume.claim, volume.mount, volume.read_only and not writer))
    return tuple(mounts)


def _kubeflow(catalogue: Catalogue, identity: Identity, asked: Asked) -> bool:
    terms = catalogue.kubeflow
    allowed = terms is not None and is_for(terms.groups, identity.groups)
    if asked.kubeflow and not allowed:
        raise Refusal(
            "kubeflow",
            "%kf on Kubernetes is not open to you",
            fix="Start without it; jobs run in the server then",
            field="kubeflow",
        )
    return bool(asked.kubeflow)


def _titles(offers: Mapping[str, Offer], names: Iterable[str]) -> str:
    return " or ".join(offers[name].title for name in names) or "another"
