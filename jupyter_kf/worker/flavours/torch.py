"""PyTorch: an exported program (.pt2), or TorchScript where torch is too old to export.

Both hold the computation itself, so a module class that was defined in a cell needs not be there
when the model is served. Rows go in as one matrix of the parameters' dtype (float32 as a rule).
Source: PyTorch's torch.export and TorchScript documentation. Standard library only at import.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_kf.errors import ModelError
from jupyter_kf.worker.flavours import How, Predictor, roots, ways_out
from jupyter_kf.worker.flavours.network import Loaded, Network, named

PROGRAM, SCRIPT = "model.pt2", "model.torchscript"


class TorchFlavour(Network):
    """`torch.nn.Module`s whose forward takes one matrix."""

    name = "torch"
    packages = ("torch", "numpy")
    safe = True

    def recognises(self, model: Any) -> bool:
        """A module, or what torch.export made of one."""
        return "torch" in roots(model) and not isinstance(model, type)

    def save(self, model: Any, folder: Path, how: How) -> dict[str, Any]:
        """An exported program with a free number of rows; else TorchScript.

        Raises:
            ModelError: kf-2602 no module, kf-2604 neither export nor TorchScript takes it, with
                what each said.
        """
        import torch

        dtype = self.dtype(model)
        if type(model).__name__ == "ExportedProgram":
            torch.export.save(model, folder / PROGRAM)
            return {"format": "export", "dtype": dtype}
        if not isinstance(model, torch.nn.Module):
            raise ModelError(
                2602,
                f"`model` is a torch {type(model).__name__}, which can't predict alone",
                cause="a state dict or a tensor has no forward",
                fix="leave the torch.nn.Module in `model`",
            )
        if not isinstance(model, torch.jit.ScriptModule):
            model = copy.deepcopy(model).to("cpu")
        model = model.eval()
        refusals = []
        if not isinstance(model, torch.jit.ScriptModule) and hasattr(torch, "export"):
            try:
                _export(model, torch.from_numpy(how.example), folder / PROGRAM)
                return {"format": "export", "dtype": dtype}
            except Exception as error:
                refusals.append(f"torch.export: {_first_line(error)}")
                (folder / PROGRAM).unlink(missing_ok=True)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                torch.jit.script(model).save(str(folder / SCRIPT))
        except Exception as error:
            refusals.append(f"TorchScript: {_first_line(error)}")
            raise ModelError(
                2604,
                f"`model` ({type(model).__name__}) can't be saved by torch",
                cause="; ".join(refusals),
                fix="write forward(self, x) so that torch.export takes it, x being one matrix; or "
                + ways_out("torch.save its state_dict into a file"),
            ) from error
        return {"format": "torchscript", "dtype": dtype}

    def load(self, folder: Path, facts: Mapping[str, Any]) -> Any:
        """A callable module in evaluation mode, on the CPU."""
        import torch

        if facts["format"] == "export":
            return Loaded(torch.export.load(folder / PROGRAM).module(), facts["dtype"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Loaded(torch.jit.load(str(folder / SCRIPT), "cpu").eval(), facts["dtype"])

    def reference(self, model: Any) -> Predictor:
        """The module as it was trained, in evaluation mode and without gradients."""
        if type(model).__name__ == "ExportedProgram":
            return _calls(model.module())
        import torch

        if isinstance(model, torch.jit.ScriptModule):
            return _calls(model.eval())
        return _calls(copy.deepcopy(model).to("cpu").eval())

    def predictor(self, model: Any) -> Predictor:
        """The loaded program."""
        return _calls(model.graph)

    def dtype(self, model: Any) -> str | None:
        """That of its parameters."""
        if isinstance(model, Loaded):
            return model.dtype
        parameters = getattr(model, "parameters", None)
        for tensor in parameters() if parameters else ():
            if tensor.is_floating_point():
                return str(tensor.dtype).removeprefix("torch.")
        return "float32"


def _export(model: Any, example: Any, path: Path) -> None:
    import torch

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        rows = torch.export.Dim("rows", min=1)
        program = torch.export.export(model, (example,), dynamic_shapes=({0: rows},))
        torch.export.save(program, path)
        module = torch.export.load(path).module()
        module(example[:1])  # a program that was specialised to the example's rows fails here


def _calls(module: Any) -> Predictor:
    import torch

    def predict(rows: Any) -> dict[str, Any]:
        with torch.no_grad():
            found = module(torch.from_numpy(rows))
        return named(found, lambda tensor: tensor.detach().cpu().numpy())

    return predict


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:200] if text else ''}"


FLAVOUR = TorchFlavour()
