"""check, render, diff and schema, as an admin calls them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from jupyter_kf_spawner import cli
from ruamel.yaml import YAML

from tests.spawner.conftest import PUBLISHED, ROOT
from tests.spawner.test_catalogue import SMALL


def run(*arguments, status: int = 0) -> SimpleNamespace:
    """What a call prints, in this process: a start of Python takes longer than most calls."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            got = cli.main([str(one) for one in arguments])
        except SystemExit as ended:  # argparse, for a wrong call and for help
            got = ended.code
    assert got == status, err.getvalue()
    return SimpleNamespace(stdout=out.getvalue(), stderr=err.getvalue())


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


def test_a_good_catalogue_is_summed_up():
    assert "372 combinations" in run("check", PUBLISHED).stdout


def test_a_bad_one_is_explained_line_by_line(small):
    small.write_text(SMALL.replace("max: 2}", "max: 0.1}").replace("title: Lab", "titel: Lab"))
    said = run("check", small, status=1).stderr
    assert f"{small}:4:9: images.lab.titel: there is no `titel` here\n  Fix: write title" in said
    assert f"{small}:8:5: sizes.small.cpu: min 0.5, default 1 and max 0.1 are not in order" in said
    assert "2 errors" in said


def test_render_prints_pods_as_yaml(small):
    pods = list(YAML(typ="safe").load_all(run("render", small).stdout))
    assert [pod["kind"] for pod in pods] == ["Pod"]
    assert pods[0]["spec"]["containers"][0]["image"] == "lab:1"


def test_diff_of_what_is_the_same_says_nothing(small, tmp_path):
    comment = ("version: 1", "# a comment\nversion: 1")
    same = ("min: 1Gi", "min: 1024Mi")
    assert changed(small, tmp_path, comment, same, status=0) == []


def test_diff_tells_that_it_can_not_compare_from_that_they_differ(small, tmp_path):
    done = run("diff", small, tmp_path / "none.yaml", status=2)
    assert "name a readable YAML file" in done.stderr and done.stdout == ""


@pytest.mark.parametrize("command", ["render", "poddefaults", "schema"])
def test_a_reader_that_goes_away_is_no_error(command):
    """As with `| head`, whatever is still buffered when it goes."""
    call = [sys.executable, "-m", "jupyter_kf_spawner.cli", command]
    call += [] if command == "schema" else [str(PUBLISHED)]
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        done = subprocess.run(call, stdout=write_end, stderr=subprocess.PIPE, text=True)
    finally:
        os.close(write_end)
    assert (done.returncode, done.stderr) == (141, "")


def test_the_schema_is_json():
    assert json.loads(run("schema").stdout)["title"] == "Catalogue"


def test_a_wrong_call_is_told_how():
    command = [sys.executable, "-m", "jupyter_kf_spawner.cli", "chekc"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "usage:" in done.stderr


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


def changed(small, tmp_path, *pairs: tuple[str, str], options=(), status: int = 1) -> list[str]:
    """What `diff` prints when texts of the small catalogue are replaced."""
    text = small.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    other = tmp_path / "other.yaml"
    other.write_text(text)
    return run("diff", small, other, *options, status=status).stdout.splitlines()


def test_diff_tells_a_change_of_bounds_groups_and_limits_that_no_default_pod_shows(small, tmp_path):
    small.write_text(SMALL + "limits: [{servers: 2}]\nspot: {tolerations: []}\n")
    lines = changed(
        small,
        tmp_path,
        ("max: 4Gi", "max: 8Gi"),
        ("title: Lab", "title: Lab, groups: [team]"),
        ("lab: {title", 'own: {title: O, image: "o:1"}\n  lab: {title'),
        ("image: lab", "image: own"),
        ("[{servers: 2}]", "[{servers: 2, cpu: 4}, {groups: [a], servers: 9}]"),
        ("spot: {tolerations: []}\n", ""),
        ("min: 500m", "min: 0.5"),
    )
    assert lines == [
        "what users may choose:",
        "  images.lab.groups: left out -> [\"team\"]",
        '  images.own: new: {"title": "O", "image": "o:1"}',
        "  sizes.small.memory.max: 4Gi -> 8Gi",
        "  defaults.image: lab -> own",
        "  spot: gone",
        "  limits.0.cpu: left out -> 4",
        '  limits.1: new: {"groups": ["a"], "servers": 9}',
        "pods:",
        "  only in the new: 1 of 2 combinations, all with own",
    ]  # fmt: skip


def test_diff_tells_one_change_once_with_the_combinations_it_concerns(small, tmp_path):
    small.write_text(PUBLISHED.read_text())
    shm, memory = ("shm: 2Gi", "shm: 4Gi"), ("default: 2Gi", "default: 3Gi")
    notebook, was, is_ = "spec.containers[notebook].", 2 * 2**30, 3 * 2**30
    assert changed(small, tmp_path, shm, memory) == [
        "what users may choose:",
        "  sizes.small.memory.default: 2Gi -> 3Gi",
        "  sizes.large.shm: 2Gi -> 4Gi",
        "pods:",
        "  312 of 372 combinations, all with large like this:",
        f"    ~ spec.volumes[kf-shm].emptyDir.sizeLimit: {was} -> {2 * was}",
        "  60 of 372 combinations, all with small like this:",
        f"    ~ {notebook}env[JUPYTER_KF_HANDOFF].value.limits.memory: {was} -> {is_}",
        f"    ~ {notebook}env[MEM_GUARANTEE].value: {was} -> {is_}",
        f"    ~ {notebook}env[MEM_LIMIT].value: {was} -> {is_}",
        f"    ~ {notebook}resources.limits.memory: {was} -> {is_}",
        f"    ~ {notebook}resources.requests.memory: {was} -> {is_}",
    ]


def test_diff_in_full_prints_every_pod(small, tmp_path):
    lines = changed(small, tmp_path, ("lab:1", "lab:2"), options=["--full"])
    assert {"-    image: lab:1", "+    image: lab:2"} <= {line.rstrip() for line in lines}
    assert changed(small, tmp_path, ("title: Lab", "title: Lob"))[1:] == [
        "  images.lab.title: Lab -> Lob",
        "pods: as before, with the sizes' default amounts",
    ]


def test_warnings_fail_only_when_asked_to(small):
    small.write_text(SMALL.replace("lab:1", "lab"))
    done = run("check", small)
    assert f"{small}:4:21: images.lab.image: warning: no tag and no digest" in done.stderr
    assert done.stderr.endswith("1 warning\n")
    assert "1 image, 1 size, no kinds of GPU, no volumes; 1 combination\n" in done.stdout
    assert run("check", small, "--strict", status=1).stderr == done.stderr


def test_render_of_nothing_is_an_error_that_names_what_there_is(small):
    done = run("render", small, "--only", "zzz", status=2)
    assert "no combination has the text 'zzz'" in done.stderr
    assert "'lab, small'" in done.stderr and not done.stdout


@pytest.mark.parametrize("name", ["check", "render", "diff", "poddefaults", "schema"])
def test_each_command_says_what_it_does_with_an_example(name):
    said = run(name, "--help").stdout
    assert f"Example:\n  jupyter-kf-spawner {name}" in said
    assert len(said.splitlines()) < 25


CONFIG = """
c = get_config()
c.KfSpawner.catalogue_file = "catalogue.yaml"
c.KubeSpawner.image = "own"
c.KubeSpawner.environment = {"TEAM": "all"}
c.Spawner.cpu_limit = 3
c.KfSpawner.group_overrides = {
    "beta": {"groups": ["beta", "gamma"], "spawner_override": {"mem_limit": "3G"}},
    "open": {"groups": ["beta"], "spawner_override": {"environment": {"A": "b"}}},
}
"""


def test_what_a_hubs_configuration_would_lose_is_told_before_a_start_is_refused(small, tmp_path):
    config = tmp_path / "jupyterhub_config.py"
    config.write_text(CONFIG)
    said = run("check", small, "--config", config, status=1).stderr
    replaced = (
        "warning: the catalogue sets it too in 1 combination, and its own holds\n"
        "  Fix: leave it out here, or say it in the catalogue"
    )
    assert said.splitlines() == [
        *f"{config}:4:1: KfSpawner.image: {replaced}".splitlines(),
        *f"{config}:6:1: KfSpawner.cpu_limit: {replaced}".splitlines(),
        f"{config}:7:1: Spawner.group_overrides.beta.mem_limit: the catalogue sets it too, so 1"
        " combination can't be started by beta, gamma",
        "  Fix: move it into the catalogue (amounts: `limits` with `groups`), or leave it out",
        "1 error, 2 warnings",
    ]
    config.write_text('c.KfSpawner.group_overrides = {"x": {"groups": ["a"]}}')
    assert (
        "group_overrides.x: it is no override"
        in run("check", small, "--config", config, status=1).stderr
    )
    config.write_text(
        "c.KfSpawner.group_overrides = lambda spawner: {}\nc.KubeSpawner.profile_list = [{}]\n"
    )
    said = run("check", small, "--config", config).stderr
    assert "a function, which can't be checked" in said and "profiles are not offered" in said
    assert "the hub has no catalogue" in said and said.endswith("3 warnings\n")


@pytest.mark.parametrize("name", ["jupyterhub_config.py", "manifests/hub/jupyterhub_config.py"])
def test_our_own_configurations_lose_nothing(small, name, tmp_path, monkeypatch):
    monkeypatch.setenv("NAMESPACE", "hub")
    monkeypatch.setenv("SERVERS_NAMESPACE", "notebooks")
    monkeypatch.setenv("JUPYTER_KF_HUB_DIR", str(tmp_path))
    assert run("check", small, "--config", ROOT / "spawner" / name, "--strict").stderr == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [("1/0", "ZeroDivisionError"), (None, "no such file"), ("c.KfSpawner.uid = {}", "uid")],
)
def test_a_configuration_that_can_not_be_read_is_told(small, tmp_path, text, said):
    config = tmp_path / "jupyterhub_config.py"
    if text:
        config.write_text(text)
    assert said in run("check", small, "--config", config, status=1).stderr
