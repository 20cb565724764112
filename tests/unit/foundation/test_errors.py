from __future__ import annotations

import pickle

import pytest

from jupyter_kf import errors
from jupyter_kf.errors import KfError

KINDS = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, KfError)]


def test_an_error_reads_as_what_cause_fix():
    error = errors.DataError(1499, "it broke", cause="a reason", fix="do this")
    assert str(error) == "kf-1499: it broke\nCause: a reason\nFix: do this"


def test_an_error_survives_its_trip_through_a_file_and_through_pickle():
    error = errors.ParityError(2104, "differs", cause="c", fix="f")
    for again in (KfError.from_dict(error.to_dict()), pickle.loads(pickle.dumps(error))):
        assert (type(again), str(again)) == (errors.ParityError, str(error))


def test_an_unknown_code_from_a_newer_version_is_still_an_error_that_can_be_read():
    fields = {"code": "kf-7777", "message": "new", "cause": "c", "fix": "f"}
    assert "kf-7777: new" in str(KfError.from_dict(fields))


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.__name__)
def test_every_kind_of_error_is_drawn_in_the_tree(kind):
    assert f"── {kind.__name__} " in (errors.__doc__ or "")


def test_a_near_miss_is_named_and_otherwise_what_is_known():
    assert errors.did_you_mean("dept", ["depth", "lr"]) == "did you mean `depth`?"
    assert errors.did_you_mean("zzz", ["depth", "lr"]) == "known: depth, lr"
    assert errors.did_you_mean("zzz", []) == "there are none yet"
