"""Which server does this person get for these options? One pure decision for every way in.

The form, REST, links and options the hub saved end here, so none can ask for what another may
not. Pure: no clock, no cluster. May import `devices`, `files` and what they may.
"""

from __future__ import annotations

from typing import TypeVar

from jupyter_kf_spawner.asked import Asked, read
from jupyter_kf_spawner.catalogue.models import Catalogue, Choices, Image, Size, is_for
from jupyter_kf_spawner.devices import check_gpu, chosen_gpu
from jupyter_kf_spawner.errors import Refusal
from jupyter_kf_spawner.files import mounts, workspace
from jupyter_kf_spawner.limits import Running, check_limits
from jupyter_kf_spawner.offers import merged, named, one_of, titles
from jupyter_kf_spawner.quantities import cores_text, size_text
from jupyter_kf_spawner.resolved import Identity, Mount, Resolved, Usage

__all__ = ["Identity", "Mount", "Resolved", "Usage", "resolve"]


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
    try:
        asked = read(user_options)
    except Refusal as refusal:
        raise named(catalogue, identity, user_options, refusal) from None
    wishes = merged(catalogue, identity, asked)
    image_name, image, notes = _image(catalogue, identity, asked, wishes)
    size_name = asked.size or wishes.size or catalogue.defaults.size or ""
    size = one_of("size", size_name, catalogue.sizes, identity)
    if image.sizes and size_name not in image.sizes:
        raise Refusal(
            "size",
            f"{image.title} can't be started with the size {size.title}",
            fix=f"Choose {titles(identity, catalogue.sizes, image.sizes) or 'another image'}",
            field="size",
        )
    gpu_name, gpu, gpus = chosen_gpu(catalogue, identity, asked, wishes)
    if gpu is not None:
        check_gpu(catalogue, identity, gpu_name, (image, size))
    claim, claim_size = workspace(catalogue, identity, usage, asked)
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
        workspace=claim,
        workspace_size=claim_size,
        mounts=mounts(catalogue, identity, (*asked.volumes, *(wishes.volumes or ()))),
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


def _image(
    catalogue: Catalogue, identity: Identity, asked: Asked, wishes: Choices
) -> tuple[str, Image, tuple[str, ...]]:
    name = asked.image or wishes.image or catalogue.defaults.image or ""
    notes: tuple[str, ...] = ()
    known = catalogue.images.get(name)
    if known is not None and known.redirect and known.is_for(identity.groups):
        old = known.title
        while known is not None and known.redirect:
            name, known = known.redirect, catalogue.images.get(known.redirect)
        image = one_of("image", name, catalogue.images, identity)
        notes = (f"{old} was replaced by {image.title}.",)
    else:
        image = one_of("image", name, catalogue.images, identity)
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
