"""The job of kind "transform": fit on the training part, choose golden rows, certify, register.

Equal code over equal rows is computed once. Standard library at import.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import DataError, KfError, TransformError, did_you_mean
from jupyter_kf.layout import RunFolder
from jupyter_kf.refs import Refs
from jupyter_kf.worker import certify, data, environment, golden, prepared, state, tables
from jupyter_kf.worker.code import MODULES, Code
from jupyter_kf.worker.compare import compare_columns
from jupyter_kf.worker.profile import profile
from jupyter_kf.worker.schema import Shape
from jupyter_kf.worker.transform import Runner
from jupyter_kf.worker.unread import unread

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

ESTIMATOR = "estimator.skops"


@dataclass
class Work:
    """What the job's steps hand on.

    Attributes:
        table: the dataset without its target.
        files: ``transform.py`` and its modules, as they are stored.
        state_files: what `fit` learned, or None.
        train: positions of the rows that `fit` saw; all when nothing is fitted.
    """

    job: dict[str, Any]
    blobs: Blobs
    table: Any
    files: dict[str, bytes]
    train: Array
    state_files: dict[str, bytes] | None = None

    @property
    def spec(self) -> dict[str, Any]:
        """The TransformSpec's fields."""
        spec: dict[str, Any] = self.job["spec"]
        return spec

    def code(self, *, state_given: bool = False) -> Code:
        """The functions, freshly executed."""
        known = {"above": self.job.get("above"), "target": self.job.get("target")}
        return Code(self.files, self.job["name"], state_given=state_given, **known)

    def runner(self) -> Runner:
        """The functions with their state, freshly executed, as any other process would."""
        given = self.state_files is not None
        code = self.code(state_given=given)
        learned = state.decode(self.state_files) if self.state_files is not None else None
        return Runner(code, learned, self.spec["frame"])


def run(job: dict[str, Any], folder: RunFolder, report: Any) -> dict[str, Any]:
    """Fits, certifies and registers a transform; returns ``{"transform": digest, ...}``.

    Raises:
        TransformError: 13xx, why it can't be trusted; nothing is registered then.
    """
    blobs = Blobs(job["store"])
    work = _prepare(job, folder, blobs)
    modules = environment.imported_modules(
        text.decode() for name, text in work.files.items() if name.endswith(".py")
    )
    if (folder.inputs / ESTIMATOR).exists():
        modules |= {"sklearn", "skops"}
    versions = environment.packages(modules, work.spec["frame"])
    key = _key(work, folder, versions)
    held = prepared.recall(blobs, "transform", key)
    if held and _whole(blobs, held["outputs"]["transform"]):
        Refs(job["store"]).add("transform", job["name"], held["outputs"]["transform"], held["note"])
        return {**held["outputs"], "reused": True}
    _fit(work, folder)
    report.report(progress=0.2)
    outputs, note = _certified(work, versions, report)
    Refs(job["store"]).add("transform", job["name"], outputs["transform"], note)
    prepared.remember(blobs, "transform", key, {"outputs": outputs, "note": note})
    return outputs


def _prepare(job: dict[str, Any], folder: RunFolder, blobs: Blobs) -> Work:
    import numpy as np

    spec = job["spec"]
    table = data.load_table(blobs, job["dataset"])
    target = spec.get("target")
    if target and target not in table.column_names:
        raise DataError(
            1421,
            f"the dataset has no column `{target}` to predict",
            cause=did_you_mean(target, table.column_names),
            fix="give another --target",
        )
    if not table.num_rows:
        raise TransformError(
            1305,
            "the dataset has no rows",
            cause="a transform is fitted and proven on rows",
            fix="make the dataset again from data with rows",
        )
    fractions = [float(part) for part in spec["split"].split("/")]
    files = _code_files(folder)
    train = np.arange(table.num_rows)
    if b"def fit" in files["transform.py"] and len(fractions) > 1:
        train = data.split_rows(table, fractions, spec.get("split_by"), spec["seed"])[0]
    rows = tables.only_columns(table.drop_columns([target])) if target else table
    return Work(job, blobs, rows, files, train)


def _code_files(folder: RunFolder) -> dict[str, bytes]:
    """The cell and the local modules that travelled, under the names they are stored by."""
    source = folder.cell.read_bytes() if folder.cell.exists() else b""
    files = {"transform.py": source}
    modules = folder.inputs / "modules"
    for path in sorted(p for p in modules.rglob("*") if p.is_file()):
        if path.suffix != ".pyc":
            files[MODULES + path.relative_to(modules).as_posix()] = path.read_bytes()
    return files


def _key(work: Work, folder: RunFolder, versions: dict[str, str]) -> dict[str, Any]:
    spec, estimator = work.spec, folder.inputs / ESTIMATOR
    put = work.blobs.put
    return {
        "files": {name: put(content) for name, content in work.files.items()},
        "object": put(estimator.read_bytes()) if estimator.exists() else None,
        "dataset": work.job["dataset"],
        **{name: spec.get(name) for name in
           ("target", "split", "split_by", "seed", "frame", "ulp", "batch_only", "pickle")},
        "python": environment.python_version(),
        "packages": versions,
    }  # fmt: skip


def _whole(blobs: Blobs, digest: str) -> bool:
    """Whether everything a remembered transform needs is still there, unaltered."""
    from jupyter_kf.worker.transform import load

    try:
        loaded = load(blobs, digest)
        loaded.golden_inputs(), loaded.golden_outputs()
    except KfError:
        return False
    return True


def _fit(work: Work, folder: RunFolder) -> None:
    allow = "state" in (work.spec.get("pickle") or ())
    estimator = folder.inputs / ESTIMATOR
    if estimator.exists():
        from jupyter_kf.worker.state_values import load_estimator

        held = load_estimator(estimator.read_bytes())
        work.table = _known_columns(work.table, getattr(held, "feature_names_in_", None))
        work.state_files = state.encode({"estimator": held}, allow_pickle=allow)
        return
    code = work.code()
    if code.fit is None:
        return
    rows = tables.to_frame(work.table.take(work.train), work.spec["frame"])
    _seed(work.spec["seed"])
    try:
        learned = code.fit(rows)
    except KfError:
        raise
    except Exception as error:
        raise code.failed(error, 1323, f"fit raises on {len(rows):,} training rows") from error
    work.state_files = state.encode(learned, allow_pickle=allow)


def _known_columns(table: Any, wanted: Any) -> Any:
    """The columns that a fitted object was fitted on, where it says which."""
    if wanted is None:
        return table
    for name in wanted:
        if name not in table.column_names:
            raise TransformError(
                1325,
                f"the object was fitted on a column `{name}` that the dataset doesn't have",
                cause=did_you_mean(name, table.column_names),
                fix="fit it on the dataset's own columns, without the target",
            )
    kept = table.select(list(wanted))
    return tables.only_columns(kept)


def _certified(
    work: Work, versions: dict[str, str], report: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Applies it to the whole dataset, picks golden rows, stores and certifies the manifest."""
    blobs, spec, kind = work.blobs, work.spec, work.spec["frame"]
    whole = _applied(work.runner(), work.table)
    report.report(progress=0.5)
    shape = Shape(whole.schema, kind, output=True)
    picked = _golden(work, shape)
    manifest = _manifest(work, versions, whole.schema, picked)
    digest = blobs.put_json(manifest)
    certificate = certify.verify(blobs, digest)
    among = certify.elsewhere_findings(
        whole.take(picked.real), picked.outputs.slice(0, len(picked.real)), spec["ulp"]
    )
    if among and not certificate["depends_on"]:
        certificate["findings"] += among
        certificate["row_wise"] = certificate["ok"] = False
    report.report(progress=0.9)
    certify.refuse(certificate, batch_only=spec["batch_only"])
    if not certificate["row_wise"]:
        manifest["row_wise"] = False
        digest = blobs.put_json(manifest)
        certificate |= {"transform": digest, "ok": True}
    prepared.keep(blobs, digest, work.job["dataset"], whole)
    certificate["facts"] = picked.facts
    certificate["unread"], certificate["unknown"] = _unread(work, shape, picked)
    note = {"certificate": blobs.put_json(certificate), "run": work.job["run"]}
    outputs = {
        "transform": digest,
        "certificate": note["certificate"],
        "row_wise": manifest["row_wise"],
        "rows": manifest["golden"]["rows"],
        "columns": whole.num_columns,
        "facts": picked.facts,
    }
    return outputs, note


@dataclass
class Picked:
    """Golden rows, what they become, and the positions of those from the dataset."""

    inputs: Any
    outputs: Any
    real: Array
    nullable: set[str]
    facts: list[str]


def _golden(work: Work, shape: Shape) -> Picked:
    """Chooses golden rows; made-up ones on which the transform raises become facts."""
    kind, runner, facts = work.spec["frame"], work.runner(), []
    real = golden.real_rows(work.table, work.spec["seed"])
    made = golden.made_up(work.table, kind)

    def outputs(rows: Any) -> Any:
        return tables.to_table(shape.accept(runner(tables.to_frame(rows, kind), rows.num_rows)))

    inputs = golden.rows_of(work.table, real, made, real)
    try:
        found = outputs(inputs)
    except KfError:
        kept = []
        for n, row in enumerate(made):
            try:
                outputs(inputs.slice(len(real) + n, 1))
                kept.append(row)
            except KfError as error:
                facts.append(f"{row.sentence()}: {_why(error)}")
        made = kept
        inputs = golden.rows_of(work.table, real, made, real)
        found = outputs(inputs)
    proven = {name for row in made if row.label == "null" for name in row.values}
    nulls = {n for n, c in zip(work.table.column_names, work.table.columns, strict=True)
             if c.null_count}  # fmt: skip
    return Picked(inputs, found, real, proven | nulls, facts)


def _unread(work: Work, shape: Shape, picked: Picked) -> tuple[list[str], list[str]]:
    """The columns without which the golden rows come out equal, and those not looked at."""
    runner, expected = work.runner(), tables.comparable(picked.outputs)

    def same(without: Sequence[str]) -> bool:
        kept = tables.only_columns(picked.inputs.drop_columns(list(without)))
        if not kept.num_columns:
            return False
        try:
            made = runner(tables.to_frame(kept, work.spec["frame"]), kept.num_rows)
            got = tables.to_table(shape.accept(made))
        except KfError:
            return False
        return not compare_columns(expected, tables.comparable(got), ulp=0)

    sources = [text.decode() for name, text in work.files.items() if name.endswith(".py")]
    return unread(picked.inputs.column_names, sources, same)


def _why(error: KfError) -> str:
    return error.cause if error.code == 1320 else error.what


def _manifest(
    work: Work, versions: dict[str, str], schema_out: Any, picked: Picked
) -> dict[str, Any]:
    import pyarrow as pa

    blobs, spec = work.blobs, work.spec
    schema_in = pa.schema(
        [field.with_nullable(field.name in picked.nullable) for field in work.table.schema],
        metadata=work.table.schema.metadata,
    )
    fitted = work.state_files is not None
    seen = work.table.take(work.train) if len(work.train) < work.table.num_rows else work.table
    types = {field.name: field.type for field in seen.schema}
    bare = pa.schema(list(schema_in), metadata=schema_in.metadata)
    inputs = pa.Table.from_arrays(picked.inputs.columns, schema=bare)
    return {
        "type": "transform",
        "format": 1,
        "files": _stored(blobs, work.files),
        "state": {
            "files": _stored(blobs, work.state_files or {}),
            "unsafe": state.is_unsafe(work.state_files or {}),
        }
        if fitted
        else None,
        "schema_in": blobs.put(schema_in.serialize().to_pybytes()),
        "schema_out": blobs.put(schema_out.serialize().to_pybytes()),
        "domains": profile(types, seen.column, seen.num_rows)["columns"],
        "golden": {
            "inputs": blobs.put(prepared.ipc(inputs)),
            "outputs": blobs.put(prepared.ipc(picked.outputs)),
            "rows": picked.inputs.num_rows,
        },
        "python": environment.python_version(),
        "packages": versions,
        "frame": spec["frame"],
        "target": spec.get("target"),
        "row_wise": True,
        "ulp": spec["ulp"],
        "fit": {
            "dataset": work.job["dataset"],
            "split": spec["split"],
            "split_by": spec.get("split_by"),
            "seed": spec["seed"],
            "rows": len(work.train),
        }
        if fitted
        else None,
    }


def _applied(runner: Runner, table: Any) -> Any:
    frame = tables.to_frame(table, runner.kind)
    try:
        return tables.to_table(runner(frame, table.num_rows)).combine_chunks()
    except DataError as error:
        raise TransformError(
            1324,
            f"what the transform returns can't be kept: {error.what}",
            cause=error.cause,
            fix=error.fix,
        ) from None


def _stored(blobs: Blobs, files: dict[str, bytes]) -> dict[str, Any]:
    return {name: {"digest": blobs.put(content), "bytes": len(content)}
            for name, content in files.items()}  # fmt: skip


def _seed(seed: int) -> None:
    import sys

    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)
