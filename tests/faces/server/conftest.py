"""A real Jupyter server with our extension in this process, and every answer checked.

`api` is how tests ask: it checks each answer against the schema that the server's own OpenAPI
document has for it, so that no test can pass with an answer that is not as documented.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403 - fixtures and hooks, for this folder
from tornado.httpclient import HTTPClientError

import jupyter_kf as kf
from jupyter_kf.server import openapi
from jupyter_kf.server.routes import BASE
from tests.faces.server import scene

PATIENCE_S = 120.0  # for an answer that waits for a run; the fetcher's own are 20


@pytest.fixture
def jp_server_config():
    return {"ServerApp": {"jpserver_extensions": {"jupyter_kf": True}}}


@pytest.fixture
def client(store_dir):
    """What a kernel beside the server would use."""
    return kf.connect(store=store_dir)


@pytest.fixture
def extension(jp_serverapp, jp_asyncio_loop):
    """Our extension, as the running server has it."""
    app = jp_serverapp.extension_manager.extension_points["jupyter_kf"].app
    jp_asyncio_loop.run_until_complete(app._start_jupyter_server_extension(jp_serverapp))
    yield app
    jp_asyncio_loop.run_until_complete(app.stop_extension())


@pytest.fixture(scope="session")
def made(tmp_path_factory, session_folder):
    """A store with one of everything, made once, its endpoint READY; and its runtime folder."""
    store, runtime = tmp_path_factory.mktemp("made"), session_folder / "made"
    runtime.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_KF_RUNTIME_DIR", str(runtime))
        client = kf.connect(store=store)
        scene.whole_store(client)
        yield store, runtime
        client.stop("high")


@pytest.fixture
def whole(made, monkeypatch):
    """The client of that store, which the server of this test sees too."""
    store, runtime = made
    monkeypatch.setenv("JUPYTER_KF_STORE", str(store))
    monkeypatch.setenv("JUPYTER_KF_RUNTIME_DIR", str(runtime))
    return kf.connect(store=store)


@dataclass
class Got:
    """An answer that was found to be as documented."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def api(extension, jp_fetch):
    """Asks ``METHOD path``, and checks the answer; refusals are answers too."""

    async def ask(method: str, path: str, body: Any = None, **more: Any) -> Got:
        if body is not None and not isinstance(body, bytes | str):
            body = json.dumps(body)
        if method in ("POST", "PUT") and body is None:
            body = ""
        more.setdefault("request_timeout", PATIENCE_S)
        try:
            got = await jp_fetch(BASE + path, method=method, body=body, **more)
        except HTTPClientError as error:
            if error.response is None:
                raise
            got = error.response
        answer = Got(got.code, got.headers, got.body)
        check(method, path, answer)
        return answer

    return ask


def check(method: str, path: str, got: Got) -> None:
    """Raises when an answer is not what the document says of it."""
    document = openapi.document()
    if "/proxy/" in path:
        return  # what an endpoint answers is its own
    for template, operations in document["paths"].items():
        pattern = re.sub(r"\\{(path|artefact)\\}", ".+", re.escape(template))
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", pattern)
        if re.fullmatch(pattern, path) and method.lower() in operations:
            responses = operations[method.lower()]["responses"]
            break
    else:
        responses = {"default": document["paths"]["/where"]["get"]["responses"]["default"]}
    said = responses.get(str(got.status))
    if said is None:
        assert got.status >= 400, f"{got.status} is not documented"
        said = responses["default"]
    media = got.headers["Content-Type"].partition(";")[0]
    assert media in said["content"], (media, list(said["content"]))
    if media == "application/json":
        schema = said["content"][media]["schema"]
        whole = {**schema, "components": document["components"]}
        jsonschema.validate(got.json, whole, jsonschema.Draft202012Validator)


def pytest_configure() -> None:
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
