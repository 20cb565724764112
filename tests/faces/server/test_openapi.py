"""The document is real: valid, complete, and made from what the routes are."""

from __future__ import annotations

import inspect

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from jupyter_kf.server import openapi
from jupyter_kf.server.routes import ROUTES


def test_the_document_is_valid_openapi_3_1():
    OpenAPIV31SpecValidator(openapi.document()).validate()


@pytest.mark.parametrize("path", ROUTES)
def test_every_method_of_every_route_is_described(path):
    own = {name for name in openapi.METHODS if name in vars(ROUTES[path])}
    assert own == set(openapi.document()["paths"][path])
    for operation in openapi.document()["paths"][path].values():
        assert operation["summary"]


async def test_the_document_is_served(api):
    assert (await api("GET", "/openapi.json")).json == openapi.document()


def test_paths_name_the_arguments_of_their_methods():
    for path, handler in ROUTES.items():
        for method, _ in openapi.described(handler):
            named = list(inspect.signature(getattr(handler, method)).parameters)[1:]
            assert [f"{{{n}}}" for n in named] == [
                part for part in path.replace("/", " ").split() if part.startswith("{")
            ]
