"""Which versions made a transform, and which of them are others here?

Standard library only. May import `errors`.
"""

from __future__ import annotations

import ast
import importlib.metadata
import platform
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from jupyter_kf.errors import TransformError

_ALIASES = {
    "sklearn": "scikit-learn",
    "dateutil": "python-dateutil",
    "yaml": "PyYAML",
    "PIL": "pillow",
    "cv2": "opencv-python",
    "bs4": "beautifulsoup4",
}
_FRAME = {"pandas": ("pandas", "numpy", "pyarrow"), "polars": ("polars", "pyarrow")}


def python_version() -> str:
    """ "3.11.7"."""
    return platform.python_version()


def imported_modules(sources: Iterable[str]) -> set[str]:
    """Top-level names that these sources import, wherever the import stands."""
    found: set[str] = set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names)


def packages(modules: Iterable[str], frame: str) -> dict[str, str]:
    """Exact versions of the distributions of these modules and of the frame's library."""
    found = {}
    for module in sorted({*modules, *_FRAME[frame]}):
        name = _distribution(module)
        if name:
            found[name] = importlib.metadata.version(name)
    return found


def changes(manifest: Mapping[str, Any]) -> list[dict[str, str]]:
    """What differs from a manifest's environment: ``[{package, expected, got}]``.

    Python counts when its minor version differs; a package when its version does at all.
    """
    found = []
    here = python_version()
    if manifest["python"].split(".")[:2] != here.split(".")[:2]:
        found.append({"package": "python", "expected": manifest["python"], "got": here})
    for name, expected in sorted(manifest["packages"].items()):
        try:
            got = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            got = "not installed"
        if got != expected:
            found.append({"package": name, "expected": expected, "got": got})
    return found


def refuse_changes(changes: list[dict[str, str]]) -> None:
    """Lets an empty list of changed packages pass.

    Raises:
        TransformError: kf-1340, with every package that changed.
    """
    if not changes:
        return
    said = ", ".join(f"{c['package']} {c['expected']} is {c['got']} here" for c in changes)
    wanted = " ".join(f"{c['package']}=={c['expected']}" for c in changes)
    raise TransformError(
        1340,
        f"the transform was certified in another environment: {said}",
        cause="the same code can compute other values with another version",
        fix=f"install {wanted}, or make the transform again here and train with it",
    )


def _distribution(module: str) -> str | None:
    name = _ALIASES.get(module, module)
    try:
        return str(importlib.metadata.metadata(name)["Name"])
    except importlib.metadata.PackageNotFoundError:
        owners = importlib.metadata.packages_distributions().get(module)  # reads every package
        return owners[0] if owners else None
