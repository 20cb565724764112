"""What can go wrong, as one tree; every face renders these and adds nothing.

An error says what happened, its cause and the fix, under one stable code. Standard library
only: this module travels with the worker into any training image.

KfError
├── SpecError         10xx  what was asked is malformed: a flag, a value, a unit
├── NotFound          11xx  a name, run, digest or version that is not there
├── CaptureError      12xx  a cell reads something that can't travel to a job
├── TransformError    13xx  a transform that can't be trusted, or met data it was not made for
├── DataError         14xx  a dataset that can't be snapshotted, read or split
├── BackendError      20xx  a job that can't be planned, started, watched or ended
├── ParityError       21xx  production does not compute what the experiment computed
├── ServeError        22xx  an endpoint that can't start, or is not there to answer
├── RequestError      23xx  a prediction request that is malformed or over a limit
├── BatchError        24xx  a batch prediction that can't go on
├── TuneError         25xx  a search that can't be set up or continued
├── ModelError        26xx  a model that can't be saved, loaded or used
├── StoreError        30xx  the store's folder: read-only, full, altered, of another format
└── InternalError     90xx  a bug of ours, met in a job; the job's log has its traceback
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from typing import Self  # 3.11; a training image may have an older Python


class KfError(Exception):
    """One error with a stable code.

    Args:
        code: the number after ``kf-``; stable across releases, never reused.
        what: what happened, one sentence without a full stop.
        cause: why, as far as it is known.
        fix: what to do or type next.

    Attributes:
        field: of the request that it is about, for the faces that show it there; "" for none.
        parts: the mistakes that this one error stands for; see `together`.
    """

    status: ClassVar[int] = 400
    """HTTP status that the REST and endpoint faces answer with."""
    field: str = ""
    parts: Sequence[KfError] = ()

    def __init__(self, code: int, what: str, *, cause: str, fix: str) -> None:
        super().__init__(what)
        self.code, self.what, self.cause, self.fix = code, what, cause, fix

    def __str__(self) -> str:
        return f"kf-{self.code}: {self.what}\nCause: {self.cause}\nFix: {self.fix}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self).__name__, self.to_dict())

    def _render_traceback_(self, *_: Any) -> list[str]:
        """What a notebook shows instead of a traceback: what, cause, fix (IPython's protocol)."""
        return str(self).splitlines()

    def at(self, field: str) -> Self:
        """Itself, as the mistake of a field, but for parts that name one already."""
        for one in self.each:
            one.field = one.field or field
        return self

    @property
    def each(self) -> Sequence[KfError]:
        """The mistakes one by one; itself alone when it is one."""
        return self.parts or (self,)

    def to_dict(self) -> dict[str, str]:
        """``{code, message, cause, fix}``, the form every face and file uses."""
        return {
            "code": f"kf-{self.code}",
            "message": self.what,
            "cause": self.cause,
            "fix": self.fix,
        }

    @staticmethod
    def from_dict(fields: Mapping[str, str]) -> KfError:
        """The error a file or a response carried; its class follows from the code."""
        code = int(str(fields.get("code", "kf-9000")).removeprefix("kf-"))
        kind = _BY_HUNDRED.get(code // 100, InternalError)
        return kind(
            code,
            fields.get("message", ""),
            cause=fields.get("cause", ""),
            fix=fields.get("fix", ""),
        )


class SpecError(KfError):
    """What was asked is malformed."""


class NotFound(KfError):
    """Nothing has that name."""

    status = 404


class CaptureError(KfError):
    """A cell reads something that can't travel."""


class TransformError(KfError):
    """A transform that can't be trusted with this data."""


class DataError(KfError):
    """A dataset that can't be used."""


class BackendError(KfError):
    """A job that can't be started, watched or ended."""

    status = 409


class ParityError(KfError):
    """Production does not compute what the experiment computed."""

    status = 409


class ServeError(KfError):
    """An endpoint that can't start or answer."""

    status = 503


class RequestError(KfError):
    """A prediction request that can't be accepted."""


class BatchError(KfError):
    """A batch prediction that can't go on."""


class TuneError(KfError):
    """A search that can't be set up or continued."""


class ModelError(KfError):
    """A model that can't be saved, loaded or used."""


class StoreError(KfError):
    """The store's folder can't be read or written."""

    status = 507


class InternalError(KfError):
    """A bug of ours, seen from another process; its traceback is in that process's log."""

    status = 500


_BY_HUNDRED: dict[int, type[KfError]] = {
    10: SpecError,
    11: NotFound,
    12: CaptureError,
    13: TransformError,
    14: DataError,
    20: BackendError,
    21: ParityError,
    22: ServeError,
    23: RequestError,
    24: BatchError,
    25: TuneError,
    26: ModelError,
    30: StoreError,
    90: InternalError,
}


def _rebuild(_kind: str, fields: dict[str, str]) -> KfError:
    return KfError.from_dict(fields)


def together(errors: Sequence[KfError]) -> KfError:
    """Several mistakes of one call as one error: all that is wrong, each with its fix.

    It has the code and the class of the first.
    """
    first = errors[0]
    if len(errors) == 1:
        return first
    causes = "".join(f"\n  {error.cause}" for error in errors)
    fixes = list(dict.fromkeys(error.fix for error in errors))
    all_of_it = type(first)(
        first.code,
        "; ".join(error.what for error in errors),
        cause=causes,
        fix=fixes[0] if len(fixes) == 1 else "".join(f"\n  {fix}" for fix in fixes),
    )
    all_of_it.parts = tuple(part for error in errors for part in error.each)
    return all_of_it


def gather(checks: Iterable[Callable[[], Any]]) -> list[KfError]:
    """What these checks say is wrong, all of it; the checks are independent of each other."""
    found: list[KfError] = []
    for check in checks:
        try:
            check()
        except KfError as error:
            found.append(error)
    return found


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``did you mean `depth`?`` for the nearest known word, else the list of known words."""
    words = sorted(known)
    bare = {each.lstrip("-"): each for each in words}  # dashes make any two options alike
    near = difflib.get_close_matches(word.lstrip("-"), bare, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{bare[near[0]]}`?"
    shown = ", ".join(words[:12]) + (", ..." if len(words) > 12 else "")
    return f"known: {shown}" if words else "there are none yet"
