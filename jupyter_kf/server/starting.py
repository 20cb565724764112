"""Starting what was asked: the client's verbs with fields and code from a request. For threads.

What would load data or a model runs aside, in a child process. May import `client`, `specs`.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from jupyter_kf.backends.base import Plan
from jupyter_kf.client import Client, known
from jupyter_kf.client.again import spec_again
from jupyter_kf.errors import InternalError, KfError, SpecError
from jupyter_kf.names import versioned
from jupyter_kf.records import Check, Dataset, Endpoint, Run, Study
from jupyter_kf.server import aside
from jupyter_kf.server.answers import Cell, Draft, Mistake, Planned
from jupyter_kf.server.asking import CellBody, StartBody
from jupyter_kf.server.papers import code_of
from jupyter_kf.specs import SPECS, DataSpec
from jupyter_kf.specs.base import JobSpec
from jupyter_kf.specs.line import cell_of
from jupyter_kf.specs.queries import CallOptions
from jupyter_kf.verbs import TAKES_CODE, VERBS


def body_of(verb: str) -> type[BaseModel]:
    """What a verb's request holds, for the document: the verb's own spec, and its code."""
    code: dict[str, Any] = {"code": (str, ...)} if verb in TAKES_CODE else {}
    made: type[BaseModel] = create_model(
        f"{verb.capitalize()}Body",
        __config__=ConfigDict(extra="forbid"),
        __doc__=f"What {verb} is asked.",
        fields=(SPECS[verb], ...),
        **code,
    )
    return made


def start(client: Client, verb: str, asked: StartBody) -> Run:
    """Starts a job; returns its run.

    Raises:
        KfError: as of the client's method; nothing was started.
    """
    fields = dict(asked.fields)
    SPECS[verb].of(**fields)  # says what is missing or malformed, in the spec's words
    if verb in TAKES_CODE:
        told = getattr(client, verb)(_code(verb, asked), scope={}, wait=False, **fields)
    else:
        _refuse_code(verb, asked)
        told = getattr(client, verb)(wait=False, **fields)
    return _run(told)


def plan(client: Client, verb: str, asked: StartBody) -> Planned:
    """What would be started; nothing is."""
    fields = dict(asked.fields)
    SPECS[verb].of(**fields)
    code = _code(verb, asked) if verb in TAKES_CODE else None
    told: Plan = client.plan(verb, code, scope={}, **fields)
    return Planned(
        run_id=told.run_id,
        backend=told.backend,
        kind=told.kind,
        spec=told.spec.model_dump(mode="json"),
        objects=told.objects,
        unsupported=told.unsupported,
        notes=told.notes,
    )


def snapshot(client: Client, asked: StartBody) -> Dataset:
    """A dataset from files that the server can read; read in a child process."""
    _refuse_code("data", asked)
    spec: DataSpec = DataSpec.of(**asked.fields)
    job = {"client": aside.settings(client), **spec.model_dump(mode="json")}
    told = _aside("snapshot", job, patience_s=None)
    return client.get_data(versioned(told["name"], told["version"]))


def check(client: Client, name: str) -> Check:
    """A parity check, in a child process: a model's code is never run in the server."""
    told = _aside("check", {"client": aside.settings(client), "name": name})
    return Check(told["subject"], told["ok"], tuple(told["findings"]), told["facts"])


def draft(client: Client, asked: CellBody) -> Draft:
    """The cell that asks for this, or all that is wrong with it; by the store too, if asked.

    Raises:
        SpecError: kf-1016, there is no such verb.
    """
    kind = VERBS.get(asked.verb)
    if kind is None:
        from jupyter_kf.verbs import read_call

        read_call([asked.verb])  # says which verbs there are
        raise AssertionError("unreachable")
    shared = CallOptions.model_fields if issubclass(kind, JobSpec) else {}
    own = {name: value for name, value in asked.fields.items() if name not in shared}
    said = {name: value for name, value in asked.fields.items() if name in shared}
    request, wrong = known.read(kind, own)
    options, odd = known.read(CallOptions, said)
    wrong += odd
    if asked.known:
        bad = {one.field for one in wrong}
        right = {name: value for name, value in own.items() if name not in bad}
        missing = known.unknown(client.store, kind, right)
        wrong += missing or (known.unfit(client.store, client.backend, request) if request else [])
    if request is None or options is None or wrong:
        return Draft(None, tuple(_mistake(one) for one in wrong))
    code = asked.code if asked.verb in TAKES_CODE else None
    try:
        return Draft(cell_of(request, code, options), ())
    except KfError as error:  # a value that no line can hold
        return Draft(None, tuple(_mistake(one) for one in error.each))


def _mistake(error: KfError) -> Mistake:
    return Mistake(**error.to_dict(), field=error.field or None)


def cell_of_run(client: Client, run_id: str) -> Cell:
    """The cell that would make this run again, of the same rows, transform and model."""
    run = client.run(run_id)
    spec = spec_again(client.store, run)
    folder = client.store.runs.folder(run.id)
    return Cell(cell_of(spec, code_of(folder) if run.kind in TAKES_CODE else None))


def _code(verb: str, asked: StartBody) -> str:
    if asked.code and asked.code.strip():
        return asked.code
    raise SpecError(
        1031,
        f"{verb} needs `code`",
        cause="it runs a cell, and the request has none",
        fix="send the cell's text as `code`",
    )


def _refuse_code(verb: str, asked: StartBody) -> None:
    if asked.code:
        raise SpecError(
            1032,
            f"{verb} takes no code",
            cause="the request has a `code`, but nothing would run it",
            fix="leave `code` out",
        )


def _run(told: Run | Study | Endpoint) -> Run:
    return told if isinstance(told, Run) else told.run


def _aside(job: str, asked: dict[str, Any], **more: Any) -> Any:
    try:
        return aside.run(job, json.dumps(asked).encode(), **more)
    except aside.Failed as error:
        raise InternalError(
            9031,
            f"the child process for {job} failed",
            cause=str(error),
            fix="try it in a notebook: `%kf doctor` says what is missing",
        ) from error
