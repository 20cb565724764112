"""The fixtures of this room, and the one loud line when there is no cluster."""

import pytest

from tests.cluster.fixtures import (
    api,
    api_proxy,
    bed,
    cluster,
    control_plane,
    katib_kinds,
    kserve,
    kwok,
    namespace,
    node,
    python_image,
    trainer,
)

__all__ = [
    "api",
    "api_proxy",
    "bed",
    "cluster",
    "control_plane",
    "katib_kinds",
    "kserve",
    "kwok",
    "namespace",
    "node",
    "python_image",
    "trainer",
]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = {
        report.longrepr[2]
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
        and "no Kubernetes for this test" in report.longrepr[2]
    }
    for why in sorted(skipped):
        terminalreporter.write_line(f"CLUSTER TESTS DID NOT RUN: {why}", red=True, bold=True)
