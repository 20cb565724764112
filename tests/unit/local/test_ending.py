"""How ends are told apart."""

from __future__ import annotations

import pytest

from jupyter_kf.backends.local.ending import Facts, conclude

OK = {"ok": True, "outputs": {"model": "abc"}, "error": None}
SAID = {
    "ok": False,
    "outputs": {},
    "error": {"code": "kf-2050", "message": "the cell raised KeyError", "cause": "c", "fix": "f"},
}


def facts(*exits: tuple[int, int], cause: str = "", oom: str = "", count: int = 1) -> Facts:
    made = Facts("train", count)
    made.exits, made.cause, made.oom = list(exits), cause, oom
    made.limits = {"time_limit_s": 90.0, "memory_bytes": 2**30}
    made.detail = "its machine was restarted"
    return made


def code(number: int) -> int:
    return number << 8


@pytest.mark.parametrize(
    ("given", "outcome", "state", "said", "error"),
    [
        (facts((0, 0)), OK, "SUCCEEDED", "", None),
        (facts((0, 0)), None, "FAILED", "without saying", "kf-2003"),
        (facts((0, code(1))), SAID, "FAILED", "KeyError", "kf-2050"),
        (facts((0, code(3))), None, "FAILED", "exit code 3", "kf-2005"),
        (facts((0, code(3))), OK, "FAILED", "exit code 3", "kf-2005"),
        (facts((0, 11)), None, "FAILED", "SIGSEGV", "kf-2006"),
        (facts((0, 9)), None, "FAILED", "SIGKILL", "kf-2006"),
        (facts((0, 0), oom="group"), OK, "SUCCEEDED", "", None),
        (facts((0, 9), oom="machine"), None, "FAILED", "out of memory", "kf-2007"),
        (facts((0, 9), oom="group"), None, "FAILED", "its limit of 1Gi", "kf-2007"),
        (facts((0, code(1)), oom="group"), SAID, "FAILED", "out of memory", "kf-2007"),
        (facts((0, 9), cause="memory"), None, "FAILED", "out of memory", "kf-2007"),
        (facts((0, 15), cause="time_limit"), SAID, "FAILED", "time limit of 90 s", "kf-2008"),
        (facts((0, 15), cause="cancelled"), SAID, "CANCELLED", "cancelled", "kf-2050"),
        (facts((0, 0), cause="terminated"), None, "CANCELLED", "told to end", None),
        (facts(cause="not_started"), None, "FAILED", "could not be started", "kf-2004"),
        (facts(cause="vanished"), None, "LOST", "restarted", "kf-2010"),
        (facts(cause="vanished"), OK, "SUCCEEDED", "", None),
        (facts(cause="vanished"), SAID, "FAILED", "KeyError", "kf-2050"),
        (facts((1, code(4)), (0, 15), count=2), None, "FAILED", "rank 1", "kf-2005"),
        (facts((1, 40), (0, 15), count=2), None, "FAILED", "signal 40", "kf-2006"),
    ],
)
def test_an_end_is_named_by_its_cause(given, outcome, state, said, error):
    result = conclude(given, outcome, "delay-1")
    assert result["state"] == state
    assert said in result["reason"]
    assert (result["error"] or {}).get("code") == error


def test_outputs_come_from_the_workers_account():
    assert conclude(facts((0, 0)), OK, "delay-1")["outputs"] == {"model": "abc"}


def test_what_could_not_be_ended_is_said():
    given = facts((0, 9), cause="cancelled")
    given.left = [12, 13]
    assert "could not be ended: process 12, 13" in conclude(given, None, "delay-1")["reason"]


def test_the_exit_is_kept_apart_by_code_and_signal():
    assert conclude(facts((0, code(3))), None, "d")["exit"] == {"code": 3, "signal": None}
    assert conclude(facts((0, 9)), None, "d")["exit"] == {"code": None, "signal": 9}
    assert conclude(facts(), None, "d")["exit"] == {"code": None, "signal": None}


def test_an_endpoint_that_was_ended_was_asked_to_stop():
    ended = Facts("serve", 1)
    ended.cause = "cancelled"
    told = conclude(ended, {"ok": True, "outputs": {"counted": {}}}, "x")
    assert (told["state"], told["reason"]) == ("CANCELLED", "it was asked to stop")
    assert told["outputs"] == {"counted": {}}
