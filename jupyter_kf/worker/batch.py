"""The job `batch`: whole files through transform and model, in bounded memory, resumable.

The unit of work is a file: one output for each input, written whole or not at all. Rows are read,
predicted and written in pieces, each step in its own thread. A value that depends on the rest of
its batch would depend on where a file is cut, so a batch-dependent model gets whole files only,
and a file of more than `rows` rows is refused. Standard library only at import.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_kf.blobs import Blobs, digest_file
from jupyter_kf.errors import BatchError, KfError
from jupyter_kf.layout import RunFolder
from jupyter_kf.worker import batch_read, batch_write
from jupyter_kf.worker.batch_read import Needed, Source
from jupyter_kf.worker.loaded import LoadedModel, load
from jupyter_kf.worker.outputs import TEXT, flat_columns

if TYPE_CHECKING:
    import pyarrow as pa

REPORT_EVERY_S = 0.5


@dataclass(frozen=True)
class Asked:
    """The fields of a BatchSpec that matter here, and the run they belong to."""

    run: str
    model: str
    input: str
    output: Path
    rows: int
    keep: tuple[str, ...]
    form: str
    overwrite: bool

    @staticmethod
    def of(job: Mapping[str, Any]) -> Asked:
        """From job.json."""
        spec = job["spec"]
        return Asked(
            job["run"],
            job["model"].removeprefix("sha256:"),
            spec["input"],
            Path(spec["output"]),
            int(spec["rows"]),
            tuple(spec["keep"]),
            spec["format"],
            bool(spec["overwrite"]),
        )


@dataclass
class _Task:
    """One input, its output, and what the output will say of itself."""

    source: Source
    target: Path
    size: int
    facts: dict[str, Any] = field(default_factory=dict)


def run_batch(job: Mapping[str, Any], folder: RunFolder, report: Any) -> dict[str, Any]:
    """Predicts every file of a glob.

    Args:
        job: job.json with the BatchSpec under "spec" and the model's digest under "model".
        folder: the run's folder; unused, since a batch leaves its results where it was asked to.
        report: the run's Reporter: progress and remaining seconds go there.

    Returns:
        ``{"files", "skipped", "rows", "output", "model", "transform", "golden_rows"}``; skipped
        are files whose result was already there, from this model and these bytes.

    Raises:
        BatchError: 24xx; results of files before the failing one stay.
        ParityError: kf-2161, the model does not predict here what it predicted when saved.
    """
    del folder
    asked = Asked.of(job)
    sources = batch_read.find(asked.input, asked.output)
    targets = _targets(sources, asked)
    model = load(Blobs(job["store"]), asked.model)
    proven = model.prove()
    batch_write.make_folder(asked.output)
    frame = _Frame(model, asked)
    tasks = [
        _Task(source, target, source.path.stat().st_size)
        for source, target in zip(sources, targets, strict=True)
    ]
    todo = [task for task in tasks if not _finished(task, asked, frame)]
    progress = _Progress(report, sum(task.size for task in todo))
    rows = 0
    for task in todo:
        rows += _predict_file(task, frame, progress)
        progress.file_done(task.size, rows)
    progress.end(rows)
    return {
        "files": len(todo),
        "skipped": len(tasks) - len(todo),
        "rows": rows,
        "output": str(asked.output),
        "model": asked.model,
        "transform": model.manifest["transform"],
        "golden_rows": proven,
    }


class _Frame:
    """What every file of one batch shares: the model, the columns in and the columns out."""

    def __init__(self, model: LoadedModel, asked: Asked) -> None:
        self.model, self.asked = model, asked
        self.needed = Needed(model.schema_in, asked.keep)
        self.columns = flat_columns(model.described, model.classes)
        for name in asked.keep:
            if name in self.columns:
                raise BatchError(
                    2408,
                    f"--keep {name} has the name of a prediction",
                    cause=f"the model's outputs are {', '.join(self.columns)}",
                    fix="rename the column in the input",
                )

    def schema(self, inputs: pa.Schema) -> pa.Schema:
        """Of the output: kept columns, then predictions."""
        import numpy as np
        import pyarrow as pa

        fields = [inputs.field(name).remove_metadata() for name in self.asked.keep]
        for name, (_, _, dtype) in self.columns.items():
            kind = pa.string() if dtype == TEXT else pa.from_numpy_dtype(np.dtype(dtype))
            fields.append(pa.field(name, kind))
        return pa.schema(fields)

    def predict(self, piece: pa.Table, schema: pa.Schema) -> pa.Table:
        """Kept columns and predictions of one piece."""
        import numpy as np
        import pyarrow as pa

        found = self.model.predict(piece.select(self.needed.schema.names))
        arrays: list[Any] = [piece.column(name) for name in self.asked.keep]
        for name, (output, place, dtype) in self.columns.items():
            values: Any = found[output]
            if place is not None:
                values = values[(slice(None), *place)]
            kind = schema.field(name).type
            plain = values.tolist() if dtype == TEXT else np.ascontiguousarray(values)
            arrays.append(pa.array(plain, type=kind))
        return pa.Table.from_arrays(arrays, schema=schema)


def _targets(sources: list[Source], asked: Asked) -> list[Path]:
    """One output name per input; inputs that differ only in their ending keep it.

    Raises:
        BatchError: kf-2414 a result would stand outside --output or in the place of an input,
            kf-2415 two results would have one name.
    """
    suffix = batch_write.SUFFIX[asked.form]
    plain = [source.relative.with_suffix("") for source in sources]
    targets = [
        asked.output / f"{source.relative if plain.count(name) > 1 else name}{suffix}"
        for source, name in zip(sources, plain, strict=True)
    ]
    output, inputs = asked.output.resolve(), {source.path.resolve() for source in sources}
    by_target: dict[Path, Source] = {}
    for source, target in zip(sources, targets, strict=True):
        real = target.resolve()
        if not real.is_relative_to(output) or real in inputs:
            raise BatchError(
                2414,
                f"the result of {source.path} would be written to {real}",
                cause="that is one of the inputs" if real in inputs else f"it is not in {output}",
                fix="give --output another folder, without links that lead out of it",
            )
        other = by_target.setdefault(real, source)
        if other is not source:
            raise BatchError(
                2415,
                f"the results of {other.path} and {source.path} would have one name, {target}",
                cause="a result is called like its input, with its own ending",
                fix="rename one of the inputs, or give them to two batches",
            )
    return targets


def _finished(task: _Task, asked: Asked, frame: _Frame) -> bool:
    """Whether the result is there already; fills in the task's facts.

    Raises:
        BatchError: kf-2406, a file of that name was made by another model, or by no batch.
    """
    stat = task.source.path.stat()
    source = {"name": task.source.relative.as_posix(), "bytes": stat.st_size,
              "mtime_ns": stat.st_mtime_ns}  # fmt: skip
    task.facts = {
        "format": 1,
        "run": asked.run,
        "model": asked.model,
        "transform": frame.model.manifest["transform"],
        "keep": list(asked.keep),
        "columns": list(frame.columns),
        "source": source,
    }
    if task.target.exists() and not asked.overwrite:
        old = batch_write.facts_of(task.target)
        if old is None or old.get("model") != asked.model:
            raise _not_ours(task.target, old)
        same = all(old.get(key) == task.facts[key] for key in ("keep", "columns"))
        before = old.get("source") or {}
        if same and all(before.get(key) == source[key] for key in source):
            return True
        source["sha256"] = digest_file(task.source.path)
        return bool(same and before.get("sha256") == source["sha256"])
    return False


def _not_ours(target: Path, old: Mapping[str, Any] | None) -> BatchError:
    by = (
        "by something else than a batch" if old is None else f"by model {old.get('model', '')[:12]}"
    )
    return BatchError(
        2406,
        f"{target} is already there, made {by}",
        cause="results of another model are not replaced unasked",
        fix="give another --output, or --overwrite",
    )


def _predict_file(task: _Task, frame: _Frame, progress: _Progress) -> int:
    """Reads, predicts and writes one file; returns its number of rows."""
    reading = batch_read.read(task.source, frame.needed, frame.asked.rows)
    schema = frame.schema(reading.schema)
    source = task.facts["source"]
    source.setdefault("sha256", digest_file(task.source.path))
    pieces = reading.pieces
    if not frame.model.row_wise:
        pieces = _whole(pieces, task.source.path, frame)
    rows = 0
    with (
        batch_write.new_file(task.target, frame.asked.form, schema, task.facts) as writer,
        ThreadPoolExecutor(1, "batch-read") as reader_thread,
        ThreadPoolExecutor(1, "batch-write") as writer_thread,
    ):
        written: Future[None] | None = None
        for piece in _ahead(pieces, reader_thread):
            found = _explained(piece, rows, frame, task.source.path, schema)
            if written is not None:
                written.result()
            written = writer_thread.submit(writer.write_table, found)
            rows += piece.num_rows
            progress.at(reading.done() * task.size, rows)
        if written is not None:
            written.result()
        _check_unchanged(task)  # while nothing has its name yet
    return rows


def _ahead(pieces: Iterator[pa.Table], thread: ThreadPoolExecutor) -> Iterator[pa.Table]:
    """The same pieces, the next one being read while this one is worked on."""
    following = thread.submit(next, pieces, None)
    while (piece := following.result()) is not None:
        following = thread.submit(next, pieces, None)
        yield piece


def _whole(pieces: Iterator[pa.Table], path: Path, frame: _Frame) -> Iterator[pa.Table]:
    """The one piece of a file for a model whose rows depend on each other.

    Raises:
        BatchError: kf-2407, the file is longer than one piece.
    """
    first = next(pieces, None)
    if first is None:
        return
    if next(pieces, None) is not None:
        raise BatchError(
            2407,
            f"{path} has more than {frame.asked.rows} rows, and this model needs whole files",
            cause="its predictions depend on the other rows of their batch, so cutting the file "
            "would change them",
            fix="give --rows as large as the largest file, if memory allows; or make the "
            "transform row-wise: `%kf check` shows what is not",
        )
    yield first


def _explained(
    piece: pa.Table, before: int, frame: _Frame, path: Path, schema: pa.Schema
) -> pa.Table:
    """Predicts a piece; what goes wrong is named by file and row.

    Raises:
        BatchError: kf-2405.
    """
    try:
        return frame.predict(piece, schema)
    except MemoryError:
        raise
    except Exception as error:
        if frame.model.row_wise:
            row, cause = _first_bad(piece, lambda part: frame.predict(part, schema), error)
            where = f"row {before + row + 1}"
        else:
            where, cause = f"rows {before + 1} to {before + piece.num_rows}", error
        said = cause.what if isinstance(cause, KfError) else str(cause).strip().partition("\n")[0]
        why = (
            f"kf-{cause.code}: {cause.cause}"
            if isinstance(cause, KfError)
            else type(cause).__name__
        )
        raise BatchError(
            2405,
            f"{path}, {where}: {said}",
            cause=why,
            fix=cause.fix
            if isinstance(cause, KfError)
            else "correct or remove the row, or make "
            "the transform take it; finished files stay, and are skipped next time",
        ) from error


def _first_bad(
    piece: pa.Table, predict: Callable[[pa.Table], Any], error: Exception
) -> tuple[int, Exception]:
    """Position of the first row that fails, by halving, and what it raises alone."""
    low, high = 0, piece.num_rows
    while high - low > 1:
        middle = (low + high) // 2
        try:
            predict(piece.slice(low, middle - low))
            low = middle
        except Exception as found:
            high, error = middle, found
    try:
        predict(piece.slice(low, 1))
    except Exception as found:
        error = found
    return low, error


def _check_unchanged(task: _Task) -> None:
    stat, source = task.source.path.stat(), task.facts["source"]
    if (stat.st_size, stat.st_mtime_ns) == (source["bytes"], source["mtime_ns"]):
        return
    raise BatchError(
        2412,
        f"{task.source.path} changed while it was read",
        cause="another program writes it",
        fix="run the batch again once the file is whole",
    )


class _Progress:
    """Progress by bytes of input, at most twice a second."""

    def __init__(self, report: Any, total: int) -> None:
        self._report, self._total = report, total
        self._done, self._began_s, self._said_s = 0.0, time.monotonic(), 0.0
        self._rows: int | None = None

    def at(self, inside: float, rows: int) -> None:
        """`inside`: bytes of the present file that are done."""
        now_s = time.monotonic()
        if now_s - self._said_s < REPORT_EVERY_S:
            return
        self._said_s = now_s
        share = min(1.0, (self._done + inside) / self._total) if self._total else 1.0
        spent_s = now_s - self._began_s
        remaining_s = spent_s * (1 - share) / share if share else None
        self._say(share, remaining_s, rows)

    def file_done(self, size: int, rows: int) -> None:
        """A whole file is done."""
        self._done += size
        self.at(0.0, rows)

    def end(self, rows: int) -> None:
        """All is done."""
        self._say(1.0, 0.0, rows)

    def _say(self, share: float, remaining_s: float | None, rows: int) -> None:
        """A count is reported when it is another: one that is said again is a flat plot."""
        counted = {} if rows == self._rows else {"rows": rows}
        self._rows = rows
        self._report.report(progress=share, remaining_s=remaining_s, **counted)


__all__ = ["Asked", "run_batch"]
