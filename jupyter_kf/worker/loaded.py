"""A stored model, ready to predict: from raw rows through its own transform, or prepared rows.

`load(blobs, digest)` is the one way a model is called in training, batch and serving. Standard
library only at import; frameworks are imported by the model's flavour.
"""

from __future__ import annotations

import atexit
import platform
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_kf.blobs import Blobs
from jupyter_kf.errors import KfError, ModelError, ParityError
from jupyter_kf.layout import scratch
from jupyter_kf.worker import flavours, outputs
from jupyter_kf.worker.compare import compare_columns
from jupyter_kf.worker.rows import Layout

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    Array = np.ndarray[Any, Any]


class LoadedModel:
    """A model and the transform it was trained behind.

    Attributes:
        digest: of its manifest.
        transform: its LoadedTransform; None when it takes raw rows.
        schema_in: Arrow schema of the raw rows it takes, with the dtypes that stand beside it.
        frame: "pandas" or "polars", what raw rows become first.
        classes: labels of the columns of the output `probability`; None where there are none.
        ulp: how far a prediction may be from the golden one.
        row_wise: whether a row's prediction is the same in any company, so that rows of several
            requests may be predicted together.
        described: ``[{"name", "dtype", "shape"}]`` of its outputs.
        changes: packages of another version than it was saved with: {name: (then, now)}.
        model: the framework's own object.
    """

    def __init__(self, blobs: Blobs, digest: str, manifest: Mapping[str, Any], model: Any) -> None:
        import pyarrow as pa

        self.digest, self.manifest, self.model = digest, manifest, model
        schema = blobs.get(manifest["schema_in"])
        self.schema_in: pa.Schema = pa.ipc.read_schema(pa.py_buffer(schema))
        self.frame: str = manifest["frame"]
        self.transform: Any = None
        if manifest["transform"]:
            from jupyter_kf.worker import transform

            self.transform = transform.load(blobs, manifest["transform"])
        else:
            from jupyter_kf.worker.schema import Shape

            self._raw = Shape(self.schema_in, self.frame)
        self.classes: list[Any] | None = manifest["classes"]
        self.ulp: int = manifest["ulp"]
        alone = self.transform is None or bool(self.transform.manifest["row_wise"])
        self.row_wise = bool(manifest["row_wise"]) and alone
        self.described: list[dict[str, Any]] = manifest["outputs"]
        self.changes = changed_packages(manifest)
        layout = Layout.from_dict(manifest["input"])
        flavour = flavours.get(manifest["flavour"])
        if layout.form == "matrix":
            flavour.for_matrix(model)
        self.columns = layout.columns
        self._shape = layout.shaper()
        self._predict = flavour.predictor(model)
        self._blobs = blobs

    def predict(self, rows: Any) -> dict[str, Array]:
        """Predictions of raw rows.

        Args:
            rows: n rows as a pandas or polars frame, an Arrow table or a mapping of columns.

        Returns:
            Arrays of n rows by output name, C-contiguous; text as numpy text.

        Raises:
            TransformError: 131x, naming the column that does not fit; for a model without a
                transform as well.
        """
        return self.predict_prepared(self.prepare(rows))

    def prepare(self, rows: Any) -> Any:
        """Raw rows as the frame that the model's columns are taken from."""
        if isinstance(rows, Mapping):
            return self._built(rows, len(next(iter(rows.values()), ())))
        if self.transform is not None:
            return self.transform.transform(rows)
        from jupyter_kf.worker.tables import to_frame, to_table

        module = type(rows).__module__.partition(".")[0]
        if module == self.frame:
            return self._raw.accept(rows)
        if module == "pyarrow":
            return self._raw.from_table(rows)
        return self._raw.accept(to_frame(to_table(rows), self.frame))

    def _built(self, columns: Mapping[str, Any], n: int) -> Any:
        if self.transform is not None:
            return self.transform.transform_columns(columns, n)
        return self._raw.build(columns, n)

    def predict_columns(self, columns: Mapping[str, Any], n: int) -> dict[str, Array]:
        """Predictions of n raw rows given as columns: the short way for a server.

        Args:
            columns: array or list of n values by column name.
        """
        return self.predict_prepared(self._built(columns, n))

    def predict_prepared(self, rows: Any) -> dict[str, Array]:
        """Predictions of rows that went through the transform: a frame, or a matrix of them."""
        n = len(rows)
        if n == 0:
            return outputs.empty(self.described)
        return outputs.tidy(self._predict(self._shape(rows)), n)

    def golden_inputs(self) -> pa.Table:
        """Raw golden rows."""
        return outputs.read_ipc(self._blobs.get(self.manifest["golden"]["inputs"]))

    def golden_outputs(self) -> dict[str, Array]:
        """Their predictions, as measured when the model was saved."""
        table = outputs.read_ipc(self._blobs.get(self.manifest["golden"]["outputs"]))
        return outputs.from_table(table, self.described)

    def prove(self) -> int:
        """Predicts the golden rows again in this process; returns how many.

        Raises:
            ParityError: kf-2161, with the first difference and the packages that changed.
        """
        expected = self.golden_outputs()
        findings = compare_columns(expected, self.predict(self.golden_inputs()), ulp=self.ulp)
        if findings:
            raise ParityError(
                2161,
                f"model {self.digest[:12]} does not predict here what it predicted when saved",
                cause=f"{findings[0].sentence()}{_changes_text(self.changes)}",
                fix="use the packages it was trained with, or train it again here",
            )
        return int(self.manifest["golden"]["rows"])


def load(blobs: Blobs, digest: str) -> LoadedModel:
    """A model by the digest of its manifest; every file is verified before it is read.

    Raises:
        NotFound: kf-1101, no such object.
        StoreError: kf-3003, a file was altered.
        ModelError: kf-2610 the digest is no model's, kf-2611 the framework can't read it here.
    """
    digest = digest.removeprefix("sha256:")
    manifest = blobs.get_json(digest)
    if not isinstance(manifest, dict) or manifest.get("type") != "model":
        raise ModelError(
            2610,
            f"object {digest[:12]} is not a model",
            cause="its manifest says otherwise",
            fix="`%kf lineage` shows which digest is what",
        )
    model = load_files(blobs, manifest)
    return LoadedModel(blobs, digest, manifest, model)


def load_files(blobs: Blobs, manifest: Mapping[str, Any]) -> Any:
    """The framework's object from a manifest's files, laid out in a private folder.

    The folder stays as long as the object, whose loader may read more of it later.
    """
    folder = Path(tempfile.mkdtemp(prefix="jupyter-kf-model-", dir=scratch()))
    try:
        blobs.checkout(manifest["files"], folder)
        flavour = flavours.get(manifest["flavour"])
        try:
            model = flavour.load(folder, manifest["loader"] or {})
        except KfError:
            raise
        except Exception as error:
            raise ModelError(
                2611,
                f"the {manifest['flavour']} model can't be loaded here",
                cause=f"{type(error).__name__}: {error}{_changes_text(changed_packages(manifest))}",
                fix="install the packages it was saved with: "
                + " ".join(f"{name}=={version}" for name, version in manifest["packages"].items()),
            ) from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    try:
        weakref.finalize(model, shutil.rmtree, folder, True)
    except TypeError:  # a type without weak references: the folder goes with the process
        atexit.register(shutil.rmtree, folder, True)
    return model


def versions(names: list[str] | tuple[str, ...]) -> dict[str, str]:
    """Exact versions of the distributions that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def changed_packages(manifest: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """What differs between the environment a model was saved in and this one."""
    now = versions(list(manifest["packages"]))
    changes = {
        name: (then, now.get(name, "not installed"))
        for name, then in manifest["packages"].items()
        if now.get(name) != then
    }
    if manifest["python"] != platform.python_version():
        changes["python"] = (manifest["python"], platform.python_version())
    return changes


def _changes_text(changes: Mapping[str, tuple[str, str]]) -> str:
    if not changes:
        return ""
    listed = ", ".join(f"{name} {then} is now {now}" for name, (then, now) in changes.items())
    return f"; since it was saved, {listed}"
