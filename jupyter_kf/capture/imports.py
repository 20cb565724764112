"""How is this object imported, and does it come from a file beside the notebook?

An import is found from the object, not from the text that once made it, and proven: the line is
only used when following it leads to the very same object. Nothing is imported to find out.
"""

from __future__ import annotations

import site
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any


def module_line(name: str, module: ModuleType) -> str | None:
    """``import numpy as np`` for a module bound to `name`; None when it can't be imported."""
    full = module_name(module)
    if full is None:
        return None
    if full == name:
        return f"import {full}"
    return f"import {full} as {name}"


def module_name(module: ModuleType) -> str | None:
    """The name under which this very module is imported."""
    full = module.__name__
    if sys.modules.get(full) is module:
        return full if full != "__main__" else None
    same = [n for n, m in list(sys.modules.items()) if m is module and n != "__main__"]
    return min(same, key=lambda n: (len(n), n)) if same else None


def object_line(name: str, home: tuple[str, str]) -> str:
    """``from sklearn.linear_model import Ridge`` for the `home` that `home_of` found."""
    module, path = home
    first, _, rest = path.partition(".")
    if rest:
        return f"from {module} import {first} as _{first}; {name} = _{path}"
    return f"from {module} import {first}" + (f" as {name}" if first != name else "")


def home_of(value: Any) -> tuple[str, str] | None:
    """Module and dotted name that lead to this very object; the most public module of them.

    Returns:
        None for anything of the notebook's own, for what is defined inside a function, and for
        objects that don't know where they are from.
    """
    module, path = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if path is None:
        path = getattr(value, "__name__", None)
    if not isinstance(path, str) or not path or "<" in path:
        return None
    if not isinstance(module, str):
        module = type(value).__module__ if module is None else None
    if not module or module == "__main__":
        return None
    parts = module.split(".")
    for n in range(1, len(parts) + 1):
        candidate = ".".join(parts[:n])
        if any(part.startswith("_") for part in parts[:n]) and n < len(parts):
            continue
        if _leads_to(candidate, path, value):
            return candidate, path
    return None


def singleton_home(name: str, value: Any) -> tuple[str, str] | None:
    """Where an object that doesn't know its home is a module's attribute.

    ``polars.col`` is an instance; ``random.random`` a method of an instance that `random` has.
    """
    owner = getattr(value, "__self__", None)
    root = type(value if owner is None else owner).__module__.partition(".")[0]
    if root in ("builtins", "__main__"):
        return None
    modules = sorted(
        (m for m in list(sys.modules) if m == root or m.startswith(root + ".")),
        key=lambda m: ("._" in m, m.count("."), m),
    )
    for module in modules:
        if vars(sys.modules[module]).get(name) is value:
            return module, name
    for module in modules:
        for attribute, found in list(vars(sys.modules[module]).items()):
            if found is value and not attribute.startswith("_"):
                return module, attribute
    return None


def submodules(module: ModuleType, chains: tuple[tuple[str, ...], ...]) -> list[str]:
    """Modules inside a package that dotted uses like ``os.path.join`` go through."""
    found: dict[str, None] = {}
    for chain in chains:
        here: Any = module
        full = module_name(module) or ""
        for part in chain:
            full = f"{full}.{part}"
            inner = sys.modules.get(full)
            if inner is None or vars(here).get(part) is not inner:
                break
            here = inner
            found[full] = None
    return sorted(found)


def local_file(module: ModuleType, directory: Path) -> Path | None:
    """The file of a module that an installed Python elsewhere would not have; else None."""
    file = getattr(module, "__file__", None)
    if not file or module.__name__.partition(".")[0] == "jupyter_kf":
        return None
    return Path(file) if is_local(Path(file), directory) else None


def is_local(path: Path, directory: Path) -> bool:
    """Whether a file is the user's own: beside the notebook, or in no installed place."""
    text = str(path)
    if "site-packages" in path.parts or "dist-packages" in path.parts or ".zip" in text:
        return False
    if any(text.startswith(place) for place in _installed()):
        return False
    return path.is_absolute() or (directory / path).exists()


@cache
def _installed() -> tuple[str, ...]:
    places = {sysconfig.get_path(k) for k in ("stdlib", "platstdlib", "purelib", "platlib")}
    places |= {*site.getsitepackages(), site.getusersitepackages()}
    return tuple(sorted(place.rstrip("/") + "/" for place in places if place))


def _leads_to(module: str, path: str, value: Any) -> bool:
    loaded = sys.modules.get(module)
    if loaded is None:
        return False
    found: Any = vars(loaded).get(path.partition(".")[0], loaded)
    for part in path.split(".")[1:]:
        found = getattr(found, part, None)
    return found is value
