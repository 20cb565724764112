"""Every notebook image keeps the room's rules, and the catalogue is the only list of them."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from jupyter_kf_spawner.catalogue import load

from tests.images.build import ROOM, ROOT

FOLDERS = sorted(path.parent for path in ROOM.glob("*/Dockerfile"))
BAKE = (ROOM / "docker-bake.hcl").read_text()
NAMES = [folder.name for folder in FOLDERS]
ARGUMENTS = {"BASE_IMAGE", "VERSION", "PACKAGE", "PIP_CERT"}
INDEX = "--mount=type=secret,id=pip,target=/etc/pip.conf,uid=1000 "


def instructions(folder: Path) -> list[tuple[str, str]]:
    """(INSTRUCTION, the rest), continued lines joined, comments left out."""
    text = (folder / "Dockerfile").read_text()
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [(line.split()[0].upper(), line.split(None, 1)[1].strip()) for line in lines]


def of(folder: Path, instruction: str) -> list[str]:
    return [rest for name, rest in instructions(folder) if name == instruction]


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_the_base_is_an_argument_with_an_exact_default(folder):
    first, second = instructions(folder)[:2]
    assert first[0] == "ARG" and second == ("FROM", "${BASE_IMAGE}")
    assert re.fullmatch(r"BASE_IMAGE=\S+:\d+\.\d+\.\d+\S*", first[1])


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_the_last_user_is_a_number_and_not_root(folder):
    assert of(folder, "USER")[-1] == "1000:100"


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_what_is_installed_is_pinned(folder):
    for run in of(folder, "RUN"):
        for install in re.findall(r"pip install[^&]*", run):
            assert "-c /opt/kf/share/jupyter-kf/requirements.txt" in install
        for install in re.findall(r"apt-get install[^&]*", run):
            packages = [word for word in install.split()[2:] if not word.startswith("-")]
            assert packages and all(re.match(r"'[a-z]+=\d[^']*'$", one) for one in packages)
    addresses = re.findall(r"https?://([^:/']+)", (folder / "Dockerfile").read_text())
    assert set(addresses) <= {"127.0.0.1"}


def test_the_tool_of_the_bill_of_materials_is_pinned_whole():
    lines = (ROOM / "base" / "sbom-requirements.txt").read_text().splitlines()[1:]
    assert all(re.fullmatch(r"[\w.-]+==[\d.]+", line) for line in lines)
    assert any(line.startswith("cyclonedx-bom==") for line in lines)
    (install,) = re.findall(r".*pip\" install.*", (ROOM / "base" / "sbom").read_text())
    assert "--no-deps -r" in install and install.endswith('/sbom-requirements.txt"')
    for folder in FOLDERS:
        if any("base/sbom " in copied for copied in of(folder, "COPY")):
            assert any("sbom-requirements.txt" in copied for copied in of(folder, "COPY"))


@pytest.mark.parametrize(
    ("name", "settings", "more"),
    [
        ("base", "pyproject.toml", {"jupyterhub"}),
        ("hub", "spawner/pyproject.toml", {"pycurl==7.49.0"}),
    ],
)
def test_all_that_a_wheel_stands_on_is_in_a_layer_below_it(name, settings, more):
    project = tomllib.loads((ROOT / settings).read_text())["project"]
    needed = {re.split("[^a-zA-Z0-9.-]", line)[0] for line in project["dependencies"]}
    below = of(ROOM / name, "RUN")[1]
    assert set(below.partition("requirements.txt")[2].split()) == needed | more


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_labels_name_the_image_and_no_secret_is_kept(folder):
    labels = " ".join(of(folder, "LABEL"))
    for key in ("title", "description", "version", "licenses"):
        assert f"org.opencontainers.image.{key}=" in labels
    kept = " ".join(of(folder, "ENV"))
    assert not re.search(r"(TOKEN|PASSWORD|SECRET|INDEX_URL|CERT)", kept)
    assert not of(folder, "ADD")
    # Arguments are in an image's history. An index with its password is a secret of the build.
    assert {one.partition("=")[0] for one in of(folder, "ARG")} <= ARGUMENTS
    for run in of(folder, "RUN"):
        if re.search(r"\b(pip install|sbom)\b", run):
            assert run.startswith(INDEX), run


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_a_bill_of_materials_is_written(folder):
    assert "sbom /opt/kf/share/jupyter-kf/sbom.cdx.json" in " ".join(of(folder, "RUN"))


@pytest.mark.parametrize("name", ["base", "hub"])
def test_the_first_image_of_a_line_has_a_health_check(name):
    assert of(ROOM / name, "HEALTHCHECK")


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_an_image_has_a_readme(folder):
    assert (folder / "README.md").read_text().startswith("# ")


def test_the_catalogue_and_the_bake_file_list_the_same_images():
    catalogue = load(ROOM / "catalogue.yaml")
    tags = dict(
        re.findall(r'tags\s+= \["\$\{REGISTRY\}/(jupyter-kf-([\w-]+)):\$\{VERSION\}"\]', BAKE)
    )
    tags = {name: f"localhost/{full}:0.1.0" for full, name in tags.items()}
    assert tags.pop("hub")  # no notebook
    assert tags == {name: image.image for name, image in catalogue.images.items()}


def test_every_dockerfile_is_baked_and_every_baked_one_exists():
    baked = set(re.findall(r'dockerfile = "images/([\w-]+)/Dockerfile"', BAKE))
    assert baked == set(NAMES)


def test_the_context_holds_wheels_pins_and_this_room_only():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules == ["*", "!dist/*.whl", "!.ci/requirements.txt", "!images"]
    for folder in FOLDERS:
        for copied in of(folder, "COPY"):
            sources = copied.split()[:-1]
            assert all(
                re.match(r"(dist/\S+\.whl|\.ci/requirements\.txt|images/)", s) for s in sources
            )


@pytest.mark.parametrize("script", ["start-notebook", "sbom"])
def test_the_shell_scripts_parse(script):
    subprocess.run(["sh", "-n", ROOM / "base" / script], check=True)
    assert (ROOM / "base" / script).read_text().startswith("#!/bin/sh")


@pytest.mark.parametrize(
    ("handoff", "idle_s"),
    [('{"version": 1, "idle_s": 3600}', 3600), ("", 0), ("{broken", 0), ("[]", 0), ('{"a": 1}', 0)],
)
def test_a_server_stops_after_its_sizes_idle_time(handoff, idle_s, monkeypatch):
    from traitlets.config import Config

    monkeypatch.setenv("JUPYTER_KF_HANDOFF", handoff)
    settings = Config()
    text = (ROOM / "base" / "jupyter_server_config.py").read_text()
    exec(compile(text, "jupyter_server_config.py", "exec"), {"get_config": lambda: settings})
    if idle_s:
        assert settings.ServerApp.shutdown_no_activity_timeout == idle_s
        assert settings.MappingKernelManager.cull_idle_timeout == idle_s
        assert settings.MappingKernelManager.cull_busy is False
    else:
        assert not settings
