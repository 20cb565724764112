"""Does the endpoint, through its real wire, predict what the model predicted when it was saved?

Golden rows go through the endpoint's own socket, in every form, as a batch, one by one and many
at once, and come back equal within the model's bound; else the endpoint never takes traffic.
Budget: 200 rows within 3 s. What costs more than its share is sampled, and the report says how
many of how many.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from jupyter_kf.checks.parity import Finding, compare_columns
from jupyter_kf.errors import KfError, ParityError, ServeError
from jupyter_kf.serving import encode
from jupyter_kf.serving.client import Connection
from jupyter_kf.serving.schema import RawSchema

SINGLES_S = 0.6
CONCURRENT_S = 0.4
CLIENTS = 8

Outputs = Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Subject:
    """What is proven.

    Attributes:
        inputs: golden rows in the schema's types.
        expected: their outputs, as measured when the model was saved.
        nan_is_null: the model takes NaN for null.
        changes: packages of other versions than at that time: {name: (then, now)}.
    """

    name: str
    version: int
    schema: RawSchema
    inputs: pa.Table
    expected: Outputs
    ulp: int
    row_wise: bool
    nan_is_null: bool
    changes: Mapping[str, tuple[str, str]]


def subject_of(name: str, version: int, model: Any) -> Subject:
    """What is to be proven of a loaded model behind an endpoint."""
    manifest = model.manifest if model.transform is None else model.transform.manifest
    pandas = manifest.get("frame", "pandas") == "pandas"
    schema = RawSchema(model.schema_in, block=pandas)
    return Subject(
        name=name,
        version=version,
        schema=schema,
        inputs=pa.Table.from_arrays(model.golden_inputs().columns, schema=schema.arrow),
        expected=model.golden_outputs(),
        ulp=model.manifest["ulp"],
        row_wise=model.row_wise,
        nan_is_null=pandas,
        changes=model.changes,
    )


def refuse_batch_dependent(name: str, model: Any) -> None:
    """Refuses a model whose transform needs the whole batch, before anything is bound.

    Raises:
        ServeError: kf-2203.
    """
    if model.transform is not None and not model.transform.manifest["row_wise"]:
        raise _depends_on_batch(name, "its transform was declared --batch-only")


def prove(subject: Subject, connect: Callable[[], Connection]) -> dict[str, Any]:
    """Sends the golden rows every way; returns the report.

    Args:
        connect: opens a connection that the endpoint answers before it is proven.

    Raises:
        ParityError: kf-2110 the outputs differ, kf-2111 a golden row is refused on its way.
        ServeError: kf-2203, a row's prediction depends on the rows beside it.
    """
    began = time.perf_counter()
    forms = _forms(subject)
    paths = []
    with connect() as connection:
        for form, able in forms:
            if able:
                _send(subject, connection, form, able, f"{form.name}, as a batch")
            paths.append({"path": f"{form.name}, as a batch", "rows": len(able)})
        paths += _one_by_one(subject, connection, forms)
    paths.append(_concurrently(subject, connect, forms))
    return {
        "ok": True,
        "rows": subject.inputs.num_rows,
        "ulp": subject.ulp,
        "paths": paths,
        "changes": {name: list(pair) for name, pair in subject.changes.items()},
        "seconds": round(time.perf_counter() - began, 3),
    }


Able = list[int]
Forms = Sequence[tuple[encode.Form, Able]]


def _forms(subject: Subject) -> Forms:
    return [
        (
            form,
            encode.can_travel(
                subject.schema, subject.inputs, form, nan_is_null=subject.nan_is_null
            ),
        )
        for form in encode.FORMS
    ]


def _one_by_one(subject: Subject, connection: Connection, forms: Forms) -> list[dict[str, Any]]:
    """Each form in turn, rows in a fixed random order, until the time is used up."""
    order = np.random.default_rng(0).permutation(subject.inputs.num_rows)
    until = time.perf_counter() + SINGLES_S
    sent = dict.fromkeys((form.name for form, _ in forms), 0)
    for row in order:
        for form, able in forms:
            if row in able:
                _send(subject, connection, form, [int(row)], f"{form.name}, one by one")
                sent[form.name] += 1
        if time.perf_counter() > until:
            break
    return [
        {"path": f"{form.name}, one by one", "rows": sent[form.name], "of": len(able)}
        for form, able in forms
    ]


def _concurrently(
    subject: Subject, connect: Callable[[], Connection], forms: Forms
) -> dict[str, Any]:
    until = time.perf_counter() + CONCURRENT_S
    count, lock = 0, threading.Lock()

    def client(which: int) -> None:
        nonlocal count
        with connect() as connection:
            for row in range(which, subject.inputs.num_rows, CLIENTS):
                form, able = forms[row % len(forms)]
                if row not in able:
                    form = encode.FORMS[-1]
                _send(subject, connection, form, [row], f"{form.name}, {CLIENTS} clients at once")
                with lock:
                    count += 1
                if time.perf_counter() > until:
                    return

    with ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(client, which) for which in range(CLIENTS)]:
            done.result()
    path = f"all forms, {CLIENTS} clients at once"
    return {"path": path, "rows": count, "of": subject.inputs.num_rows}


def _send(
    subject: Subject, connection: Connection, form: encode.Form, able: Able, path: str
) -> None:
    picked = subject.inputs if len(able) == subject.inputs.num_rows else subject.inputs.take(able)
    body, headers = form.write(subject.schema, picked)
    url = f"/v2/models/{subject.name}/versions/{subject.version}{form.suffix}"
    try:
        said, content = connection.request("POST", url, body, headers)
    except KfError as error:
        raise ParityError(
            2111,
            f"a golden row is refused by endpoint `{subject.name}` ({path})",
            cause=f"{error.what}: {error.cause}{_changed(subject)}",
            fix="the model was trained on rows it does not accept now; run `%kf check`",
        ) from error
    got = encode.read_outputs(said, content)
    expected = {name: array[able] for name, array in subject.expected.items()}
    findings = compare_columns(expected, got, ulp=subject.ulp)
    if findings and not subject.row_wise and len(able) < subject.inputs.num_rows:
        raise _depends_on_batch(subject.name, findings[0].sentence())  # all together it was equal
    if findings:
        raise _differs(subject, path, findings, able)


def _differs(subject: Subject, path: str, findings: Sequence[Finding], able: Able) -> ParityError:
    first = findings[0]
    row = "" if first.row is None else f" (golden row {able[first.row]})"
    more = f"; {len(findings) - 1} more outputs differ" if len(findings) > 1 else ""
    return ParityError(
        2110,
        f"endpoint `{subject.name}` does not predict what the model predicted in training ({path})",
        cause=f"{first.sentence()}{row}{more}{_changed(subject)}",
        fix="use the packages it was trained with, or train it again here; "
        "the previous version keeps the traffic",
    )


def _changed(subject: Subject) -> str:
    if not subject.changes:
        return ""
    listed = ", ".join(f"{n} {then} is now {now}" for n, (then, now) in subject.changes.items())
    return f"; since it was saved, {listed}"


def _depends_on_batch(name: str, why: str) -> ServeError:
    return ServeError(
        2203,
        f"endpoint `{name}` can't answer single rows: a prediction depends on its batch",
        cause=why,
        fix="predict with `%kf batch`, or compute what spans rows in `fit`",
    )
