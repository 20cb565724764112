"""One notebook's conversation with the client: parse, perform, bind, show."""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Any

from jupyter_kf.capture.parse import parse_cell
from jupyter_kf.client import Client, connect
from jupyter_kf.errors import SpecError
from jupyter_kf.magics.live import LiveRun
from jupyter_kf.magics.origin import with_cell
from jupyter_kf.records import Run, State, Study, Transform
from jupyter_kf.specs import SPECS, TrainSpec
from jupyter_kf.specs.queries import FormQuery
from jupyter_kf.verbs import TAKES_CODE, Call, afterwards, explain, perform, read_call, words_of


class Interrupted(KeyboardInterrupt):
    """Somebody stopped waiting: a sentence instead of the lines of ours that waited."""

    def _render_traceback_(self, *_: Any) -> list[str]:
        return [str(self)]


class Session:
    """What a shell's magics share.

    Args:
        shell: IPython's.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._client: Client | None = None

    @property
    def shell(self) -> Any:
        """IPython's."""
        return self._shell

    @property
    def client(self) -> Client:
        """Connected by the environment until ``%kf connect`` says otherwise."""
        if self._client is None:
            self._client = connect()
        return self._client

    def perform(self, line: str, cell: str | None) -> Any:
        """One ``%kf`` line or ``%%kf`` cell; returns what the notebook shows as its output."""
        words = words_of(line)
        if not words:
            return self._where()
        call = read_call(words)
        if call.verb == "connect":
            return self._connect(call)
        if call.verb == "help":
            return self._say(explain(call.fields.get("verb")))
        if call.verb == "form":
            return self._bind(call, self._form(call))
        if call.verb == "logs":
            return self._logs(call)
        _check_cell(call, cell)
        if cell is not None:
            cell = "\n" + cell  # the line of the magic: errors name a line as the notebook counts
        if call.options.inline:
            return self._inline(call, cell or "")
        result = self._bind(call, self._perform(call, cell))
        if more := afterwards(self.client, call):
            self._say(more)
        run = result.run if isinstance(result, Study) else result
        asked_for = call.verb in SPECS  # a look at a failed run shows it whole
        if asked_for and isinstance(run, Run) and run.state is State.FAILED and run.error:
            raise run.error
        return result

    def _perform(self, call: Call, cell: str | None) -> Any:
        live = LiveRun(self._shell)
        self.client.origin = with_cell(self.client.origin, self._shell)
        self.client.on_look = live.look
        try:
            return perform(self.client, call, cell, self._shell.user_ns)
        except KeyboardInterrupt:
            raise Interrupted(live.goes_on()) from None
        finally:
            live.close()
            self.client.on_look = None

    def _bind(self, call: Call, result: Any) -> Any:
        self._shell.user_ns["_kf"] = result
        if call.options.bind_to:
            self._shell.user_ns[call.options.bind_to] = result
        if isinstance(result, Transform):
            self._bind_transform(result)
        return result

    def _bind_transform(self, made: Transform) -> None:
        """Under its own name, unless the notebook has something else of that name."""
        name, names = made.name.replace("-", "_"), self._shell.user_ns
        if isinstance(names.get(name, made), Transform | FunctionType):
            names[name] = made
        else:
            kind = type(names[name]).__name__
            self._say(f"`{name}` stays the {kind} that it is; the transform is in `_kf`")

    def _form(self, call: Call) -> Any:
        from jupyter_kf.magics import forms  # ipywidgets with it

        return forms.make(self, FormQuery.of(**call.fields))

    def _inline(self, call: Call, cell: str) -> None:
        if call.verb != "train":
            raise SpecError(
                1018,
                f"--inline does not go with {call.verb}",
                cause="only a train cell has names to bind in this kernel",
                fix="run the code in a plain cell",
            )
        parse_cell(cell)  # a syntax error is said at its line, as for a job
        self._shell.push(self.client.bindings(TrainSpec.of(**call.fields)))
        ended = self._shell.run_cell(cell)
        if ended.error_in_exec is not None:  # which the inner cell has shown, whole
            ended.error_in_exec._render_traceback_ = lambda *_: []
        ended.raise_error()

    def _connect(self, call: Call) -> Any:
        self._client = connect(**call.fields)
        return self._where()

    def _logs(self, call: Call) -> None:
        try:
            for line in perform(self.client, call, None, {}):
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
        except KeyboardInterrupt:
            self._say("Following was ended; the run is as it was: `%kf runs`")

    def _where(self) -> None:
        client = self.client
        now = [run for run in client.runs() if not run.state.ended]
        lines = [
            f"backend    {client.backend.name}",
            *([f"namespace  {client.namespace}"] if client.namespace else []),
            f"store      {client.store.root}",
            f"running    {len(now)}",
            *[f"  {run.id}  {run.kind}  {run.state}" for run in now],
            "",
            "`%kf help` lists the verbs.",
        ]
        self._say("\n".join(lines))

    @staticmethod
    def _say(text: str) -> None:
        sys.stdout.write(text + "\n")


def _check_cell(call: Call, cell: str | None) -> None:
    if cell is None or call.verb in TAKES_CODE:
        return
    raise SpecError(
        1019,
        f"{call.verb} takes no cell",
        cause=f"the line begins with %%kf, but {call.verb} runs no code",
        fix=f"write `%kf {call.verb} ...` with one %, and the code in another cell",
    )
