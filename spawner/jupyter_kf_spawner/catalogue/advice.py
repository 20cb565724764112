"""What of a catalogue that is right may still not be meant? Each is a warning, with its fix.

Pure. May import `models`, `wording`, `errors`, `quantities`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jupyter_kf_spawner.catalogue.fields import IMAGE_PATTERN
from jupyter_kf_spawner.catalogue.models import EVERYONE, Catalogue
from jupyter_kf_spawner.catalogue.wording import Found
from jupyter_kf_spawner.errors import count, did_you_mean, shown
from jupyter_kf_spawner.quantities import cores_text, size_text


def advise(catalogue: Catalogue) -> list[Found]:
    """All warnings."""
    return [
        *_moving(catalogue),
        *_unreachable(catalogue),
        *_too_large(catalogue),
        *_never(catalogue),
        *_writers(catalogue),
    ]


def _moving(catalogue: Catalogue) -> Iterator[Found]:
    for name, image in catalogue.images.items():
        found = re.fullmatch(IMAGE_PATTERN, image.image, re.ASCII)
        if found is None or found["digest"] or found["tag"] not in (None, "latest"):
            continue
        what = "the tag `latest`" if found["tag"] else "no tag and no digest"
        yield (
            ("images", name, "image"),
            f"{what}: what users get can change with every start",
            "write name:tag with a tag that stays, or name@sha256:... with its digest",
        )


def _unreachable(catalogue: Catalogue) -> Iterator[Found]:
    """Kinds of GPU that no image or no size lists."""
    images = [one for one in catalogue.images.values() if not one.redirect]
    for name in catalogue.gpus:
        if not any(name in image.gpus for image in images):
            yield (
                ("gpus", name),
                "no image lists it, so nobody can have it",
                f"add {name} to the `gpus` of an image that can use it, or remove it",
            )
        elif not any(size.gpus is None or name in size.gpus for size in catalogue.sizes.values()):
            yield (
                ("gpus", name),
                "no size may have it, so nobody can",
                f"add {name} to the `gpus` of a size, or remove it",
            )


def _too_large(catalogue: Catalogue) -> Iterator[Found]:
    """A default that everybody's limits do not allow: who chooses nothing is refused."""
    name = catalogue.defaults.size or ""
    size = catalogue.sizes.get(name)
    everyones = [entry for entry in catalogue.limits if EVERYONE in entry.groups]
    if size is None:
        return
    usual = {
        "cpu": catalogue.defaults.cpu or size.cpu.default,
        "memory": catalogue.defaults.memory or size.memory.default,
    }
    for field, amount in usual.items():
        bounds = [bound for entry in everyones if (bound := getattr(entry, field)) is not None]
        if bounds and amount > max(bounds):
            most, default = (
                cores_text(one) if field == "cpu" else size_text(int(one))
                for one in (max(bounds), amount)
            )
            yield (
                ("limits",),
                f"at most {most} of {field} for everyone, and the default size {name} has"
                f" {default}",
                "allow more, or make the default smaller",
            )


def _never(catalogue: Catalogue) -> Iterator[Found]:
    """Offers of which even the least is more than the most generous limit."""
    least = [
        (("sizes", name), field, cores_text(amount) if field == "cpu" else size_text(int(amount)))
        for name, size in catalogue.sizes.items()
        for field, amount in (("cpu", size.cpu.min), ("memory", size.memory.min))
        if _above_all(catalogue, field, amount)
    ]
    for path, field, amount in least:
        yield path, f"nobody's limits allow its least {field}, {amount}", "allow more, or remove it"
    for name, gpu in catalogue.gpus.items():
        fewest = min(gpu.counts)
        if _above_all(catalogue, "gpus", fewest):
            what = f"nobody's limits allow {count(fewest, 'GPU')}"
            yield ("gpus", name), what, "allow more `gpus` in `limits`, or remove it"


def _above_all(catalogue: Catalogue, field: str, amount: float) -> bool:
    """Whether it is more than each limit, where everybody has one."""
    bounds = [(one, getattr(one, field)) for one in catalogue.limits]
    bounds = [(one, bound) for one, bound in bounds if bound is not None]
    limited = any(EVERYONE in one.groups for one, _ in bounds)
    return limited and all(amount > bound for _, bound in bounds)


def _writers(catalogue: Catalogue) -> Iterator[Found]:
    """Writers who do not see the volume by being that."""
    for name, volume in catalogue.volumes.items():
        for group in volume.writers:
            if EVERYONE not in volume.groups and group not in volume.groups:
                yield (
                    ("volumes", name, "writers"),
                    f"{shown(group)} is not in the volume's `groups`, so who is only in it does not"
                    " see the volume",
                    f"{did_you_mean(group, volume.groups)}, or add it to `groups`",
                )
