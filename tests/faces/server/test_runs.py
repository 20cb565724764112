"""Runs over REST: lists, one of them, its metrics, its end."""

from __future__ import annotations

from jupyter_kf.server import curves, reported
from tests.faces.server.scene import ended_run, report


async def test_where_one_is_says_backend_store_and_what_runs(api, store_dir):
    got = (await api("GET", "/where")).json
    assert (got["backend"], got["store"]) == ("local", str(store_dir))
    assert (got["running"], got["serving"], got["waiting"]) == (0, 0, 0)


async def test_a_run_is_trained_listed_and_shown(api, client):
    run = client.train("kf.report(step=1, auc=0.5)\nprint('hello')", name="one", wait=True)
    page = (await api("GET", "/runs")).json
    assert [row["id"] for row in page["rows"]] == [run.id]
    assert page["rows"][0]["metrics"] == {"auc": 0.5}
    paper = (await api("GET", f"/runs/{run.id}")).json
    assert paper["run"]["state"] == "SUCCEEDED"
    assert "kf.report" in paper["code"]
    assert paper["log_bytes"] == len("hello\n")


async def test_more_than_a_page_of_metrics_is_read_on_from_its_last_byte(api, client, monkeypatch):
    monkeypatch.setattr(reported, "MOST_POINTS", 2)
    monkeypatch.setattr(reported, "_PIECE", 10)  # a line at a time
    run = ended_run(client, "long")
    metrics = client.store.runs.folder(run).metrics
    metrics.write_bytes(metrics.read_bytes() * 3)
    pages, after = [], 0
    while not pages or pages[-1]["more"]:
        pages.append((await api("GET", f"/runs/{run}/metrics", params={"after": after})).json)
        after = pages[-1]["next"]
    assert [len(page["points"]) for page in pages] == [2, 1]
    assert after == metrics.stat().st_size


async def test_a_comparison_considers_every_point_of_a_long_run(api, client, monkeypatch):
    long, short = ended_run(client, "long"), ended_run(client, "short")
    values = [0.0] * 60_000
    values[55_555] = 99.0  # a peak behind what was drawn before
    report(client, long, values)
    asked = [("run", long), ("run", short)]
    told = (await api("GET", "/compare", params=asked)).json
    points = told["metrics_over_steps"][long]
    assert {"value": 99.0, "step": 55_555} in [{k: p[k] for k in ("value", "step")} for p in points]
    assert (points[0]["step"], points[-1]["step"]) == (0, 59_999)
    assert (len(points) <= 1_001, told["more"]) == (True, False)
    assert len(told["metrics_over_steps"][short]) == 1
    monkeypatch.setattr(curves, "MOST_READ", 1)  # a larger file takes several answers
    large = ended_run(client, "large")
    report(client, large, values)
    asked = [("run", large), ("run", short)]
    parts = []
    while not parts or parts[-1]["more"]:
        parts.append((await api("GET", "/compare", params=asked)).json)
    assert len(parts) > 1
    found = {p["value"] for p in parts[-1]["metrics_over_steps"][large]}
    assert found == {0.0, 99.0}


async def test_a_log_is_downloaded_as_a_file_of_the_runs_name(api, client):
    run = ended_run(client, "one", log="é\n".encode())
    shown = await api("GET", f"/runs/{run}/log")
    kept = await api("GET", f"/runs/{run}/log", params={"download": "1"})
    assert shown.body == kept.body == "é\n".encode()
    assert "Content-Disposition" not in shown.headers
    assert kept.headers["Content-Disposition"] == (f"attachment; filename*=utf-8''{run}.log.txt")


async def test_runs_are_searched_filtered_and_paged(api, client):
    ids = [ended_run(client, f"run-{i}", state) for i, state in enumerate(["SUCCEEDED", "FAILED"])]
    assert (await api("GET", "/runs", params={"search": "FAIL run-1"})).json["total"] == 1
    page = (await api("GET", "/runs", params={"state": "failed"})).json
    assert [row["id"] for row in page["rows"]] == [ids[1]]
    assert page["counts"] == {"SUCCEEDED": 1, "FAILED": 1}
    page = (await api("GET", "/runs", params={"limit": "1", "offset": "1"})).json
    assert (page["total"], [row["id"] for row in page["rows"]]) == (2, [ids[0]])


async def test_an_unknown_run_is_a_404_that_names_the_nearest(api, client):
    run_id = ended_run(client, "delay")
    got = await api("GET", f"/runs/{run_id[:-1]}u")  # the ids' alphabet has no u
    assert got.status == 404
    assert run_id in got.json["cause"]


async def test_a_misspelt_query_is_refused_with_the_right_word(api):
    got = await api("GET", "/runs", params={"serach": "x"})
    assert (got.status, got.json["code"]) == (400, "kf-1001")
    assert "search" in got.json["cause"]


async def test_a_running_job_is_cancelled(api, client):
    run = client.train("import time\ntime.sleep(600)", name="sleeper")
    got = await api("POST", f"/runs/{run.id}/cancel")
    assert got.json["run"]["state"] == "CANCELLED"


async def test_names_that_no_file_can_have_are_refused_and_not_a_bug_of_ours(api, client):
    run = ended_run(client, "one")
    for path, code in (
        (f"/runs/{run}/artefacts/a%00b", "kf-1141"),
        (f"/runs/{run}/artefacts/{'a' * 5000}", "kf-1141"),
        (f"/studies/{'a' * 5000}", "kf-1144"),
        (f"/models/{'a' * 5000}", "kf-1144"),
    ):
        got = await api("GET", path)
        assert (got.status, got.json["code"]) == (404, code)
