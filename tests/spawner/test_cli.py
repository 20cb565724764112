"""check, render, diff and schema, as processes an admin would start."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from ruamel.yaml import YAML

from tests.spawner.conftest import PUBLISHED
from tests.spawner.test_catalogue import SMALL


def run(*arguments, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "jupyter_kf_spawner.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    return done


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


def test_a_good_catalogue_is_summed_up():
    assert "272 combinations" in run("check", PUBLISHED).stdout


def test_a_bad_one_is_explained_line_by_line(small):
    small.write_text(SMALL.replace("max: 2}", "max: 0.1}").replace("title: Lab", "titel: Lab"))
    said = run("check", small, status=1).stderr
    assert f"{small}:4:9: images.lab.titel: there is no `titel` here\n  Fix: write title" in said
    assert f"{small}:8:5: sizes.small.cpu: not min <= default <= max" in said
    assert "3 problems" in said


def test_render_prints_pods_as_yaml(small):
    pods = list(YAML(typ="safe").load_all(run("render", small).stdout))
    assert [pod["kind"] for pod in pods] == ["Pod"]
    assert pods[0]["spec"]["containers"][0]["image"] == "lab:1"


def test_diff_shows_what_changes_in_pods_and_nothing_else(small, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text("# a comment\n" + SMALL)
    assert run("diff", small, other).stdout == ""
    other.write_text(SMALL.replace("lab:1", "lab:2"))
    lines = run("diff", small, other, status=1).stdout.splitlines()
    assert "-    image: lab:1" in [line.rstrip() for line in lines]
    assert "+    image: lab:2" in [line.rstrip() for line in lines]


def test_the_schema_is_json():
    assert json.loads(run("schema").stdout)["title"] == "Catalogue"


def test_a_wrong_call_is_told_how():
    assert "usage:" in run("chekc", status=2).stderr


def test_poddefaults_are_what_kubeflows_notebooks_can_use(small):
    made = list(YAML(typ="safe").load_all(run("poddefaults", PUBLISHED).stdout))
    names = {one["metadata"]["name"] for one in made}
    # Not those of some groups only, which a PodDefault can't keep to them.
    assert names == {
        "jupyter-kf-volume-flights",
        "jupyter-kf-gpu-nvidia",
        "jupyter-kf-gpu-nvidia-slice",
    }
    (volume,) = [one for one in made if "volumes" in one["spec"]]
    assert volume["spec"]["volumeMounts"][0]["readOnly"] is True
    assert volume["spec"]["selector"]["matchLabels"] == {"jupyter-kf-volume-flights": "true"}
    small.write_text(
        SMALL + "environment: {A: b}\nsecrets: {K: {secret: s, key: k, groups: [x]}}\n"
    )
    (one,) = YAML(typ="safe").load_all(run("poddefaults", small).stdout)
    assert one["spec"]["env"] == [{"name": "A", "value": "b"}]
