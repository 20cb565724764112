"""Is this cell Python, and if not, at which line does it stop being so?

A cell is refused before anything is submitted. IPython's own syntax is not Python: line magics
that only set the notebook up (`HARMLESS`) are commented out, with every line kept in its place;
everything else of IPython is refused with its line. Imports `errors` only.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from jupyter_kf.errors import CaptureError

HARMLESS = frozenset(
    {"matplotlib", "config", "load_ext", "reload_ext", "autoreload", "precision", "autoawait"}
)
"""Line magics that change how the notebook shows things, and nothing that a job computes."""

_MAGIC = re.compile(r"\s*%(\w+)")
_IPYTHON = re.compile(r"\s*(%|!|\?)|.*(?<![=!<>])=\s*[!%]\s*\w|[^#'\"]*\?\s*$")


@dataclass(frozen=True)
class Cell:
    """A cell that is Python.

    Attributes:
        source: the text as it will run; has the lines of what was typed.
        tree: its syntax tree.
        left_out: the harmless magics that were commented out, as ``(line, text)``.
    """

    source: str
    tree: ast.Module
    left_out: tuple[tuple[int, str], ...] = ()


def parse_cell(source: str) -> Cell:
    """The cell as Python.

    Raises:
        CaptureError: kf-1201 a syntax error, kf-1202 IPython's syntax, kf-1206 an empty cell;
            each names the line.
    """
    lines = source.splitlines()
    left_out: list[tuple[int, str]] = []
    while True:
        text = "\n".join(lines) + "\n" if lines else ""
        try:
            tree = ast.parse(text)
            compile(tree, "<cell>", "exec", dont_inherit=True)
        except SyntaxError as error:
            n = _leave_out(lines, error)
            if n is None:
                raise _explained(error, lines) from None
            left_out.append((n + 1, lines[n].strip()))
            indent = lines[n][: len(lines[n]) - len(lines[n].lstrip())]
            word = "pass  # " if indent else "# "
            lines[n] = f"{indent}{word}{lines[n].strip()} (left out: IPython only)"
            continue
        except (ValueError, RecursionError, MemoryError) as error:
            raise _unreadable(error) from None
        break
    if not tree.body:
        raise CaptureError(
            1206,
            "the cell is empty",
            cause="below its first line there is no code, so there is nothing to run",
            fix="write the code below the `%%kf` line",
        )
    return Cell(text, tree, tuple(left_out))


def _leave_out(lines: list[str], error: SyntaxError) -> int | None:
    n = (error.lineno or 0) - 1
    if not 0 <= n < len(lines):
        return None
    magic = _MAGIC.match(lines[n])
    return n if magic and magic[1] in HARMLESS else None


def _explained(error: SyntaxError, lines: list[str]) -> CaptureError:
    n = error.lineno or 1
    line = lines[n - 1] if 0 < n <= len(lines) else (error.text or "").rstrip("\n")
    if "'await' outside" in (error.msg or ""):
        return CaptureError(
            1202,
            f"line {n} of the cell awaits at the top level: {line.strip()}",
            cause="a notebook runs an event loop around each cell; a job runs plain Python",
            fix="put it into `async def main(): ...` and call `asyncio.run(main())`",
        )
    if _IPYTHON.match(line):
        return CaptureError(
            1202,
            f"line {n} of the cell is IPython's, not Python's: {line.strip()}",
            cause="a job runs plain Python: magics, `!` and `?` exist in the notebook only",
            fix=_instead(line.strip()),
        )
    column = max((error.offset or 1) - 1, 0)
    shown = f"\n    {line}\n    {' ' * min(column, len(line))}^" if line.strip() else ""
    return CaptureError(
        1201,
        f"line {n} of the cell: {error.msg}{shown}",
        cause="the cell is not valid Python, so nothing was submitted",
        fix=f"correct line {n} and run the cell again",
    )


def _instead(line: str) -> str:
    if line.startswith(("!pip", "%pip", "!conda", "%conda")):
        return "install it in a cell of its own before; the job uses the kernel's packages"
    if line.startswith("!") or re.search(r"=\s*!", line):
        return "call `subprocess.run([...], check=True)`, or run it in another cell before"
    if line.startswith(("%time", "%%time")):
        return "remove the timing: a run shows how long it took"
    if line.startswith("%%"):
        return "remove it: a cell has one cell magic, on its first line"
    return "move the line to another cell, or remove it"


def _unreadable(error: BaseException) -> CaptureError:
    return CaptureError(
        1201,
        f"the cell can't be read as Python: {error or type(error).__name__}",
        cause="the cell is not valid Python, so nothing was submitted",
        fix="remove what is not text, or split an expression that is nested too deeply",
    )
