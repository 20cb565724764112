"""What the spawner's tests share: the catalogue that is published, and people who ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from jupyter_kf_spawner.catalogue import Catalogue, load
from jupyter_kf_spawner.resolve import Identity

from tests.spawner.hub import PATIENT, Hub, running_hub
from tests.spawner.recording import Notes, taking_notes

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "images" / "catalogue.yaml"


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The catalogue of `images/`."""
    return load(PUBLISHED)


@pytest.fixture
def ada() -> Identity:
    """A person in no group."""
    return Identity("ada")


@pytest.fixture
def grace() -> Identity:
    """A person in every group that the published catalogue names."""
    return Identity("grace", frozenset({"hardware", "data-team", "kubeflow"}))


# Two failures in a row would end this hub; its metrics say how many there were.
STRICT = f"""{PATIENT}
c.JupyterHub.spawner_class = "jupyter-kf"
c.KfSpawner.catalogue_file = "catalogue.yaml"
c.Spawner.consecutive_failure_limit = 2
c.JupyterHub.authenticate_prometheus = False
"""
CLAIMS = {"claim-grace": "grace", "grace-2": "grace", "claim-bob": "bob"}


@pytest.fixture(scope="session")
def notes() -> Iterator[Notes]:
    """What the strict hub asks of its cluster, which takes no pod."""
    with taking_notes(CLAIMS) as taken:
        yield taken


@pytest.fixture(scope="session")
def strict_hub(tmp_path_factory: pytest.TempPathFactory, notes: Notes) -> Iterator[Hub]:
    """A hub for Kubernetes with a copy of the published catalogue, in its own folder."""
    folder = tmp_path_factory.mktemp("hub")
    (folder / "kubeconfig").write_text(notes.kubeconfig)
    (folder / "catalogue.yaml").write_text(PUBLISHED.read_text())
    with running_hub(folder, STRICT, KUBECONFIG=str(folder / "kubeconfig")) as hub:
        yield hub


def fuzzed(examples: int) -> hypothesis.settings:
    """So many examples; a tenth under CI, which repeats the same ones.

    All 22,000 of the options take 54 s of CPU (2026-11-28), which each change is not to wait for:
    `pytest tests/spawner/test_fuzzed_options.py` without CI in the environment asks them all.
    """
    ci = hypothesis.settings.default is hypothesis.settings.get_profile("ci")
    return hypothesis.settings(max_examples=examples // 10 if ci else examples)
