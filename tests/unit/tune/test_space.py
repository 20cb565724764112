"""Search spaces as text."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_kf.errors import KfError, TuneError
from jupyter_kf.specs import TuneSpec
from jupyter_kf.specs.space import Space, parse
from jupyter_kf.specs.space_text import show

numbers = st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: float(f"{x:.6g}"))
texts = st.text(st.characters(blacklist_categories=("Cs",)), max_size=12).filter(
    lambda text: not ("'" in text and '"' in text)
)
values = st.one_of(st.booleans(), st.none(), st.integers(), numbers, texts)


class Fixed:
    """A trial that suggests the lower bound or the first choice, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def suggest_float(self, name: str, low: float, high: float, **_: Any) -> float:
        self.asked.append(name)
        return low

    def suggest_int(self, name: str, low: int, high: int, **_: Any) -> int:
        self.asked.append(name)
        return low

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        self.asked.append(name)
        return choices[0]


def refused(texts: dict[str, str]) -> str:
    with pytest.raises(TuneError) as caught:
        Space.of(texts)
    return str(caught.value)


@given(numbers, numbers)
def test_bounds_are_read_as_they_are_written(a: float, b: float) -> None:
    if a >= b:
        assert "kf-2503" in refused({"p": f"float({a!r}, {b!r})"})
    else:
        got = parse("p", f"  float( {a!r} ,{b!r} ) ")
        assert (got.low, got.high, got.step, got.log) == (a, b, None, False)


@given(st.lists(values, min_size=2, max_size=6, unique_by=lambda v: (v.__hash__(), v)))
def test_choices_survive_the_way_through_text(choices: list[Any]) -> None:
    assert parse("p", f"choice({', '.join(map(show, choices))})").choices == tuple(choices)


@settings(max_examples=60)
@given(st.text(max_size=30))
def test_any_text_is_a_space_or_an_error_of_ours(text: str) -> None:
    try:
        parse("p", text)
    except TuneError as error:
        assert 2501 <= error.code <= 2504
        assert "write p=" in error.fix or "quotes" in error.fix


@given(st.integers(-50, 50), st.integers(1, 40), st.integers(1, 15))
def test_a_step_ends_on_its_own_grid(low: int, width: int, step: int) -> None:
    if step > width:
        assert "kf-2503" in refused({"p": f"int({low}, {low + width}, step={step})"})
        return
    points = parse("p", f"int({low}, {low + width}, step={step})").points()
    assert points == tuple(range(low, low + width + 1, step))


def test_every_documented_form_is_read() -> None:
    kinds = {
        "a": "float(1e-4, 1)",
        "b": "float(0,1,step=0.1)",
        "c": "loguniform(1e-3, 0.3)",
        "d": "uniform(-1,1.5)",
        "e": "int(3, 12)",
        "f": "int(1, 64, log=true)",
        "g": "int(0,100,step=10)",
        "h": "choice('a', \"b c\", 2, 2.5, true, none)",
        "i": "choice(gbdt, dart)",
        "j": "int(3,12) if i == 'gbdt'",
        "k": "float(0,1) if i in (gbdt, 'dart') and e >= 4 and j not in (5, 6)",
    }
    found = {entry["name"]: entry for entry in Space.of(kinds).to_json()}
    assert found["c"] == {"name": "c", "type": "float", "low": 0.001, "high": 0.3, "log": True}
    assert found["b"]["step"] == 0.1
    assert found["f"] == {"name": "f", "type": "int", "low": 1, "high": 64, "log": True}
    assert found["h"]["choices"] == ["a", "b c", 2, 2.5, True, None]
    assert found["j"]["when"] == [{"name": "i", "op": "==", "values": ["gbdt"]}]
    assert [clause["op"] for clause in found["k"]["when"]] == ["in", ">=", "not in"]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("float(1 2)", 2501, "'2)' at character 9, expected `,`"),
        ("float(0, 1", 2501, "found the end, expected `,`"),
        ("lr", 2501, "expected `(`"),
        ("", 2501, "found the end"),
        ("float(0, 1) or 2", 2501, "expected `if NAME == VALUE`"),
        ("float(1e999, 1)", 2501, "a finite number"),
        ("__import__('os').system('true')", 2501, "at character 17"),
        ("flaot(0, 1)", 2502, "did you mean `float`?"),
        ("int(1.5, 3)", 2503, "whole numbers"),
        ("float(1, 0)", 2503, "1 is not below 0"),
        ("loguniform(0, 1)", 2503, "log from 0"),
        ("int(1, 9, log=true, step=2)", 2503, "a step and log=true"),
        ("uniform(0, 1, step=0.5)", 2503, "no option `step`"),
        ("choice(1, true)", 2504, "are the same choice"),
        ("choice(a)", 2504, "two values or more"),
        ("int(1, 2) if boster == a", 2505, "did you mean `booster`?"),
        ("int(1, 2) if booster == c", 2507, "`booster` is 'a', 'b'"),
        ("int(1, 2) if p == 1", 2506, "wait for each other"),
    ],
)
def test_a_malformed_space_is_explained(text: str, code: int, said: str) -> None:
    message = refused({"p": text, "booster": "choice(a, b)"})
    assert f"kf-{code}:" in message
    assert said in message


def test_names_that_python_can_not_bind_are_refused() -> None:
    assert "kf-2508" in refused({"learning-rate": "float(0, 1)"})
    assert "kf-2512" in refused({})


def test_parameters_come_after_those_that_their_condition_names() -> None:
    space = Space.of(
        {
            "c": "int(1, 2) if b == 1",
            "b": "int(1, 2) if a == 'on'",
            "a": "choice(on, off)",
            "free": "float(0, 1)",
        }
    )
    trial = Fixed()
    assert space.suggest(trial) == {"a": "on", "free": 0, "b": 1, "c": 1}
    assert trial.asked == ["a", "free", "b", "c"]


def test_conditions_in_a_circle_are_refused() -> None:
    message = refused({"a": "int(1, 2) if b == 1", "b": "int(1, 2) if a == 1"})
    assert "`a`, `b` wait for each other" in message


def test_a_grid_has_every_combination_once_and_no_inactive_parameter() -> None:
    space = Space.of(
        {"kind": "choice(a, b)", "n": "int(1, 3) if kind == a", "x": "float(0,1,step=.5)"}
    )
    grid = space.grid()
    assert len(grid) == 3 * 3 + 3
    assert len({tuple(sorted(point.items())) for point in grid}) == len(grid)
    assert all(("n" in point) == (point["kind"] == "a") for point in grid)


def test_a_grid_without_an_end_is_refused_with_a_step_that_would_do() -> None:
    with pytest.raises(TuneError, match=r"step=0.1\)"):
        Space.of({"x": "float(0, 1)"}).grid()
    with pytest.raises(TuneError, match="has 1,000,002 points"):
        Space.of({"x": "int(0, 1000001)"}).grid()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"params": {"x": "loguniform(1, 0)"}}, 2503),
        ({"sampler": "grid"}, 2509),
        ({"metric": ("a", "b"), "early_stop": "asha"}, 2522),
        ({"metric": ("a", "b"), "sampler": "cmaes"}, 2523),
        ({"params": {"x": "choice(a, b)"}, "sampler": "cmaes"}, 2523),
        ({"params": {"x": "int(0, 9)", "y": "int(0, 9) if x > 2"}, "sampler": "cmaes"}, 2523),
        ({"maximize": ("auv",)}, 2521),
        ({"metric": ("a", "a")}, 2521),
        ({"metric": ("not a name",)}, 2521),
    ],
)
def test_a_tune_spec_refuses_parts_that_do_not_fit(fields: dict[str, Any], code: int) -> None:
    plain = {"name": "delay", "params": {"x": "float(0, 1)"}, "metric": ("auc",)}
    with pytest.raises(KfError) as caught:
        TuneSpec.of(**plain | fields)
    assert caught.value.code == code
    assert math.isclose(TuneSpec.of(**plain).trials, 20)
