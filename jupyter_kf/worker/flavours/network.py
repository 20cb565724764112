"""What neural networks have in common, of whichever framework: a matrix in, tensors out.

Standard library only at import.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Network:
    """A flavour's answers that are the same for every network."""

    def ulp(self, _model: Any) -> int:
        """Matrix products, in single precision."""
        return 16

    def classes(self, _model: Any) -> list[Any] | None:
        """A network does not say what its outputs mean."""
        return None

    def columns(self, _model: Any) -> list[str] | None:
        """Nor which columns it saw."""
        return None

    def for_matrix(self, _model: Any) -> bool:
        """It takes nothing else."""
        return True


class Loaded:
    """A loaded program or graph, and the dtype of the matrix it takes."""

    def __init__(self, graph: Any, dtype: str) -> None:
        self.graph, self.dtype = graph, dtype


def named(found: Any, array: Any) -> dict[str, Any]:
    """A network's result as outputs by name: one tensor is `prediction`, (n, 1) becomes (n,).

    Args:
        array: a tensor -> numpy array.
    """
    if isinstance(found, Mapping):
        return {str(name): array(value) for name, value in found.items()}
    if isinstance(found, list | tuple):
        if len(found) != 1:
            return {f"output_{i}": array(value) for i, value in enumerate(found)}
        found = found[0]
    values = array(found)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    return {"prediction": values}
