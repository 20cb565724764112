"""``python -P -m jupyter_kf.serving RUN_FOLDER``: serves the model that job.json names.

The exit code is 0 when it was asked to end, 1 when outcome.json carries an error.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
import traceback
from collections.abc import Coroutine
from typing import Any

from jupyter_kf.blobs import write_json
from jupyter_kf.errors import InternalError, KfError
from jupyter_kf.layout import RunFolder

_SWITCH_S = 0.001
"""Longest that one thread keeps the interpreter: the loop answers while the model computes."""


def main(argv: list[str]) -> int:
    """Runs one endpoint; see the module's head for the exit code."""
    if len(argv) != 1:
        sys.stderr.write("usage: python -m jupyter_kf.serving RUN_FOLDER\n")
        return 2
    folder = RunFolder(argv[0])
    gc.disable()  # until the libraries are imported
    try:
        outputs = _run(_serve(folder))
    except KfError as error:
        sys.stderr.write(f"{error}\n")
        return _end(folder, error)
    except Exception as error:
        traceback.print_exc()
        return _end(folder, _bug(error))
    write_json(folder.outcome, {"ok": True, "outputs": outputs, "error": None}, durable=True)
    return 0


async def _serve(folder: RunFolder) -> dict[str, Any]:
    from jupyter_kf.serving.process import Endpoint
    from jupyter_kf.serving.settings import read_settings
    from jupyter_kf.worker import model
    from jupyter_kf.worker.job import read

    write_json(folder.started, {"t": time.time()})
    settings = read_settings(read(folder))
    sys.setswitchinterval(_SWITCH_S)
    endpoint = Endpoint(settings, folder, model.load)
    gc.freeze()  # the libraries stay as long as the process: no collection looks at them again
    gc.enable()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, endpoint.end, "it was asked to")
    return await endpoint.run()


def _run(work: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    try:
        import uvloop
    except ImportError:  # as on Windows
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _end(folder: RunFolder, error: KfError) -> int:
    write_json(folder.outcome, {"ok": False, "outputs": {}, "error": error.to_dict()}, durable=True)
    return 1


def _bug(error: Exception) -> InternalError:
    return InternalError(
        9021,
        f"the endpoint ended by {type(error).__name__}: {error}",
        cause="a bug of ours; the log has the traceback",
        fix="please report it with the log",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
