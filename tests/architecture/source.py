"""The checkout as the architecture's tests see it: its modules, parsed once."""

from __future__ import annotations

import ast
import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "jupyter_kf"
SPAWNER = ROOT / "spawner" / "jupyter_kf_spawner"

# What travels in worker.pyz besides worker/ itself; see jupyter_kf/worker/zipapp.py.
TRAVELS = ("errors", "names", "units", "layout", "locks", "blobs", "refs", "records")


@functools.cache
def modules() -> tuple[Path, ...]:
    """Every Python file of the two packages."""
    return tuple(sorted([*PACKAGE.rglob("*.py"), *SPAWNER.rglob("*.py")]))


@functools.cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of one file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def shown(path: Path) -> str:
    """The path as a reader of a failure wants it."""
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file, however deep."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imports_when_loaded(path: Path) -> Iterator[tuple[int, str]]:
    """Line and module of every import that runs when the file is imported.

    Not those inside functions, and not those for type checkers only.
    """
    stack: list[ast.AST] = [tree(path)]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            stack.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
            if node.module == "jupyter_kf":
                yield from ((node.lineno, f"jupyter_kf.{alias.name}") for alias in node.names)
        stack.extend(ast.iter_child_nodes(node))


def travelling() -> tuple[Path, ...]:
    """The files that travel into any training image."""
    worker = (PACKAGE / "worker").rglob("*.py")
    single = (PACKAGE / f"{name}.py" for name in TRAVELS)
    return tuple(sorted(path for path in (*worker, *single) if path.exists()))


def tracked_files() -> list[Path]:
    """The files git knows, or would add; every file below the root where git is absent."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    names = [name for name in listed.stdout.split("\0") if name]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def run_python(code: str, *options: str) -> str:
    """What a fresh interpreter prints for `code`, in a place that is not the checkout."""
    environment = {**os.environ, "PYTHONPATH": "" if options else str(ROOT)}
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT.parent,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
