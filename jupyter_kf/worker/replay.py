"""The certificate's other process: what does this transform compute here, on the golden rows?

It runs with another hash seed, time zone, locale and environment, in an empty folder, and
watches what the transform touches. Standard library at import.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import locale
import os
import sys
import sysconfig
import time
import zoneinfo
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import KfError
from jupyter_kf.worker import environment
from jupyter_kf.worker.compare import compare_columns
from jupyter_kf.worker.prepared import ipc
from jupyter_kf.worker.tables import comparable, to_frame
from jupyter_kf.worker.transform import LoadedTransform, load

AHEAD_S = 400 * 86_400 + 5 * 3_600 + 1_234
"""How far the other clock is ahead: another year, month, weekday, hour and minute."""


def main(request: Path) -> None:
    """Answers one request file ``{"store", "digest", "full", "answer", "outputs"}``."""
    asked = json.loads(request.read_text(encoding="utf-8"))
    watch = Watch()
    blobs = Blobs(asked["store"])
    answer: dict[str, Any] = {"findings": [], "touched": [], "environment": []}
    try:
        manifest = blobs.get_json(asked["digest"])
        answer["environment"] = environment.changes(manifest)
        replay = Replay(blobs, asked["digest"], watch)
        batch = replay.batch()
        if batch is not None and asked.get("outputs"):
            Path(asked["outputs"]).write_bytes(ipc(batch))
        if asked["full"]:
            replay.everything(batch)
        answer["findings"] = replay.findings
    except KfError as error:
        answer["error"] = error.to_dict()
    answer["touched"] = sorted(watch.touched)
    Path(asked["answer"]).write_text(json.dumps(answer), encoding="utf-8")


class Replay:
    """Golden rows in several ways; what differs is a finding that says which way."""

    def __init__(self, blobs: Blobs, digest: str, watch: Watch) -> None:
        self.findings: list[dict[str, Any]] = []
        self._blobs, self._digest, self._watch = blobs, digest, watch
        self._loaded = self._load()
        self._ulp: int = self._loaded.manifest["ulp"]
        rows = self._loaded.golden_inputs()
        self._frame = to_frame(rows, self._loaded.kind)
        self._n = rows.num_rows
        self._expected = comparable(self._loaded.golden_outputs())

    def batch(self) -> Any:
        """All at once against what was expected; returns the table, None when it raised."""
        return self._compare("batch", lambda: self._apply(self._loaded, self._frame))

    def everything(self, first: Any) -> None:
        """Twice, shuffled, row by row, at another time, in another country."""
        if first is not None:
            self._expected = comparable(first)  # what differs already is not told again
            self._compare("twice", lambda: self._apply(self._loaded, self._frame))
        self._compare("shuffled", self._shuffled)
        self._compare("row by row", self._one_by_one)
        for way, other in (("clock", later_clock), ("locale", comma_locale)):
            with other():
                self._compare(way, lambda: self._apply(self._load(), self._frame))

    def _load(self) -> LoadedTransform:
        with self._watch:
            return load(self._blobs, self._digest, verify_environment=False)

    def _apply(self, loaded: LoadedTransform, frame: Any) -> Any:
        with self._watch:
            made = loaded.transform(frame)
        return loaded.to_table(made)

    def _shuffled(self) -> Any:
        import numpy as np

        order = np.random.Generator(np.random.PCG64(1)).permutation(self._n)
        made = self._apply(self._loaded, _rows(self._frame, order))
        return made.take(np.argsort(order))

    def _one_by_one(self) -> Any:
        """Each row alone; what it was and raised is kept as a finding of its own."""
        made = []
        for i in range(self._n):
            try:
                with self._watch:
                    made.append(self._loaded.transform(_rows(self._frame, [i])))
            except KfError as error:
                self._raised("row by row", error, i)
                return None
        if self._loaded.kind == "polars":
            import polars as pl

            return self._loaded.to_table(pl.concat(made))
        import pandas as pd

        return self._loaded.to_table(pd.concat(made, ignore_index=True))

    def _compare(self, way: str, make: Callable[[], Any]) -> Any:
        table = self._table(way, make)
        self._note(way, self._expected, table)
        return table

    def _table(self, way: str, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except KfError as error:
            self._raised(way, error, None)
            return None

    def _raised(self, way: str, error: KfError, row: int | None) -> None:
        said = f"{error.what}: {error.cause}"
        found = {"column": "", "row": row, "expected": "a row", "got": said, "rows": 1}
        self.findings.append({"replay": way, **found, "ulp_distance": None})

    def _note(self, way: str, expected: Any, table: Any) -> None:
        if table is not None:
            found = compare_columns(expected, comparable(table), ulp=self._ulp)
            self.findings += [{"replay": way, **finding.to_dict()} for finding in found]


class Watch:
    """Which files outside of Python's own, and which addresses, are opened while it is on."""

    def __init__(self) -> None:
        self.touched: set[str] = set()
        self._depth = 0
        paths = [*sysconfig.get_paths().values(), *sys.path, *zoneinfo.TZPATH]
        own = [os.path.realpath(path) for path in paths if path]
        system = ["/proc", "/sys", "/dev", "/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo"]
        system += ["/etc/ld.so.cache", "/usr/lib", "/usr/local/lib", "/lib"]
        self._own = tuple({*own, *system})
        sys.addaudithook(self._hook)

    def __enter__(self) -> Watch:
        self._depth += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._depth -= 1

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._depth:
            return
        if event == "open" and isinstance(args[0], str | bytes | os.PathLike):
            path = os.path.realpath(os.fsdecode(args[0]))
            ours = path.startswith(self._own) or "/kf-transform-" in path
            if not ours and os.path.lexists(path) and "/objects/sha256/" not in path:
                self.touched.add(f"file {path}")
        elif event in ("socket.connect", "socket.getaddrinfo"):
            self.touched.add(f"network address {args[1] if event == 'socket.connect' else args[0]}")
        elif event in ("subprocess.Popen", "os.system"):
            self.touched.add(f"command {args[0]}")


@contextlib.contextmanager
def later_clock() -> Iterator[None]:
    """`time`, `datetime` and pandas' Timestamp tell a time that is far ahead."""
    ahead = datetime.timedelta(seconds=AHEAD_S)
    kept = {name: getattr(time, name) for name in ("time", "time_ns", "localtime", "gmtime")}
    changed: list[tuple[Any, str, Any]] = [
        (time, "time", lambda: kept["time"]() + AHEAD_S),
        (time, "time_ns", lambda: kept["time_ns"]() + AHEAD_S * 10**9),
        (time, "localtime", lambda s=None: kept["localtime"](_later(s, kept["time"]))),
        (time, "gmtime", lambda s=None: kept["gmtime"](_later(s, kept["time"]))),
        (datetime, "datetime", _later_class(datetime.datetime, ahead)),
        (datetime, "date", _later_class(datetime.date, ahead)),
    ]
    if "pandas" in sys.modules:
        stamp = sys.modules["pandas"].Timestamp
        for name in ("now", "today", "utcnow"):
            real = getattr(stamp, name)
            changed.append((stamp, name, staticmethod(_shifted(real, ahead))))
    before = [(owner, name, vars(owner)[name]) for owner, name, _ in changed]
    for owner, name, value in changed:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)


def _later(seconds: float | None, now: Callable[[], float]) -> float:
    return now() + AHEAD_S if seconds is None else seconds


def _shifted(real: Callable[..., Any], ahead: datetime.timedelta) -> Callable[..., Any]:
    return lambda *args, **kwargs: real(*args, **kwargs) + ahead


def _later_class(real: type, ahead: datetime.timedelta) -> type:
    """A class that stands for `real`, makes real instances, and is only late."""

    class Meta(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, real)

        def __subclasscheck__(cls, other: type) -> bool:
            return issubclass(other, real)

    def new(_cls: type, *args: Any, **kwargs: Any) -> Any:
        return real(*args, **kwargs)

    body: dict[str, Any] = {"__new__": new}
    for name in ("now", "today", "utcnow"):
        if hasattr(real, name):
            body[name] = staticmethod(_shifted(getattr(real, name), ahead))
    return Meta(real.__name__, (real,), body)


@contextlib.contextmanager
def comma_locale() -> Iterator[None]:
    """`locale` writes one half as 0,5; the locale need not be installed."""
    held: dict[str, Any] = getattr(locale, "_override_localeconv", {})
    before = dict(held)
    held.update({"decimal_point": ",", "thousands_sep": ".", "grouping": [3, 3, 0]})
    try:
        yield
    finally:
        held.clear()
        held.update(before)


def _rows(frame: Any, index: Any) -> Any:
    return frame.iloc[index] if hasattr(frame, "iloc") else frame[index]
