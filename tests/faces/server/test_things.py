"""Models, transforms, datasets, studies, lineage, comparisons: one of each, looked at over REST."""

from __future__ import annotations

import asyncio

import pandas as pd
import pytest

from jupyter_kf.client import columns
from tests.faces.server.test_events import Heard


async def test_models_are_listed_with_their_transform_by_name(api, whole):
    (row,) = (await api("GET", "/models")).json["rows"]
    assert (row["name"], row["version"], row["versions"]) == ("high", 3, 3)
    assert row["summary"]["transform"] == "prepare@1"
    assert row["summary"]["metrics"]["accuracy"] > 0.5


@pytest.mark.parametrize("kind", ["models", "transforms", "datasets"])
async def test_a_search_without_a_hit_is_an_empty_page(api, whole, kind):
    page = (await api("GET", f"/{kind}", params={"search": "nothing"})).json
    assert (page["total"], page["rows"]) == (0, [])


async def test_a_model_says_why_it_is_meant_and_who_uses_it(api, whole):
    paper = (await api("GET", "/models/high")).json
    assert paper["why"].startswith("trial ")
    assert paper["transform"]["label"] == "transform prepare@1"
    assert [node["kind"] for node in paper["used_by"]] == ["endpoint"]
    assert [version["n"] for version in paper["versions"]] == [1, 2, 3]
    assert (await api("GET", "/models/high@2")).json["thing"]["version"] == 2
    digest = paper["thing"]["digest"]
    assert (await api("GET", f"/models/{digest[:16]}")).json["thing"]["digest"] == digest


async def test_a_transform_shows_code_columns_certificate_and_users(api, whole):
    paper = (await api("GET", "/transforms/prepare")).json
    assert "def fit(df)" in paper["code"]
    taken = {column["name"]: column for column in paper["schema_in"]}
    assert taken["x"]["nullable"] and 0 <= taken["x"]["min"] < taken["x"]["max"] <= 199
    assert [column["name"] for column in paper["schema_out"]] == ["x", "y"]
    assert paper["certificate"]["ok"]
    kinds = [node["kind"] for node in paper["used_by"]]
    assert kinds.count("model") == 3 and kinds.count("endpoint") == 1
    assert paper["behind"] == []


async def test_a_dataset_shows_its_profile_and_what_was_made_of_it(api, whole):
    paper = (await api("GET", "/datasets/points@1")).json
    assert paper["profile"]["columns"]["x"]["nulls"] == 1
    assert {node["kind"] for node in paper["used_by"]} == {"transform", "model"}


@pytest.mark.parametrize("path", ["/models/hihg", "/datasets/nope", "/transforms/x@3"])
async def test_an_unknown_thing_is_a_404(api, whole, path):
    assert (await api("GET", path)).status == 404


@pytest.mark.parametrize("ref", ["..", "%2e%2e%2fmodel%2fhigh@1", "..%2F..%2Fetc@1", "a b"])
async def test_a_path_is_no_name(api, whole, ref, http_server_client, jp_auth_header):
    for kind in ("models", "transforms", "datasets", "studies", "endpoints", "runs"):
        url = f"/a%40b/jupyter-kf/api/v1/{kind}/{ref.replace(' ', '%20')}"
        got = await http_server_client.fetch(url, headers=jp_auth_header, raise_error=False)
        assert got.code == 404, url


async def test_a_study_shows_trials_space_and_then_importance(api, whole, extension):
    pytest.importorskip("optuna")
    heard = Heard(extension.serverapp.event_logger)
    paper = (await api("GET", "/studies/high")).json
    assert len(paper["study"]["trials"]) == paper["study"]["total"] == 5
    assert all(one["model"] for one in paper["study"]["best"])
    assert paper["space"] == {"c": "loguniform(1e-3, 10)"}
    assert (paper["importance"], paper["importance_pending"]) == (None, True)
    await heard.until(lambda c: c["thing"] == "study")
    paper = (await api("GET", "/studies/high")).json
    assert (paper["importance"], paper["importance_pending"]) == ({"c": 1.0}, False)


async def test_studies_are_listed_with_counts_and_the_best(api, whole):
    (row,) = (await api("GET", "/studies")).json["rows"]
    assert (row["trials"], row["total"]) == ({"SUCCEEDED": 5}, 5)
    assert (row["metrics"], row["maximize"]) == (["accuracy"], [True])
    assert row["best"][0]["values"][0] > 0.5


async def test_studies_and_endpoints_of_one_state_are_asked_for(api, whole):
    async def found(path: str, state: str) -> tuple[int, list[str]]:
        got = (await api("GET", path, params={"state": state, "search": "HIGH"})).json
        return got["total"], [row["name"] for row in got["rows"]]

    assert await found("/studies", "SUCCEEDED") == (1, ["high"])
    assert await found("/studies", "RUNNING") == (0, [])
    assert (await api("GET", "/studies", params={"state": "FAILED"})).json["counts"] == {
        "SUCCEEDED": 1  # of all that fit but for their state
    }
    assert await found("/endpoints", "READY") == (1, ["high"])
    assert await found("/endpoints", "CANCELLED") == (0, [])
    wrong = await api("GET", "/endpoints", params={"state": "READYY"})
    assert wrong.status == 400 and "READY" in wrong.json["fix"] + wrong.json["cause"]


async def test_a_trial_is_promoted(api, whole):
    got = await api("POST", "/studies/high/promote", {})
    assert got.json["model"]["name"] == "high"
    became = {str(got.json["model"]["trial"]): whole.versions("model", "high")[-1].n}
    told = (await api("GET", "/studies/high")).json["promoted"]
    assert told == {trial: f"high@{n}" for trial, n in became.items()}
    got = await api("POST", "/studies/high/promote", {"trial": 99})
    assert (got.status, got.json["code"]) == (400, "kf-2528")


async def test_lineage_leads_from_the_dataset_to_the_endpoint(api, whole):
    graph = (await api("GET", "/lineage", params={"thing": "points"})).json
    kinds = {node["kind"] for node in graph["nodes"]}
    assert {"dataset", "transform", "run", "model", "endpoint"} <= kinds
    nodes = {node["id"] for node in graph["nodes"]}
    assert all(end in nodes for edge in graph["edges"] for end in edge)


async def test_runs_are_compared_with_everything_they_reported(api, whole):
    runs = [run.id for run in whole.runs(kind="train")]
    query = "&".join(f"run={run}" for run in runs)
    got = (await api("GET", "/compare", params=[("run", run) for run in runs])).json
    assert query and got["settings"]["param c"] == [0.5, 1.0]
    assert {p["step"] for points in got["metrics_over_steps"].values() for p in points} == {1}
    assert "code" in got["same"] and set(got["code"]) == {got["code"][0]}
    assert "kf.report(" in got["code"][0]
    alone = await api("GET", "/compare", params={"run": runs[0]})
    assert (alone.status, alone.json["code"]) == (400, "kf-1004")


async def test_a_study_is_compared_by_what_its_cell_was_given_and_by_its_trials_numbers(api, whole):
    train, study = whole.runs(kind="train")[0], whole.runs("high", kind="tune")[0]
    asked = [("run", train.id), ("run", study.id)]
    got = (await api("GET", "/compare", params=asked)).json
    assert not {"data", "transform", "split"} & set(got["settings"])
    assert [got["same"][key] for key in ("data", "split")] == [
        train.spec[key] for key in ("data", "split")
    ]
    applied = got["transforms"][0]
    assert got["transforms"] == [applied, applied] and "def transform" in applied["code"]
    assert got["same"]["transform"] == applied["name"] == f"{train.spec['transform']}@1"
    assert "code" in got["same"]  # the study searches that very cell
    assert got["settings"]["param c"] == [train.spec["params"]["c"], study.spec["params"]["c"]]
    points = got["metrics_over_steps"][study.id]
    assert [p["step"] for p in points] == [trial.number for trial in whole.study(study.id).trials]
    values = [p["value"] for p in points]
    assert values == sorted(values) and values[-1] == whole.study(study.id).best[0].values[0]


async def test_an_endpoint_serves_and_is_not_counted_as_a_job_that_runs(api, whole):
    serving = [run for run in whole.runs(kind="serve") if not run.state.ended]  # others' too
    names = {run.name for run in serving}  # a version kept warm is no endpoint of its own
    assert names
    where = (await api("GET", "/where")).json
    assert (where["running"], where["serving"], where["waiting"]) == (0, len(names), 0)


async def test_a_run_names_what_it_used_and_what_it_made(api, whole):
    named = {node["kind"]: node["label"] for node in await _things(api, whole, "train")}
    assert named == {
        "dataset": "dataset points@1",
        "transform": "transform prepare@1",
        "model": "model high@2",
    }
    served = {node["kind"]: node["label"] for node in await _things(api, whole, "serve")}
    assert served["model"] == f"model {whole.runs('high', kind='serve')[0].spec['model']}"
    searched = {node["kind"]: node["id"] for node in await _things(api, whole, "tune")}
    assert searched["run"] in {run.id for run in whole.runs("high", kind="train")}


async def test_lines_of_code_are_counted_as_in_tracebacks(api, client):
    for cell, first in (("x = 1", 1), ("\nx = 1", 2)):  # the empty line is a magic's
        folder = client.store.runs.new("train", "a", {"name": "a"}, "local")
        folder.cell.write_text(cell)
        got = (await api("GET", f"/runs/{folder.id}")).json
        assert (got["code"], got["first_line"]) == ("x = 1", first)


async def _things(api, client, kind):
    run = client.runs("high", kind=kind)[0]
    return (await api("GET", f"/runs/{run.id}")).json["things"]


async def test_a_check_runs_in_a_process_of_its_own(api, whole):
    got = (await api("POST", "/check", {"name": "prepare"}, request_timeout=90)).json
    assert got["ok"]
    missing = await api("POST", "/check", {"name": "prepaer"}, request_timeout=90)
    assert missing.status == 404 and "prepare" in missing.json["cause"]


async def test_resources_tell_what_the_machine_has_and_who_waits(api, client, monkeypatch):
    monkeypatch.setenv("JUPYTER_KF_CORES", "1")
    monkeypatch.setenv("JUPYTER_KF_GPUS", "0,1")
    first = await asyncio.to_thread(
        client.train, "import time\ntime.sleep(600)", name="first", cpu=1, gpu=1
    )
    while client.run(first.id).state != "RUNNING":
        await asyncio.sleep(0.02)
    second = await asyncio.to_thread(client.train, "1", name="second", cpu=1)
    while not client.run(second.id).reason.startswith("waiting"):
        await asyncio.sleep(0.02)
    got = (await api("GET", "/resources")).json
    assert (got["cpu"]["capacity"], got["cpu"]["used_by_runs"]) == (1.0, 1.0)
    assert [(g["id"], g["run"]) for g in got["gpus"]] == [("0", first.id), ("1", None)]
    (waits,) = got["queue"]["waiting_runs"]
    assert waits["id"] == second.id and "1 core" in waits["reason"]
    assert (got["queue"]["running"], got["quota"]) == (1, None)
    where = (await api("GET", "/where")).json
    assert (where["running"], where["waiting"]) == (1, 1)
    await asyncio.to_thread(first.cancel)
    await asyncio.to_thread(second.wait)


async def test_the_verbs_are_described_for_forms(api):
    told = (await api("GET", "/schemas")).json
    assert told["train"]["takes_code"] and told["train"]["positional"] == ["name"]
    flags = {flag["field"]: flag for flag in told["train"]["flags"]}
    assert flags["params"]["flag"] == "--param"
    assert told["train"]["schema"]["properties"]["memory"]["unit"] == "4Gi or 512Mi"


async def test_the_doctor_looks(api):
    assert "store" in {one["what"] for one in (await api("GET", "/doctor")).json["findings"]}


@pytest.mark.parametrize(
    ("name", "thing", "id_"),
    [
        ("high", "endpoint", "high"),
        ("prepare", "transform", "prepare@1"),
        ("points", "dataset", "points@1"),
    ],
)
async def test_a_name_leads_to_the_page_of_its_thing(api, whole, name, thing, id_):
    got = (await api("GET", "/show", params={"thing": name})).json
    assert (got["thing"], got["id"]) == (thing, id_)
    study = whole.runs(kind="tune")[0].id
    got = (await api("GET", "/show", params={"thing": study})).json
    assert (got["thing"], got["id"]) == ("study", study)
    lost = await api("GET", "/show", params={"thing": "nothing"})
    assert (lost.status, lost.json["code"]) == (404, "kf-1116")


def test_a_form_knows_whether_a_text_was_ever_empty(client):
    frame = pd.DataFrame({"note": ["", "x"], "zone": ["a", "b"], "km": [1.0, 2.0]})
    made = client.data("texts", frame)
    told = columns.of_model(client.store, {"transform": None}, made.digest)
    assert {one.name: one.empty for one in told} == {"note": True, "zone": False, "km": None}


def test_a_form_begins_with_what_is_usual_in_a_column(client):
    first = pd.Timestamp("2025-06-01T08:00", tz="Europe/Berlin")
    zoned = pd.Series([first + pd.Timedelta(days=n) for n in range(9)])
    frame = pd.DataFrame({"rain": [True, True] + [False] * 7, "dry": [False] + [True] * 8})
    frame["at"], frame["day"] = zoned.dt.tz_localize(None), zoned.dt.date
    frame["zoned"], frame["fine"] = zoned, zoned.astype("datetime64[ns, +05:30]")
    made = client.data("usual", frame)
    told = columns.of_model(client.store, {"transform": None}, made.digest)
    assert {one.name: one.example for one in told} == {
        "rain": False,
        "dry": True,
        "at": "2025-06-05T08:00:00",
        "day": "2025-06-05",
        "zoned": "2025-06-05T08:00:00+02:00",
        "fine": "2025-06-05T11:30:00+05:30",
    }
