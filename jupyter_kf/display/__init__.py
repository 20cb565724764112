"""Records as people see them: text everywhere, HTML in a notebook. Never imports another face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_kf.display.card import Card, as_html, as_text
from jupyter_kf.display.cards import CARDS, card_of
from jupyter_kf.records import Endpoint, Run, Study

MIME = "application/vnd.jupyter-kf.run+json"
"""The type of an output that stays live: `live` says what it holds."""

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def text(thing: Any) -> str:
    """A record, or a list of runs, for a terminal."""
    return as_text(card_of(thing))


def html(thing: Any) -> str:
    """A record, or a list of runs, for a notebook."""
    return as_html(card_of(thing))


def line(told: str, *, wrong: bool = False) -> str:
    """A line of ours as HTML, or what is wrong with it; escaped."""
    return as_html(Card("not yet" if wrong else "", code=told))


def live(thing: Any) -> dict[str, Any] | None:
    """What our front end shows live by: only whose output it is; the rest it fetches by the id.

    None for what does not change: its snapshot is all there is to see.
    """
    run = thing.run if isinstance(thing, Study | Endpoint) else thing
    if not isinstance(run, Run):
        return None
    told = {"format": 1, "id": run.id, "kind": run.kind, "name": run.name}
    return {**told, "endpoint": thing.name} if isinstance(thing, Endpoint) else told


def bundle(thing: Any) -> dict[str, Any]:
    """What a notebook keeps of a thing that may change, beside text and HTML."""
    told = live(thing)
    return {MIME: told} if told else {}


def register(shell: InteractiveShell) -> None:
    """Teaches a notebook to show our records, wherever they come from."""
    formatter: Any = shell.display_formatter
    for changing in (Run, Study, Endpoint):
        formatter.mimebundle_formatter.for_type(changing, lambda thing, **_: bundle(thing))
    for kind in CARDS:
        formatter.formatters["text/html"].for_type(kind, html)
        formatter.formatters["text/plain"].for_type(
            kind, lambda thing, printer, _cycle: printer.text(text(thing))
        )


__all__ = ["MIME", "bundle", "html", "line", "live", "register", "text"]
