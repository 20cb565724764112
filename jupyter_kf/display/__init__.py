"""Records as people see them: text everywhere, HTML in a notebook. Never imports another face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_kf.display.card import as_html, as_text
from jupyter_kf.display.cards import CARDS, card_of
from jupyter_kf.display.reference import MIME, REFERRED, reference

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def text(thing: Any) -> str:
    """A record, or a list of runs, for a terminal."""
    return as_text(card_of(thing))


def html(thing: Any) -> str:
    """A record, or a list of runs, for a notebook."""
    return as_html(card_of(thing))


def bundle(thing: Any) -> dict[str, Any]:
    """A record in every form a notebook may show: text, HTML and, for a run, its reference."""
    told: dict[str, Any] = {"text/plain": text(thing), "text/html": html(thing)}
    referred = reference(thing)
    return {**told, MIME: referred} if referred else told


def register(shell: InteractiveShell) -> None:
    """Teaches a notebook to show our records, wherever they come from."""
    formatter: Any = shell.display_formatter
    for kind in CARDS:
        formatter.formatters["text/html"].for_type(kind, html)
        formatter.formatters["text/plain"].for_type(
            kind, lambda thing, printer, _cycle: printer.text(text(thing))
        )
    for kind in REFERRED:
        formatter.mimebundle_formatter.for_type(kind, _referred)


def _referred(thing: Any, **_: Any) -> dict[str, Any]:
    return {MIME: reference(thing)}


__all__ = ["MIME", "bundle", "html", "reference", "register", "text"]
