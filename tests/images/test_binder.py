"""The binder's files say what is true of this checkout; the notebooks run in tests/walks."""

from __future__ import annotations

import re
import subprocess
import tomllib

import yaml

from tests.images.build import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
POST_BUILD = (ROOT / "binder" / "postBuild").read_text()


def test_the_environment_has_a_python_that_the_package_allows():
    environment = yaml.safe_load((ROOT / "binder" / "environment.yml").read_text())
    (python,) = [line for line in environment["dependencies"] if line.startswith("python=")]
    minor = int(python.split(".")[1])
    assert minor >= int(SETTINGS["project"]["requires-python"].split(".")[1])


def test_post_build_is_a_program_that_installs_extras_that_exist_under_the_tests_pins():
    assert (ROOT / "binder" / "postBuild").stat().st_mode & 0o111
    subprocess.run(["sh", "-n", ROOT / "binder" / "postBuild"], check=True)
    extras = re.search(r'"\.\[([\w,]+)\]"', POST_BUILD)
    assert extras and set(extras[1].split(",")) <= set(SETTINGS["project"]["optional-dependencies"])
    assert "-c .ci/requirements.txt" in POST_BUILD and (ROOT / ".ci/requirements.txt").exists()
