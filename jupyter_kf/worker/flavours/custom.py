"""Any other framework: files that the user wrote, and a loader function captured as source.

``kf.save(path, loader=load)`` keeps the file or folder at `path`; ``load(folder)`` reads it back
into an object with ``predict(X)`` or a callable. Standard library only at import.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_kf.errors import KfError, ModelError
from jupyter_kf.worker.flavours import How, Predictor
from jupyter_kf.worker.flavours.sklearn import labels, public_calls
from jupyter_kf.worker.flavours.sources import capture

SOURCE, FILES, MODULES = "loader.py", "files", "modules"


class CustomFlavour:
    """A folder of files and the function that reads it."""

    name = "custom"
    packages = ("numpy", "pandas", "pyarrow")
    safe = True

    def recognises(self, _model: Any) -> bool:
        """Never: a loader says so."""
        return False

    def save(self, model: Any, folder: Path, how: How) -> dict[str, Any]:
        """The files, `loader.py`, and local modules that it imports.

        Raises:
            ModelError: kf-2606 no loader, no such path; kf-2607 the loader uses what can't travel.
        """
        if how.loader is None:
            raise _bad_path("the flavour `custom` needs a loader", "none was given")
        if not isinstance(model, str | os.PathLike):
            raise _bad_path(
                f"kf.save was given a {type(model).__name__} beside a loader",
                "a loader reads files, so the model must be the path of a file or folder",
            )
        path = Path(model)
        if not path.exists():
            raise _bad_path(f"kf.save was given {str(path)!r}", "there is no such file or folder")
        captured = capture(how.loader)
        target = folder / FILES
        if path.is_dir():
            shutil.copytree(path, target)
        else:
            target.mkdir()
            shutil.copy2(path, target / path.name)
        (folder / SOURCE).write_text(captured.source)
        for name, text in captured.modules.items():
            module = folder / MODULES / name
            module.parent.mkdir(parents=True, exist_ok=True)
            module.write_text(text)
        return {"function": captured.function, "needs": captured.needs}

    def load(self, folder: Path, facts: Mapping[str, Any]) -> Any:
        """What the loader returns.

        Raises:
            ModelError: kf-2608, the loader failed or returned nothing that predicts.
        """
        if (folder / MODULES).is_dir():
            sys.path.insert(0, str(folder / MODULES))
            importlib.invalidate_caches()
        module = types.ModuleType("jupyter_kf_loader")
        shown = str(folder / SOURCE)
        try:
            exec(compile((folder / SOURCE).read_text(), shown, "exec"), module.__dict__)  # noqa: S102
            (folder / FILES).mkdir(exist_ok=True)
            model = getattr(module, facts["function"])(folder / FILES)
        except KfError:
            raise
        except Exception as error:
            raise _bad_loader(f"{type(error).__name__}: {error}", facts["function"]) from error
        if not hasattr(model, "predict") and not callable(model):
            raise _bad_loader(
                f"it returned a {type(model).__name__}, which has no predict", facts["function"]
            )
        return model

    def reference(self, model: Any) -> Predictor:
        """As `predictor`."""
        return self.predictor(model)

    def predictor(self, model: Any) -> Predictor:
        """`predict` (and `predict_proba`), or the object called; a dict of arrays stays one."""
        call = model.predict if hasattr(model, "predict") else model
        if labels(model) is not None:
            return public_calls(model)

        def predict(rows: Any) -> dict[str, Any]:
            found = call(rows)
            return dict(found) if isinstance(found, Mapping) else {"prediction": found}

        return predict

    def ulp(self, _model: Any) -> int:
        """Unknown code may go through BLAS."""
        return 4

    def classes(self, model: Any) -> list[Any] | None:
        """`classes_`, if it follows scikit-learn."""
        return labels(model)

    def columns(self, _model: Any) -> list[str] | None:
        """It gets every prepared column."""
        return None

    def for_matrix(self, _model: Any) -> bool:
        """Never: unknown code may look at names."""
        return False

    def dtype(self, _model: Any) -> str | None:
        """It gets the frame, as the cell did."""
        return None


def _bad_path(what: str, cause: str) -> ModelError:
    return ModelError(
        2606,
        what,
        cause=cause,
        fix='write the files first: path = kf.artifact("model.txt"); kf.save(path, loader=load)',
    )


def _bad_loader(cause: str, function: str) -> ModelError:
    return ModelError(
        2608,
        f"the loader `{function}` did not give back a model",
        cause=cause,
        fix=f"{function}(folder) gets a pathlib.Path of the files and must return an object "
        "with predict(X); it may use only what it imports or what is defined in its cell",
    )


FLAVOUR = CustomFlavour()
