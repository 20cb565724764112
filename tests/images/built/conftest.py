"""The node tier's fixtures, and the loud line when there is none."""

from tests.cluster.conftest import pytest_terminal_summary
from tests.cluster.fixtures import api, bed, cluster, control_plane, namespace, node

__all__ = [
    "api",
    "bed",
    "cluster",
    "control_plane",
    "namespace",
    "node",
    "pytest_terminal_summary",
]
