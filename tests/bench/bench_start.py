"""How much does the extension add to a bare IPython, and what does the package pull in?"""

from __future__ import annotations

import subprocess
import sys

from tests.bench.table import Row, interleaved

REPEATS = 9
BARE = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
began = time.perf_counter()
{line}
print(time.perf_counter() - began)
"""
# `%kf help` needs the specs, and so pydantic: what the first line of a notebook costs.
LOAD = "shell.run_line_magic('load_ext', 'jupyter_kf')"
FIRST_LINE = f"{LOAD}\nshell.run_line_magic('kf', 'help')"
HEAVY = ("kubernetes", "optuna", "sklearn", "pandas", "tornado", "pydantic", "numpy", "pyarrow")
PULLED = f"""
import sys
before = set(sys.modules)
import jupyter_kf
pulled = {{name.partition('.')[0] for name in set(sys.modules) - before}}
print(len(pulled & set({HEAVY!r})))
"""


def main() -> list[Row]:
    """Loading, the first line, and heavy packages behind `import jupyter_kf`."""
    measured = interleaved(
        {
            "bare": lambda: printed(BARE.format(line="")),
            "load": lambda: printed(BARE.format(line=LOAD)),
            "first": lambda: printed(BARE.format(line=FIRST_LINE) + "\n"),
            "nothing": lambda: printed("import time; print(0.0)"),
            "import": lambda: printed(
                "import time; began = time.perf_counter()\nimport jupyter_kf\n"
                "print(time.perf_counter() - began)"
            ),
        },
        REPEATS,
    )
    ms = {name: 1000 * seconds for name, seconds in measured.items()}
    return [
        Row(
            "%load_ext jupyter_kf", "bare IPython", ms["bare"], ms["load"], "difference", "ms", 150
        ),
        Row("%load_ext and %kf help", "bare IPython", ms["bare"], ms["first"], "difference", "ms"),
        Row("import jupyter_kf", "nothing", ms["nothing"], ms["import"], "difference", "ms"),
        Row("heavy packages imported", "nothing", 0, printed(PULLED), "difference", "packages", 0),
    ]


def printed(code: str) -> float:
    """The number that a fresh interpreter prints last."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return float(done.stdout.split()[-1])
