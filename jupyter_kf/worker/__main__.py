"""``python worker.pyz run RUN_FOLDER``: does what job.json says and leaves outcome.json.

The exit code is 0 when the outcome says ok, 1 when it carries an error. Dying without an outcome
is the supervisor's to explain. Standard library only.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from jupyter_kf.blobs import write_json
from jupyter_kf.errors import BackendError, KfError, SpecError
from jupyter_kf.layout import RunFolder
from jupyter_kf.worker import job as jobs
from jupyter_kf.worker.report import Reporter


def _job(kind: str) -> Callable[[dict[str, Any], RunFolder, Reporter], dict[str, Any]]:
    if kind == "train":
        return jobs.run_train
    if kind == "transform":
        from jupyter_kf.worker import fitting

        return fitting.run
    if kind == "batch":
        from jupyter_kf.worker.batch import run_batch

        return run_batch
    raise SpecError(
        1012,
        f"this worker does not know jobs of kind {kind!r}",
        cause="the job was written by another version of jupyter-kf",
        fix="install the same version on both sides",
    )


def main(argv: list[str]) -> int:
    """Runs one job; see the module's head for the exit code."""
    if len(argv) != 2 or argv[0] != "run":
        sys.stderr.write("usage: worker.pyz run RUN_FOLDER\n")
        return 2
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    folder = RunFolder(argv[1])
    try:
        job = jobs.read(folder)
        kf = Reporter(folder, job["spec"].get("params"))
        if kf.rank == 0:
            write_json(folder.started, {"t": time.time()})
        outputs = _job(job["kind"])(job, folder, kf)
    except KfError as error:
        sys.stderr.write(f"{error}\n")
        return _end(folder, error)
    except MemoryError as error:
        _print_traceback(error)
        return _end(folder, _out_of_memory())
    except Exception as error:
        _print_traceback(error)
        said = jobs.explain(folder, error)
        if said.code == 2050 and not jobs.is_of_cell(folder, error):
            # Whoever sees the last lines only, sees a library's otherwise, and none of the cell.
            sys.stderr.write(f"raised by the cell's {said.cause}\n")
        return _end(folder, said)
    if kf.rank == 0:
        write_json(folder.outcome, {"ok": True, "outputs": outputs, "error": None}, durable=True)
    return 0


def _print_traceback(error: BaseException) -> None:
    """From the user's first line on; whole when there is none, since then the fault is ours."""
    lines = error.__traceback__
    while lines and "/jupyter_kf/" in lines.tb_frame.f_code.co_filename:
        lines = lines.tb_next
    traceback.print_exception(type(error), error, lines or error.__traceback__)


def _end(folder: RunFolder, error: KfError) -> int:
    write_json(folder.outcome, {"ok": False, "outputs": {}, "error": error.to_dict()}, durable=True)
    return 1


def _out_of_memory() -> BackendError:
    return BackendError(
        2052,
        "the job ran out of memory",
        cause="Python could not get the memory it asked for",
        fix="give it more with --memory, or work on fewer rows at a time",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
