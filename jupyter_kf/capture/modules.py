"""Which files of the user's own does a piece of code import, all the way down?

Found from the syntax tree, without running anything: import statements anywhere in a module,
relative ones too, and the packages around it. A module that is imported by a computed name is
not found; the job then says which one is missing.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path

from jupyter_kf.capture.imports import is_local, local_file
from jupyter_kf.errors import CaptureError

LARGEST_BYTES = 64 << 20


class LocalModules:
    """Collects local modules as files.

    Args:
        directory: the notebook's folder, where imports look first.

    Attributes:
        files: text of each file by its path below the folder that goes on ``sys.path``.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.files: dict[str, bytes] = {}
        self._seen: set[str] = set()

    def add_imports(
        self, imports: Iterable[tuple[str, int, tuple[str, ...]]], package: str = ""
    ) -> None:
        """Adds what import statements name, as far as it is local.

        Raises:
            CaptureError: kf-1208, a local module can't travel.
        """
        for module, level, names in imports:
            if level:
                if not package:
                    continue
                try:
                    module = importlib.util.resolve_name("." * level + module, package)
                except ImportError:
                    continue
            self.add(module)
            for name in names:
                self.add(f"{module}.{name}")

    def add(self, module: str) -> bool:
        """Adds a module, the packages around it and what they import; whether it is local.

        Raises:
            CaptureError: kf-1208.
        """
        if module in self._seen:
            return True
        file = self._find(module)
        if file is None:
            return False
        self._seen.add(module)
        parent = module.rpartition(".")[0]
        if parent:
            self.add(parent)
        if file.is_dir():
            return True  # a namespace package has no file of its own
        is_package = file.name == "__init__.py"
        name = module.replace(".", "/") + ("/__init__.py" if is_package else ".py")
        text = _read(module, file)
        self.files[name] = text
        if sum(map(len, self.files.values())) > LARGEST_BYTES:
            raise _refused(module, f"local modules are over {LARGEST_BYTES >> 20} MiB by now")
        self.add_imports(_imports(module, text), module if is_package else parent)
        return True

    def _find(self, module: str) -> Path | None:
        loaded = sys.modules.get(module)
        top = module.partition(".")[0]
        if top in sys.stdlib_module_names or top in ("jupyter_kf", "__main__", ""):
            return None
        if loaded is not None and getattr(loaded, "__file__", None):
            return local_file(loaded, self.directory)
        for root in self._roots(top):
            path = root.joinpath(*module.split("."))
            if (path / "__init__.py").is_file():
                return path / "__init__.py"
            if path.with_name(path.name + ".py").is_file():
                return path.with_name(path.name + ".py")
            if path.is_dir() and any(path.glob("*.py")):
                return path
        return None

    def _roots(self, top: str) -> list[Path]:
        loaded = sys.modules.get(top)
        if loaded is not None:
            file = getattr(loaded, "__file__", None)
            if file:
                local = local_file(loaded, self.directory)
                if local is None:
                    return []
                is_package = local.name == "__init__.py"
                return [local.parent.parent if is_package else local.parent]
            places = list(getattr(loaded, "__path__", []))
            return [Path(place).parent for place in places if self._is_local(Path(place))]
        found = [self.directory]
        for place in sys.path:
            path = Path(place) if place else self.directory
            if path != self.directory and self._is_local(path / "x"):
                found.append(path)
        return found

    def _is_local(self, path: Path) -> bool:
        return is_local(path, self.directory)


def _read(module: str, file: Path) -> bytes:
    if file.suffix != ".py":
        raise _refused(module, f"{file.name} is compiled for this machine")
    try:
        return file.read_bytes()
    except OSError as error:
        raise _refused(module, f"{file} can't be read: {error.strerror}") from None


def _imports(module: str, text: bytes) -> list[tuple[str, int, tuple[str, ...]]]:
    found: list[tuple[str, int, tuple[str, ...]]] = []
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise _refused(module, f"its file is not valid Python: {error}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, 0, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            found.append((node.module or "", node.level, names))
    return found


def _refused(module: str, cause: str) -> CaptureError:
    return CaptureError(
        1208,
        f"local module `{module}` can't travel to a job",
        cause=cause,
        fix=f"correct it, or install `{module}` as a package where the job runs",
    )
