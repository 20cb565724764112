"""``jupyter kf VERB ...``: the magics' words in a terminal, with ``--json`` for programs.

Exit codes: 0 done, 1 an error of the caller or of the job, 2 the words could not be read.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jupyter_kf import __version__, display
from jupyter_kf.client import connect
from jupyter_kf.client.rows import json_rows
from jupyter_kf.errors import KfError, SpecError
from jupyter_kf.records import Run, State, Study, plain
from jupyter_kf.verbs import TAKES_CODE, Call, afterwards, explain, perform, read_call

_USAGE = """jupyter kf VERB ... [--json] [--file CODE.py]

  --json        print the result as JSON
  --file PATH   code of transform and train; - reads standard input
  --version     print the version
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; see the module's head for the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that knows only ASCII shows \\xe4
            stream.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in words
    words = [word for word in words if word != "--json"]
    try:
        if words == ["--version"]:
            _print(f"jupyter-kf {__version__}")
            return 0
        if not words or words[0] in ("help", "--help", "-h"):
            return _help(words[1:])
        if words[-1] in ("--help", "-h"):
            return _help(words[:1])
        return _run(words, as_json)
    except KfError as error:
        if as_json:
            _print(json.dumps({"error": error.to_dict()}))
        else:
            sys.stderr.write(f"{_for_shell(str(error))}\n")
        return 2 if isinstance(error, SpecError) else 1
    except BrokenPipeError:  # as in `jupyter kf runs | head`: the reader has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; a run that was started goes on: jupyter kf runs\n")
        return 130


def _run(words: list[str], as_json: bool) -> int:
    code, words = _code(words)
    call = read_call(words)
    if call.verb in TAKES_CODE and code is None:
        raise SpecError(
            1021,
            f"{call.verb} needs code",
            cause="there is no cell on a command line",
            fix=f"jupyter kf {call.verb} ... --file code.py",
        )
    if call.verb == "connect":
        raise SpecError(
            1022,
            "connect is for notebooks",
            cause="each command connects by itself",
            fix="set JUPYTER_KF_BACKEND, JUPYTER_KF_NAMESPACE and JUPYTER_KF_STORE",
        )
    if call.verb == "form":
        raise SpecError(
            1034,
            "form is for notebooks",
            cause="a form is made of widgets, which a terminal can't show",
            fix="write the line: `jupyter kf help` lists the verbs",
        )
    if call.verb == "predict" and call.fields.get("rows") == "-":
        rows = json.dumps(json_rows(sys.stdin.read(), "standard input"))
        call = replace(call, fields={**call.fields, "rows": rows})
    client = connect()
    result = perform(client, call, code, {})
    if isinstance(result, Iterator):
        for line in result:
            _print(line)
        return 0
    _show(call, result, as_json)
    if not as_json and (more := afterwards(client, call)):
        _print(_for_shell(more))
    run = result.run if isinstance(result, Study) else result
    failed = isinstance(run, Run) and run.state in (State.FAILED, State.LOST)
    return 1 if failed else 0


def _show(call: Call, result: Any, as_json: bool) -> None:
    if call.verb == "predict":
        _print(json.dumps(plain(result.to_dict("records")), indent=None if as_json else 1))
    elif as_json:
        _print(json.dumps(plain(result)))
    else:
        _print(_for_shell(display.text(result)))


def _code(words: list[str]) -> tuple[str | None, list[str]]:
    if "--file" not in words:
        return None, words
    at = words.index("--file")
    path = words[at + 1] if at + 1 < len(words) else ""
    rest = words[:at] + words[at + 2 :]
    try:
        return (sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")), rest
    except (OSError, UnicodeError) as error:
        raise SpecError(
            1023,
            f"--file {path} can't be read",
            cause=getattr(error, "strerror", None) or str(error),
            fix="give the path of a file with the cell's code, or - for standard input",
        ) from error


def _help(words: list[str]) -> int:
    if not words:
        _print(_USAGE)
    _print(_for_shell(explain(words[0] if words else None)))
    return 0


def _for_shell(text: str) -> str:
    """A sentence that was written for notebooks."""
    return text.replace("%%kf", "jupyter kf").replace("%kf", "jupyter kf")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
