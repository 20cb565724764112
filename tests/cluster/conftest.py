"""The fixtures of this room, and the one loud line when there is no cluster."""

import pytest

# The list of fixtures stands in one place: `__all__` of that module.
from tests.cluster.fixtures import *  # noqa: F403


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = {
        report.longrepr[2]
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
        and "no Kubernetes for this test" in report.longrepr[2]
    }
    for why in sorted(skipped):
        terminalreporter.write_line(f"CLUSTER TESTS DID NOT RUN: {why}", red=True, bold=True)
