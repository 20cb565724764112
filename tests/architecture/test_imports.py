"""Who imports what, when: the contracts of pyproject.toml, and what only running can show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import (
    PACKAGE,
    ROOT,
    SPAWNER,
    imports_when_loaded,
    modules,
    run_python,
    shown,
    travelling,
)

HEAVY = ("kubernetes", "optuna", "sklearn", "pandas", "tornado", "pydantic")
NEVER_WHEN_LOADED = {"kubernetes", "optuna", "sklearn", "skops", "xgboost", "torch", "tensorflow"}

# A contract class is imported by tests only, a trials module by a study's own process only.
MAY_LOAD = {
    "jupyter_kf/backends/contract.py": {"pytest"},
    "jupyter_kf/backends/local/trials": {"optuna"},
}


def test_the_import_contracts_hold():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", travelling(), ids=shown)
def test_what_travels_with_the_worker_needs_the_standard_library_only(path):
    travelling_names = {_dotted(file) for file in travelling()}
    foreign = {
        f"line {line}: {name}"
        for line, name in imports_when_loaded(path)
        if name.split(".")[0] not in sys.stdlib_module_names
        and name != "jupyter_kf"
        and not _one_of(name, travelling_names)
    }
    assert not foreign


def test_what_travels_with_the_worker_loads_without_site_packages():
    names = [_dotted(path) for path in travelling() if path.name != "__main__.py"]
    run_python(
        f"import sys, importlib; sys.path.insert(0, {str(ROOT)!r})\n"
        f"for name in {names!r}: importlib.import_module(name)",
        "-I",
        "-S",
    )


def test_importing_the_package_pulls_nothing_heavy():
    loaded = run_python(
        "import sys, jupyter_kf; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    ).split()
    assert not set(HEAVY) & set(loaded)


def test_an_endpoint_is_up_without_pydantic_and_without_a_framework():
    loaded = run_python(
        "import sys, jupyter_kf.serving.__main__, jupyter_kf.serving.process, "
        "jupyter_kf.serving.settings, jupyter_kf.worker.model, jupyter_kf.worker.job\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    ).split()
    assert not {"pydantic", "pandas", "polars", "sklearn", "scipy", "torch"} & set(loaded)


@pytest.mark.parametrize("path", modules(), ids=shown)
def test_no_module_imports_a_framework_when_it_is_loaded(path):
    allowed = MAY_LOAD.get(shown(path), set()) | MAY_LOAD.get(shown(path.parent), set())
    at_load = {name.split(".")[0] for _, name in imports_when_loaded(path)}
    assert not at_load & NEVER_WHEN_LOADED - allowed
    assert not at_load & {"pytest", "hypothesis", "tests"} - allowed


def test_no_module_is_a_drawer_for_odds_and_ends():
    drawers = {"utils", "util", "common", "helpers", "misc", "docs"}
    assert not [shown(path) for path in modules() if path.stem in drawers]
    below = [*PACKAGE.rglob("*"), *SPAWNER.rglob("*")]
    assert not [shown(path) for path in below if path.is_dir() and path.name in drawers]


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _one_of(name: str, known: set[str]) -> bool:
    """Whether `name` is a known module or something in one: ``jupyter_kf.errors.KfError``."""
    return name in known or name.rpartition(".")[0] in known
