"""Records as people see them: text everywhere, HTML in a notebook. Never imports another face."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from jupyter_kf.display.card import Card, as_html, as_text
from jupyter_kf.display.cards import card_of
from jupyter_kf.display.reference import MIME, goes_on, reference
from jupyter_kf.display.values import moment


def text(thing: Any) -> str:
    """A record, or a list of runs, for a terminal."""
    return as_text(card_of(thing))


def html(thing: Any) -> str:
    """A record, or a list of runs, for a notebook.

    Of what goes on it says when it was so: a viewer without our front end shows it for ever.
    """
    card = card_of(thing)
    if goes_on(thing):
        card = replace(card, notes=(*card.notes, f"as it was at {moment(time.time())}"))
    return as_html(card)


def bundle(thing: Any) -> dict[str, Any]:
    """A record in every form a notebook may show: text, HTML and, for a run, its reference."""
    told: dict[str, Any] = {"text/plain": text(thing), "text/html": html(thing)}
    referred = reference(thing)
    return {**told, MIME: referred} if referred else told


def line(told: str, *, wrong: bool = False) -> str:
    """A line of ours as HTML, or what is wrong with it; escaped."""
    return as_html(Card("not yet" if wrong else "", code=told))


__all__ = ["MIME", "bundle", "html", "line", "reference", "text"]
