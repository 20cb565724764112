"""How does what a train cell leaves behind become a stored model that is known to predict?

Saved by its flavour, read back from the stored files, compared with the trained model on golden
rows, and described by a manifest whose digest is its identity. Standard library only at import.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import ModelError
from jupyter_kf.layout import RunFolder, scratch
from jupyter_kf.worker import flavours, outputs
from jupyter_kf.worker.flavours import Flavour, How
from jupyter_kf.worker.loaded import load_files, versions
from jupyter_kf.worker.proof import (
    Proof,
    predictable,
    prove,
    rows_at,
    trained_layout,
)

if TYPE_CHECKING:
    import pyarrow as pa


GOLDEN_ROWS = 96
"""At least so many for a model without a transform, where there are as many rows."""


@dataclass(frozen=True)
class SaveContext:
    """What is known of a model besides the model.

    Attributes:
        transform: digest of the transform its rows go through; None when it takes raw rows.
        rows: raw rows (Arrow table, features only) to choose golden rows from when there is no
            transform; its schema,
            and the dtypes that `tables.to_table` put beside it, become the model's.
        frame: "pandas" or "polars", what the model was trained on when there is no transform.
        ulp: the user's bound on differences of predictions; None for the flavour's own.
        flavour: its name, when it is not to be found from the model's class.
        loader: ``loader(folder) -> object`` of a custom model.
        pickle: the user accepts a pickle.
        seed: of the choice of golden rows.
    """

    transform: str | None = None
    rows: pa.Table | None = None
    frame: str = "pandas"
    ulp: int | None = None
    flavour: str | None = None
    loader: Callable[..., Any] | None = None
    pickle: bool = False
    seed: int = 0


@dataclass
class _Golden:
    """Raw golden rows, and how rows are prepared."""

    raw: pa.Table
    prepare: Callable[[Any], Any]
    row_wise: bool
    frame: str
    schema_in: str
    prepared: Any = field(default=None)


def save(blobs: Blobs, model: Any, context: SaveContext) -> str:
    """Stores a model; returns the digest of its manifest.

    Raises:
        ModelError: 26xx, it can't be saved, or none of the golden rows can be predicted.
        ParityError: kf-2160, read back it predicts something else.
    """
    name = (
        "custom" if context.loader else context.flavour or ("pickled" if context.pickle else None)
    )
    flavour = flavours.find(model, name)
    golden = _golden(blobs, context)
    golden.prepared = golden.prepare(golden.raw)
    if flavour.name == "custom":
        files, facts = _store_files(blobs, flavour, model, How(loader=context.loader))
        model = _reload(blobs, flavour, files, facts)
    layout = trained_layout(flavour, model, golden.prepared)
    shape, reference = layout.shaper(), flavour.reference(model)
    kept, reason = predictable(reference, shape, golden.prepared)
    refused = golden.raw.num_rows - len(kept)
    if not len(kept):
        raise _nothing_predicted(reason)
    if refused:
        golden.raw = golden.raw.take(kept)
        golden.prepared = golden.prepare(golden.raw)
    rows = shape(golden.prepared)
    if flavour.name != "custom":
        few = shape(rows_at(golden.prepared, [i % len(kept) for i in range(8)]))
        files, facts = _store_files(blobs, flavour, model, How(example=few))
    proof = prove(
        flavour,
        outputs.tidy(reference(rows), len(kept)),
        lambda: _reload(blobs, flavour, files, facts),
        golden.prepared,
        layout=layout,
        asked_ulp=context.ulp,
    )
    manifest = _manifest(blobs, flavour, proof, golden)
    manifest |= {
        "files": files,
        "loader": facts,
        "transform": context.transform,
        "classes": flavour.classes(model),
        "packages": _packages(flavour, facts),
    }
    manifest["golden"] |= {"refused": refused, "reason": reason}
    return blobs.put_json(manifest)


def save_from_cell(
    job: Mapping[str, Any], folder: RunFolder, names: Mapping[str, Any], kf: Any
) -> dict[str, Any]:
    """Stores what a train cell left behind: ``{"model": digest, "golden_rows": n, "ulp": k}``.

    Args:
        job: job.json of a train run.
        folder: the run's folder.
        names: the cell's namespace after its last line.
        kf: the cell's `kf`; what was given to `kf.save` goes before the name `model`.
    """
    spec, blobs = job["spec"], Blobs(job["store"])
    saved = dict(kf.saved)
    rows, frame = (None, "pandas") if job.get("transform") else raw_rows(blobs, job, names)
    context = SaveContext(
        transform=job.get("transform"),
        rows=rows,
        frame=frame,
        ulp=spec.get("ulp"),
        flavour=saved.get("flavour") or spec.get("flavour"),
        loader=saved.get("loader"),
        pickle="model" in (spec.get("pickle") or ()),
        seed=spec.get("seed") or 0,
    )
    digest = save(blobs, saved["model"] if saved else names["model"], context)
    manifest = blobs.get_json(digest)
    del folder
    return {
        "model": digest,
        "flavour": manifest["flavour"],
        "golden_rows": manifest["golden"]["rows"],
        "ulp": manifest["ulp"],
        "row_wise": manifest["row_wise"],
    }


def raw_rows(blobs: Blobs, job: Mapping[str, Any], names: Mapping[str, Any]) -> tuple[Any, str]:
    """Raw feature rows of a run without a transform, and what kind of frame its cell saw.

    From the dataset without its target; else from the cell's own `X_train`.

    Raises:
        ModelError: kf-2615, there are no rows to prove the model with.
    """
    import pyarrow as pa

    from jupyter_kf.worker.tables import to_table

    if job.get("dataset"):
        manifest = blobs.get_json(job["dataset"])
        if manifest["form"] == "table":
            from jupyter_kf.worker.data import load_table

            target = job.get("target")
            table = load_table(blobs, job["dataset"])
            if target in table.column_names:
                table = table.drop_columns([target])
            if target or "X_train" not in names:
                return table, manifest.get("frame", "pandas")
    found: Any = names.get("X_train")
    kind = type(found).__module__.partition(".")[0]
    if kind in ("pandas", "polars") and hasattr(found, "columns"):
        return to_table(found), kind
    if kind == "numpy" and found.ndim == 2:
        columns = {f"x{i}": found[:, i] for i in range(found.shape[1])}
        return to_table(pa.table(columns)), "pandas"
    raise ModelError(
        2615,
        "there are no rows to prove the model with",
        cause="the run has no dataset of rows, and its cell leaves no frame or matrix `X_train`",
        fix="bind a frame or matrix to `X_train` in the cell; a dataset of rows with --target "
        "does it by itself",
    )


def _golden(blobs: Blobs, context: SaveContext) -> _Golden:
    if context.transform:
        from jupyter_kf.worker import transform

        loaded = transform.load(blobs, context.transform)
        return _Golden(
            loaded.golden_inputs(),
            loaded.transform,
            bool(loaded.manifest["row_wise"]),
            loaded.manifest["frame"],
            loaded.manifest["schema_in"],
        )
    from jupyter_kf.worker.tables import to_frame

    table = context.rows
    if table is None or table.num_rows == 0:
        raise _nothing_predicted("there are no rows")
    return _Golden(
        table.take(_telling_rows(table, context.seed)).combine_chunks(),
        lambda rows: to_frame(rows, context.frame),
        True,
        context.frame,
        blobs.put(table.schema.serialize().to_pybytes()),
    )


def _telling_rows(table: pa.Table, seed: int) -> Any:
    """Positions of nulls, extremes and rare values, and by chance as many more as are missing."""
    import numpy as np

    from jupyter_kf.worker.golden import real_rows

    telling = real_rows(table, seed)
    others = np.setdiff1d(np.arange(table.num_rows), telling)
    missing = min(max(0, GOLDEN_ROWS - len(telling)), len(others))
    more = np.random.Generator(np.random.PCG64(seed)).choice(others, missing, replace=False)
    return np.sort(np.concatenate([telling, more]).astype(np.int64))


def _manifest(blobs: Blobs, flavour: Flavour, proof: Proof, golden: _Golden) -> dict[str, Any]:
    return {
        "type": "model",
        "format": 1,
        "flavour": flavour.name,
        "safe": flavour.safe,
        "outputs": proof.described,
        "input": proof.layout.to_dict(),
        "frame": golden.frame,
        "schema_in": golden.schema_in,
        "golden": {
            "inputs": blobs.put(outputs.write_ipc(golden.raw)),
            "outputs": blobs.put(outputs.write_ipc(outputs.to_table(proof.outputs))),
            "rows": golden.raw.num_rows,
        },
        "ulp": proof.ulp,
        "measured_ulp": proof.measured if proof.measured != float("inf") else None,
        "row_wise": proof.row_wise and golden.row_wise,
        "python": platform.python_version(),
    }


def _store_files(
    blobs: Blobs, flavour: Flavour, model: Any, how: How
) -> tuple[dict[str, Any], dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="jupyter-kf-save-", dir=scratch()) as path:
        facts = flavour.save(model, Path(path), how)
        return blobs.put_folder(Path(path)), facts


def _reload(blobs: Blobs, flavour: Flavour, files: Any, facts: Any) -> Any:
    manifest = {
        "flavour": flavour.name,
        "files": files,
        "loader": facts,
        "packages": versions(flavour.packages),
        "python": platform.python_version(),
    }
    return load_files(blobs, manifest)


def _packages(flavour: Flavour, facts: Mapping[str, Any]) -> dict[str, str]:
    """Exact versions of the flavour's distributions, and of those that the model's code imports."""
    names = list(flavour.packages)
    needs = facts.get("needs") or []
    if needs:
        providers = metadata.packages_distributions()
        names += [dist for root in needs for dist in providers.get(root, [])]
    return versions(names)


def _nothing_predicted(reason: str) -> ModelError:
    return ModelError(
        2618,
        "the model can't predict any of the golden rows",
        cause=reason or "there are none",
        fix="fill nulls and encode text in the %%kf transform cell, or put an imputer into the "
        "model's pipeline; the model must predict what `X_train` holds",
    )


__all__ = ["SaveContext", "raw_rows", "save", "save_from_cell"]
