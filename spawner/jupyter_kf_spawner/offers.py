"""Which of the catalogue's offers does this person mean, and what do the presets add?

Nobody learns of an offer that is for others. Pure. May import `catalogue.models`, `asked`,
`resolved`, `errors`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from jupyter_kf_spawner.asked import Asked
from jupyter_kf_spawner.catalogue.models import Catalogue, Choices, Offer
from jupyter_kf_spawner.errors import Refusal, did_you_mean, sentence, shown
from jupyter_kf_spawner.resolved import Identity

O = TypeVar("O", bound=Offer)  # noqa: E741 - the usual letter of a type variable

_LONGEST = 100


def merged(catalogue: Catalogue, identity: Identity, asked: Asked) -> Choices:
    """The presets' options in the order given, over the catalogue's defaults.

    Raises:
        Refusal: two presets set one option to different values.
    """
    merged = catalogue.defaults.model_dump(exclude_none=True)
    set_by: dict[str, str] = {}
    volumes: list[str] = list(merged.get("volumes", ()))
    for name in asked.preset:
        preset = one_of("preset", name, catalogue.presets, identity)
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


def one_of(field: str, name: str, offers: Mapping[str, O], identity: Identity) -> O:
    """The offer of that name, if this person may have it; nobody learns what others may."""
    offer = offers.get(name)
    if offer is None or not offer.is_for(identity.groups):
        mine = [key for key, other in offers.items() if other.is_for(identity.groups)]
        raise Refusal(
            field,
            f"there is no {'volume' if field == 'volumes' else field} {shown(name)} for you",
            fix=sentence(did_you_mean(name, mine)),
            field=field,
        )
    return offer


def named(catalogue: Catalogue, identity: Identity, options: object, refusal: Refusal) -> Refusal:
    """The refusal; where a title stands for a name, or nearly one, with that name as its fix."""
    sections: dict[str, Mapping[str, Offer]] = {
        "preset": catalogue.presets,
        "image": catalogue.images,
        "size": catalogue.sizes,
        "gpu": catalogue.gpus,
        "volumes": catalogue.volumes,
    }
    field = refusal.field
    given = options.get(field) if isinstance(options, Mapping) else None
    for value in given if isinstance(given, list | tuple) and len(given) == 1 else (given,):
        if field not in sections or not isinstance(value, str) or len(value) > _LONGEST:
            continue
        mine = {k: one for k, one in sections[field].items() if one.is_for(identity.groups)}
        word = value.strip().casefold()
        by_title = [key for key, one in mine.items() if one.title.casefold() == word]
        for name in by_title or difflib.get_close_matches(word, mine, n=1):
            return Refusal(refusal.reason, refusal.what, fix=f"Write {name}", field=field)
    return refusal


def titles(identity: Identity, offers: Mapping[str, Offer], names: Iterable[str]) -> str:
    """Those of the names that this person may choose, as a choice between titles; "" for none."""
    mine = (offers[name] for name in names if name in offers)
    return " or ".join(offer.title for offer in mine if offer.is_for(identity.groups))
