"""What did the user ask for? Form, link, REST and saved options become one typed request.

Anything may arrive: this is the only place that reads it. Pure. May import `errors`,
`quantities`; a name is looked up later, here it is only known to be a short text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_kf_spawner import quantities
from jupyter_kf_spawner.errors import Refusal, did_you_mean, sentence, shown

# The hub's own fields in a form or link.
_NOT_OPTIONS = frozenset({"_xsrf", "next"})
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII)
_MOST_NAMES = 50
_TRUE = frozenset({"on", "true", "yes", "1"})
_FALSE = frozenset({"off", "false", "no", "0"})


@dataclass(frozen=True)
class Asked:
    """A request; None and () where nothing was said.

    Attributes:
        preset, volumes: names in the order given.
        image, size, gpu: names.
        cpu: cores.
        memory, workspace_size: bytes.
        gpus: how many.
        workspace: "new" (the user's usual volume), "none" (no volume), or a claim's name.
        spot, kubeflow: wanted or not.
    """

    preset: tuple[str, ...] = ()
    image: str | None = None
    size: str | None = None
    cpu: float | None = None
    memory: int | None = None
    gpu: str | None = None
    gpus: int | None = None
    volumes: tuple[str, ...] = ()
    workspace: str | None = None
    workspace_size: int | None = None
    spot: bool | None = None
    kubeflow: bool | None = None


def from_form(fields: Mapping[str, list[Any]]) -> dict[str, Any]:
    """A form's or link's fields as options: one value, or a list where several may be given.

    Judges nothing: what is kept here is what the hub saves, and `read` decides on it each time.
    """
    options: dict[str, Any] = {}
    for name, values in fields.items():
        given = [value if isinstance(value, str) else None for value in values]
        if name in _NOT_OPTIONS or all(value == "" for value in given):
            continue
        options[name] = given if name in ("preset", "volumes") or len(given) > 1 else given[0]
    return options


def pruned(options: object, deepest: int = 8) -> Any:
    """The options without what is nested deeper than any option can be.

    The hub saves options before anybody has read them, and its database can't write what is nested
    a thousand deep. No option is a structure, so `read` refuses what is left of one.
    """
    if not isinstance(options, dict | list):
        return options
    if deepest == 0:
        return {} if isinstance(options, dict) else []
    if isinstance(options, list):
        return [pruned(one, deepest - 1) for one in options]
    return {name: pruned(one, deepest - 1) for name, one in options.items()}


def read(options: object) -> Asked:
    """The request in any options.

    Raises:
        Refusal: an option that does not exist, is of another type, or can't be read.
    """
    if options is None:
        return Asked()
    if not isinstance(options, Mapping):
        raise Refusal(
            "options",
            "the options are not an object with names and values",
            fix="Send an object such as {image: scipy}",
        )
    found: dict[str, Any] = {}
    for name, value in options.items():
        if name in _NOT_OPTIONS:
            continue
        reader = _READERS.get(name) if isinstance(name, str) else None
        if reader is None:
            word = name if isinstance(name, str) else ""
            raise Refusal(
                "options",
                f"there is no option {shown(name)}",
                fix=sentence(did_you_mean(word, _READERS)),
            )
        if value is not None and value not in ("", []):
            found[name] = reader(name, _one(name, value) if reader is not _names else value)
    return Asked(**found)


def _one(field: str, value: object) -> object:
    """The value, where one is wanted: a link or form may give an option twice."""
    if not isinstance(value, list | tuple | Mapping):
        return value
    what = "an object" if isinstance(value, Mapping) else "several or a list"
    raise Refusal(
        field,
        f"one value is wanted for {_said(field)}, not {what}",
        fix="Give it once, with one value",
        field=field,
    )


def _name(field: str, value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Refusal(
            field,
            f"{shown(value)} is not a name for {_said(field)}",
            fix="Choose one that the form offers",
            field=field,
        )
    return value


def _names(field: str, value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    if len(values) > _MOST_NAMES:
        raise Refusal(
            field,
            f"more than {_MOST_NAMES} names for {_said(field)}",
            fix="Choose fewer",
            field=field,
        )
    return tuple(dict.fromkeys(_name(field, name) for name in values if name != ""))


def _number(parse: Callable[[Any], float]) -> Callable[[str, object], float]:
    def read_number(field: str, value: object) -> float:
        try:
            if not isinstance(value, str | int | float) or isinstance(value, bool):
                raise ValueError("not an amount: write one number")
            return parse(value)
        except ValueError as error:
            what, _, fix = str(error).partition(": ")
            raise Refusal(
                field,
                f"{_said(field)}: {shown(value)} is {what}",
                fix=sentence(fix or "write another amount"),
                field=field,
            ) from None

    return read_number


def _bytes(value: str | int) -> int:
    amount = quantities.size(value)
    if amount < quantities.LEAST_BYTES and re.fullmatch(r"[0-9.]+", str(value).strip()):
        raise ValueError(f"a number of bytes: write {quantities.with_unit(str(value).strip())}")
    return amount


def _count(value: str | int | float) -> int:
    plain = value.strip() if isinstance(value, str) else repr(value)
    if not re.fullmatch(r"[0-9]{1,4}", plain, re.ASCII):
        raise ValueError("not a whole number: write 1, 2 or 4")
    return int(plain)


def _yes(field: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else ""
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise Refusal(
        field,
        f"{_said(field)}: {shown(value)} is neither yes nor no",
        fix="Write true or false",
        field=field,
    )


def _said(field: str) -> str:
    return _WORDS.get(field, field)


_WORDS = {
    "cpu": "CPU",
    "gpu": "the kind of GPU",
    "gpus": "the number of GPUs",
    "kubeflow": "%kf",
    "volumes": "a volume",
    "workspace_size": "the workspace's size",
}
_READERS: dict[str, Callable[[str, object], Any]] = {
    "preset": _names,
    "image": _name,
    "size": _name,
    "cpu": _number(quantities.cores),
    "memory": _number(_bytes),
    "gpu": _name,
    "gpus": _number(_count),
    "volumes": _names,
    "workspace": _name,
    "workspace_size": _number(_bytes),
    "spot": _yes,
    "kubeflow": _yes,
}
