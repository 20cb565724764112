"""The first catalogue of spawner/README.md: the walk is run as it is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_kf_spawner import form
from jupyter_kf_spawner.catalogue import load
from jupyter_kf_spawner.resolve import Identity, Usage

from tests.spawner.conftest import ROOT

README = (ROOT / "spawner" / "README.md").read_text()


@pytest.fixture
def folder(tmp_path) -> Path:
    (text,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "catalogue.yaml").write_text(text)
    return tmp_path


def test_each_command_prints_what_the_readme_says(folder):
    (walk,) = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    steps = re.findall(r"^\$ (.*)\n((?:[^$].*\n)*)", walk, re.MULTILINE)
    commands = [command for command, _ in steps if "make hub" not in command]
    assert len(steps) == 5 and len(commands) == 4
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command, printed in steps:
        if command in commands:
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=folder,
                env={**os.environ, "PATH": path},
                capture_output=True,
                text=True,
            )
            assert (done.stdout, done.stderr) == (printed, ""), command


def test_the_form_offers_what_it_says(folder):
    page = form.render(load(folder / "catalogue.yaml"), Identity("ada"), Usage(home="h"))
    assert "JupyterLab (recommended)" in page and "Small (recommended)" in page
    assert "1Gi to 4Gi" in page and "1Gi to 50Gi" in page
