"""``python -m tests.bench [NAME ...]``: every figure, each against its baseline, in one table.

A bench is a module ``bench_<name>.py`` with ``main() -> list[Row]``. One that fails, or takes
longer than `LONGEST_S` (its own where it has one), is shown with its traceback and the others go
on. Exit code 1 when a bound is not kept or a bench failed.
"""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.bench.table import Row, show
from tests.leftovers import end_all

LONGEST_S = 300
"""Of one bench. On a quiet machine none takes half of it."""


def main(names: list[str]) -> int:
    """Runs the benches that are named, or all."""
    every = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    chosen = [f"bench_{name.removeprefix('bench_')}" for name in names] or every
    unknown = [name for name in chosen if name not in every]
    if unknown:
        print(f"no {', '.join(unknown)}; there are {', '.join(every)}", file=sys.stderr)
        return 2
    # As a user has it: bytecode is kept, one's own store is not touched.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # As a run has it (see the local back end's planning): the baselines' OpenMP threads, too, wait
    # without spinning. Spinning, they made this process's fits and calls take ten times as long
    # whenever anything else ran.
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    work = Path(tempfile.mkdtemp(prefix="kf-"))
    os.environ["JUPYTER_KF_STORE"] = str(work / "store")
    os.environ["JUPYTER_KF_RUNTIME_DIR"] = str(work / "r")
    os.environ["IPYTHONDIR"] = str(work / "ipython")
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGALRM, _too_long)
    rows: list[Row] = []
    failed = []
    try:
        for name in chosen:
            print(f"{name} ...", end="", file=sys.stderr, flush=True)
            began = time.monotonic()
            signal.alarm(LONGEST_S)
            try:
                bench = importlib.import_module(f"tests.bench.{name}")
                signal.alarm(getattr(bench, "LONGEST_S", LONGEST_S))
                rows += bench.main()
            except Exception:
                failed.append(name)
                traceback.print_exc()
            finally:
                signal.alarm(0)
            print(f" {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    finally:
        end_all(work)
        shutil.rmtree(work, ignore_errors=True)
    print(show(rows))
    over = [row.name for row in rows if not row.ok]
    print(f"\n{len(rows) - len(over)} of {len(rows)} within bounds, {len(failed)} benches failed")
    return 1 if over or failed else 0


def _too_long(*_: object) -> None:
    raise TimeoutError("it takes too long")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
