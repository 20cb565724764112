"""The OpenAPI 3.1 document, made from the routes' own marks and the dataclasses they answer.

Nothing is described twice: paths from the table of routes, words from the docstrings, query and
bodies from their models, answers from `answers` and `records`.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
import sys
import typing
from collections.abc import Iterator
from typing import Any

import jupyter_kf
from jupyter_kf.server import answers
from jupyter_kf.server.asking import Ask
from jupyter_kf.server.handler import Described, KfHandler, dumps
from jupyter_kf.server.routes import BASE, ROUTES
from jupyter_kf.server.shape import TEMPLATE, schemas

METHODS = ("get", "post", "put", "patch", "delete")
_ALSO = (answers.Problem, answers.Change, answers.StreamEnd, answers.RunRow)


@functools.cache
def document() -> dict[str, Any]:
    """The whole document."""
    kinds: dict[str, type] = {kind.__name__: kind for kind in _ALSO}
    paths: dict[str, Any] = {}
    for path, handler in ROUTES.items():
        paths[path] = {}
        for method, told in described(handler):
            for kind in (_kind(told.answer), told.body, *map(_kind, told.also.values())):
                if kind is not None:
                    kinds[kind.__name__] = kind
            paths[path][method] = _operation(path, method, handler, told)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "jupyter-kf",
            "version": jupyter_kf.__version__,
            "description": "Runs, studies, models and endpoints, beside the notebook.",
        },
        "servers": [{"url": BASE}],
        "paths": paths,
        "webhooks": {"change": {"post": _event()}},
        "components": {
            "schemas": schemas(list(kinds.values())),
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "Authorization"}
            },
        },
        "security": [{"token": []}],
    }


@functools.cache
def written() -> bytes:
    """The document as it is sent."""
    return dumps(document())


def described(handler: type[KfHandler]) -> Iterator[tuple[str, Described]]:
    """The methods that a handler has of its own, with their marks."""
    for method in METHODS:
        told = getattr(getattr(handler, method), "described", None)
        if told is not None:
            yield method, told


def _operation(path: str, method: str, handler: type[KfHandler], told: Described) -> dict[str, Any]:
    doc = inspect.getdoc(getattr(handler, method)) or ""
    operation: dict[str, Any] = {
        "operationId": method + "".join(p.capitalize() for p in re.findall(r"\w+", path)),
        "summary": doc.split("\n")[0],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"\{(\w+)\}", path)
        ]
        + list(_parameters(told.query)),
        "responses": {
            **{
                str(status): {"description": "done", "content": {told.media: _schema(kind)}}
                for status, kind in ((told.status, told.answer), *told.also.items())
            },
            "default": {
                "description": "refused, or failed: what, why, and what to do",
                "content": {"application/json": _schema(answers.Problem)},
            },
        },
    }
    if told.body is not None:
        content = {"application/json": _schema(told.body)}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _kind(answer: Any) -> type | None:
    """The class within an answer's type: itself, or the values of a dictionary."""
    if typing.get_origin(answer) is dict:
        answer = typing.get_args(answer)[1]
    return answer if isinstance(answer, type) and answer is not Any else None


def _schema(answer: Any) -> dict[str, Any]:
    if answer is None:
        return {"schema": {"type": "string"}}
    kind = _kind(answer)
    told: dict[str, Any] = {"$ref": TEMPLATE.format(model=kind.__name__)} if kind else {}
    if typing.get_origin(answer) is dict:
        return {"schema": {"type": "object", "additionalProperties": told}}
    return {"schema": told or {"type": "object"}}


def _parameters(query: type[Ask]) -> Iterator[dict[str, Any]]:
    told = query.model_json_schema()
    for name, schema in told.get("properties", {}).items():
        word = schema.pop("flag", name)
        yield {
            "name": word,
            "in": "query",
            "required": name in told.get("required", ()),
            "description": schema.pop("description", ""),
            "schema": schema,
        }


def _event() -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": TEMPLATE.format(model="Change")}}}
    return {
        "operationId": "change",
        "summary": "On the server's event bus: a thing that is not what it was.",
        "requestBody": {"content": content},
        "responses": {"204": {"description": "nothing is answered"}},
    }


if __name__ == "__main__":  # python -m jupyter_kf.server.openapi > openapi.json
    sys.stdout.write(json.dumps(document(), indent=1) + "\n")
