"""Records as people see them: text everywhere, HTML in a notebook. Never imports another face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_kf.display.card import as_html, as_text
from jupyter_kf.display.cards import CARDS, card_of

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def text(thing: Any) -> str:
    """A record, or a list of runs, for a terminal."""
    return as_text(card_of(thing))


def html(thing: Any) -> str:
    """A record, or a list of runs, for a notebook."""
    return as_html(card_of(thing))


def register(shell: InteractiveShell) -> None:
    """Teaches a notebook to show our records, wherever they come from."""
    formatter: Any = shell.display_formatter
    for kind in CARDS:
        formatter.formatters["text/html"].for_type(kind, html)
        formatter.formatters["text/plain"].for_type(
            kind, lambda thing, printer, _cycle: printer.text(text(thing))
        )


__all__ = ["html", "register", "text"]
