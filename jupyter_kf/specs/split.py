"""Which rows are for training: ``0.8/0.2``, ``0.7/0.15/0.15``, by chance or by a column."""

from __future__ import annotations

import re

from jupyter_kf.errors import SpecError


def parse_split(text: str) -> tuple[float, ...]:
    """Fractions for train, valid and optionally test; they sum to 1.

    Raises:
        SpecError: kf-1006.
    """
    parts = text.split("/")
    if all(re.fullmatch(r"\d*\.?\d+", part) for part in parts) and len(parts) in (1, 2, 3):
        fractions = tuple(float(part) for part in parts)
        if abs(sum(fractions) - 1) < 1e-9 and min(fractions) > 0:
            return fractions
    raise SpecError(
        1006,
        f"{text!r} does not split rows",
        cause="a split is one to three positive fractions that sum to 1: train/valid/test",
        fix="write --split 0.8/0.2, or --split 0.7/0.15/0.15",
    )
