"""What `diff` says about users' choices is complete: no change of a catalogue passes in silence."""

from __future__ import annotations

import pytest
from jupyter_kf_spawner import differences
from jupyter_kf_spawner.catalogue.load import examine_text
from jupyter_kf_spawner.errors import CatalogueError

from tests.spawner.conftest import PUBLISHED

LINES = PUBLISHED.read_text().splitlines()


@pytest.fixture(scope="module")
def published():
    return examine_text(PUBLISHED.read_text())


def test_a_line_that_is_left_out_is_a_difference_unless_the_catalogue_means_the_same(published):
    compared = 0
    for gone in range(0, len(LINES), 5):
        try:
            other = examine_text("\n".join(LINES[:gone] + LINES[gone + 1 :]))
        except CatalogueError:
            continue
        compared += 1
        same = other.catalogue == published.catalogue
        for pair in ((published, other), (other, published)):
            assert (differences.of_choices(*pair) == []) is same, LINES[gone]
    assert compared > 5


def test_entries_of_a_pod_are_matched_by_their_names_and_not_by_their_order():
    one = {"spec": {"volumes": [{"name": "a", "size": 1}, {"name": "b"}]}}
    other = {"spec": {"volumes": [{"name": "b"}, {"name": "a", "size": 2}]}}
    assert differences.of_pods({"x": one}, {"x": other}) == [
        "the only combination like this:",
        "  ~ spec.volumes[a].size: 1 -> 2",
    ]


def test_a_group_that_no_words_set_apart_is_counted_with_an_example():
    old = {name: {"v": 0} for name in ("a, x", "a, y", "b, x", "b, y")}
    new = {**old, "a, x": {"v": 1}, "b, y": {"v": 1}}
    assert differences.of_pods(old, new) == [
        "2 of 4 combinations, such as a + x like this:",
        "  ~ v: 0 -> 1",
    ]
