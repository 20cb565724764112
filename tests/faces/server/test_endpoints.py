"""Endpoints: looked at, asked, counted, gone through to, and switched."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import time

from jupyter_kf.server.endpoints import Sample, Samples, _latency, _worst


def sample(at_s: float, requests: int, version: int = 1) -> Sample:
    return Sample(at_s, requests, 0, 0, {}, version)


def test_counters_of_two_versions_are_never_compared():
    samples = Samples()
    assert samples.add("high", sample(1.0, 1, version=2)) is None
    back = sample(2.0, 4, version=1)  # rolled back: it had counted 4 before
    assert samples.add("high", back) is None
    assert samples.add("high", sample(1.5, 2, version=2)) is None
    assert samples.add("high", sample(3.0, 5, version=1)) == back


def test_an_answer_that_was_overtaken_does_not_look_like_another_version():
    samples = Samples()
    first, newer = sample(1.0, 4), sample(3.0, 6)
    assert samples.add("high", first) is None
    assert samples.add("high", newer) == first
    assert samples.add("high", sample(2.0, 5)) == first
    assert samples.add("high", sample(4.0, 7)) == first
    assert samples.add("high", sample(5.0, 1)) is None  # another version, which counts from 0


def test_only_a_float_may_differ_within_the_bound():
    outputs = [{"dtype": "str"}, {"dtype": "int64"}, {"dtype": "float32"}]
    assert [_worst(one, 128) for one in outputs] == [0.0, 0.0, None]
    assert [_worst(one, 0) for one in outputs] == [0.0, 0.0, 0.0]


def test_the_latency_of_one_request_is_one_figure():
    one = _latency({0.005: 0.0, 0.01: 1.0, math.inf: 1.0})
    assert 0.005 < one.p50 == one.p90 == one.p99 <= 0.01
    two = _latency({0.005: 1.0, 0.01: 2.0, math.inf: 2.0})
    assert two.p50 < two.p99
    assert _latency({0.005: 0.0, math.inf: 0.0}) is None


async def test_endpoints_are_listed_with_what_they_serve(api, whole):
    (row,) = (await api("GET", "/endpoints")).json["rows"]
    assert (row["name"], row["state"], row["model"], row["parity_ok"]) == (
        "high",
        "READY",
        "high@3",
        True,
    )


async def test_an_endpoint_has_a_form_and_its_proof_column_by_column(api, whole):
    paper = (await api("GET", "/endpoints/high")).json
    assert [column["name"] for column in paper["schema"]] == ["x", "y"]
    assert paper["schema"][1]["example"] == 3
    assert paper["parity"]["ok"]
    paths = {wire["path"] for wire in paper["parity"]["wires"]}
    forms, ways = ("JSON", "binary", "Arrow"), ("as a batch", "one by one")
    assert {(f, w) for f in forms for w in ways for p in paths if f in p and w in p} == {
        (f, w) for f in forms for w in ways
    }
    assert [column["name"] for column in paper["parity"]["columns"]] == [
        "prediction",
        "probability",
    ]


async def test_the_forms_examples_are_predicted_and_counted(api, whole):
    paper = (await api("GET", "/endpoints/high")).json
    row = {column["name"]: column["example"] for column in paper["schema"]}
    before = (await api("GET", "/endpoints/high/stats")).json
    got = (await api("POST", "/endpoints/high/predict", {"rows": [row, row | {"x": 190.0}]})).json
    assert [one["prediction"] for one in got["predictions"]][1] is True
    assert set(got["predictions"][0]) == {"prediction", "probability_False", "probability_True"}
    async with asyncio.timeout(60):  # it counts when the answer is out
        after = before
        while after["requests_total"] == before["requests_total"]:
            after = (await api("GET", "/endpoints/high/stats")).json
    assert after["rows_total"] == before["rows_total"] + 2
    assert after["version"] == paper["endpoint"]["version"]
    assert after["requests_total"] == before["requests_total"] + 1
    assert after["rate_per_s"] > 0 and 0 < after["latency_s"]["p50"] <= after["latency_s"]["p99"]


async def test_rows_that_do_not_fit_are_refused_in_the_endpoints_own_words(api, whole):
    got = await api("POST", "/endpoints/high/predict", {"rows": [{"x": 1.0, "y": "many"}]})
    assert got.status == 400 and got.json["code"].startswith("kf-23")


async def test_an_unknown_endpoint_is_a_404_that_names_the_nearest(api, whole):
    for path in ("/endpoints/hihg", "/endpoints/hihg/stats"):
        got = await api("GET", path)
        assert got.status == 404 and "high" in got.json["cause"]


async def test_the_way_through_hands_on_the_request_and_the_answer(api, whole):
    meta = (await api("GET", "/endpoints/high/proxy/v2/models/high")).json
    assert [one["name"] for one in meta["inputs"]] == ["x", "y"]
    got = await api(
        "POST",
        "/endpoints/high/proxy/v2/models/high/rows",
        {"rows": [{"x": 190.0, "y": 1}]},
        headers={"Content-Type": "application/json"},
    )
    assert got.json["outputs"]["prediction"] == [True]
    assert "sandbox" in got.headers["Content-Security-Policy"]
    missing = await api("GET", "/endpoints/high/proxy/v2/models/low")
    assert missing.status == 404 and json.loads(missing.body)["code"].startswith("kf-")


async def test_an_endpoint_is_checked_again(api, whole):
    began, before = time.time(), (await api("GET", "/endpoints/high/stats")).json
    got = (await api("POST", "/endpoints/high/check", request_timeout=90)).json
    assert got["ok"] and got["subject"] == "endpoint high@1"
    after = (await api("GET", "/endpoints/high/stats")).json
    for count in ("requests_total", "rows_total"):
        assert after[count] == before[count], "a check is no traffic"
    checked = (await api("GET", "/endpoints/high")).json["checked"]
    assert checked["check"] == got and began <= checked["at_s"] <= time.time()


async def test_a_second_version_takes_the_traffic_and_gives_it_back_at_once(api, whole):
    body = {"fields": {"name": "high", "model": "high@1"}}
    started = await api("POST", "/serve", body)
    assert started.status == 202
    paper = (await api("GET", "/endpoints/high")).json
    assert paper["starting"] == ([2] if paper["endpoint"]["version"] == 1 else [])
    whole.wait(started.json["run"]["id"])
    paper = (await api("GET", "/endpoints/high")).json
    assert (paper["endpoint"]["version"], paper["warm"], paper["starting"]) == (2, 1, [])
    models = [paper["models"][version["digest"]] for version in paper["endpoint"]["versions"]]
    assert models == ["high@3", "high@1"]
    back = await api("POST", "/endpoints/high/roll-back", {"version": 1})
    assert (back.status, back.json["endpoint"]["version"]) == (200, 1)
    none = await api("POST", "/endpoints/high/roll-back", {"version": 9})
    assert none.status == 404


async def test_an_endpoint_that_is_stopped_says_what_it_had_counted(api, whole):
    run = whole.serve("brief", model="high@1", wait=True).run
    assert (await api("GET", "/endpoints/brief")).json["counted"] is None
    rows = {"rows": [{"x": 190.0, "y": 1}, {"x": 1.0, "y": 2}]}
    await api("POST", "/endpoints/brief/predict", rows)
    await api("POST", "/endpoints/brief/predict", {"rows": [{"x": "many"}]})
    stopped = (await api("POST", "/endpoints/brief/stop")).json["endpoint"]
    assert (stopped["state"], stopped["run"]["reason"]) == ("CANCELLED", "it was asked to stop")
    counted = (await api("GET", "/endpoints/brief")).json["counted"]
    assert counted == {"requests_total": 2, "rows_total": 2, "errors_total": 1}
    whole.delete(run.id)
    shutil.rmtree(whole.store.root / "endpoints" / "brief")  # other tests count endpoints
