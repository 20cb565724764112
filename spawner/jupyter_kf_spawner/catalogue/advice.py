"""What of a catalogue that is right may still not be meant? Each is a warning, with its fix.

Pure. May import `models`, `wording`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jupyter_kf_spawner.catalogue.fields import IMAGE_PATTERN
from jupyter_kf_spawner.catalogue.models import Catalogue
from jupyter_kf_spawner.catalogue.wording import Found


def advise(catalogue: Catalogue) -> list[Found]:
    """All warnings."""
    return [*_moving(catalogue), *_unreachable(catalogue)]


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
