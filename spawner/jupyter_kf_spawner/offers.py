"""Which of the catalogue's offers does this person mean, and what do the presets add?

Nobody learns of an offer that is for others. Pure. May import `catalogue.models`, `asked`,
`resolved`, `errors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from jupyter_kf_spawner.asked import Asked
from jupyter_kf_spawner.catalogue.models import Catalogue, Choices, Offer
from jupyter_kf_spawner.errors import Refusal, did_you_mean, sentence, shown
from jupyter_kf_spawner.resolved import Identity

O = TypeVar("O", bound=Offer)  # noqa: E741 - the usual letter of a type variable


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


def titles(identity: Identity, offers: Mapping[str, Offer], names: Iterable[str]) -> str:
    """Those of the names that this person may choose, as a choice between titles; "" for none."""
    mine = (offers[name] for name in names if name in offers)
    return " or ".join(offer.title for offer in mine if offer.is_for(identity.groups))
