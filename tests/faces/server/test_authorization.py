"""Nobody gets through a handler of ours unknown, or without the permission that it names."""

from __future__ import annotations

import inspect
import json

import pytest
from jupyter_server.auth import Authorizer
from tornado.httpclient import HTTPClientError

from jupyter_kf.server import openapi
from jupyter_kf.server.handler import ENDPOINTS, RUNS, SYSTEM, THINGS, KfHandler
from jupyter_kf.server.routes import BASE, ROUTES, handlers

ACTIONS, RESOURCES = {"read", "write", "execute"}, {RUNS, THINGS, ENDPOINTS, SYSTEM}
METHODS = [
    (path, method) for path, handler in ROUTES.items() for method, _ in openapi.described(handler)
]
EVERY_METHOD = {"get", "post", "put", "patch", "delete", "head"}


class NoOne(Authorizer):
    """Denies everything, and remembers what was asked."""

    asked: list = []  # noqa: RUF012 - one for the class: the server makes the instance

    def is_authorized(self, handler, user, action, resource):
        self.asked.append((action, resource))
        return False


def marks(method) -> list[dict]:
    """What the wrappers around a method hold, from the outside in."""
    found = []
    while method is not None:
        found.append(inspect.getclosurevars(method).nonlocals | {"code": method.__code__})
        method = getattr(method, "__wrapped__", None)
    return found


@pytest.mark.parametrize("kind", sorted({k for _, k in handlers()}, key=lambda k: k.__name__))
def test_every_method_is_authenticated_then_authorized_with_its_own_resource(kind):
    own = EVERY_METHOD & vars(kind).keys()
    assert own, "a handler of ours that answers nothing"
    for name in own:
        outer, inner, *_ = marks(vars(kind)[name])
        assert outer["code"].co_filename.endswith("tornado/web.py"), name
        assert inner["code"].co_filename.endswith("jupyter_server/auth/decorator.py"), name
        assert inner["action"] in ACTIONS and inner["resource"] in RESOURCES, name


def test_a_handler_without_marks_would_be_found():
    class Bare(KfHandler):
        async def get(self) -> None:
            """Unmarked."""

    assert len(marks(vars(Bare)["get"])) == 1


def test_every_handler_of_the_running_application_is_one_that_was_looked_at(extension):
    web_app = extension.serverapp.web_app
    ours = {
        rule.target
        for host in web_app.default_router.rules
        for rule in getattr(host.target, "rules", ())
        if isinstance(rule.target, type) and rule.target.__module__.startswith("jupyter_kf.")
    }
    assert ours == {kind for _, kind in handlers()}


def path_of(template: str) -> str:
    return BASE + template.replace("{", "x").replace("}", "")


@pytest.mark.parametrize(("template", "method"), METHODS)
async def test_who_is_unknown_is_refused(extension, http_server_client, template, method):
    url = "/a%40b" + path_of(template)
    body = {"body": "{}"} if method in ("post", "put", "patch") else {}
    with pytest.raises(HTTPClientError) as refused:
        await http_server_client.fetch(url, method=method.upper(), **body)
    assert refused.value.code == 403
    assert json.loads(refused.value.response.body)["code"] == "kf-2061"


class TestDenied:
    """With an authorizer that denies."""

    @pytest.fixture
    def jp_server_config(self):
        extensions = {"jpserver_extensions": {"jupyter_kf": True}}
        return {"ServerApp": {**extensions, "authorizer_class": NoOne}}

    async def test_every_route_is_refused_with_what_to_do(self, api):
        assert len(METHODS) > 40
        for template, method in METHODS:
            NoOne.asked.clear()
            got = await api(method.upper(), path_of(template).removeprefix(BASE), body="{}"
                            if method in ("post", "put", "patch") else None)  # fmt: skip
            assert (got.status, got.json["code"]) == (403, "kf-2060"), (template, method)
            assert "admin" in got.json["fix"]
            ((action, resource),) = NoOne.asked
            assert resource in got.json["cause"] and action in got.json["cause"]
            assert (action != "read") or method == "get" or template == "/cells"


class OnlyRuns(Authorizer):
    """Allows everything but our things."""

    def is_authorized(self, handler, user, action, resource):
        return resource != THINGS


class TestOnlyRuns:
    """With an authorizer that keeps the names of datasets and models from who asks."""

    @pytest.fixture
    def jp_server_config(self):
        extensions = {"jpserver_extensions": {"jupyter_kf": True}}
        return {"ServerApp": {**extensions, "authorizer_class": OnlyRuns}}

    async def test_a_form_is_not_told_which_names_there_are(self, api, client):
        client.store.refs.add("dataset", "secret", client.store.blobs.put_json({}), {})
        fields = {"name": "late", "data": "secretly"}
        body = {"verb": "train", "fields": fields, "code": "1"}
        got = await api("POST", "/cells", body | {"known": True})
        assert (got.status, got.json["code"]) == (403, "kf-2060")
        assert THINGS in got.json["cause"] and "`secret`" not in got.body.decode()
        assert (await api("POST", "/cells", body)).status == 200

    async def test_where_tells_what_one_may_do_so_that_the_rest_is_not_offered(self, api):
        may = (await api("GET", "/where")).json["may"]
        assert may == dict.fromkeys(("runs", "delete", "endpoints", "cells"), True) | {
            "things": False
        }


async def test_a_cookie_without_its_xsrf_word_changes_nothing(extension, http_server_client):
    app = extension.serverapp
    token = app.identity_provider.token
    login = await http_server_client.fetch(f"/a%40b/tree?token={token}", raise_error=False)
    cookies = "; ".join(c.partition(";")[0] for c in login.headers.get_list("Set-Cookie"))
    assert "username-" in cookies
    with pytest.raises(HTTPClientError) as refused:
        await http_server_client.fetch(
            f"/a%40b{BASE}/cells", method="POST", body="{}", headers={"Cookie": cookies}
        )
    assert refused.value.code == 403
    assert "_xsrf" in json.loads(refused.value.response.body)["cause"]
