"""What of the notebook must travel, so that a cell or a transform means the same elsewhere?"""

from __future__ import annotations

from jupyter_kf.capture.cell import Captured, capture_cell, capture_function, write
from jupyter_kf.capture.transform import TransformSource, capture_estimator, capture_transform

__all__ = [
    "Captured",
    "TransformSource",
    "capture_cell",
    "capture_estimator",
    "capture_function",
    "capture_transform",
    "write",
]
