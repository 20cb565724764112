"""What of a catalogue that is right may still not be meant? Each is a warning, with its fix.

Pure. May import `models`, `wording`, `quantities`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jupyter_kf_spawner.catalogue.fields import IMAGE_PATTERN
from jupyter_kf_spawner.catalogue.models import EVERYONE, Catalogue
from jupyter_kf_spawner.catalogue.wording import Found
from jupyter_kf_spawner.quantities import cores_text, size_text


def advise(catalogue: Catalogue) -> list[Found]:
    """All warnings."""
    return [*_moving(catalogue), *_unreachable(catalogue), *_too_large(catalogue)]


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
