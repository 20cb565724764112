"""What makes a run again is what it was: the versions that its names meant then."""

from __future__ import annotations

import pytest

import jupyter_kf as kf
from jupyter_kf.blobs import write_json
from jupyter_kf.client.again import spec_again
from jupyter_kf.specs import SPECS
from jupyter_kf.specs.line import words_of


@pytest.fixture
def client():
    client = kf.connect()
    for kind, digest in (("dataset", "a"), ("transform", "b"), ("model", "c")):
        client.store.refs.add(kind, "wines", digest * 64)
    return client


def again(client, kind: str, job: dict[str, object], **fields: object) -> list[str]:
    """The words that make a run again, once each name has a newer version."""
    spec = SPECS[kind].of(name="wines", **fields)
    asked = spec.model_dump(mode="json")
    folder = client.store.runs.new(kind, "wines", asked, "local")
    write_json(folder.job, job)
    for thing in ("dataset", "transform", "model"):
        client.store.refs.add(thing, "wines", "f" * 64)
    return words_of(spec_again(client.store, client.store.runs.read(folder.id)))


USED = {"dataset": "sha256:" + "a" * 64, "transform": "b" * 64, "model": "c" * 64}


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("train", {"data": "wines"}, "wines --data wines@1"),
        (
            "train",
            {"data": "wines", "transform": "wines"},
            "wines --data wines@1 --transform wines@1",
        ),
        ("train", {"data": "gone@3"}, f"wines --data {'a' * 64}"),
        ("train", {}, "wines"),
        ("transform", {"data": "wines", "target": "x"}, "wines --data wines@1 --target x"),
        (
            "batch",
            {"input": "*.csv", "output": "out", "model": "wines"},
            "wines --input *.csv --output out --model wines@1",
        ),
        ("serve", {"model": "wines"}, "wines --model wines@1"),
        ("serve", {"model": "wines@1", "version": 4}, "wines --model wines@1"),
    ],
)
def test_a_name_becomes_the_version_that_was_used(client, kind, fields, words):
    assert " ".join(again(client, kind, USED, **fields)) == words


def test_a_search_says_whose_cell_it_repeats(client):
    space = {"params": {"lr": "uniform(0, 1)"}, "metric": ["auc"]}
    words = again(client, "tune", {**USED, "train": {"run": "wines-1"}}, **space)
    assert words[-2:] == ["--run", "wines-1"]
    words = again(client, "tune", {"train": {"run": "wines-1"}}, run="wines", **space)
    assert words[-2:] == ["--run", "wines-1"]  # a name means its newest run
