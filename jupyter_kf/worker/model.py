"""Models by digest: `save` one from a cell, `load` one to predict. The door to this room's files.

| file | answers |
|---|---|
| `saving.py` | how a fitted model becomes a manifest |
| `loaded.py` | how a stored model predicts |
| `proof.py` | whether both predict the same |
| `rows.py` | what prepared rows a model takes |
| `outputs.py` | what it gives back |
| `flavours/` | each framework's own format |

Standard library only at import.
"""

from __future__ import annotations

from jupyter_kf.worker.loaded import LoadedModel, changed_packages, load
from jupyter_kf.worker.saving import SaveContext, save, save_from_cell

__all__ = ["LoadedModel", "SaveContext", "changed_packages", "load", "save", "save_from_cell"]
