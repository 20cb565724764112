"""Which GPU, and how many, and can this image and size have it?

Pure. May import `catalogue.models`, `asked`, `offers`, `resolved`, `errors`.
"""

from __future__ import annotations

from typing import NoReturn

from jupyter_kf_spawner.asked import Asked
from jupyter_kf_spawner.catalogue.models import Catalogue, Choices, Gpu, Image, Size
from jupyter_kf_spawner.errors import Refusal
from jupyter_kf_spawner.offers import one_of, titles
from jupyter_kf_spawner.resolved import Identity


def chosen_gpu(
    catalogue: Catalogue, identity: Identity, asked: Asked, wishes: Choices
) -> tuple[str, Gpu | None, int]:
    """Name, kind and number of the GPUs that are wished for; "", None, 0 for none.

    Raises:
        Refusal: no such kind for this person, or not so many.
    """
    if asked.gpus == 0 or asked.gpu == "none":
        return "", None, 0
    name = asked.gpu or wishes.gpu
    if not name:
        if asked.gpus:
            raise Refusal(
                "gpu", "a number of GPUs without their kind", fix="Choose a kind too", field="gpu"
            )
        return "", None, 0
    gpu = one_of("gpu", name, catalogue.gpus, identity)
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


def check_gpu(
    catalogue: Catalogue, identity: Identity, name: str, wanted: tuple[Image, Size]
) -> None:
    """Nothing, when the image and the size can have this kind.

    Raises:
        Refusal: they can't; with those of this person's that can.
    """
    image, size = wanted
    title = catalogue.gpus[name].title
    if name not in image.gpus:
        others = (key for key, one in catalogue.images.items() if name in one.gpus)
        _refuse(f"{image.title} can't use {title}", titles(identity, catalogue.images, others))
    if size.gpus is not None and name not in size.gpus:
        able = (k for k, one in catalogue.sizes.items() if one.gpus is None or name in one.gpus)
        _refuse(f"the size {size.title} has no {title}", titles(identity, catalogue.sizes, able))


def _refuse(what: str, instead: str) -> NoReturn:
    fix = f"Choose {instead}, or no GPU" if instead else "Take no GPU"
    raise Refusal("gpu", what, fix=fix, field="gpu")
