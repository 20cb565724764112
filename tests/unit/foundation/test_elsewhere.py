"""A name that another notebook used last is told of before a cell starts under it."""

from __future__ import annotations

import pytest

import jupyter_kf as kf
from jupyter_kf.client.elsewhere import told
from jupyter_kf.client.launch import Order
from jupyter_kf.records import Origin
from jupyter_kf.specs import TrainSpec

HERE, THERE = Origin("/home/x/b.ipynb", kernel="2"), Origin("/home/x/a.ipynb", kernel="1")


@pytest.fixture
def client():
    return kf.connect()


def said(client, origin: Origin | None, **job: str) -> str:
    """What somebody is told who trains `wein` from there."""
    return str(told(client.store, Order(TrainSpec.of(name="wein"), job), origin).job.get("look"))


@pytest.mark.parametrize(
    ("kind", "name", "before", "is_told"),
    [
        ("train", "wein", THERE, True),
        ("train", "wein", HERE, False),
        ("train", "wein", Origin("/home/x/old-name.ipynb", kernel="2"), False),
        ("train", "wein", None, False),
        ("train", "wein-rot", THERE, False),
        ("transform", "wein", THERE, False),
    ],
)
def test_the_notebook_that_used_the_name_last_is_named(client, kind, name, before, is_told):
    client.store.refs.add("model", "wein", "a" * 64)
    client.store.runs.new(kind, name, {}, "local", before)
    look = said(client, HERE, look="look: more")
    assert look.endswith("look: more")
    assert ("last trained by a.ipynb; its next version is wein@2" in look) == is_told
    assert said(client, None, look="look: more") == "look: more"


def test_a_plan_says_it_before_anything_starts(client):
    client.store.runs.new("train", "wein", {}, "local", THERE)
    client.origin = HERE
    notes = client.plan("train", "kf.report(acc=1)", name="wein").notes
    assert any("last trained by a.ipynb" in note for note in notes)
