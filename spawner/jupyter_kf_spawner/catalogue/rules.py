"""Do the catalogue's parts fit together? Each rule yields what it found; none stops at the first.

Pure. May import `models`, `wording`, `errors`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jupyter_kf_spawner.catalogue.models import EVERYONE, Catalogue, Choices, Offer
from jupyter_kf_spawner.catalogue.wording import Found, Path
from jupyter_kf_spawner.errors import did_you_mean, shown
from jupyter_kf_spawner.quantities import cores_text, size_text

_CHOICES = (("image", "images"), ("size", "sizes"), ("gpu", "gpus"), ("volumes", "volumes"))
# Every place that names another part, and the section where the part stands.
_REFERENCES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("images", "*", "gpus"), "gpus"),
    (("images", "*", "sizes"), "sizes"),
    (("images", "*", "redirect"), "images"),
    (("sizes", "*", "gpus"), "gpus"),
    *(
        ((part, "*", name), name)
        for part in ("sizes", "gpus")
        for name in ("tolerations", "affinity")
    ),
    *((("spot", name), name) for name in ("tolerations", "affinity")),
    *((("defaults", field), section) for field, section in _CHOICES),
    *((("presets", "*", "options", field), section) for field, section in _CHOICES),
)


def check(catalogue: Catalogue) -> list[Found]:
    """Everything that doesn't fit among the valid entries."""
    rules = (_redirects, _defaults, _presets, _mounts, _spot, _affinities)
    return [found for rule in rules for found in rule(catalogue)]


def references(plain: dict[str, Any]) -> Iterator[Found]:
    """Names of other parts that do not exist, and sections without a choice.

    Read from the file's values, so that an entry that is wrong in itself is a name all the same.
    """
    for section in ("images", "sizes"):
        if plain.get(section) == {}:
            yield (section,), "there is nothing to choose", "add at least one"
    for keys, section in _REFERENCES:
        known = plain.get(section, {})
        if not isinstance(known, dict):  # said by itself
            continue
        for path, value in _at(plain, keys):
            names = value if isinstance(value, list) else [value]
            for name in names:
                if isinstance(name, str) and name not in known:
                    fix = did_you_mean(name, known) if known else f"add it to `{section}`"
                    yield path, f"there is no {shown(name)} in `{section}`", fix


def _at(node: Any, keys: tuple[str, ...], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value at `keys`, where "*" stands for any key."""
    if not keys:
        yield above, node
    elif isinstance(node, dict):
        for key in node if keys[0] == "*" else [keys[0]]:
            if key in node:
                yield from _at(node[key], keys[1:], (*above, key))


def _redirects(catalogue: Catalogue) -> Iterator[Found]:
    for name, image in catalogue.images.items():
        seen, target = {name}, image.redirect
        while target is not None and target not in seen:
            seen.add(target)
            following = catalogue.images.get(target)
            target = following.redirect if following else None
        if target is not None:
            yield (
                ("images", name, "redirect"),
                "the redirects go round in a circle",
                "redirect to an image that has no `redirect` of its own",
            )


def _defaults(catalogue: Catalogue) -> Iterator[Found]:
    for field in ("image", "size"):
        if getattr(catalogue.defaults, field) is None:
            yield ("defaults", field), f"`{field}` is missing", f"add `{field}:` with a name"
    image = catalogue.images.get(catalogue.defaults.image or "")
    if image and image.redirect:
        yield ("defaults", "image"), "the default image is redirected", f"write {image.redirect}"
    chosen: list[tuple[str, Offer | None]] = [
        ("image", image),
        ("size", catalogue.sizes.get(catalogue.defaults.size or "")),
    ]
    for field, offer in chosen:
        if offer and EVERYONE not in offer.groups:
            yield (
                ("defaults", field),
                "not everyone may choose the default",
                'choose one with `groups: ["*"]`, or leave `groups` out there',
            )
    yield from _choices(("defaults",), catalogue, catalogue.defaults)


def _presets(catalogue: Catalogue) -> Iterator[Found]:
    for name, preset in catalogue.presets.items():
        path = ("presets", name, "options")
        if not preset.options.model_dump(exclude_none=True):
            yield path, "the preset sets nothing", "add an option, or remove the preset"
        yield from _choices(path, catalogue, preset.options)


def _choices(path: Path, catalogue: Catalogue, choices: Choices) -> Iterator[Found]:
    """Whether options fit each other and the bounds of their size."""
    size = catalogue.sizes.get(choices.size or "")
    image = catalogue.images.get(choices.image or "")
    if size and choices.cpu is not None and not size.cpu.min <= choices.cpu <= size.cpu.max:
        bounds = f"{cores_text(size.cpu.min)} to {cores_text(size.cpu.max)}"
        yield (*path, "cpu"), f"outside the size's {bounds}", "choose a value between them"
    memory = choices.memory
    if size and memory is not None and not size.memory.min <= memory <= size.memory.max:
        bounds = f"{size_text(size.memory.min)} to {size_text(size.memory.max)}"
        yield (*path, "memory"), f"outside the size's {bounds}", "choose a value between them"
    if image and size and image.sizes and choices.size not in image.sizes:
        yield (*path, "size"), "the image does not go with this size", "see the image's `sizes`"
    if image and choices.gpu and choices.gpu not in image.gpus:
        yield (*path, "gpu"), "the image does not go with this GPU", "add it to the image's `gpus`"
    gpu = catalogue.gpus.get(choices.gpu or "")
    if gpu and choices.gpus is not None and choices.gpus not in gpu.counts:
        counts = " or ".join(map(str, gpu.counts))
        yield (*path, "gpus"), "the kind can't be had so many at a time", f"write {counts}"
    if choices.gpus is not None and choices.gpu is None:
        yield (*path, "gpus"), "a number of GPUs without their kind", "add `gpu:` with a name"
    if choices.spot and size and not size.spot:
        yield (*path, "spot"), "the size does not allow spot", "add `spot: true` to the size"


def _mounts(catalogue: Catalogue) -> Iterator[Found]:
    taken: dict[str, str] = {}
    if catalogue.workspace:
        taken[catalogue.workspace.mount] = "the workspace"
    for name, volume in catalogue.volumes.items():
        other = taken.setdefault(volume.mount, f"`{name}`")
        if other != f"`{name}`":
            yield (
                ("volumes", name, "mount"),
                f"{other} is mounted there too",
                "give each volume a folder of its own",
            )


def _spot(catalogue: Catalogue) -> Iterator[Found]:
    for name, size in catalogue.sizes.items():
        if size.spot and catalogue.spot is None:
            yield (
                ("sizes", name, "spot"),
                "nothing says which machines are spot machines",
                "add `spot:` with tolerations or affinity at the top level",
            )


def _affinities(catalogue: Catalogue) -> Iterator[Found]:
    for name, affinity in catalogue.affinity.items():
        if not affinity.required and not affinity.preferred:
            yield ("affinity", name), "it asks for nothing", "add `required:` or `preferred:`"
