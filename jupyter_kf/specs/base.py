"""What every spec shares: frozen, strict, with units, and read by people in three ways.

A spec is what was asked, whole, before anything runs. Its JSON schema makes the forms, its
fields make the flags (`specs/flags.py`), its JSON is the first file of a run folder.
"""

from __future__ import annotations

import json
import keyword
import re
import reprlib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from jupyter_kf import names, units
from jupyter_kf.errors import KfError, SpecError, did_you_mean, together

JsonValue = Any


def checked(check: Any, when: Any = AfterValidator) -> Any:
    """Lets a KfError raised by a validator out of pydantic as it is, by way of its fields.

    Args:
        when: BeforeValidator, to say more than a rule of the field would.
    """

    def validate(value: Any) -> Any:
        try:
            check(value)
        except KfError as error:
            raise _Carried(error) from error
        return value

    return when(validate)


def _plain_values(params: Any) -> Any:
    """Numpy's numbers as Python's, which JSON can hold."""
    if not isinstance(params, dict):
        return params
    return {k: v.item() if getattr(v, "ndim", None) == 0 else v for k, v in params.items()}


def check_params(params: dict[str, JsonValue]) -> None:
    """Raises when a parameter can't be bound to its name in a cell, or its value can't travel.

    Raises:
        SpecError: kf-1025 the name, kf-1026 the value.
    """
    for name, value in params.items():
        if not name.isidentifier() or keyword.iskeyword(name) or name in BOUND_BY_JOBS:
            ours = name in BOUND_BY_JOBS
            raise SpecError(
                1025,
                f"a parameter can't be called `{name}`",
                cause="the job itself binds that name" if ours else "Python can't bind that name",
                fix="give it another name",
            )
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            endless = "Out of range float" in str(error)
            raise SpecError(
                1026,
                f"parameter `{name}` is a {type(value).__name__}, which is no plain value",
                cause="NaN and infinity do not travel as numbers" if endless else str(error),
                fix="give a number, a text or a list of them; rows go by `%kf data` and --data",
            ) from error


BOUND_BY_JOBS = frozenset({"kf", "X_train", "y_train", "X_valid", "y_valid", "X_test", "y_test"})
Params = Annotated[dict[str, JsonValue], BeforeValidator(_plain_values), checked(check_params)]


class _Carried(ValueError):
    def __init__(self, error: KfError) -> None:
        super().__init__(error.what)
        self.error = error


def _number_as_text(value: Any) -> Any:
    """``cpu=2`` and ``time_limit=60`` from Python, as they would be typed."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{value:g}" if plain and value < 1e6 else str(value) if plain else value


def _alone(value: Any) -> Any:
    """``metric="auc"`` from Python: one text where several may be given."""
    return (value,) if isinstance(value, str) else value


Name = Annotated[str, checked(names.check_name)]
Ref = Annotated[str, checked(names.check_ref)]
Cpu = Annotated[str, BeforeValidator(_number_as_text), checked(units.parse_cpu)]
Memory = Annotated[str, BeforeValidator(_number_as_text), checked(units.parse_memory)]
Duration = Annotated[str, BeforeValidator(_number_as_text), checked(units.parse_duration)]
Words = Annotated[tuple[str, ...], BeforeValidator(_alone)]


def field(
    default: Any,
    help: str,
    *,
    unit: str | None = None,
    positional: bool = False,
    flag: str | None = None,
    **rules: Any,
) -> Any:
    """A spec's field: its help sentence and unit are written here once, for every face.

    Args:
        default: the value when nothing is said; ``...`` when it must be said.
        unit: shown beside the value; ISO or SI symbol, or the grammar ("4Gi").
        positional: given by its place instead of by a flag.
        flag: the flag's name where it is not the field's: ``param`` for `params`.
    """
    extra = {"unit": unit, "positional": positional or None, "flag": flag}
    return Field(
        default,
        description=help,
        json_schema_extra={k: v for k, v in extra.items() if v is not None},
        **rules,
    )


class Request(BaseModel):
    """What a verb was asked: the root of all specs and queries."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    kind: ClassVar[str] = ""
    """The verb, which is also what a run of this spec is called in listings."""
    idle: ClassVar[frozenset[str]] = frozenset()
    """Fields that come with its family and mean nothing to it: refused, and never offered."""
    guessed: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Options that people guess and it does without: what holds instead, and what to do."""
    more_words: ClassVar[tuple[str, str] | None] = None
    """Where a word too many belongs, and the line with it; ``{word}`` stands for the word."""

    @classmethod
    def guide(cls) -> str:
        """Where a person reads what may be asked."""
        return f"`%kf help {cls.kind}`"

    @classmethod
    def of(cls, **fields: Any) -> Any:
        """A request from plain fields, with a misspelt or malformed one explained.

        Raises:
            SpecError: kf-1001 an unknown field, kf-1004 a value that does not fit, or the
                error of the field's own grammar.
        """
        unknown = [name for name in fields if name not in cls.model_fields]
        if unknown:
            raise together([no_option(cls, n, cls.model_fields).at(n) for n in unknown])
        try:
            return cls(**fields)
        except ValidationError as error:
            raise _explained(cls, error) from error

    def asked(self) -> dict[str, Any]:
        """The fields that differ from their defaults: what the user said, in brief."""
        return self.model_dump(mode="json", exclude_defaults=True)


class Spec(Request):
    """A request that makes something with a name."""

    name: Name = field(..., "what the result is called", positional=True)


def no_option(request: type[Request], name: str, known: Iterable[str]) -> SpecError:
    """kf-1001."""
    cause, fix = request.guessed.get(name.lstrip("-")) or (
        did_you_mean(name, known),
        f"{request.guide()} lists them all",
    )
    return SpecError(1001, f"{request.kind} has no option `{name}`", cause=cause, fix=fix)


def _explained(cls: type[Request], error: ValidationError) -> KfError:
    return together([_one(cls, each).at(_field(each)) for each in error.errors()])


def _field(first: Mapping[str, Any]) -> str:
    return str(first["loc"][0]) if first["loc"] else ""


def _one(cls: type[Request], first: Mapping[str, Any]) -> KfError:
    carried = first.get("ctx", {}).get("error")
    if isinstance(carried, _Carried):
        return carried.error
    parts = [str(part) for part in first["loc"]]
    where = ".".join(p for p in parts if p != "bool" and not p.startswith("tuple[")) or cls.kind
    if first["type"] == "missing":
        return SpecError(
            1005,
            f"{cls.kind} needs `{where}`",
            cause=f"`{where}` ({cls.model_fields[where].description}) was not given",
            fix=_how_to_give(cls, where),
        )
    return SpecError(
        1004,
        f"{cls.kind}: `{where}` can't be {reprlib.repr(first['input']).splitlines()[0]}",
        cause=_CAUSES.get(first["type"], _plainly(first["msg"])),
        fix=f"see {cls.guide()}",
    )


def _how_to_give(cls: type[Request], name: str) -> str:
    extra: Any = cls.model_fields[name].json_schema_extra or {}
    if extra.get("positional"):
        return f"see {cls.guide()}"
    return f"add --{extra.get('flag') or name}, in Python {name}=...; see {cls.guide()}"


def _plainly(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return re.sub("^Input should", "it should", message)


_CAUSES = {
    "int_type": "it takes a whole number",
    "int_parsing": "it takes a whole number",
    "int_from_float": "it takes a whole number",
    "float_type": "it takes a number",
    "float_parsing": "it takes a number",
    "string_type": "it takes a text",
    "tuple_type": "it takes a list of texts",
    "dict_type": "it takes a dict: values by name",
    "bool_type": "it takes true or false",
    "bool_parsing": "it takes true or false",
    "too_short": "more of them are needed",
}


class JobSpec(Spec):
    """A spec that starts processes: what they may use, the same on every backend or refused."""

    idle: ClassVar[frozenset[str]] = frozenset({"nodes", "runtime", "pickle"})

    cpu: Cpu | None = field(None, "cores for each process", unit="2, 0.5 or 500m")
    memory: Memory | None = field(None, "memory for each process", unit="4Gi or 512Mi")
    gpu: int = field(0, "GPUs for each process", unit="count", ge=0)
    nodes: int = field(1, "processes of a distributed job", unit="count", ge=1)
    runtime: Literal["python", "torch-distributed"] = field(
        "python", "how the cell is launched: once, or once per node with torch's variables"
    )
    image: str | None = field(None, "container image (Kubernetes only)")
    volumes: Words = field((), "claim:/path to mount (Kubernetes only)", flag="volume")
    env: dict[str, str] = field({}, "environment variable for the job", unit="NAME=VALUE")
    queue: str | None = field(None, "Kueue queue (Kubernetes only)")
    time_limit: Duration | None = field(None, "ended after this long", unit="90s, 15m or 2h")
    pickle: Words = field(
        (), "name that may travel as a pickle, though a pickle can run code when it is loaded"
    )
