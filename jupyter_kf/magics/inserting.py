"""A cell put into the notebook by a widget's button.

IPython's own way hands the text back with the reply to a cell, and a button has none: it would
come with the next cell that is run. So a notebook's kernel tells our front end, by a comm, which
inserts the cell and answers where; a front end without our extension closes the comm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

TARGET = "jupyter-kf:insert-cell"


def insert(shell: Any, cell: str, say: Callable[[str], None]) -> None:
    """Inserts the cell; `say` is given a sentence when a front end has answered."""
    if not hasattr(shell, "kernel"):
        shell.set_next_input(cell)  # a terminal: the next prompt has it
        return
    from comm import create_comm

    line = create_comm(target_name=TARGET, data={"cell": cell})
    answered: list[bool] = []

    def done(message: dict[str, Any]) -> None:
        told = message["content"]["data"]
        answered.append(True)
        say(f"It is cell {told['place']} of {told['path']} now; run it there.")

    def closed(_: dict[str, Any]) -> None:
        if not answered:
            say("This front end can't insert a cell: copy the lines above into one.")

    line.on_msg(done)
    line.on_close(closed)
