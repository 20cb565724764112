"""What stands in the form's fields when it opens? The last choice, or what was just refused.

Pure. May import `asked`, `errors`, `quantities`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_kf_spawner.asked import Asked, read
from jupyter_kf_spawner.errors import Refusal
from jupyter_kf_spawner.quantities import cores_text, size_text

# Fields in which a person types: what can't be read there is shown to be mended.
_TYPED = ("cpu", "memory", "workspace_size")


@dataclass(frozen=True)
class Filled:
    """Options to fill the form with.

    Attributes:
        options: of the last start, or as they were sent when `refused`.
        wrong: the field that was refused, to be marked.
        refused: whether the page says that these options were refused.
    """

    options: object = field(default_factory=dict)
    wrong: str = ""
    refused: bool = False

    def texts(self) -> dict[str, Any]:
        """Each option as its field shows it; empty where nothing was said or can be read."""
        said: dict[str, Any] = dict.fromkeys(vars(Asked()), "")
        said |= {"preset": (), "volumes": ()}
        given = self.options if isinstance(self.options, Mapping) else {}
        for name, value in given.items():
            if name not in said:
                continue
            try:
                known = getattr(read({name: value}), name)
            except Refusal:
                if self.refused and name in _TYPED and isinstance(value, str):
                    said[name] = value[:80]
                continue
            said[name] = _text(name, known)
        return said


def _text(name: str, value: Any) -> Any:
    if value is None:
        return ""
    if name == "cpu":
        return cores_text(value)
    if name in ("memory", "workspace_size"):
        return size_text(value)
    return str(value) if name == "gpus" else value
