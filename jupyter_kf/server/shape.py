"""JSON schemas of what goes over the wire, made from the dataclasses that are sent.

`records.plain` and `model_of` go together: what the one writes is what the other describes.
Fields that begin with _ are not sent; an error is a `Problem`; a float may be one of the texts
that JSON has no number for. May import `records`, `errors`, pydantic.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.json_schema import models_json_schema

from jupyter_kf.errors import KfError
from jupyter_kf.server.answers import Problem

Number = float | Literal["NaN", "Infinity", "-Infinity"]
TEMPLATE = "#/components/schemas/{model}"


_made: dict[type[Any], type[BaseModel]] = {}


def model_of(kind: type[Any]) -> type[BaseModel]:
    """The pydantic model of what `plain` makes of this dataclass: the same name and fields."""
    if kind in _made:
        return _made[kind]
    hints = typing.get_type_hints(kind)
    told: dict[str, Any] = {
        _own(f.name): (_wire(hints[f.name]), Field(alias=f.name))
        for f in fields(kind)
        if not f.name.startswith("_")
    }
    first = (kind.__doc__ or "").strip().split("\n\n")[0]
    made: type[BaseModel] = create_model(
        kind.__name__,
        __config__=ConfigDict(extra="forbid"),
        __doc__=" ".join(first.split()),
        **told,
    )
    _made[kind] = made
    return made


def schemas(kinds: list[type]) -> dict[str, Any]:
    """``components.schemas`` for these dataclasses and pydantic models, and all within them."""
    models = [
        (k, "validation") if issubclass(k, BaseModel) else (model_of(k), "serialization")
        for k in kinds
    ]
    told = models_json_schema(models, ref_template=TEMPLATE)[1]  # type: ignore[arg-type]
    return dict(told.get("$defs", {}))


def _own(name: str) -> str:
    """A field's name in the model, where pydantic has methods of its own."""
    return f"{name}_" if hasattr(BaseModel, name) else name


def _wire(hint: Any) -> Any:
    """The type of what is sent for a field of this type."""
    if hint is float:
        return Number
    if isinstance(hint, type) and issubclass(hint, KfError):
        return model_of(Problem)
    if is_dataclass(hint):
        return model_of(typing.cast(type[Any], hint))
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, UnionType):
        return functools.reduce(lambda a, b: a | b, [_wire(part) for part in inner])
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return dict[str, _wire(inner[1])]  # type: ignore[misc]
    if origin in (tuple, list):
        return list[_wire(inner[0])]  # type: ignore[misc]
    if hint is Mapping:
        return dict[str, Any]
    return NoneType if hint is None else hint
