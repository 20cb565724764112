"""``python -P -m jupyter_kf.backends.local.trials RUN_FOLDER``: one study, to its end.

Exit code 0 when outcome.json says ok, 1 when it carries an error; ended by SIGTERM when it was
cancelled, with its trials ended before it.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_kf.backends.local.trials.takeover import take_over
from jupyter_kf.blobs import write_json
from jupyter_kf.errors import InternalError, KfError, TuneError
from jupyter_kf.layout import RunFolder
from jupyter_kf.worker import job as jobs

if TYPE_CHECKING:
    from jupyter_kf.backends.local.trials.driver import Driver


class Stopped(BaseException):
    """SIGTERM or SIGINT came."""


def main(argv: list[str]) -> int:
    """Runs the study in a run folder."""
    if len(argv) != 1:
        sys.stderr.write("usage: python -P -m jupyter_kf.backends.local.trials RUN_FOLDER\n")
        return 2
    folder = RunFolder(os.path.abspath(argv[0]))  # noqa: PTH100 - keeps links as they are
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        write_json(folder.started, {"t": time.time()})
        outputs = run(folder, jobs.read(folder))
    except Stopped as stop:
        return _end_by(stop.args[0])
    except KfError as error:
        sys.stderr.write(f"{error}\n")
        return _end(folder, {}, error)
    except Exception as error:
        traceback.print_exc()
        return _end(folder, {}, _bug(error))
    return _end(folder, outputs, None)


def run(folder: RunFolder, job: dict[str, Any]) -> dict[str, Any]:
    """Runs or continues the study; returns its outputs. See `Driver.run` for what it raises."""
    if job.get("resume"):
        take_over(Path(job["resume"]), folder)
    driver = _driver(folder, job)
    try:
        return driver.run()
    except Stopped:
        driver.nursery.close()
        driver.cancelled()
        raise
    finally:
        driver.nursery.close()
        driver.search.close()


def _driver(folder: RunFolder, job: dict[str, Any]) -> Driver:
    try:
        from jupyter_kf.backends.local.trials import driver, nursery, search
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "optuna":
            raise
        raise TuneError(
            2520,
            "tuning needs Optuna, which is not installed here",
            cause=str(error),
            fix='pip install "jupyter-kf[tune]"',
        ) from error
    wanted = search.Wanted.of(job["spec"])
    threads = max(1, driver.cores() // wanted.parallel) if wanted.parallel > 1 else None
    study = search.Search(folder.journal, wanted)
    return driver.Driver(folder, job, wanted, study, nursery.Nursery(folder, threads))


def _stop(number: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise Stopped(number)


def _end_by(number: int) -> int:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number


def _end(folder: RunFolder, outputs: dict[str, Any], error: KfError | None) -> int:
    said = error.to_dict() if error else None
    write_json(
        folder.outcome, {"ok": error is None, "outputs": outputs, "error": said}, durable=True
    )
    return 1 if error else 0


def _bug(error: Exception) -> InternalError:
    return InternalError(
        9025,
        f"the search stopped with {type(error).__name__}: {error}",
        cause="a bug of jupyter-kf; finished trials are kept in the study's journal",
        fix="resume the study, and please report the traceback in its log",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
