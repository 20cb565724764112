"""One shape for everything that is shown: a title, facts, a table, notes. Two renderings of it.

Each noun says once what matters about it (`cards.py`); text for terminals and logs and HTML for
notebooks follow. All text from outside is escaped here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

_TONES = {
    "good": "var(--jp-success-color1, #388e3c)",
    "bad": "var(--jp-error-color1, #d32f2f)",
    "busy": "var(--jp-info-color1, #0288d1)",
    "quiet": "var(--jp-ui-font-color2, #616161)",
}


@dataclass(frozen=True)
class Table:
    """Rows under headers; cells are texts."""

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Card:
    """What is shown of one thing.

    Attributes:
        badge: a word about its state, with its tone: good, bad, busy or quiet.
        progress: share done, 0 to 1, drawn as a bar.
        facts: (label, value) pairs.
        notes: sentences below.
        code: text in a fixed-width block.
    """

    title: str
    badge: str = ""
    tone: str = "quiet"
    progress: float | None = None
    facts: Sequence[tuple[str, str]] = ()
    table: Table | None = None
    notes: Sequence[str] = field(default_factory=tuple)
    code: str = ""


def as_text(card: Card) -> str:
    """The card for a terminal, a log or a screen reader."""
    head = f"{card.title}  {card.badge}".rstrip()
    if card.progress is not None:
        head += f"  {card.progress:.0%}"
    lines = [head]
    width = max((len(label) for label, _ in card.facts), default=0)
    lines += [f"  {label:<{width}}  {value}" for label, value in card.facts]
    if card.table and card.table.rows:
        lines += _table_lines(card.table)
    if card.code:
        lines += ["", *card.code.splitlines()]
    lines += [f"  {note}" for note in card.notes]
    return "\n".join(lines)


def as_html(card: Card) -> str:
    """The card for a notebook, in either theme; no script, all values escaped."""
    tone = _TONES[card.tone]
    badge = f'<span style="color:{tone};font-weight:600"> {escape(card.badge)}</span>'
    parts = [f"<div><b>{escape(card.title)}</b>{badge if card.badge else ''}</div>"]
    if card.progress is not None:
        share = min(1.0, max(0.0, card.progress))
        parts.append(
            f'<progress value="{share:.4f}" max="1" aria-label="progress" '
            f'style="width:20em">{share:.0%}</progress> {share:.0%}'
        )
    if card.facts:
        rows = "".join(
            f'<tr><th scope="row" style="{_LABEL}">{escape(label)}</th>'
            f'<td style="{_LEFT}">{escape(value)}</td></tr>'
            for label, value in card.facts
        )
        parts.append(f"<table>{rows}</table>")
    if card.table and card.table.rows:
        parts.append(_html_table(card.table))
    if card.code:
        parts.append(f"<pre>{escape(card.code)}</pre>")
    parts += [f"<div>{escape(note)}</div>" for note in card.notes]
    return f'<div class="jupyter-kf">{"".join(parts)}</div>'


_LEFT = "text-align:left;white-space:pre-wrap"
_LABEL = _LEFT + ";font-weight:normal;opacity:.7"


def _table_lines(table: Table) -> list[str]:
    rows = [list(table.headers), *[list(row) for row in table.rows]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.headers))]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, "  ".join("-" * w for w in widths))
    return ["", *[f"  {line.rstrip()}" for line in lines]]


def _html_table(table: Table) -> str:
    # The corner above the names of rows heads nothing, which a screen reader would call empty.
    head = "".join(
        f'<th scope="col" style="{_LEFT}">{escape(h)}</th>' if h else "<td></td>"
        for h in table.headers
    )
    body = "".join(
        "<tr>" + "".join(f'<td style="{_LEFT}">{escape(cell)}</td>' for cell in row) + "</tr>"
        for row in table.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
