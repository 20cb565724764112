"""Does the endpoint, through its real wire, predict what the model predicted when it was saved?

Golden rows go through the endpoint's own socket, in every form: all together, each alone while
nothing else is asked, and each in a request of its own among many at once. They come back equal
within the model's bound; else the endpoint never takes traffic. The rows alone and the rows at
once have a time each, since a model may be slow: what did not fit is said in the report, as so
many of so many.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from jupyter_kf.checks.parity import Finding, compare_columns
from jupyter_kf.errors import KfError, ParityError, ServeError
from jupyter_kf.serving import encode
from jupyter_kf.serving.client import Connection
from jupyter_kf.serving.schema import RawSchema
from jupyter_kf.serving.volley import Ask, volley

ALONE_S = 0.7
AT_ONCE_S = 0.6
AT_ONCE = 32

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
                _together(subject, connection, form, able)
            paths.append({"path": f"{form.name}, as a batch", "rows": len(able)})
    for way in (_ALONE, _MANY):
        sent = _singly(subject, connect, forms, way)
        for (form, able), n in zip(forms, sent, strict=True):
            paths.append({"path": f"{form.name}, {way.words}", "rows": n, "of": len(able)})
    return {
        "ok": True,
        "rows": subject.inputs.num_rows,
        "ulp": subject.ulp,
        "paths": paths,
        "changes": {name: list(pair) for name, pair in subject.changes.items()},
        "seconds": round(time.perf_counter() - began, 3),
    }


@dataclass(frozen=True)
class _Way:
    """How single rows are sent: requests at once, for how long, and which form comes first."""

    words: str
    at_once: int
    seconds: float
    first: int


_ALONE = _Way("one by one", 1, ALONE_S, 0)
_MANY = _Way(f"one row each, {AT_ONCE} at once", AT_ONCE, AT_ONCE_S, 1)
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


def _together(subject: Subject, connection: Connection, form: encode.Form, able: Able) -> None:
    """All rows that a form can write, in one request."""
    picked = subject.inputs if len(able) == subject.inputs.num_rows else subject.inputs.take(able)
    body, headers = form.write(subject.schema, picked)
    path = f"{form.name}, as a batch"
    try:
        said, content = connection.request("POST", _url(subject, form), body, headers)
    except KfError as error:
        raise _refused(subject, path, error) from error
    _compare(subject, path, able, [encode.read_outputs(said, content)])


def _singly(
    subject: Subject, connect: Callable[[], Connection], forms: Forms, way: _Way
) -> list[int]:
    """Rows in requests of their own, until all went in all forms or the time is used up.

    Returns:
        How many rows went, by form.
    """
    rows: list[list[int]] = [[] for _ in forms]
    answers: list[list[Outputs]] = [[] for _ in forms]
    until = time.perf_counter() + way.seconds
    asks = itertools.takewhile(
        lambda _: time.perf_counter() < until, _asks(subject, forms, way.first)
    )
    for told in volley(connect, asks, way.at_once):
        which, row = told.tag
        if told.code >= 300:
            with connect() as connection:
                error = connection.refusal(told.code, told.content)
            raise _refused(subject, f"{forms[which][0].name}, {way.words}", error)
        rows[which].append(row)
        answers[which].append(encode.read_outputs(told.headers, told.content))
    for (form, _), some, got in zip(forms, rows, answers, strict=True):
        _compare(subject, f"{form.name}, {way.words}", some, got)
    return [len(some) for some in rows]


def _asks(subject: Subject, forms: Forms, first: int) -> Iterator[Ask[tuple[int, int]]]:
    """Every row once in each form: rows by chance, and all rows in some form before the next."""
    order = np.random.default_rng(0).permutation(subject.inputs.num_rows)
    able = [set(rows) for _, rows in forms]
    for turn in range(first, first + len(forms)):
        for place, row in enumerate(order.tolist()):
            which = (place + turn) % len(forms)
            if row in able[which]:
                form = forms[which][0]
                body, headers = form.write(subject.schema, subject.inputs.slice(row, 1))
                yield Ask((which, row), _url(subject, form), body, headers)


def _compare(subject: Subject, path: str, rows: Able, answers: Sequence[Outputs]) -> None:
    """Answers, one after the other, against what is expected of these rows."""
    kinds = {tuple((n, _kind(a), a.shape[1:]) for n, a in got.items()) for got in answers}
    if len(kinds) > 1:  # joined, the odd one would become like the others
        for row, got in zip(rows, answers, strict=True):
            _compare(subject, path, [row], [got])
    if len(kinds) != 1:
        return
    joined = {name: np.concatenate([got[name] for got in answers]) for name in answers[0]}
    expected = {name: array[rows] for name, array in subject.expected.items()}
    findings = compare_columns(expected, joined, ulp=subject.ulp)
    whole = len(answers) == 1 and len(rows) == subject.inputs.num_rows
    if findings and not whole and not subject.row_wise:
        raise _depends_on_batch(subject.name, findings[0].sentence())  # all together it was equal
    if findings:
        raise _differs(subject, path, findings, rows)


def _kind(array: np.ndarray[Any, Any]) -> str:
    return "text" if array.dtype.kind == "U" else str(array.dtype)


def _url(subject: Subject, form: encode.Form) -> str:
    return f"/v2/models/{subject.name}/versions/{subject.version}{form.suffix}"


def _refused(subject: Subject, path: str, error: KfError) -> ParityError:
    return ParityError(
        2111,
        f"a golden row is refused by endpoint `{subject.name}` ({path})",
        cause=f"{error.what}: {error.cause}{_changed(subject)}",
        fix="the model was trained on rows it does not accept now; run `%kf check`",
    )


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
