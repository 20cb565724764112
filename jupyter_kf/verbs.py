"""Words into a call, a call into a client's method: what the magics and the CLI have in common.

``train delay --data flights --param lr=0.1`` is parsed by the verb's spec, performed by the
client's method of the same name, and its result is a record that the face renders.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_kf.client.rows import KINDS
from jupyter_kf.client.showing import beside
from jupyter_kf.errors import KfError, NotFound, SpecError, did_you_mean
from jupyter_kf.specs import SPECS, queries
from jupyter_kf.specs.base import JobSpec, Request
from jupyter_kf.specs.flags import Flag, flags_of, help_text, literal, parse
from jupyter_kf.specs.words import split

if TYPE_CHECKING:
    from jupyter_kf.client import Client

_WAITS = {"transform": True}
_QUERIES = (
    queries.PredictQuery,
    queries.CheckQuery,
    queries.RunsQuery,
    queries.ListQuery,
    queries.ShowQuery,
    queries.LogsQuery,
    queries.CancelQuery,
    queries.StopQuery,
    queries.CompareQuery,
    queries.LineageQuery,
    queries.PromoteQuery,
    queries.ResourcesQuery,
    queries.DoctorQuery,
    queries.FormQuery,
    queries.ConnectQuery,
    queries.HelpQuery,
)
VERBS: dict[str, type[Request]] = {
    **SPECS,
    **{query.kind: query for query in _QUERIES},
}
TAKES_CODE = frozenset({"transform", "train"})


@dataclass(frozen=True)
class Call:
    """A verb with its fields, and how it is called."""

    verb: str
    fields: Mapping[str, Any]
    options: queries.CallOptions


def words_of(line: str) -> list[str]:
    """A line's words; quotes and brackets hold one together.

    Raises:
        SpecError: kf-1015, a quote that is not closed.
    """
    try:
        return split(line)
    except ValueError as error:
        raise SpecError(
            1015,
            f"the line can't be read: {str(error).lower()}",
            cause=f"in: {line.strip()}",
            fix="close the quote",
        ) from error


def read_call(words: Sequence[str]) -> Call:
    """The call that the words ask for.

    Raises:
        SpecError: kf-1016 no such verb, and those of `flags.parse`.
    """
    verb, *rest = words
    if verb in ("--help", "-h"):
        return Call("help", {}, queries.CallOptions())
    if verb not in VERBS:
        raise SpecError(
            1016,
            f"there is no verb `{verb}`",
            cause=did_you_mean(verb, VERBS),
            fix="`%kf help` lists them all",
        )
    if "--help" in rest or "-h" in rest:
        return Call("help", {"verb": verb}, queries.CallOptions())
    fields = parse(requests_of(verb), rest)
    own = queries.CallOptions.model_fields
    options = queries.CallOptions.of(**{k: v for k, v in fields.items() if k in own})
    return Call(verb, {k: v for k, v in fields.items() if k not in own}, options)


def requests_of(verb: str) -> tuple[type[Request], ...]:
    """What a verb's words are parsed by: its own request, and the options of jobs."""
    return (VERBS[verb], queries.CallOptions)


def offered(verb: str) -> list[Flag]:
    """The flags that mean something to a verb: what help, completion and forms show."""
    kind = VERBS[verb]
    options = flags_of(queries.CallOptions) if issubclass(kind, JobSpec) else []
    return [
        *(flag for flag in flags_of(kind) if flag.field not in kind.idle),
        *(flag for flag in options if verb == "train" or flag.field != "inline"),
    ]


def explain(verb: str | None) -> str:
    """The help text of a verb, or the list of verbs."""
    if verb is None:
        width = max(map(len, VERBS)) + 2
        rows = [f"  {v:<{width}}{(r.__doc__ or '').splitlines()[0]}" for v, r in VERBS.items()]
        return "\n".join(["%kf VERB ...", "", *rows, "", "`%kf help VERB` explains one."])
    if verb not in VERBS:
        raise SpecError(
            1016,
            f"there is no verb `{verb}`",
            cause=did_you_mean(verb, VERBS),
            fix="`%kf help` lists them all",
        )
    places = " ".join(flag.flag for flag in flags_of(VERBS[verb]) if flag.positional)
    sign = "%%kf" if verb in TAKES_CODE else "%kf"
    usage = f"{sign} {verb} {places}".rstrip() + " [options]"
    return help_text(VERBS[verb].__doc__ or "", offered(verb), usage)


def perform(client: Client, call: Call, code: str | None, scope: Mapping[str, Any]) -> Any:
    """Does what the call asks; returns a record, a list of records, or lines of text.

    Args:
        code: the cell's body, for the verbs that take one.
        scope: the notebook's names; empty for the CLI.
    """
    if call.verb in SPECS and "name" not in call.fields:
        VERBS[call.verb].of(**call.fields)  # says that the name is missing
    if call.options.dry_run:
        return client.plan(call.verb, code, scope=scope, **call.fields)
    if call.verb in TAKES_CODE:
        _check_code(call, code)
        method: Callable[..., Any] = getattr(client, call.verb)
        return method(code, scope=scope, **_waiting(call), **call.fields)
    if call.verb in ("tune", "serve", "batch"):
        return getattr(client, call.verb)(**_waiting(call), **call.fields)
    return _QUICK[call.verb](client, VERBS[call.verb].of(**call.fields), scope)


def _waiting(call: Call) -> dict[str, bool]:
    wait = call.options.wait
    return {"wait": _WAITS.get(call.verb, False) if wait is None else wait}


def _check_code(call: Call, code: str | None) -> None:
    if (code and code.strip()) or call.fields.get("source"):
        return
    raise SpecError(
        1017,
        f"{call.verb} needs a cell to run",
        cause=f"there is no code below `%%kf {call.verb}`",
        fix=f"begin the cell with `%%kf {call.verb} ...` (two %) and write the code below",
    )


def _data(client: Client, query: Any, scope: Mapping[str, Any]) -> Any:
    source = query.source
    if source in scope:
        source = scope[source]
    elif scope and not _exists(source):
        if source.isidentifier():
            raise no_name("data", source, scope)
        source = _computed("data", source, scope)
    return client.data(query.name, source, time=query.time)


def _predict(client: Client, query: Any, scope: Mapping[str, Any]) -> Any:
    if query.rows in scope:
        return client.predict(query.name, scope[query.rows])
    rows = literal(query.rows)
    if isinstance(rows, str) and scope and not _exists(query.rows):
        rows = _computed("predict", query.rows, scope)
    if isinstance(rows, str):
        if not _is_path(query.rows, in_shell=not scope):
            raise _no_rows(query.rows, scope)
        rows = Path(query.rows)
    return client.predict(query.name, rows)


def _is_path(text: str, *, in_shell: bool) -> bool:
    """Whether a text that is neither a name nor JSON means a file, there or not."""
    if text[:1] in "[{" or "\n" in text:
        return False
    if in_shell and text.isidentifier():
        return True  # there are no variables
    return Path(text).suffix.lower() in KINDS or "/" in text or _exists(text)


def _exists(path: str) -> bool:
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # too long for a path, or ~nobody
        return Path(path).expanduser().exists()
    return False


def _computed(verb: str, text: str, scope: Mapping[str, Any]) -> Any:
    """What an expression over the notebook's names, as ``df.head(3)``, gives; else the text.

    Its first name tells it from a path: ``data/flights.parquet`` is Python too.

    Raises:
        NotFound: kf-1110, the notebook has not what it begins with.
        SpecError: kf-1040, it can't be computed.
    """
    try:
        found: ast.AST = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    if isinstance(found, ast.Constant) or (Path(text).suffix.lower() in KINDS):
        return text
    if isinstance(found, ast.Attribute | ast.Call | ast.Subscript):
        path_like = isinstance(found, ast.Attribute)  # as notes.txt
        while isinstance(found, ast.Attribute | ast.Call | ast.Subscript):
            found = found.func if isinstance(found, ast.Call) else found.value
        if not isinstance(found, ast.Name) or (path_like and found.id not in scope):
            return text
        if found.id not in scope and not hasattr(builtins, found.id):
            raise no_name(verb, found.id, scope)
    elif not isinstance(found, ast.Dict | ast.List | ast.ListComp):
        return text
    try:
        return eval(text, dict(scope))  # noqa: S307 - the notebook's user typed it, in the notebook
    except Exception as error:
        raise SpecError(
            1040,
            f"{verb}: `{text[:80]}` can't be computed",
            cause=f"{type(error).__name__}: {error}",
            fix="try it in a cell of its own first",
        ) from error


def _no_rows(text: str, scope: Mapping[str, Any]) -> KfError:
    """The error for rows that are neither a name of the notebook nor readable JSON."""
    if text.isidentifier():
        return no_name("predict", text, scope)
    try:
        json.loads(text)
        said = "a text"
    except ValueError as error:
        said = str(error)
    name, fix = "neither a file", "give the path of a file, or - for JSON on standard input"
    if scope:
        name = "neither a name in the notebook, nor a file"
        fix = "name the rows in a cell before (rows = ...), and write `%kf predict NAME rows`"
    return SpecError(
        1024,
        "predict: the rows can't be read",
        cause=f"they are {name}, nor JSON ({said}): {text[:80]}",
        fix=fix,
    )


def _logs(client: Client, query: Any) -> Iterator[str]:
    """The lines of a run; of a run that was asked for by name, first which run it is."""
    run = client.meant(query.run)
    lines = client.logs(run.id, query.follow, query.tail)
    if query.run == run.id:
        return lines
    return itertools.chain([f"[{run.kind} run {run.id}, {run.state}]"], lines)


def afterwards(client: Client, call: Call) -> str:
    """A line that follows what was shown: what else has the name that was asked for; mostly ""."""
    return beside(client, call.fields["thing"]) if call.verb == "show" else ""


def no_name(verb: str, name: str, scope: Mapping[str, Any]) -> NotFound:
    """The error for a name that the notebook does not have."""
    return NotFound(
        1110,
        f"{verb}: the notebook has no `{name}`",
        cause=did_you_mean(name, [n for n in scope if not n.startswith("_")]),
        fix="give the name of a variable, or a path",
    )


_QUICK: dict[str, Callable[[Any, Any, Mapping[str, Any]], Any]] = {
    "data": _data,
    "predict": _predict,
    "check": lambda client, q, _: client.check(q.name),
    "runs": lambda client, q, _: client.runs(
        q.name, kind=q.job, state=q.state, search=q.search
    ).first(q.limit),
    "list": lambda client, q, _: client.list(q.what),
    "show": lambda client, q, _: client.show(q.thing),
    "logs": lambda client, q, _: _logs(client, q),
    "cancel": lambda client, q, _: client.cancel(q.run),
    "stop": lambda client, q, _: client.stop(q.name),
    "compare": lambda client, q, _: client.compare(*q.runs),
    "lineage": lambda client, q, _: client.lineage(q.thing),
    "promote": lambda client, q, _: client.promote(q.study, q.trial),
    "resources": lambda client, _q, _: client.resources(),
    "doctor": lambda client, _q, _: client.doctor(),
    "help": lambda _client, q, _: explain(q.verb),
}
