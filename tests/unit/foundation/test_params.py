"""A number with a decimal comma is refused where it was a number before, and told of elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

import jupyter_kf as kf
from jupyter_kf.client import known
from jupyter_kf.client.params import commas, refuse_commas
from jupyter_kf.errors import SpecError
from jupyter_kf.specs import TrainSpec
from jupyter_kf.specs.flags import parse


@pytest.fixture
def client():
    return kf.connect()


def asked(*words: str) -> TrainSpec:
    """What a line asks, read as a notebook reads it."""
    return TrainSpec.of(**parse((TrainSpec,), ["wein", *words]))


def fit(C=1.0):
    return C


@pytest.mark.parametrize("typed", ["C=0,5", 'C="0,5"'])
@pytest.mark.parametrize(
    ("code", "scope", "where"),
    [
        ("model = C", {"C": 1.0}, "it is 1.0 in the notebook"),
        ("model = C", {"C": np.float64(2)}, "it is 2.0 in the notebook"),
        ("C = 3\nmodel = C", {}, "it is 3 in the cell"),
        (fit, {}, "the function's default is 1.0"),
    ],
)
def test_a_comma_in_what_is_a_number_is_refused_before_anything_starts(
    client, typed, code, scope, where
):
    fields = asked("--param", typed).asked()
    with pytest.raises(SpecError) as refused:
        client.train(code, scope=scope, **fields)
    assert (refused.value.code, refused.value.fix) == (1043, "write C=0.5")
    assert refused.value.field == "params" and where in refused.value.cause
    assert client.runs() == []


def test_a_form_is_told_that_it_was_a_number_in_the_run_before(client):
    spec = asked("--param", "C=0.5").model_dump(mode="json")
    client.store.runs.new("train", "wein", spec, "local")
    wrong = known.unfit(client.store, client.backend, asked("--param", 'C="-0,5"'))
    assert [(one.code, one.fix, one.field) for one in wrong] == [(1043, "write C=-0.5", "params")]


def test_two_values_and_texts_of_which_nothing_is_known_pass(client):
    for word in ("C=64,32", "C=[0, 5]", 'C="a,b"', 'C="0,5"', 'C="1,2,3"', "C=0.5"):
        refuse_commas(client.store, asked("--param", word), "model = C", {"C": "text"})
    assert "C='0,5' is a text" in commas(asked("--param", 'C="0,5"'))
    assert commas(asked("--param", "C=64,32", "--param", "D=0.5")) == ""
