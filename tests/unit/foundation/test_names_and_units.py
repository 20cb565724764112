from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kf import names, units
from jupyter_kf.errors import SpecError

DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@given(st.text(max_size=200))
def test_any_text_becomes_a_dns_label(text):
    assert DNS_LABEL.fullmatch(names.slug(text))


@given(st.text(max_size=60))
def test_a_run_id_is_a_dns_label_whatever_the_name(text):
    assert DNS_LABEL.fullmatch(names.new_run_id(text))


def test_run_ids_of_one_name_sort_by_time():
    early, late = (names.new_run_id("delay", now_s=t) for t in (1_800_000_000, 1_800_000_001))
    assert early < late


@pytest.mark.parametrize("bad", ["", "Delay", "-a", "a-", "a b", "a" * 41, "../x", "a/b"])
def test_a_name_that_could_not_be_a_folder_or_a_label_is_refused_with_one_that_could(bad):
    with pytest.raises(SpecError) as refused:
        names.check_name(bad)
    assert refused.value.code == 1002
    offered = re.search(r"'([^']+)'", refused.value.fix)
    assert offered and names.check_name(offered[1])


@given(st.integers(1, 2**50), st.sampled_from(["", "k", "M", "G", "Ki", "Mi", "Gi", "Ti"]))
def test_memory_is_read_in_bytes(n, unit):
    factor = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}.get(unit) or 1024 ** (
        ["Ki", "Mi", "Gi", "Ti"].index(unit) + 1
    )
    assert units.parse_memory(f"{n}{unit}") == pytest.approx(n * factor, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "cores"), [("2", 2.0), ("0.5", 0.5), ("500m", 0.5), ("1500m", 1.5)]
)
def test_cpu_is_read_in_cores(text, cores):
    assert units.parse_cpu(text) == cores


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86400), ("1h30m", 5400)],
)
def test_durations_are_read_in_seconds(text, seconds):
    assert units.parse_duration(text) == seconds


@pytest.mark.parametrize("parse", [units.parse_memory, units.parse_cpu, units.parse_duration])
@given(text=st.text(max_size=12))
def test_a_quantity_is_positive_or_refused(parse, text):
    try:
        assert parse(text) > 0
    except SpecError as refused:
        assert refused.code == 1003


@given(st.floats(0, 1e8))
def test_a_duration_is_written_with_its_units(seconds):
    assert re.fullmatch(r"[\d.]+ (s|min \d+ s|h \d+ min|d \d+ h)", units.format_duration(seconds))
