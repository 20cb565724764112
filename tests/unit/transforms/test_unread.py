"""Which columns a transform does not read: by leaving them out, as few times as possible."""

from __future__ import annotations

import pytest

from jupyter_kf.worker.unread import MOST_CALLS, MOST_S, unread
from tests.unit.transforms.conftest import flights_like

READS_TWO = """
def fit(df):
    return {"mean": float(df["delay"].mean()), "of": ["hour"]}

def transform(df, state):
    return df[state["of"]].assign(far=df.distance > 100, base=state["mean"])
"""
READS_NUMBERS = 'def transform(df):\n    return df.select_dtypes("number")\n'


@pytest.mark.parametrize(
    ("code", "not_read"),
    [
        (READS_TWO, ["delay", "carrier", "tail", "at", "late"]),  # fit alone reads the delay
        (READS_NUMBERS, ["carrier", "tail", "at", "late"]),
    ],
)
def test_a_certificate_names_the_columns_that_change_nothing(make, blobs, code, not_read):
    certificate = blobs.get_json(make(code, flights_like())["certificate"])
    assert (sorted(certificate["unread"]), certificate["unknown"]) == (sorted(not_read), [])


def looked_at(columns, reads, source="def transform(df):\n    return df\n"):
    """What is found of a transform that reads these, and how often it was called."""
    calls = []

    def same(without):
        calls.append(without)
        return not reads.intersection(without)

    return *unread(columns, [source], same), len(calls)


def test_columns_that_the_code_names_cost_no_call_and_all_others_one():
    source = 'def transform(df):\n    return df[["a"]].assign(b=df.c)\n'
    assert looked_at(list("abc"), set("abc"), source) == ([], [], 0)
    assert looked_at(list("abcdef"), set("abc"), source) == (["d", "e", "f"], [], 1)


def test_of_many_columns_those_that_are_read_are_found_by_halves():
    columns = [f"sensor {n}" for n in range(1000)]
    found, unknown, calls = looked_at(columns, {"sensor 7"})
    assert found == [c for c in columns if c != "sensor 7"] and not unknown
    assert calls <= 2 * 10 + 2
    found, unknown, calls = looked_at(columns, set(columns[::2]))
    assert calls <= MOST_CALLS + 1 and set(unknown) <= set(columns) and len(unknown) > 900


def test_columns_of_which_one_will_do_are_not_said_to_be_unread():
    def same(without):
        return not {"a", "b"} <= set(without)

    found, unknown = unread(["a", "b"], ["def transform(df):\n    return df\n"], same)
    assert (found, sorted(unknown)) == ([], ["a", "b"])


def slow(call_s, columns, reads):
    """What is found when each call takes so long, and how many seconds it cost."""
    now = [0.0]

    def same(without):
        now[0] += call_s
        return not reads.intersection(without)

    source = ["def transform(df):\n    return df\n"]
    return *unread(columns, source, same, clock=lambda: now[0]), now[0]


def test_a_slow_transform_is_called_no_longer_than_two_seconds_and_once_at_any_rate():
    columns = [f"sensor {n}" for n in range(64)]
    for call_s in (0.05, 0.1, 0.5, 0.9):
        found, unknown, spent_s = slow(call_s, columns, set(columns[::2]))
        assert spent_s <= MOST_S and len(found) + len(unknown) > 32
    assert slow(30.0, columns, set()) == (columns, [], 30.0)
    assert slow(30.0, columns, {"sensor 1"}) == ([], columns, 30.0)
