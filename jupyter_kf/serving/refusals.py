"""Why a request is refused: one function per reason, each with its code, HTTP status and fix.

Pure. May import `errors`. Codes 2301 to 2349.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from jupyter_kf.errors import KfError, RequestError, ServeError, did_you_mean

_SHOWN = 8  # names of columns in one message


class Refusal(RequestError):
    """A request that is answered with an error of the caller's.

    Args:
        http: the HTTP status of the answer, 400 to 499.
    """

    def __init__(self, code: int, what: str, *, cause: str, fix: str, http: int = 400) -> None:
        super().__init__(code, what, cause=cause, fix=fix)
        self.http = http


class Unavailable(ServeError):
    """A request that was good and can't be answered now.

    Args:
        http: 503 or 504.
    """

    def __init__(self, code: int, what: str, *, cause: str, fix: str, http: int = 503) -> None:
        super().__init__(code, what, cause=cause, fix=fix)
        self.http = http


def http_status(error: KfError) -> int:
    """The HTTP status that an error is answered with."""
    return int(getattr(error, "http", error.status))


def no_token() -> Refusal:
    """kf-2301, 401."""
    return Refusal(
        2301,
        "this address answers only with the endpoint's token",
        cause="the Authorization header is missing or has another token",
        fix="send `Authorization: Bearer <token>`; the file `token` of the endpoint holds it",
        http=401,
    )


def no_path(path: str, known: Iterable[str]) -> Refusal:
    """kf-2302, 404."""
    return Refusal(
        2302,
        f"nothing answers at {path[:200]}",
        cause="this endpoint serves one model under one name and version",
        fix=did_you_mean(path[:200], known),
        http=404,
    )


def wrong_method(method: str, allowed: str) -> Refusal:
    """kf-2303, 405."""
    return Refusal(
        2303,
        f"{method} is not possible here",
        cause=f"this path answers {allowed}",
        fix=f"send {allowed}",
        http=405,
    )


def body_too_large(limit_bytes: int) -> Refusal:
    """kf-2304, 413."""
    return Refusal(
        2304,
        f"the request is larger than {limit_bytes:,} bytes",
        cause="the endpoint was started with this limit; the rest of the body was not kept",
        fix="send fewer rows at a time, use `%kf batch`, or serve with a larger --max-body",
        http=413,
    )


def too_many_rows(rows: int, limit: int) -> Refusal:
    """kf-2305, 413."""
    return Refusal(
        2305,
        f"the request has {rows:,} rows, more than {limit:,}",
        cause="the endpoint was started with this limit",
        fix="send fewer rows at a time, use `%kf batch`, or serve with a larger --max-rows",
        http=413,
    )


def wrong_media(what: str, allowed: str) -> Refusal:
    """kf-2306, 415."""
    return Refusal(
        2306,
        f"{what[:100]!r} can't be read here",
        cause=f"this path reads {allowed}",
        fix=f"send {allowed}",
        http=415,
    )


def bad_json(reason: str) -> Refusal:
    """kf-2307."""
    return Refusal(
        2307,
        "the body is no JSON",
        cause=reason[:300],
        fix="send JSON in UTF-8; a missing value is null (JSON has no NaN)",
    )


def bad_shape(what: str, expected: str) -> Refusal:
    """kf-2308: not the form of the protocol."""
    return Refusal(2308, what, cause=f"expected {expected}", fix=f"send {expected}")


def unknown_column(name: object, known: Iterable[str]) -> Refusal:
    """kf-2309."""
    shown = str(name)[:100]
    return Refusal(
        2309,
        f"column `{shown}` is unknown",
        cause="it is not among what the model takes, as the target is not, or its name is mistyped",
        fix=f"leave it out, or correct it; {did_you_mean(shown, known)}",
    )


def missing_columns(
    needed: Iterable[str], given: Container[str], row: int | None = None
) -> Refusal:
    """kf-2310: all that are needed and not given; the first eight by name."""
    names = [name for name in needed if name not in given]
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    shown += f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    some = "column" if len(names) == 1 else "columns"
    where = "" if row is None else f" in row {row}"
    return Refusal(
        2310,
        f"{some} {shown} {'is' if len(names) == 1 else 'are'} missing{where}",
        cause="every column of the training rows is needed",
        fix=f"send {'it' if len(names) == 1 else 'them'}; null where a value is not known",
    )


def duplicate(name: str) -> Refusal:
    """kf-2311: a column, key or output that is there twice."""
    return Refusal(
        2311,
        f"`{name[:100]}` is given twice",
        cause="one of the two values would have to be dropped without a word",
        fix="send it once",
    )


def wrong_type(column: str, row: int | None, expected: str, got: Any) -> Refusal:
    """kf-2312: a value of another kind."""
    where = "" if row is None else f", row {row}"
    return Refusal(
        2312,
        f"column `{column}`{where}: expected {expected}, got {describe(got)}",
        cause="a value of another type is not converted, since that is how skew begins",
        fix=f"send {expected}",
    )


def not_exact(column: str, row: int | None, expected: str, got: Any) -> Refusal:
    """kf-2313: a number that would change."""
    where = "" if row is None else f", row {row}"
    return Refusal(
        2313,
        f"column `{column}`{where}: {describe(got)} does not fit into {expected} exactly",
        cause="it would become another number",
        fix=f"send a value that {expected} can hold",
    )


def null_value(column: str, row: int | None) -> Refusal:
    """kf-2314: null where no golden row has one, so that nothing was proven of it."""
    where = "" if row is None else f", row {row}"
    return Refusal(
        2314,
        f"column `{column}`{where} is null",
        cause="no golden row has a null there, so what it would predict was never proven",
        fix="send a value",
    )


def ragged(what: str, expected: str, got: str) -> Refusal:
    """kf-2315: lengths and shapes that do not agree."""
    return Refusal(
        2315,
        f"{what}: expected {expected}, got {got}",
        cause="rows and columns can't be paired",
        fix="give every column the same number of rows, and shapes that are true",
    )


def no_rows() -> Refusal:
    """kf-2316."""
    return Refusal(
        2316, "the request has no rows", cause="there is nothing to predict", fix="send one or more"
    )


def bad_text(where: str) -> Refusal:
    """kf-2317: not UTF-8."""
    return Refusal(
        2317, f"{where} is not UTF-8", cause="text travels in UTF-8", fix="encode text as UTF-8"
    )


def bad_time(column: str, row: int | None, expected: str, got: Any) -> Refusal:
    """kf-2318: no ISO 8601 of the column's type."""
    where = "" if row is None else f", row {row}"
    return Refusal(
        2318,
        f"column `{column}`{where}: {describe(got)} is no {expected}",
        cause="times travel as ISO 8601 text, with an offset exactly when training had a zone",
        fix=f"send text like {_like(expected)}",
    )


def _like(expected: str) -> str:
    """A time of an Arrow type, as it is written."""
    if expected.startswith("date"):
        return "2013-09-01"
    if "tz=" not in expected:
        return "2013-09-01T05:15:00, without an offset: training had no zone"
    return "2013-09-01T05:15:00+00:00, with the offset of its zone"


def bad_binary(what: str, expected: str, got: str) -> Refusal:
    """kf-2319: binary tensors of another length."""
    return Refusal(
        2319,
        f"{what}: expected {expected}, got {got}",
        cause="the binary part does not have the length that its header says",
        fix="see the binary tensor data extension of the Open Inference Protocol",
    )


def bad_arrow(reason: str) -> Refusal:
    """kf-2320."""
    return Refusal(
        2320,
        "the body is no Arrow IPC stream",
        cause=reason[:300],
        fix="send what pyarrow.ipc.new_stream writes, whole",
    )


def unknown_output(name: object, known: Iterable[str]) -> Refusal:
    """kf-2321."""
    return Refusal(
        2321,
        f"output `{str(name)[:100]}` is unknown",
        cause="the model does not compute it",
        fix=did_you_mean(str(name)[:100], known),
    )


def body_late(timeout_s: float) -> Refusal:
    """kf-2322, 408."""
    return Refusal(
        2322,
        f"the request was not whole within {timeout_s:g} s",
        cause="the connection stalled, or the body is shorter than its Content-Length",
        fix="send it again",
        http=408,
    )


def bad_header(name: str, value: str) -> Refusal:
    """kf-2323."""
    return Refusal(
        2323, f"header {name} can't be {value[:60]!r}", cause="it is malformed", fix="correct it"
    )


def arrow_only(column: str, kind: str) -> Refusal:
    """kf-2324: a type that only Arrow has."""
    return Refusal(
        2324,
        f"column `{column}` ({kind}) can't travel in this format",
        cause="JSON and tensors have no such type",
        fix="send the rows as an Arrow IPC stream to .../rows",
    )


def bad_compression(reason: str) -> Refusal:
    """kf-2325."""
    return Refusal(
        2325, "the body can't be inflated", cause=reason[:200], fix="send gzip or deflate, whole"
    )


def model_failed(error: BaseException) -> Refusal:
    """kf-2330, 422: user code raised on these rows."""
    said = f"{type(error).__name__}: {error}"[:400]
    return Refusal(
        2330,
        "the model can't predict these rows",
        cause=said,
        fix="look at the values; `%kf logs` of the endpoint has the traceback",
        http=422,
    )


def describe(value: Any) -> str:
    """A value as an error shows it: its kind and its beginning."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {str(value)[:40]}"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    return str(value)[:60]
