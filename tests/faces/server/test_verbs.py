"""Everything that a client can do has a route, or a reason why it has none."""

from __future__ import annotations

import inspect

import pytest

from jupyter_kf.client import Client
from jupyter_kf.server import openapi
from jupyter_kf.server.routes import ROUTES
from jupyter_kf.verbs import VERBS
from tests.faces.server.scene import PREPARE, points

VERB_ROUTES = {
    "data": "POST /data",
    "transform": "POST /transform",
    "train": "POST /train",
    "tune": "POST /tune",
    "serve": "POST /serve",
    "batch": "POST /batch",
    "predict": "POST /endpoints/{name}/predict",
    "check": "POST /check",
    "runs": "GET /runs",
    "list": "GET /models",
    "show": "GET /show",
    "logs": "GET /runs/{run}/log",
    "cancel": "POST /runs/{run}/cancel",
    "stop": "POST /endpoints/{name}/stop",
    "compare": "GET /compare",
    "lineage": "GET /lineage",
    "promote": "POST /studies/{study}/promote",
    "resources": "GET /resources",
    "doctor": "GET /doctor",
    "help": "GET /schemas",
}
# A front end draws forms of its own; the server's settings say where it is connected to.
NOTEBOOK_ONLY = {"form", "connect"}
METHOD_ROUTES = {
    **{verb: route for verb, route in VERB_ROUTES.items() if hasattr(Client, verb)},
    "ask": "POST /endpoints/{name}/predict",
    "plan": "POST /train",  # and each that starts something: `dry_run=1`
    "run": "GET /runs/{run}",
    "meant": "GET /show",
    "observe": "GET /runs",
    "wait": "GET /runs/{run}",  # beside the events, which say when to ask
    "delete": "DELETE /runs/{run}",
    "metrics": "GET /runs/{run}/metrics",
    "study": "GET /studies/{study}",
    "endpoint": "GET /endpoints/{name}",
    "get_data": "GET /datasets/{ref}",
    "get_transform": "GET /transforms/{ref}",
    "get_model": "GET /models/{ref}",
    "versions": "GET /models/{ref}",
}
# What a kernel's names become in a train job; a server has no such names.
LIBRARY_ONLY = {"bindings"}


def test_every_verb_has_a_route_or_belongs_to_the_notebook():
    assert set(VERB_ROUTES) | NOTEBOOK_ONLY == set(VERBS)
    assert not set(VERB_ROUTES) & NOTEBOOK_ONLY


def test_every_method_of_the_client_has_a_route_or_belongs_to_the_library():
    public = {
        name
        for name, _ in inspect.getmembers(Client, inspect.isfunction)
        if not name.startswith("_")
    }
    assert set(METHOD_ROUTES) | LIBRARY_ONLY == public
    assert not set(METHOD_ROUTES) & LIBRARY_ONLY


@pytest.mark.parametrize("route", sorted({*VERB_ROUTES.values(), *METHOD_ROUTES.values()}))
def test_the_route_is_served_and_documented(route: str):
    method, path = route.split()
    assert path in ROUTES
    assert method.lower() in openapi.document()["paths"][path]


async def test_a_transform_is_made(api, client):
    client.data("points", points())
    fields = {"name": "prepare", "data": "points", "target": "high"}
    got = await api("POST", "/transform", {"fields": fields, "code": PREPARE})
    assert (got.status, got.json["run"]["kind"]) == (202, "transform")
    ended = client.wait(got.json["run"]["id"])
    assert ended.state == "SUCCEEDED", ended.error
    made = await api("GET", "/transforms/prepare")
    assert [column["name"] for column in made.json["schema_out"]] == ["x", "y"]


async def test_files_are_predicted(api, whole, tmp_path):
    points().drop(columns="high").to_csv(tmp_path / "rows.csv", index=False)
    fields = {"name": "high", "input": str(tmp_path / "*.csv"), "output": str(tmp_path / "out")}
    got = await api("POST", "/batch", {"fields": fields})
    assert (got.status, got.json["run"]["kind"]) == (202, "batch")
    ended = whole.wait(got.json["run"]["id"])
    assert ended.state == "SUCCEEDED", ended.error
    assert list((tmp_path / "out").iterdir()), "nothing was written"
    whole.delete(ended.id)
