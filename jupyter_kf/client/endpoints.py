"""Endpoints: the order of a version, the way back to one, and what an endpoint is now."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jupyter_kf.blobs import read_json
from jupyter_kf.client.choose import choose_model
from jupyter_kf.client.launch import Order
from jupyter_kf.client.rows import read_rows
from jupyter_kf.client.watch import Watcher
from jupyter_kf.errors import NotFound, ServeError, SpecError, did_you_mean
from jupyter_kf.layout import KINDS, EndpointFolder, RunFolder
from jupyter_kf.names import is_run_id
from jupyter_kf.records import Endpoint, Run, State, Version, state_word
from jupyter_kf.serving import routing
from jupyter_kf.serving.client import Connection, connect
from jupyter_kf.specs import ServeSpec
from jupyter_kf.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

Answered = TypeVar("Answered")


def names(store: Store) -> list[str]:
    """The names of all endpoints that were ever asked for."""
    folder = store.root / "endpoints"
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(p.name for p in found if EndpointFolder(p).versions.is_dir())


def order(store: Store, spec: ServeSpec) -> Order:
    """A new version: the model by digest, the number taken when the run has its id."""
    if spec.version is not None:
        digest = str(_version(store, spec.name, spec.version)["model"])
        why = f"a roll back to version {spec.version}, whose model it is"
        known = store.refs.by_digest("model", digest)
    else:
        choice = choose_model(store, spec.model or spec.name)
        known, digest, why = choice.entry, choice.entry.digest, choice.why
    spec = spec.model_copy(update={"model": known.ref})

    def take_number(run_id: str) -> dict[str, Any]:
        fields = {"run": run_id, "model": digest}
        return {"version": routing.add_version(store.root, spec.name, fields)}

    manifest = store.blobs.get_json(digest)
    job = {"model": digest, "transform": manifest.get("transform"), "why": why}
    return Order(spec, job, with_id=take_number)


def roll_back(store: Store, spec: ServeSpec, watch: Watcher) -> bool:
    """Gives the traffic back to a version that still runs; False when it must be started."""
    if spec.version is None:
        return False
    refuse_both(spec)
    run_id = str(_version(store, spec.name, spec.version).get("run"))
    now = routing.current(store.root, spec.name)
    warm = now is not None and spec.version in (now.version, now.previous)
    if not warm or run_id not in store.runs.ids() or watch.run(run_id).state is not State.READY:
        return False
    routing.roll_back(store.root, spec.name, spec.version)
    return True


def refuse_both(spec: ServeSpec) -> None:
    """Raises kf-1027 where a model and a version are asked for."""
    if spec.version is not None and spec.model is not None:
        raise SpecError(
            1027,
            f"serve: --model {spec.model} and --version {spec.version} are two wishes",
            cause="--version goes back to a version of the endpoint, which has its own model",
            fix="leave one of them out",
        ).at("version")


def read(store: Store, name: str, watch: Watcher) -> Endpoint:
    """An endpoint as it is now: the version with the traffic, or the newest that was tried.

    Raises:
        NotFound: kf-1112, there is no such endpoint.
    """
    tried = routing.versions(store.root, name)
    if not tried:
        raise _no_endpoint(store, name)
    now = routing.current(store.root, name)
    n, fields = (now.version, _version(store, name, now.version)) if now else tried[-1]
    run = _run_of(fields, store, watch)
    if run.state.ended and tried[-1][0] > n:  # it is over; what follows it may be on its way
        newest = _run_of(tried[-1][1], store, watch)
        if not newest.state.ended:
            (n, fields), run = tried[-1], newest
    folder = RunFolder(store.root / "runs" / run.id)  # which may have been deleted
    ready, told = read_json(folder.ready) or {}, read_json(folder.job) or {}
    why = str(told.get("why", ""))
    if now is not None and now.back_from is not None and now.version == n:
        how = "roll back" if n < now.back_from else "switch"
        why = f"a {how} from version {now.back_from}"
    versions = tuple(
        Version("endpoint", name, k, f.get("model", ""), f.get("created_s", 0.0), {"run": f["run"]})
        for k, f in tried
    )
    return Endpoint(
        name=name,
        state=run.state,
        version=n,
        model=fields["model"],
        url=ready.get("url") or f"unix:{routing.stable_socket(store.root, name)}",
        run=run,
        parity=ready.get("proof"),
        why=why,
        versions=versions,
        instead_of=now.instead_of if now else None,
    )


def predict(store: Store, name: str, rows: Any, watch: Watcher) -> Any:
    """Predictions of the version with the traffic: a pandas frame, one row per row.

    Columns: ``prediction`` and, of a classifier, ``probability_<class>``; the index of a pandas
    frame is kept. A Path is a file of rows, whose CSV has the types that the model takes.

    Raises:
        NotFound: kf-1112, there is no such endpoint.
        ServeError: kf-2204, it does not answer, with the reason.
        KfError: as `read_rows`, of a file.
        RequestError: kf-23xx, the rows do not fit.
    """
    rows = read_rows(rows, lambda: _taken(store, name)) if isinstance(rows, Path) else rows
    if not routing.versions(store.root, name):
        raise _no_endpoint(store, name)
    with explained_silence(store, name, watch):
        found = _asked(store, name, lambda connection: connection.predict(rows).frame())
    if hasattr(rows, "iloc") and len(rows.index) == len(found):
        found.index = rows.index
    return found


def ask(
    store: Store, name: str, rows: Any, watch: Watcher, timeout_s: float
) -> list[dict[str, Any]]:
    """Predictions as plain values, a dictionary for each row; no frame library is imported.

    Keys and errors are as of `predict`.
    """
    if not routing.versions(store.root, name):
        raise _no_endpoint(store, name)
    body = json.dumps({"rows": rows}).encode()
    path, head = f"/v2/models/{name}/rows", {"content-type": "application/json"}
    with explained_silence(store, name, watch):
        told = json.loads(
            _asked(store, name, lambda c: c.request("POST", path, body, head)[1], timeout_s)
        )
    columns: dict[str, list[Any]] = {}
    for output, values in told["outputs"].items():
        labels = told["classes"] if output == "probability" else None
        if values and isinstance(values[0], list):
            for i in range(len(values[0])):
                columns[f"{output}_{labels[i] if labels else i}"] = [row[i] for row in values]
        else:
            columns[output] = values
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _taken(store: Store, name: str) -> pa.Schema:
    """The raw columns that the version with the traffic takes; the newest that was tried's."""
    import pyarrow as pa

    tried = routing.versions(store.root, name)
    if not tried:
        raise _no_endpoint(store, name)
    now = routing.current(store.root, name)
    fields = _version(store, name, now.version) if now else tried[-1][1]
    schema = store.blobs.get_json(fields["model"])["schema_in"]
    return pa.ipc.read_schema(pa.py_buffer(store.blobs.get(schema)))


def _asked(
    store: Store, name: str, ask: Callable[[Connection], Answered], timeout_s: float = 60.0
) -> Answered:
    """The answer; of the version before when the one that was asked has died."""
    for again in (False, True):
        try:
            with connect(store.root, name, timeout_s=timeout_s) as connection:
                return ask(connection)
        except ServeError as error:
            if error.code != 2204 or again:
                raise
            before = routing.current(store.root, name)
            routing.fail_over(store.root, name)
            if routing.current(store.root, name) == before:
                raise
    raise AssertionError("unreachable")


@contextlib.contextmanager
def explained_silence(store: Store, name: str, watch: Watcher) -> Iterator[None]:
    """Says of an endpoint that does not answer what became of it."""
    try:
        yield
    except ServeError as error:
        if error.code != 2204:
            raise
        raise _silent(store, name, error, watch) from error


def _silent(store: Store, name: str, error: ServeError, watch: Watcher) -> ServeError:
    """Why an endpoint does not answer, as far as its run tells, and the nearest way back."""
    now = routing.current(store.root, name)
    if now is None:
        return error
    run = _run_of({"run": now.run}, store, watch)
    coming = read(store, name, watch)
    if coming.version > now.version and not coming.state.ended:
        return ServeError(
            2204,
            error.what,
            cause=f"version {coming.version} is not ready yet: it is {coming.state}",
            fix=f"ask again in a moment: `%kf show {name}` says when it is READY",
        )
    cause = f"its version {now.version} is {state_word('serve', run.state)}"
    cause += f": {run.reason}" if run.reason else ""
    if not run.state.ended:
        cause = f"{error.cause}; {cause}"
    warm = now.previous
    if warm and _run_of(_version(store, name, warm), store, watch).state is State.READY:
        fix = f"version {warm} still runs: `%kf serve {name} --version {warm}` goes back to it"
    else:
        # Without its number the newest or best model would be served.
        again = f"`%kf serve {name} --version {now.version}`"
        fix = f"start it again: {again}; `%kf logs {now.run}` shows what it printed"
    return ServeError(2204, error.what, cause=cause, fix=fix)


def stop(store: Store, name: str, watch: Watcher) -> Run:
    """Ends all versions of an endpoint; returns the run that had the traffic."""
    found = read(store, name, watch)
    for version in found.versions:
        run_id = str(version.note["run"])
        if run_id in store.runs.ids() and not watch.run(run_id).state.ended:
            watch.cancel(run_id)
    return watch.run(found.run.id) if found.run.spec else found.run


def _version(store: Store, name: str, n: int) -> dict[str, Any]:
    for number, fields in routing.versions(store.root, name):
        if number == n:
            return fields
    known = ", ".join(str(number) for number, _ in routing.versions(store.root, name))
    raise NotFound(
        1111,
        f"endpoint `{name}` has no version {n}",
        cause=f"it has {known}" if known else "it was never served",
        fix=f"`%kf serve {name}` makes the next one",
    )


def _run_of(fields: dict[str, Any], store: Store, watch: Watcher) -> Run:
    run_id = str(fields["run"])
    if run_id in store.runs.ids():
        return watch.run(run_id)
    return Run(run_id, "serve", "", State.LOST, reason="its run was deleted")


def _no_endpoint(store: Store, name: str) -> NotFound:
    return NotFound(
        1112,
        f"there is no endpoint `{name}`",
        cause=did_you_mean(name, names(store)),
        fix="`%kf serve MODEL` starts one",
    )


def nothing_called(store: Store, thing: str) -> NotFound:
    """The error for a name that nothing has, with the nearest that something has."""
    known = [n for kind in KINDS for n in store.refs.names(kind)]
    return NotFound(
        1116,
        f"nothing is called `{thing}`",
        cause=why_nothing(thing, {*known, *names(store), *store.runs.ids()}),
        fix="`%kf runs` lists the runs; `%kf` says where you are",
    )


def why_nothing(text: str, known: Iterable[str]) -> str:
    """Why nothing is called so; of a whole run id no other run was meant."""
    if is_run_id(text):
        return "it is a run's id; the run was deleted, or never was here"
    return did_you_mean(text, known)
