"""Amounts are read as Kubernetes reads them, and written so that they read back the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_kf_spawner import quantities
from kubernetes.utils.quantity import parse_quantity


@pytest.mark.parametrize("text", ["1", "0.5", "500m", "2.25", "1500m"])
def test_cores_are_read_as_kubernetes_reads_them(text):
    assert quantities.cores(text) == float(parse_quantity(text))


@pytest.mark.parametrize("text", ["1", "1k", "1.5Gi", "512Mi", "2G", "3Ti"])
def test_bytes_are_read_as_kubernetes_reads_them(text):
    assert quantities.size(text) == int(parse_quantity(text))


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "1e3", "nan", "inf", "1 Gi", "1Q", "٣", True, "9" * 30]
)
def test_what_is_no_amount_is_refused(text):
    for read in (quantities.cores, quantities.size):
        with pytest.raises(ValueError, match=r"write|limit"):
            read(text)


@pytest.mark.parametrize(("text", "amount"), [("90", 90), ("1h30m", 5400), ("2d", 172800)])
def test_durations_are_seconds(text, amount):
    assert quantities.seconds(text) == amount


@given(st.integers(1, 2**50))
def test_a_size_written_reads_back_the_same(n_bytes):
    assert quantities.size(quantities.size_text(n_bytes)) == n_bytes
