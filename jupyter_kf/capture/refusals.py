"""Why can't this value travel to a job, and what does one do instead?

Only looks at types and names; never calls a method of the user's objects.
"""

from __future__ import annotations

import io
import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_kf.capture.literals import type_name
from jupyter_kf.errors import CaptureError, did_you_mean
from jupyter_kf.specs.words import quoted

_OPEN = ("Connection", "Engine", "Session", "Cursor", "Client", "Socket", "socket", "Channel")
_RUNNING = ("Thread", "Process", "Lock", "lock", "RLock", "Queue", "Future", "Task", "Pool")
_RUNNING_MODULES = ("threading", "_thread", "multiprocessing", "concurrent", "asyncio", "queue")
_HISTORY = ("In", "Out", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh")


@dataclass(frozen=True)
class Refusal:
    """One name that can't travel.

    Attributes:
        what: the thing, after its name: ``a sqlite3 Connection``.
        via: the helper that reads it, when the cell itself does not.
    """

    name: str
    what: str
    cause: str
    fix: str
    line: int | None = None
    via: str = ""


class Refused(Exception):
    """Raised where a value turns out not to travel; carries the `Refusal`."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.cause)
        self.refusal = refusal


def refuse(name: str, value: Any, inside: str = "", detail: str = "") -> Refusal:
    """The refusal that fits the value.

    Args:
        inside: ``transform`` when nothing but text can travel.
        detail: what is in the way inside it, when that is known.
    """
    what = _a(type_name(value))
    found = _special(name, value) or _by_type(name, value)
    if found is None:
        because = f": {detail}" if detail else ""
        snapshot = f"or snapshot it, `%kf data NAME {name}`, and use --data; "
        found = (
            f"only data, code and plain values are sent{because}",
            f"make it inside the cell; {snapshot if _is_frame(value) else ''}"
            f"or pass what it is made from: --param; or allow a pickle: --pickle {name}",
        )
    cause, fix = found
    if inside == "transform":
        fix = _for_transform(name, value) or fix.replace(f"; or --pickle {name}", "")
        fix = fix.replace(f"; or allow a pickle: --pickle {name}", "")
    return Refusal(name, what, cause, fix)


def raise_all(refusals: Sequence[Refusal], code: int, subject: str) -> None:
    """Reports every refusal of a cell in one error; returns when there is none.

    Raises:
        CaptureError: `code`.
    """
    if not refusals:
        return
    if len(refusals) == 1:
        one = refusals[0]
        raise CaptureError(
            code,
            f"{subject} reads {_named(one)}, which can't travel to a job",
            cause=one.cause,
            fix=one.fix,
        )
    names = ", ".join(f"`{r.name}`" for r in refusals)
    raise CaptureError(
        code,
        f"{subject} reads {len(refusals)} things that can't travel to a job: {names}",
        cause="".join(f"\n  {_named(r)}: {r.cause}" for r in refusals),
        fix="".join(f"\n  `{r.name}`: {r.fix}" for r in refusals),
    )


def is_history(name: str) -> bool:
    """Whether IPython keeps its history under this name."""
    return name in _HISTORY or (name[:1] == "_" and name.lstrip("_i").isdigit())


def is_estimator(value: Any) -> bool:
    """Whether it is an object with scikit-learn's fit and transform or predict."""
    kind = type(value)
    return hasattr(kind, "fit") and (hasattr(kind, "transform") or hasattr(kind, "predict"))


def _is_frame(value: Any) -> bool:
    """Whether a dataset can be made of it."""
    return hasattr(type(value), "__dataframe__") or hasattr(type(value), "__arrow_c_stream__")


def _is_model(value: Any) -> bool:
    """Whether it looks like a model of any framework."""
    kind = type(value)
    network = hasattr(kind, "state_dict") and hasattr(kind, "forward")
    return network or callable(getattr(kind, "predict", None))


def _is_random(value: Any) -> bool:
    """Whether it draws numbers: of the standard library, numpy or torch."""
    kind = type(value)
    homes = {base.__module__ for base in kind.__mro__}
    drawn = "random" in homes or any(home.startswith("numpy.random") for home in homes)
    return drawn or (kind.__module__.startswith("torch") and kind.__name__ == "Generator")


def _special(name: str, value: Any) -> tuple[str, str] | None:
    if name == "get_ipython":
        return (
            "a job is plain Python; there is no IPython in it",
            "remove the call; `display` works in a job and prints its arguments",
        )
    if is_history(name):
        return (
            "it is the notebook's own history of inputs and outputs",
            "assign the value to a name of its own",
        )
    if type(value).__module__.partition(".")[0] == "jupyter_kf":
        return (
            "a job has no client; it is told by its flags what to use",
            "use --data, --transform or --param, and the name `kf` for reporting",
        )
    if is_estimator(value) or _is_model(value):
        if hasattr(type(value), "transform"):
            return (
                "a fitted object travels by pickle only, which can run code when it is loaded",
                f"make it a transform: `%kf transform NAME --from {name}`, and train with "
                f"--transform NAME; or fit it inside the cell; or --pickle {name}",
            )
        return (
            "a model travels by pickle only, which can run code when it is loaded",
            f"fit it inside the cell; or --pickle {name}",
        )
    return None


def _by_type(name: str, value: Any) -> tuple[str, str] | None:
    kind = type(value)
    root = kind.__module__.partition(".")[0]
    if isinstance(value, types.GeneratorType | types.AsyncGeneratorType):
        return "a generator's state can't be copied", f"send its items: {name} = list({name})"
    if isinstance(value, types.CoroutineType):
        return "a coroutine runs in this kernel's event loop", "await it in a cell before"
    if isinstance(value, io.IOBase | io.TextIOBase):
        return (
            "an open file stays in this kernel",
            f"open it inside the cell, by its path: --param path={_path(value)}",
        )
    if root in _RUNNING_MODULES and kind.__name__.endswith(_RUNNING):
        return "it belongs to what runs in this kernel", "make it inside the cell"
    if any(word in base.__name__ for base in kind.__mro__ for word in _OPEN):
        return (
            "only data, code and plain values are sent; an open connection stays in this kernel",
            "open it inside the cell, or pass its address: --param dsn=...",
        )
    if root == "polars" and kind.__name__ == "LazyFrame":
        return "a lazy frame is a plan, not data", f"collect it first: {name} = {name}.collect()"
    if root == "torch" and kind.__name__ == "Tensor":
        return "tensors travel as arrays", f"send {name}.numpy(), or make it inside the cell"
    if _is_random(value):
        return (
            "a random generator's state stays in this kernel",
            f"make it inside the cell: its seed may be a --param, and --seed seeds random, numpy "
            f"and torch; or --pickle {name}",
        )
    if hasattr(kind, "__next__"):
        return "an iterator's state can't be copied", f"send its items: {name} = list({name})"
    return None


def _for_transform(name: str, value: Any) -> str | None:
    if _is_random(value):
        return "draw in fit, from a seed, and return what was drawn: transform may not use chance"
    if is_estimator(value):
        return f"fit it in `fit(df)` and return it from fit; or `%kf transform NAME --from {name}`"
    if type(value).__module__.partition(".")[0] in ("pandas", "polars", "numpy", "pyarrow"):
        return "return it from fit, so that it is part of the state: `return {...}`"
    return None


def _path(value: Any) -> str:
    path = getattr(value, "name", None)
    return quoted(path) if isinstance(path, str) else "..."


def _named(one: Refusal) -> str:
    via = f" (through `{one.via}`)" if one.via else ""
    line = f" in line {one.line}" if one.line and not one.via else ""
    return f"`{one.name}`{via}{line}, {one.what}"


def _a(words: str) -> str:
    return ("an " if words[:1].lower() in "aeiou" else "a ") + words


_SHELL = {"In", "Out", "exit", "quit", "get_ipython"}
_WITH_ROWS = "give --data DATASET, and --target COLUMN unless its transform has one"
_BOUND_BY = {
    **dict.fromkeys(("X_train", "y_train", "X_valid", "y_valid", "data"), _WITH_ROWS),
    **dict.fromkeys(("X_test", "y_test"), "ask for a third share: --split 0.6/0.2/0.2"),
    "report": "write kf.report(...)",
}


def undefined(name: str, where: str, known: set[str]) -> CaptureError:
    """The error for a name that nothing defines; it names the flag that would bind it."""
    shown = {n for n in known if n[:1] != "_"} - _SHELL
    return CaptureError(
        1204,
        f"{where} reads `{name}`, which is not defined",
        cause="neither the cell, nor the notebook, nor the job binds this name; "
        + did_you_mean(name, shown),
        fix=_BOUND_BY.get(name, f"define `{name}` in the cell or in a cell that was run before"),
    )
