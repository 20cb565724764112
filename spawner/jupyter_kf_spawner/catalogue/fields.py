"""The kinds of values in a catalogue, each with what is wrong and how to write it.

May import pydantic, `quantities`, `errors`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from jupyter_kf_spawner import quantities
from jupyter_kf_spawner.errors import shown


def wrong(reason: str, fix: str) -> PydanticCustomError:
    """A validation error that carries its fix; braces in the text stay text."""
    return PydanticCustomError("catalogue", "{reason}", {"reason": reason, "fix": fix})


class Part(BaseModel):
    """A part of the catalogue: closed, immutable, documented."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def _quantity(parse: Callable[[Any], Any], example: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            what = {dict: "keys with values", list: "a list", bool: "yes or no"}
            said = what.get(type(value), "nothing")
            raise wrong(f"{said} where an amount belongs", f"write {example}")
        try:
            return parse(value)
        except ValueError as error:
            what_, _, fix = str(error).partition(": ")
            raise wrong(f"{shown(value)} is {what_}", fix or f"write {example}") from None

    return read


# Less holds no program: what is meant is another unit.
def _bytes(value: str | int) -> int:
    amount = quantities.size(value)
    if amount < quantities.LEAST_BYTES:
        plain = re.fullmatch(r"[0-9.]+", str(value).strip())
        if plain:
            raise ValueError(f"a number of bytes: write {value}Gi or {value}Mi")
        raise ValueError("less than any program needs: write 512Mi, 4Gi or 2G")
    return amount


def _matching(pattern: str, reason: str, fix: str) -> Callable[[str], str]:
    compiled = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise wrong(f"{shown(value)} is {reason}", fix)
        return value

    return check


def _schema(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": ["string", "number"], "pattern": pattern, "examples": [example]})


Cores = Annotated[
    float,
    BeforeValidator(_quantity(quantities.cores, "2, 0.5 or 500m")),
    _schema(r"^[0-9.]+m?$", "500m"),
]
Bytes = Annotated[
    int,
    BeforeValidator(_quantity(_bytes, "512Mi, 4Gi or 2G")),
    _schema(r"^[0-9.]+([kMGT]|[KMGT]i)?$", "4Gi"),
]
Seconds = Annotated[
    int,
    BeforeValidator(_quantity(quantities.seconds, "90s, 15m or 2h")),
    _schema(r"^([0-9]+[smhd]?)+$", "2h"),
]

NAME_PATTERN = r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?"


def _name(value: str) -> str:
    if not re.fullmatch(NAME_PATTERN, value, re.ASCII):
        near = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")[:40].strip("-")
        fix = f"write {near}" if near else "begin and end it with a letter or digit"
        raise wrong(f"{shown(value)} is no name: 1 to 40 of a-z, 0-9 and -", fix)
    return value


Name = Annotated[
    str, Field(json_schema_extra={"pattern": f"^{NAME_PATTERN}$"}), AfterValidator(_name)
]
ObjectName = Annotated[
    str,
    AfterValidator(
        _matching(
            r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?",
            "not the name of a Kubernetes object",
            "write a-z, 0-9, - and . only, as `kubectl get` shows it",
        )
    ),
]
ResourceKey = Annotated[
    str,
    AfterValidator(
        _matching(
            r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?",
            "not the key of an extended resource",
            "write it as `kubectl describe node` shows it: nvidia.com/gpu, nvidia.com/mig-1g.5gb",
        )
    ),
]
LabelKey = Annotated[
    str,
    AfterValidator(
        _matching(
            r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?",
            "not a label's key",
            "write it as `kubectl get nodes --show-labels` shows it",
        )
    ),
]
LabelValue = Annotated[
    str,
    AfterValidator(
        _matching(
            r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?",
            "not a label's value",
            "write at most 63 letters, digits, -, _ and .; quote numbers and true/false",
        )
    ),
]
# Mounted there, a volume would hide the system or the hub's own files.
_RESERVED = re.compile(r"/|/(bin|boot|dev|etc|lib|lib64|proc|run|sbin|sys|usr|var)(/.*)?")


def _mount_path(value: str) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9._-]+)+", value, re.ASCII) or "/.." in value:
        raise wrong(
            f"{shown(value)} is not a folder to mount at",
            "write an absolute path such as /data/flights",
        )
    if _RESERVED.fullmatch(value):
        raise wrong("a volume there would hide the system's own files", "mount it under /data")
    return value


MountPath = Annotated[str, AfterValidator(_mount_path)]
EnvName = Annotated[
    str,
    AfterValidator(
        _matching(
            r"(?!JUPYTERHUB_|JUPYTER_KF_HANDOFF|JPY_)[A-Za-z_][A-Za-z0-9_]{0,127}",
            "not the name of a variable that may be set here",
            "write letters, digits and _; JUPYTERHUB_* and JUPYTER_KF_HANDOFF are the hub's own",
        )
    ),
]


def _text(value: str) -> str:
    if not value:
        raise wrong("an empty text", "write a text, or leave the key out")
    if len(value) > 400:
        raise wrong(f"a text of {len(value)} characters", "shorten it to 400 at most")
    if re.search(r"[\x00-\x1f\x7f]", value):
        raise wrong("a text of several lines, or with control characters", "write it in one line")
    return value


Text = Annotated[str, AfterValidator(_text)]
# host[:port]/path[:tag][@sha256:digest], the reference grammar of the OCI distribution
# specification without its rarer forms.
IMAGE_PATTERN = (
    r"(?P<name>(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?(?::[0-9]{1,5})?/)?"
    r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
