"""What starts something, over REST; and the cells that would."""

from __future__ import annotations

import json

import pytest

from tests.faces.server.scene import points


async def test_a_cell_is_trained(api, client):
    got = await api("POST", "/train", {"fields": {"name": "one"}, "code": "kf.report(auc=0.5)"})
    assert (got.status, got.json["run"]["kind"]) == (202, "train")
    assert client.wait(got.json["run"]["id"]).metrics == {"auc": 0.5}


async def test_a_dry_run_answers_the_plan_and_starts_nothing(api, client):
    body = {"fields": {"name": "one", "cpu": "1"}, "code": "1"}
    got = await api("POST", "/train", body, params={"dry_run": "1"})
    assert (got.status, got.json["plan"]["spec"]["cpu"]) == (200, "1")
    assert client.runs() == []


async def test_files_become_a_dataset_in_a_process_of_its_own(api, client, tmp_path):
    points().to_parquet(tmp_path / "points.parquet")
    fields = {"name": "points", "source": str(tmp_path / "*.parquet")}
    got = await api("POST", "/data", {"fields": fields}, request_timeout=90)
    assert (got.status, got.json["dataset"]["manifest"]["rows"]) == (202, 200)
    none = {"name": "points", "source": str(tmp_path / "*.csv")}
    refused = await api("POST", "/data", {"fields": none}, request_timeout=90)
    assert refused.status == 400 and refused.json["code"].startswith("kf-14")


async def test_a_search_needs_a_train_run_to_search(api, client):
    fields = {"name": "delay", "params": {"lr": "uniform(0, 1)"}, "metric": ["auc"]}
    got = await api("POST", "/tune", {"fields": fields})
    assert (got.status, got.json["code"]) == (404, "kf-1109")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/train", b"{", "kf-1030"),
        ("/train", b"[1]", "kf-1030"),
        ("/train", b'"x"', "kf-1030"),
        ("/train", b"\xff\xfe", "kf-1030"),
        ("/train", b"[" * 100_000, "kf-1030"),
        ("/train", {"fields": {"name": "one"}}, "kf-1031"),
        ("/train", {"fields": {}, "code": "1"}, "kf-1005"),
        ("/train", {"fields": {"name": "one", "gpus": 1}, "code": "1"}, "kf-1001"),
        ("/train", {"fields": {"name": "one", "gpu": "many"}, "code": "1"}, "kf-1004"),
        ("/train", {"fields": {"name": "../x"}, "code": "1"}, "kf-1002"),
        ("/train", {"fields": [], "code": "1"}, "kf-1004"),
        ("/train", {"fields": {"name": "one"}, "code": 1}, "kf-1004"),
        ("/train", {"fields": {"name": "one"}, "code": "1", "scope": {}}, "kf-1001"),
        ("/train", {"fields": {"name": "one"}, "code": "conn.x()"}, "kf-12"),
        ("/batch", {"fields": {"name": "one"}, "code": "1"}, "kf-1005"),
        ("/cells", {"verb": "trian", "fields": {}}, "kf-1016"),
        ("/studies/x/promote", {"trial": "best"}, "kf-1004"),
        ("/endpoints/x/roll-back", {}, "kf-1005"),
    ],
)
async def test_a_malformed_request_is_the_callers_mistake(api, client, path, body, code):
    got = await api("POST", path, body)
    assert got.status == 400 and got.json["code"].startswith(code), got.json
    assert got.json["cause"] and got.json["fix"]
    assert client.runs() == []


async def test_a_form_becomes_a_cell_with_only_what_differs(api):
    fields = {"name": "delay", "data": "flights", "params": {"lr": 0.1, "note": "a b"}, "seed": 0}
    got = await api("POST", "/cells", {"verb": "train", "fields": fields, "code": "model = 1"})
    assert got.json["cell"] == (
        "%%kf train delay --data flights --param lr=0.1 --param 'note=a b'\nmodel = 1"
    )
    got = await api("POST", "/cells", {"verb": "serve", "fields": {"name": "delay"}})
    assert got.json["cell"] == "%kf serve delay"


@pytest.mark.parametrize(
    ("verb", "fields", "field", "code", "said"),
    [
        ("train", {"data": "pionts"}, "data", "kf-1102", "did you mean `points`?"),
        ("train", {"data": "points", "transform": "preapre"}, "transform", "kf-1102", "`prepare`?"),
        ("train", {"data": "points", "target": "hihg"}, "target", "kf-1450", "`high`?"),
        ("train", {"transform": "prepare"}, "data", "kf-1014", "without --data"),
        ("train", {"nodes": 2}, "nodes", "kf-2040", "several processes"),
        ("serve", {"model": "hgih"}, "model", "kf-1102", "`high`?"),
        ("serve", {"model": "hgih@9"}, "model", "kf-1103", "`high`?"),
        ("serve", {"model": "high@9"}, "model", "kf-1103", "it has 1"),
        ("serve", {}, "model", "kf-1102", "high"),
        ("serve", {"version": 3}, "version", "kf-1111", "never served"),
        ("serve", {"pickle": ["x"], "model": "high"}, "pickle", "kf-2040", "only a train cell"),
        ("batch", {"input": "*.csv", "output": "out"}, "model", "kf-1102", "high"),
        ("tune", {"params": {"c": "uniform(0, 1)"}, "metric": ["a"]}, "name", "kf-1109", ""),
    ],
)
async def test_a_form_is_told_at_its_field_of_names_of_nothing(
    api, whole, verb, fields, field, code, said
):
    body = {"verb": verb, "fields": {"name": "nothing", **fields}, "code": "1"}
    early = await api("POST", "/cells", body)
    assert early.json["cell"] and not early.json["problems"]  # a cell may be of what comes later
    got = await api("POST", "/cells", body | {"known": True})
    assert (got.status, got.json["cell"]) == (200, None)
    (problem,) = got.json["problems"]
    assert (problem["field"], problem["code"]) == (field, code), problem
    assert said in problem["cause"]


@pytest.mark.parametrize(
    ("verb", "fields", "wrong"),
    [
        ("train", {"name": "high", "data": "no", "transform": "nor"}, ["data", "transform"]),
        (
            "train",
            {"name": "Not a name", "seed": -1, "data": "no", "cpu": "lots", "target": "x"},
            ["cpu", "data", "name", "seed"],
        ),
        ("train", {"data": "points", "target": "hihg"}, ["name"]),
        (
            "tune",
            {"name": "high", "trials": 0, "params": {"d": "uniform(0, 1)"}, "metric": ["b"]},
            ["metric", "params", "trials"],
        ),
        (
            "tune",
            {"name": "high", "params": {"a": "no", "b": "x()"}, "metric": ["m", "m"]},
            ["metric", "params", "params"],
        ),
        (
            "tune",
            {
                "name": "high",
                "params": {"c": "uniform(0, 1)"},
                "metric": ["accuracy"],
                "maximize": ["loss"],
                "sampler": "grid",
            },
            ["maximize", "params"],
        ),
        ("serve", {"name": "x y", "model": "hgih", "port": 70_000}, ["model", "name", "port"]),
        ("batch", {"name": "Up", "model": "hgih"}, ["input", "model", "name", "output"]),
        ("serve", {"name": "high", "model": "high", "version": 1}, ["version"]),
    ],
)
async def test_a_form_is_told_of_all_its_mistakes_at_once(api, whole, verb, fields, wrong):
    body = {"verb": verb, "fields": fields, "code": "1", "known": True}
    got = await api("POST", "/cells", body)
    assert sorted(str(one["field"]) for one in got.json["problems"]) == wrong, got.json


async def test_what_is_right_makes_a_cell(api, whole):
    right = {
        "train": {"data": "points", "transform": "prepare@1"},
        "tune": {"params": {"c": "uniform(0, 1)"}, "metric": ["accuracy"]},
        "serve": {},
        "batch": {"input": "*.csv", "output": "out"},
    }
    for verb, fields in right.items():
        body = {"verb": verb, "fields": {"name": "high", **fields}, "code": "1", "known": True}
        assert (await api("POST", "/cells", body)).json["cell"], verb


async def test_a_form_offers_what_its_verb_takes_here_and_its_cell_says_it(api):
    papers = (await api("GET", "/schemas")).json
    offered = {verb: {flag["field"] for flag in paper["flags"]} for verb, paper in papers.items()}
    only_train = {"nodes", "runtime", "pickle", "inline"}
    assert only_train <= offered["train"]
    for verb in ("tune", "serve", "batch", "transform"):
        assert not only_train & offered[verb] and {"wait", "cpu", "env"} <= offered[verb]
    assert not {"image", "volumes", "queue"} & set().union(*offered.values())
    fields = {"name": "delay", "wait": True, "bind_to": "made"}
    got = await api("POST", "/cells", {"verb": "serve", "fields": fields})
    assert got.json["cell"] == "%kf serve delay --wait -o made"
    fields = {"name": "delay", "wait": "perhaps", "thing": "delay"}
    got = await api("POST", "/cells", {"verb": "show", "fields": fields})
    assert [one["field"] for one in got.json["problems"]] == ["name", "wait"]


async def test_a_run_becomes_the_cell_that_made_it(api, client):
    code = "kf.report(auc=lr)\n"
    run = client.train(code, name="one", params={"lr": 0.5}, wait=True)
    got = await api("GET", f"/runs/{run.id}/cell")
    assert got.json["cell"] == f"%%kf train one --param lr=0.5\n{code}"


async def test_a_run_is_deleted_with_its_folder(api, client):
    run = client.train("1", name="one", wait=True)
    got = await api("DELETE", f"/runs/{run.id}")
    assert got.json["id"] == run.id
    assert (await api("GET", f"/runs/{run.id}")).status == 404
    assert json.loads(got.body)["seq"] >= 0
