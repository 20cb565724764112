"""Logs and metrics as server-sent events: whole, in order, resumed where a reader left off."""

from __future__ import annotations

import asyncio
import json
import shutil

import pytest

from tests.faces.server.scene import ended_run, report


def told(body: bytes) -> list[tuple[str, str, dict]]:
    """(id, event, data) of each event."""
    found = []
    for block in body.decode().split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":")
        )
        if fields:
            found.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return found


async def test_an_ended_log_comes_whole_and_then_its_end(api, client):
    run_id = ended_run(client, "one", log="one\nzwölf\nno end".encode())
    events = told((await api("GET", f"/runs/{run_id}/log/stream")).body)
    assert "".join(data["text"] for _, event, data in events if event == "lines") == (
        "one\nzwölf\nno end"
    )
    assert events[-1][1:] == ("end", {"state": "SUCCEEDED"})


async def test_a_reader_goes_on_after_the_id_it_had(api, client):
    run_id = ended_run(client, "one", log=b"first\nsecond\n")
    path = f"/runs/{run_id}/log/stream"
    events = told((await api("GET", path, headers={"Last-Event-ID": "6"})).body)
    assert events[0] == ("13", "lines", {"text": "second\n", "offset": 13, "begin": 6})
    assert told((await api("GET", path, headers={"Last-Event-ID": "13"})).body)[0][1] == "end"


async def test_a_tail_begins_at_a_line(api, client):
    run_id = ended_run(client, "one", log=b"first\nsecond\nthird\n")
    path = f"/runs/{run_id}/log/stream"
    events = told((await api("GET", path, params={"tail": "9"})).body)
    assert events[0][2]["text"] == "third\n"
    for tail, text in (("7", "third\n"), ("6", "third\n"), ("99", "first\nsecond\nthird\n")):
        events = told((await api("GET", path, params={"tail": tail})).body)
        assert events[0][2]["text"] == text, tail


@pytest.mark.parametrize("last", ["9" * 5_000, "x", "-1", "9" * 18])
async def test_an_id_that_is_none_of_ours_breaks_nothing(api, client, last):
    run_id = ended_run(client, "one", log=b"first\n")
    got = await api("GET", f"/runs/{run_id}/log/stream", headers={"Last-Event-ID": last})
    events = told(got.body)
    assert events[-1][1] == "end" and len(events) == (1 if last == "9" * 18 else 2)


async def test_an_offset_that_no_file_has_is_refused(api, client):
    run_id = ended_run(client, "one")
    got = await api("GET", f"/runs/{run_id}/log/stream", params={"offset": str(10**30)})
    assert (got.status, got.json["code"]) == (400, "kf-1004")


async def test_a_running_log_is_followed_to_its_end(api, client):
    run = await asyncio.to_thread(client.train, "print('a')\nprint('b')", name="one")
    events = told((await api("GET", f"/runs/{run.id}/log/stream")).body)
    assert "".join(d["text"] for _, e, d in events if e == "lines") == "a\nb\n"
    assert events[-1][1:] == ("end", {"state": "SUCCEEDED"})


async def test_a_character_is_never_cut_in_a_line_longer_than_a_piece(api, client):
    log = "ä€𝄞" * 40_000
    run_id = ended_run(client, "one", log=log.encode())
    events = told((await api("GET", f"/runs/{run_id}/log/stream")).body)
    assert "".join(d["text"] for _, e, d in events if e == "lines") == log


async def test_metrics_are_streamed_with_what_is_no_number_as_text(api, client):
    code = "kf.report(step=1, loss=float('nan'))\nkf.report(step=2, loss=0.5)"
    run = await asyncio.to_thread(client.train, code, name="one")
    events = told((await api("GET", f"/runs/{run.id}/metrics/stream")).body)
    points = [p for _, e, d in events if e == "points" for p in d["points"]]
    assert [(p["value"], p["step"]) for p in points] == [("NaN", 1), (0.5, 2)]


async def test_metrics_go_on_after_the_id_that_a_reader_had(api, client):
    run_id = ended_run(client, "one")
    metrics = client.store.runs.folder(run_id).metrics
    report(client, run_id, [1.0])
    first = metrics.read_bytes()
    report(client, run_id, [1.0, 0.5])
    path, last = f"/runs/{run_id}/metrics/stream", {"Last-Event-ID": str(len(first))}
    [(at, event, page), (_, end, _)] = told((await api("GET", path, headers=last)).body)
    assert (event, end, int(at)) == ("points", "end", metrics.stat().st_size)
    assert [(p["value"], p["step"]) for p in page["points"]] == [(0.5, 1)]
    rest = await api("GET", f"/runs/{run_id}/metrics", params={"after": str(len(first))})
    assert (rest.json["next"], rest.json["points"]) == (int(at), page["points"])
    for none in (at, "9" * 18):
        events = told((await api("GET", path, headers={"Last-Event-ID": none})).body)
        assert [event for _, event, _ in events] == ["end"], none


async def test_a_stream_whose_run_is_deleted_ends(api, client):
    code = "import time\nprint('on')\ntime.sleep(600)"
    run = await asyncio.to_thread(client.train, code, name="one")
    pieces: list[bytes] = []
    path = f"/runs/{run.id}/log/stream"
    reading = asyncio.ensure_future(api("GET", path, streaming_callback=pieces.append))
    while not pieces:  # else its reader may come when the run is gone
        await asyncio.sleep(0.01)
    await asyncio.to_thread(client.cancel, run.id)
    shutil.rmtree(client.store.runs.folder(run.id).path, ignore_errors=True)
    await reading
    assert told(b"".join(pieces))[-1][1] == "end"
