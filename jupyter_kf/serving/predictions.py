"""A sample of what was asked and answered, as Arrow files: what monitoring reads.

Each file is whole: samples are gathered in memory and written by a thread of their own, so a
kill loses at most the last `flush_s` seconds and nothing ever waits for the disk. A disk that
fails or fills costs samples, which are counted, never answers.

``<date>-<run>-<nnn>.arrow``: columns time (UTC), request, inputs (struct of the raw columns),
outputs (struct); metadata: model, endpoint, version, run.
"""

from __future__ import annotations

import queue
import random
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa

from jupyter_kf.blobs import write_atomic
from jupyter_kf.serving import batch, rows
from jupyter_kf.serving.schema import RawSchema


@dataclass(frozen=True)
class LogLimits:
    """How much is kept.

    Attributes:
        rate: share of requests that are kept, 0 to 1.
        flush_s: longest a sample waits in memory.
        total_bytes: all files of the endpoint together; the oldest go first.
        queued: samples in memory; more are dropped.
    """

    rate: float = 0.01
    flush_s: float = 10.0
    total_bytes: int = 256 << 20
    queued: int = 4096


@dataclass(frozen=True)
class _Sample:
    at_s: float
    request_id: str
    rows: batch.Batch
    outputs: Mapping[str, Any]


class PredictionLog:
    """The log of one endpoint process.

    Args:
        folder: `EndpointFolder.predictions`.
        who: model, endpoint, version and run, as text.
        count: called with (written, dropped) requests.
    """

    def __init__(
        self,
        folder: Path,
        schema: RawSchema,
        who: Mapping[str, str],
        limits: LogLimits,
        count: Callable[[int, int], None],
    ) -> None:
        self._folder, self._schema, self._who = folder, schema, dict(who)
        self.limits, self._count = limits, count
        self._queue: queue.Queue[_Sample | None] = queue.Queue(limits.queued)
        self._random = random.Random()  # noqa: S311 - a sample, not a secret
        self._n = 0
        self._warned = False
        self._thread = threading.Thread(target=self._work, name="prediction-log", daemon=True)
        if limits.rate:
            self._thread.start()

    def offer(self, request_id: str, asked: batch.Batch, outputs: Mapping[str, Any]) -> None:
        """Keeps this request with the rate's probability. Returns at once."""
        if self._random.random() >= self.limits.rate:
            return
        try:
            self._queue.put_nowait(_Sample(time.time(), request_id, asked, outputs))
        except queue.Full:
            self._count(0, 1)

    def close(self, timeout_s: float = 5.0) -> None:
        """Writes what is in memory and ends."""
        if self._thread.is_alive():
            try:
                self._queue.put(None, timeout=timeout_s)
            except queue.Full:
                return
            self._thread.join(timeout_s)

    def _work(self) -> None:
        held: list[_Sample] = []
        due = 0.0
        while True:
            try:
                wait_s = max(0.0, due - time.monotonic()) if held else None
                sample = self._queue.get(timeout=wait_s)
                if sample is not None:
                    held.append(sample)
                    if len(held) == 1:
                        due = time.monotonic() + self.limits.flush_s
                    if len(held) < self.limits.queued // 4:
                        continue
            except queue.Empty:
                sample = held[-1]
            self._write(held)
            held = []
            if sample is None:
                return

    def _write(self, held: list[_Sample]) -> None:
        if not held:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path(), self._file(held))
            self._count(len(held), 0)
            self._remove_oldest()
        except Exception as error:
            self._count(0, len(held))
            if not self._warned:
                self._warned = True
                sys.stderr.write(f"predictions are not logged: {type(error).__name__}: {error}\n")

    def _path(self) -> Path:
        self._n += 1
        day = datetime.now(UTC).strftime("%Y%m%d")
        return self._folder / f"{day}-{self._who['run']}-{self._n:05d}.arrow"

    def _file(self, held: list[_Sample]) -> bytes:
        tables = [self._table(sample) for sample in held]
        table = pa.concat_tables(tables).combine_chunks().replace_schema_metadata(self._who)
        sink = BytesIO()
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        return sink.getvalue()

    def _table(self, sample: _Sample) -> pa.Table:
        n = sample.rows.rows
        asked = _struct(batch.to_table(self._schema, sample.rows, encode=False))
        got = _struct(rows.outputs_table(sample.outputs))
        at = pa.array([int(sample.at_s * 1e6)] * n, pa.timestamp("us", tz="UTC"))
        ids = pa.array([sample.request_id] * n, pa.string())
        return pa.table({"time": at, "request": ids, "inputs": asked, "outputs": got})

    def _remove_oldest(self) -> None:
        files = sorted(
            (path.stat().st_mtime, path.stat().st_size, path)
            for path in self._folder.glob("*.arrow")
        )
        total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if total <= self.limits.total_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size


def _struct(table: pa.Table) -> pa.ChunkedArray:
    return table.to_struct_array()
