"""The node tier, a browser, and our own images; the loud line when there is none.

Apart from `tests/cluster`, since a browser keeps its event loop and some tests there start one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import browser, pictures
from tests.cluster.conftest import pytest_terminal_summary
from tests.cluster.fixtures import api, bed, cluster, control_plane, namespace, node
from tests.images.build import build, published

__all__ = [
    "api",
    "bed",
    "browser",
    "cluster",
    "control_plane",
    "namespace",
    "node",
    "pictures",
    "pytest_terminal_summary",
]
# The user and the group of our images' processes.
OURS = (1000, 100)
BELOW = {"scipy": "base", "tensorflow": "scipy"}


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """An image by its name, made by its Dockerfile on a local Debian when first asked for."""
    context = published(tmp_path_factory.mktemp("images"))

    def archive(name: str) -> Path:
        return build(context, name, archive(BELOW[name]) if name in BELOW else None)

    return archive
