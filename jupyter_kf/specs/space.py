"""Which values may a tuned parameter take? ``lr=loguniform(1e-3, 0.3)``, read strictly.

A hand-written reader, never `eval`; the result is plain data that Optuna (`Space.suggest`), a
grid (`Space.grid`) and a Katib Experiment (`Space.to_json`) are made from. Pure. May import
`errors`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Literal, Protocol

from jupyter_kf.errors import TuneError, did_you_mean, gather, together
from jupyter_kf.specs.space_text import Call, Condition, Value, read_call, show

MOST_GRID_POINTS = 1_000_000

KINDS = {
    "float": "float(0, 1), float(0, 1, step=0.1), float(1e-4, 1, log=true)",
    "uniform": "uniform(0, 1)",
    "loguniform": "loguniform(1e-3, 0.3)",
    "int": "int(3, 12), int(0, 100, step=10), int(1, 64, log=true)",
    "choice": "choice(gbdt, dart), choice('a b', 2, 2.5, true, none)",
}


class Suggesting(Protocol):
    """The part of an Optuna trial that a space needs."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float: ...

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int: ...

    def suggest_categorical(self, name: str, choices: Any) -> Any: ...


@dataclass(frozen=True)
class Parameter:
    """One searched parameter.

    Attributes:
        low, high: both may be taken; `high` is the last value that `step` reaches.
        step: None where every value between may be taken.
        log: even over orders of magnitude.
        choices: of a choice only.
        when: all must hold, else the parameter is left out of the trial.
    """

    name: str
    type: Literal["float", "int", "choice"]
    low: float = 0
    high: float = 0
    step: float | None = None
    log: bool = False
    choices: tuple[Value, ...] = ()
    when: tuple[Condition, ...] = ()

    def active(self, values: Mapping[str, Value]) -> bool:
        """Whether it belongs to a trial with these values."""
        return all(
            clause.name in values and clause.holds(values[clause.name]) for clause in self.when
        )

    def suggest(self, trial: Suggesting) -> Value:
        """A value from an Optuna trial."""
        if self.type == "choice":
            return trial.suggest_categorical(self.name, self.choices)  # type: ignore[no-any-return]
        if self.type == "int":
            step = int(self.step or 1)
            return trial.suggest_int(
                self.name, int(self.low), int(self.high), step=step, log=self.log
            )
        return trial.suggest_float(self.name, self.low, self.high, step=self.step, log=self.log)

    def points(self) -> tuple[Value, ...]:
        """All its values, in order.

        Raises:
            TuneError: kf-2509, a float without a step.
        """
        if self.type == "choice":
            return self.choices
        if self.type == "int":
            return tuple(range(int(self.low), int(self.high) + 1, int(self.step or 1)))
        if self.step is None:
            raise TuneError(
                2509,
                f"`{self.name}` has no end of values, so a grid can't try them all",
                cause="a float without a step takes every value between its bounds",
                fix=f"write {self.name}=float({self.low:g}, {self.high:g}, "
                f"step={(self.high - self.low) / 10:g}), or choose --sampler random",
            )
        low, step = Decimal(str(self.low)), Decimal(str(self.step))
        count = int((Decimal(str(self.high)) - low) / step)
        return tuple(float(low + step * i) for i in range(count + 1))

    def count(self) -> int:
        """How many points a grid has along it, without making them."""
        if self.type == "choice":
            return len(self.choices)
        if self.type == "float" and self.step is None:
            return len(self.points())  # raises
        return round((self.high - self.low) / (self.step or 1)) + 1

    def to_json(self) -> dict[str, Any]:
        """Plain data; keys that do not apply are left out."""
        fields: dict[str, Any] = {"name": self.name, "type": self.type}
        if self.type == "choice":
            fields["choices"] = list(self.choices)
        else:
            fields |= {"low": self.low, "high": self.high, "log": self.log}
            if self.step is not None:
                fields["step"] = self.step
        if self.when:
            fields["when"] = [clause.to_json() for clause in self.when]
        return fields


@dataclass(frozen=True)
class Space:
    """All searched parameters, a parameter after those that its condition names."""

    parameters: tuple[Parameter, ...]

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Space:
        """The space that ``--param NAME=SPACE`` asks for.

        Raises:
            TuneError: kf-2501 not a space, kf-2502 an unknown kind, kf-2503 bounds that do not
                fit, kf-2504 choices that do not, kf-2505 a condition on an unknown name,
                kf-2506 conditions in a circle, kf-2507 a condition that never holds, kf-2508 a
                name that Python can't bind, kf-2512 no parameter at all.
        """
        if not texts:
            raise TuneError(
                2512,
                "there is nothing to search",
                cause="no parameter was given a space",
                fix='add one: --param "lr=loguniform(1e-3, 0.3)"',
            )
        found: dict[str, Parameter] = {}
        wrong = gather(partial(_parsed, found, name, text) for name, text in texts.items())
        if wrong:
            raise together(wrong)
        for parameter in found.values():
            for clause in parameter.when:
                _check_clause(parameter, clause, found)
        return cls(_ordered(found))

    @property
    def conditional(self) -> bool:
        """Whether a trial may lack some of the parameters."""
        return any(parameter.when for parameter in self.parameters)

    def suggest(self, trial: Suggesting) -> dict[str, Value]:
        """The active parameters of an Optuna trial, with their values."""
        values: dict[str, Value] = {}
        for parameter in self.parameters:
            if parameter.active(values):
                values[parameter.name] = parameter.suggest(trial)
        return values

    def grid(self) -> list[dict[str, Value]]:
        """Every combination of values once; inactive parameters are left out.

        Raises:
            TuneError: kf-2509 a float without a step, kf-2510 more than a million points.
        """
        most = math.prod(parameter.count() for parameter in self.parameters)
        if most > MOST_GRID_POINTS:
            raise TuneError(
                2510,
                f"the grid has {most:,} points",
                cause=f"a grid of more than {MOST_GRID_POINTS:,} points is never finished",
                fix="take larger steps, or choose --sampler random, tpe or cmaes",
            )
        return list(self._walk(0, {}))

    def _walk(self, at: int, values: dict[str, Value]) -> Iterator[dict[str, Value]]:
        if at == len(self.parameters):
            yield dict(values)
        elif not (parameter := self.parameters[at]).active(values):
            yield from self._walk(at + 1, values)
        else:
            for value in parameter.points():
                yield from self._walk(at + 1, {**values, parameter.name: value})

    def to_json(self) -> list[dict[str, Any]]:
        """Plain data, in order of dependency."""
        return [parameter.to_json() for parameter in self.parameters]


def _parsed(found: dict[str, Parameter], name: str, text: str) -> None:
    found[name] = parse(name, text)


def parse(name: str, text: str) -> Parameter:
    """One parameter's space; conditions are not yet checked against the other parameters.

    Raises:
        TuneError: kf-2501 to kf-2504, kf-2508.
    """
    if not name.isidentifier():
        raise TuneError(
            2508,
            f"a parameter can't be called {name!r}",
            cause="it is bound to a name in the cell, so Python must accept it as one",
            fix='write --param "learning_rate=loguniform(1e-3, 0.3)"',
        )
    call = read_call(name, text)
    if call.kind == "choice":
        return Parameter(name, "choice", choices=_choices(call), when=call.when)
    if call.kind not in KINDS:
        raise TuneError(
            2502,
            f"{name}: there is no space `{call.kind}`",
            cause=did_you_mean(call.kind, KINDS),
            fix=f"write {name}={KINDS['float'].split('), ')[0]}) or another of "
            + "; ".join(KINDS.values()),
        )
    return _numeric(call)


def _numeric(call: Call) -> Parameter:
    options = dict(call.options)
    allowed = {"float": ("step", "log"), "int": ("step", "log")}.get(call.kind, ())
    for key in options:
        if key not in allowed:
            known = f"it takes {' and '.join(allowed)}" if allowed else "it takes none"
            raise _bounds(call, f"`{call.kind}` has no option `{key}`", known)
    if len(call.values) != 2 or not all(_is_number(value) for value in call.values):
        raise _bounds(
            call,
            f"`{call.kind}` needs two numbers",
            f"it was given ({', '.join(map(show, call.values))})",
        )
    low, high = (float(value) for value in call.values)  # type: ignore[arg-type]
    log = options.get("log", call.kind == "loguniform")
    step = options.get("step")
    if not isinstance(log, bool):
        raise _bounds(call, f"log={show(log)} is neither true nor false", "log is a switch")
    if step is not None and not (_is_number(step) and step > 0):  # type: ignore[operator]
        raise _bounds(call, f"step={show(step)} is no positive number", "a step goes upwards")
    if call.kind == "int" and not all(
        isinstance(value, int) for value in (*call.values, 1 if step is None else step)
    ):
        raise _bounds(call, "`int` takes whole numbers", "a bound or the step has a fraction")
    if not low < high:
        raise _bounds(call, f"{low:g} is not below {high:g}", "the lower bound comes first")
    if log and (low <= 0 or step is not None):
        what = "a step and log=true together" if step is not None else f"log from {low:g}"
        raise _bounds(
            call, f"{what} is not possible", "a log scale begins above 0 and has no steps"
        )
    return _with_end(call, low, high, None if step is None else float(step), log)


def _with_end(call: Call, low: float, high: float, step: float | None, log: bool) -> Parameter:
    if step is not None:
        if step > high - low:
            raise _bounds(
                call, f"step={step:g} leads beyond {high:g} at once", "only one value is left"
            )
        first, each = Decimal(str(low)), Decimal(str(step))
        high = float(first + each * ((Decimal(str(high)) - first) // each))
    if call.kind == "int":
        whole = None if step is None else int(step)
        return Parameter(call.name, "int", int(low), int(high), whole, log, when=call.when)
    return Parameter(call.name, "float", low, high, step, log, when=call.when)


def _choices(call: Call) -> tuple[Value, ...]:
    for first, second in itertools.combinations(call.values, 2):
        if first == second:
            raise TuneError(
                2504,
                f"{call.name}: {show(first)} and {show(second)} are the same choice",
                cause="in Python they are equal (1, 1.0 and true are)",
                fix="leave one of them out, or write them as texts in quotes",
            )
    if call.options or len(call.values) < 2:
        given = ", ".join(key for key, _ in call.options) or f"only {len(call.values)}"
        raise TuneError(
            2504,
            f"{call.name}: a choice needs two values or more, and takes no options",
            cause=f"it was given {given}",
            fix=f"write {call.name}=choice(gbdt, dart)",
        )
    return call.values


def _check_clause(child: Parameter, clause: Condition, known: Mapping[str, Parameter]) -> None:
    parent = known.get(clause.name)
    if parent is None:
        raise TuneError(
            2505,
            f"{child.name}: its condition reads `{clause.name}`, which is not searched",
            cause=did_you_mean(clause.name, set(known) - {child.name}),
            fix=f'add --param "{clause.name}=choice(...)", or leave the condition out',
        )
    if _possible(parent, clause):
        return
    can_be = (
        ", ".join(show(value) for value in parent.choices)
        if parent.type == "choice"
        else f"from {parent.low:g} to {parent.high:g}"
    )
    raise TuneError(
        2507,
        f"{child.name}: `{clause}` never holds",
        cause=f"`{clause.name}` is {can_be}",
        fix=f"compare `{clause.name}` with a value it can take",
    )


def _possible(parent: Parameter, clause: Condition) -> bool:
    if parent.type == "choice":
        return any(clause.holds(value) for value in parent.choices)
    numbers = [value for value in clause.values if _is_number(value)]
    if clause.op in ("==", "in"):
        return any(parent.low <= value <= parent.high for value in numbers)  # type: ignore[operator]
    if clause.op in ("!=", "not in"):
        return True
    return any(clause.holds(value) for value in (parent.low, parent.high)) and bool(numbers)


def _ordered(found: Mapping[str, Parameter]) -> tuple[Parameter, ...]:
    done: dict[str, Parameter] = {}
    while len(done) < len(found):
        ready = [
            parameter
            for name, parameter in found.items()
            if name not in done and all(clause.name in done for clause in parameter.when)
        ]
        if not ready:
            circle = ", ".join(f"`{name}`" for name in found if name not in done)
            raise TuneError(
                2506,
                f"the conditions of {circle} wait for each other",
                cause="each is searched only when another of them is",
                fix="leave one of the conditions out",
            )
        done.update((parameter.name, parameter) for parameter in ready)
    return tuple(done.values())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _bounds(call: Call, what: str, cause: str) -> TuneError:
    return TuneError(
        2503, f"{call.name}: {what}", cause=cause, fix=f"write {call.name}={KINDS[call.kind]}"
    )
