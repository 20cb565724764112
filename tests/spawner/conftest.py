"""What the spawner's tests share: the catalogue that is published, and people who ask."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest
from jupyter_kf_spawner.catalogue import Catalogue, load
from jupyter_kf_spawner.resolve import Identity

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


def fuzzed(examples: int) -> hypothesis.settings:
    """So many examples; a tenth under CI, which repeats the same ones."""
    ci = hypothesis.settings.default is hypothesis.settings.get_profile("ci")
    return hypothesis.settings(max_examples=examples // 10 if ci else examples)
