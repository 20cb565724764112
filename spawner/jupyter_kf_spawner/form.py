"""What does the spawn page show to this person? The options as HTML, without a hub.

Pure but for reading its own templates. Every text is escaped by the template; what is shown are
the catalogue's offers for this person, what they chose last, and advice. May import `catalogue`,
`filled`, `resolve`, `quota`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined, select_autoescape

from jupyter_kf_spawner import quota
from jupyter_kf_spawner.catalogue.models import (
    BytesRange,
    Catalogue,
    CoresRange,
    DataVolume,
    Gpu,
    Image,
    Limit,
    Offer,
    Preset,
    Size,
    is_for,
)
from jupyter_kf_spawner.filled import Filled
from jupyter_kf_spawner.limits import Running, most, worded
from jupyter_kf_spawner.quantities import cores_text, seconds_text, size_text
from jupyter_kf_spawner.resolve import Identity, Usage

NOTHING = Filled()


@dataclass(frozen=True)
class Shown:
    """An offer as the page shows it: a title, and lines below it."""

    title: str
    more: list[str] = field(default_factory=list)


def render(
    catalogue: Catalogue,
    identity: Identity,
    usage: Usage,
    *,
    filled: Filled = NOTHING,
    notices: Iterable[str] = (),
    volumes_url: str = "",
) -> str:
    """The options' HTML, to stand inside the hub's form.

    Args:
        catalogue, identity, usage: as for `resolve`; unknown usage is shown as unknown.
        filled: what the fields hold.
        notices: sentences to read first.
        volumes_url: the page on which volumes are deleted, if there is one.
    """
    images = _mine(catalogue.images, identity)
    images = {key: image for key, image in images.items() if not image.redirect}
    sizes = _mine(catalogue.sizes, identity)
    gpus = _within(_usable(_mine(catalogue.gpus, identity), images, sizes), catalogue, identity)
    presets = _mine(catalogue.presets, identity)
    last = filled.texts()
    page: str = _template().render(
        style=_text("spawn.css"),
        script=_text("spawn.js"),
        notices=list(notices),
        volumes_url=volumes_url,
        last=last,
        wrong=filled.wrong,
        presets=[(key, _offer(one)) for key, one in presets.items()],
        images=_choices(catalogue, identity, "image", _images(images), last),
        sizes=_choices(
            catalogue,
            identity,
            "size",
            {k: _size(one, usage, catalogue.limits, identity) for k, one in sizes.items()},
            last,
        ),
        cpu_bounds=_bounds([_cpu(size) for size in sizes.values()]),
        memory_bounds=_bounds([_memory(size) for size in sizes.values()]),
        holds=_holds(catalogue.limits, identity, usage.running),
        quota=_quota(usage),
        gpus=[(key, f"{gpu.title} ({_free(gpu.resource, usage)})") for key, gpu in gpus.items()],
        gpu_more=_with_gpus(gpus, images.values(), sizes.values()),
        no_gpu="as the preset says, else none" if presets else "none",
        counts=sorted({count for gpu in gpus.values() for count in gpu.counts}),
        volumes=[
            (key, _volume(one, identity)) for key, one in _mine(catalogue.volumes, identity).items()
        ],
        workspace=_workspace(catalogue, identity, usage),
        switches=_switches(catalogue, identity, sizes.values()),
        bounds=_for_script(catalogue, identity, presets, images, sizes, gpus),
    )
    return page


def _mine(offers: Mapping[str, Any], identity: Identity) -> dict[str, Any]:
    return {key: offer for key, offer in offers.items() if offer.is_for(identity.groups)}


@dataclass(frozen=True)
class Choice:
    """One of several offers: the field's value, the end of its id, and how it is shown."""

    value: str
    key: str
    shown: Shown
    checked: bool


def _choices(
    catalogue: Catalogue,
    identity: Identity,
    field_: str,
    offers: dict[str, Shown],
    last: Mapping[str, Any],
) -> list[Choice]:
    """The offers, the default among them with no value of its own: it is what is left open.

    Where a preset of this person's sets the field, to leave it open is a choice of its own.
    """
    default, chosen = getattr(catalogue.defaults, field_) or "", last[field_]
    presets = _mine(catalogue.presets, identity).values()
    if any(getattr(preset.options, field_) for preset in presets):
        more = [f"Without a preset that says it: {offers[default].title}"]
        open_ = Choice("", "", Shown("As the preset says", more), chosen not in offers)
        return [open_] + [Choice(k, k, one, k == chosen) for k, one in offers.items()]
    usual = replace(offers[default], title=f"{offers[default].title} (recommended)")
    others = [Choice(k, k, one, k == chosen) for k, one in offers.items() if k != default]
    left_open = chosen == default or chosen not in offers
    return [Choice("", default, usual, left_open), *others]


def _usable(
    gpus: Mapping[str, Gpu], images: Mapping[str, Image], sizes: Mapping[str, Size]
) -> dict[str, Gpu]:
    """The kinds that some image and some size of this person's can have."""
    of_images = {key for image in images.values() for key in image.gpus}
    of_sizes = {
        key for size in sizes.values() for key in (gpus if size.gpus is None else size.gpus)
    }
    return {key: gpu for key, gpu in gpus.items() if key in of_images & of_sizes}


def _within(gpus: dict[str, Gpu], catalogue: Catalogue, identity: Identity) -> dict[str, Gpu]:
    """The kinds with those counts that the user's limits allow; no kind without one."""
    bound = most(catalogue.limits, identity.groups, "gpus")
    if bound is None:
        return gpus
    allowed = {
        key: gpu.model_copy(update={"counts": tuple(n for n in gpu.counts if n <= bound)})
        for key, gpu in gpus.items()
    }
    return {key: gpu for key, gpu in allowed.items() if gpu.counts}


def _with_gpus(gpus: Iterable[str], images: Iterable[Image], sizes: Iterable[Size]) -> str:
    """Which images and sizes can have one of these, for a page without its script."""
    mine = set(gpus)
    able = ", ".join(image.title for image in images if mine & set(image.gpus))
    large = ", ".join(size.title for size in sizes if size.gpus is None or mine & set(size.gpus))
    return f"For: {able}. Sizes: {large}."


def _images(images: Mapping[str, Image]) -> dict[str, Shown]:
    """Those on their way out come last."""
    ordered = sorted(images.items(), key=lambda entry: bool(entry[1].deprecated))
    return {key: _image(image) for key, image in ordered}


def _offer(offer: Offer) -> Shown:
    return Shown(offer.title, [offer.description] if offer.description else [])


def _volume(volume: DataVolume, identity: Identity) -> Shown:
    """With where it is, and whether this person may write there."""
    offer = _offer(volume)
    reads = volume.read_only and not identity.groups & set(volume.writers)
    use = "read-only" if reads else "you may write"
    return Shown(offer.title, [*offer.more, f"At {volume.mount}, {use}"])


def _image(image: Image) -> Shown:
    more = [image.description] if image.description else []
    more += [", ".join(image.inside)] if image.inside else []
    more += [f"On its way out: {image.deprecated}"] if image.deprecated else []
    return Shown(image.title, more)


def _size(size: Size, usage: Usage, limits: tuple[Limit, ...], identity: Identity) -> Shown:
    more = [size.description] if size.description else []
    usual = f"{_cpu(size)['default']} CPU, {_memory(size)['default']} of memory"
    stops = f"; stops after {seconds_text(size.idle)} without use" if size.idle else ""
    more.append(usual + stops)
    more += _allowed(size, limits, identity)
    return Shown(size.title, more + _fit(size, usage.quota or {}))


def _allowed(size: Size, limits: tuple[Limit, ...], identity: Identity) -> list[str]:
    """Whether the user's own limits have room for a server of this size at all."""
    usual: dict[str, CoresRange | BytesRange] = {"cpu": size.cpu, "memory": size.memory}
    bounds = {field: most(limits, identity.groups, field) for field in usual}
    over = {field: bound for field, bound in bounds.items() if bound is not None}
    never = [worded(k, bound) for k, bound in over.items() if usual[k].min > bound]
    less = [worded(k, bound) for k, bound in over.items() if usual[k].default > bound]
    if never:
        return [f"Too large for you: your servers may have {' and '.join(never)} together"]
    if less:
        return [f"Ask for less than usual: you may have {' and '.join(less)}"]
    return []


def _fit(size: Size, left: quota.Left) -> list[str]:
    """Whether the namespace's quota has room for a server of this size, if it counts any of it."""
    usual = quota.needs(size.cpu.default, size.memory.default, size.guarantee)
    enough = quota.times(left, usual)
    if enough is None:
        return []
    if enough:
        return [f"The namespace's quota has room for {enough}"]
    if quota.times(left, quota.needs(size.cpu.min, size.memory.min, size.guarantee)):
        return ["The namespace's quota has room for one that is smaller than usual"]
    short = " and ".join(quota.lacking(left, usual))
    return [f"Does not fit now: the namespace's quota has too little left: {short}"]


def _quota(usage: Usage) -> str:
    """What is left for everybody in the namespace."""
    if usage.quota is None:
        return "Left of the namespace's quota: unknown."
    said = quota.left_text(usage.quota)
    return f"Left of the namespace's quota, for everybody: {said}." if said else ""


def _cpu(size: Size) -> dict[str, str]:
    least, most = cores_text(size.cpu.min), cores_text(size.cpu.max)
    return {"default": cores_text(size.cpu.default), "bounds": f"{least} to {most}"}


def _memory(size: Size) -> dict[str, str]:
    least, most = size_text(size.memory.min), size_text(size.memory.max)
    return {"default": size_text(size.memory.default), "bounds": f"{least} to {most}"}


def _bounds(each: list[dict[str, str]]) -> str:
    return "By size: " + "; ".join(bounds["bounds"] for bounds in each)


def _free(resource: str, usage: Usage) -> str:
    free = "free: unknown"
    if usage.free is not None:
        free = f"{usage.free.get(resource, 0)} free now"
    allowed = quota.devices_left(usage.quota or {}, resource)
    return free if allowed is None else f"{free}, the quota allows {allowed}"


def _holds(limits: Iterable[Limit], identity: Identity, running: tuple[Running, ...]) -> str:
    """What the user has now, and may have together."""
    limits = tuple(limits)
    bounds = {k: most(limits, identity.groups, k) for k in ("servers", "cpu", "memory", "gpus")}
    allowed = {key: worded(key, bound) for key, bound in bounds.items() if bound is not None}
    servers = allowed.pop("servers", "")
    said = f"You may have {servers} at a time." if servers else ""
    if allowed:
        said += f" Your servers may have {_and(allowed.values())} together."
    if running:
        used = [worded("cpu", sum(server.cpu for server in running))]
        used.append(size_text(sum(server.memory for server in running)))
        gpus = sum(server.gpus for server in running)
        used += [worded("gpus", gpus)] if gpus else []
        said += f" The others have {_and(used)} now."
    return said.strip()


def _and(parts: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _workspace(catalogue: Catalogue, identity: Identity, usage: Usage) -> dict[str, Any] | None:
    terms = catalogue.workspace
    if terms is None:
        return None
    there = usage.home in (usage.claims or {})
    usual = "Your workspace" if there else "Your workspace, made now"
    if usage.claims is None:
        usual = "Your workspace (it can't be seen now, and so not be opened)"
    choices = [("", usual)]
    if terms.own:
        owned = [name for name, owner in (usage.claims or {}).items() if owner == identity.name]
        choices += [(name, f"Volume {name}") for name in sorted(owned) if name != usage.home]
    if terms.scratch:
        choices.append(("none", "None: files end with the server"))
    return {
        "mount": terms.mount,
        "choices": choices,
        "default": size_text(terms.size.default),
        "bounds": f"{size_text(terms.size.min)} to {size_text(terms.size.max)}",
    }


def _switches(
    catalogue: Catalogue, identity: Identity, sizes: Iterable[Size]
) -> list[tuple[str, Shown]]:
    switches = []
    able = [size.title for size in sizes if size.spot]
    if able:
        more = [f"They cost less and can be taken away at any time. For: {', '.join(able)}"]
        switches.append(("spot", Shown("Spot machines", more)))
    if catalogue.kubeflow and is_for(catalogue.kubeflow.groups, identity.groups):
        more = [
            "The server gets a token that may make and see its jobs. In this release %kf still runs"
            " its own jobs in the server; other clients of the cluster can use the token."
        ]
        switches.append(("kubeflow", Shown("Use the cluster with %kf", more)))
    return switches


def _for_script(
    catalogue: Catalogue,
    identity: Identity,
    presets: Mapping[str, Preset],
    images: Mapping[str, Image],
    sizes: Mapping[str, Size],
    gpus: Mapping[str, Gpu],
) -> dict[str, Any]:
    volumes = _mine(catalogue.volumes, identity)
    return {
        "defaults": {"image": catalogue.defaults.image, "size": catalogue.defaults.size},
        "presets": {
            key: {
                "image": preset.options.image if preset.options.image in images else None,
                "size": preset.options.size if preset.options.size in sizes else None,
                "volumes": [name for name in preset.options.volumes or () if name in volumes],
            }
            for key, preset in presets.items()
        },
        "images": {
            key: {"title": image.title, "gpus": [gpu for gpu in image.gpus if gpu in gpus]}
            for key, image in images.items()
        },
        "sizes": {
            key: {
                "title": size.title,
                "cpu": _cpu(size),
                "memory": _memory(size),
                "gpus": [gpu for gpu in gpus if size.gpus is None or gpu in size.gpus],
            }
            for key, size in sizes.items()
        },
        "gpus": {key: {"title": gpu.title, "counts": gpu.counts} for key, gpu in gpus.items()},
    }


@functools.cache
def _template() -> Any:
    environment = Environment(
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.from_string(_text("spawn.html"))


@functools.cache
def _text(name: str) -> str:
    return (resources.files("jupyter_kf_spawner") / "page" / name).read_text(encoding="utf-8")
