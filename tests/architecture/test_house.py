"""The checkout is laid out as the house says: rooms, their READMEs, nothing beside them."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest

from tests.architecture.source import PACKAGE, ROOT, shown, tracked_files

TOP = {
    "pyproject.toml",
    "README.md",
    "jupyter_kf",
    "labextension",
    "spawner",
    "images",
    "tests",
    "binder",
    "Makefile",
    "LICENSE",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
}
TOPICS = {
    "unit",
    "contract",
    "golden",
    "faces",
    "walks",
    "browser",
    "spawner",
    "images",
    "cluster",
    "architecture",
    "frameworks",
    "bench",
}
REGISTRIES = re.compile(
    "|".join(
        re.escape(host)
        for host in (
            "pypi" + ".org",
            "pythonhosted" + ".org",
            "registry.npmjs" + ".org",
            "proxy.golang" + ".org",
            "sum.golang" + ".org",
            "repo.maven" + ".apache.org",
            "repo1.maven" + ".org",
            "static.crates" + ".io",
            "index.crates" + ".io",
            "deb.debian" + ".org",
            "download.pytorch" + ".org",
        )
    )
)
ROOMS = sorted(path.parent for path in PACKAGE.glob("*/__init__.py"))


def test_the_top_level_is_what_the_house_says():
    top = {path.relative_to(ROOT).parts[0] for path in tracked_files()}
    assert not {name for name in top - TOP if not name.startswith(".")}


def test_tests_are_sorted_by_topic():
    tests = [path.relative_to(ROOT).parts for path in tracked_files()]
    assert not {parts[1] for parts in tests if parts[0] == "tests" and len(parts) > 2} - TOPICS


@pytest.mark.parametrize(
    "room", [*ROOMS, *(ROOT / name for name in ("tests", "binder", "spawner", "images"))], ids=shown
)
def test_a_room_has_a_readme(room):
    assert (room / "README.md").read_text().startswith("# ")


def test_no_file_names_a_package_registry():
    named = {shown(path) for path in tracked_files() if REGISTRIES.search(_text(path))}
    assert not named


def test_everything_that_is_installed_is_pinned_exactly():
    pins = [path for path in tracked_files() if path.suffix == ".txt"]
    assert ROOT / ".ci/requirements.txt" in pins
    for path in pins:
        lines = [line.split(";")[0] for line in path.read_text().splitlines()]
        loose = [line for line in lines if "==" not in line and not line.startswith("#")]
        assert not loose, shown(path)


def test_the_pins_hold_what_the_package_asks_for():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    spawner = tomllib.loads((ROOT / "spawner" / "pyproject.toml").read_text())
    asked = [*settings["project"]["dependencies"], *spawner["project"]["dependencies"]]
    for group in ("test", "lint"):
        asked += [name for name in settings["dependency-groups"][group] if isinstance(name, str)]
    pinned = {
        re.split("==", line)[0] for line in (ROOT / ".ci/requirements.txt").read_text().splitlines()
    }
    assert not {_distribution(name) for name in asked} - pinned


def test_no_python_file_is_silenced_without_a_rule_and_a_reason():
    bare = re.compile(r"^# (ruff: noqa(?!: [A-Z0-9, ]+ - \w)|mypy: )", re.MULTILINE)
    python = (path for path in tracked_files() if path.suffix == ".py")
    assert not [shown(path) for path in python if bare.search(_text(path))]


def test_the_makefile_explains_every_target():
    said = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True).stdout
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets is not None
    assert not {name for name in targets[1].split() if f"make {name} " not in said}


def _distribution(requirement: str) -> str:
    return re.split(r"[\s<>=!~;\[]", requirement, maxsplit=1)[0].lower().replace(".", "-")


def _text(path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")
