"""How do rows get into the zygote without any computation there?

A process that has computed with threads (OpenMP, polars) must not be forked: its children wait
for threads that they do not have. So a child reads, splits and transforms the rows, and hands
them over through a file whose pages the zygote maps: nothing is copied, by it or by its forks.
The file has no name and holds only what our own child wrote, so pickle is safe here.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
import tempfile
import traceback
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from jupyter_kf.errors import KfError, TuneError

_ALIGN = 64  # bytes; Arrow's and numpy's vector loops like it
_LATE = frozenset({"polars"})  # begins threads when it reads: loaded in each trial instead


class Rows:
    """What a child prepared, by name."""

    def __init__(self, ready: dict[str, Any], late: dict[str, bytes]) -> None:
        self.ready = ready
        self._late = late

    def bind(self, names: dict[str, Any]) -> None:
        """Binds them in a trial's namespace."""
        names.update(self.ready)
        for name, data in self._late.items():
            names[name] = pickle.loads(data)  # noqa: S301 - our own child wrote it


def prepared(prepare: Callable[[], Mapping[str, Any]]) -> Rows:
    """Runs `prepare` in a child and takes over the values it returns.

    Raises:
        KfError: what `prepare` raised, kf-2514 its process was ended, kf-2515 an
            error that is not ours.
    """
    with tempfile.TemporaryFile() as file:
        child = os.fork()
        if child == 0:
            os._exit(_write(prepare, file))
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == 1:
            file.seek(0)
            raise KfError.from_dict(pickle.load(file))  # noqa: S301 - our own child wrote it
        if code != 0:
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise TuneError(
                2514,
                f"preparing the rows was ended by {how}",
                cause="signal 9 mostly means that memory ran out" if code == -9 else "see the log",
                fix="give the study more with --memory, or tune on fewer rows",
            )
        return _read(file)


def _write(prepare: Callable[[], Mapping[str, Any]], file: BinaryIO) -> int:
    try:
        values = prepare()
        file.write(bytes(16))
        index = []
        for name, value in values.items():
            buffers: list[pickle.PickleBuffer] = []
            data = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
            late = type(value).__module__.partition(".")[0] in _LATE
            if late:
                data, buffers = pickle.dumps(value, protocol=5), []
            index.append((name, late, _put(file, data), [_put(file, b.raw()) for b in buffers]))
        at, data = file.tell(), pickle.dumps(index)
        file.write(data)
        file.seek(0)
        file.write(at.to_bytes(8, "little") + len(data).to_bytes(8, "little"))
        file.flush()
        return 0
    except BaseException as error:
        traceback.print_exc()
        if not isinstance(error, KfError):
            error = TuneError(
                2515,
                f"the rows could not be prepared: {type(error).__name__}: {error}",
                cause="the same would end a train run",
                fix="see the log; run the train cell again to find out more",
            )
        file.seek(0)
        file.truncate()
        pickle.dump(error.to_dict(), file)
        file.flush()
        return 1


def _put(file: BinaryIO, data: bytes | memoryview) -> tuple[int, int]:
    file.write(bytes(-file.tell() % _ALIGN))
    start = file.tell()
    file.write(data)
    return start, len(data)


def _read(file: BinaryIO) -> Rows:
    mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    at, length = (int.from_bytes(mapped[i : i + 8], "little") for i in (0, 8))
    index = pickle.loads(mapped[at : at + length])  # noqa: S301 - our own child wrote it
    rows = Rows({}, {})
    for name, late, data, buffers in index:
        start, size = data
        if late:
            rows._late[name] = bytes(mapped[start : start + size])
            continue
        parts = [mapped[first : first + count] for first, count in buffers]
        stream = io.BytesIO(mapped[start : start + size])
        rows.ready[name] = pickle.load(stream, buffers=parts)  # noqa: S301 - as above
    return rows
