"""``%kf`` and ``%%kf``: read the line, call the client, hand the record to the notebook.

Loading is cheap: everything but this file is imported when a line first needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_kf.magics.session import Session


@magics_class
class KfMagics(Magics):
    """The magics of one shell; `session` is made when the first line runs."""

    _session: Session | None = None

    @property
    def session(self) -> Session:
        """The client of this notebook, and how its results are shown."""
        if self._session is None:
            from jupyter_kf.magics.session import Session

            self._session = Session(self.shell)
        return self._session

    @no_var_expand
    @line_cell_magic
    def kf(self, line: str, cell: str | None = None) -> Any:
        """Train, tune, serve and predict from cells, on this machine or on Kubeflow.

        %kf                  where am I
        %kf help             all verbs
        %kf help train       one verb, with its options
        """
        from jupyter_kf.specs.words import fixed

        shell: Any = self.shell
        pieces = []
        for piece, stays in fixed(line):  # a loop: the depth is from here to the user's frame
            pieces.append(piece if stays else shell.var_expand(piece, depth=2))
        return self.session.perform("".join(pieces), cell)


# Ours to show, by name: a client made by hand shows cards too, and nothing is imported for it.
RECORDS = {
    "jupyter_kf.records": (
        *("Run", "RunList", "NameList", "Study", "Endpoint", "Check"),
        *("Dataset", "Transform", "Model"),
    ),
    "jupyter_kf.client.doctor": ("Report",),
    "jupyter_kf.client.compare": ("Comparison",),
    "jupyter_kf.client.lineage": ("Lineage",),
    "jupyter_kf.backends.base": ("Plan", "Resources"),
}


def _show_records(shell: InteractiveShell) -> None:
    formatter: Any = shell.display_formatter
    for module, names in RECORDS.items():
        for name in names:
            formatter.formatters["text/html"].for_type_by_name(module, name, _html)
            formatter.formatters["text/plain"].for_type_by_name(module, name, _text)

    for name in ("Run", "Study", "Endpoint"):
        formatter.mimebundle_formatter.for_type_by_name("jupyter_kf.records", name, _bundle)


def _bundle(record: Any, **_: Any) -> dict[str, Any]:
    from jupyter_kf import display

    return {display.MIME: display.reference(record)}


def _html(record: Any) -> str:
    from jupyter_kf import display

    return display.html(record)


def _text(record: Any, printer: Any, _cycle: bool) -> None:
    from jupyter_kf import display

    printer.text(display.text(record))


def load(shell: InteractiveShell) -> None:
    """Registers the magics, their completion and their inspection."""
    magics = KfMagics(shell)
    shell.register_magics(magics)
    from jupyter_kf.magics.completion import matcher_for
    from jupyter_kf.magics.inspection import hook

    _show_records(shell)
    shell.Completer.custom_matchers.append(matcher_for(magics))
    hook(shell, magics)
