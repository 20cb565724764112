"""Does production compute exactly what the experiment computed?

Pure: no network, files or clock. May import `records` and `worker.compare`, where the
comparison itself lives because the worker compares too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jupyter_kf.errors import ParityError
from jupyter_kf.records import Check
from jupyter_kf.worker.compare import Finding, compare_columns

__all__ = ["Finding", "as_check", "compare_columns", "gate"]


def as_check(
    subject: str, findings: Sequence[Finding], facts: Mapping[str, Any] | None = None
) -> Check:
    """The record that faces show for a comparison."""
    return Check(
        subject=subject,
        ok=not findings,
        findings=tuple(finding.to_dict() for finding in findings),
        facts=dict(facts or {}),
    )


def gate(subject: str, path: str, findings: Sequence[Finding]) -> None:
    """Lets an empty list pass.

    Args:
        subject: what must compute the same: "endpoint `delay`, version 3".
        path: the way its rows took: "JSON, one by one".

    Raises:
        ParityError: kf-2101, with the first findings, column by column.
    """
    if not findings:
        return
    shown = "; ".join(finding.sentence() for finding in findings[:3])
    more = f"; and {len(findings) - 3} more columns" if len(findings) > 3 else ""
    raise ParityError(
        2101,
        f"{subject} differs from training on the golden rows ({path})",
        cause=shown + more,
        fix="run `%kf check` for the whole table; it does not take traffic until they agree",
    )
