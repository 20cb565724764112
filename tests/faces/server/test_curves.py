"""Curves of what a run reported: all points considered, few sent, nothing read twice."""

from __future__ import annotations

import math

import pytest

from jupyter_kf.layout import RunFolder
from jupyter_kf.server import curves, reported
from jupyter_kf.server.curves import Curves
from tests.faces.server.scene import ended_run, report


def folder_of(client, name, values) -> RunFolder:
    run_id = ended_run(client, name)
    report(client, run_id, values)
    return client.store.runs.folder(run_id)


def whole(kept: Curves, folder: RunFolder):
    """The last of its answers, and how many there were."""
    pages = [kept.page(folder)]
    while pages[-1].more:
        pages.append(kept.page(folder))
    return pages[-1], len(pages)


def test_a_short_run_is_told_point_by_point(client):
    page, _ = whole(Curves(), folder_of(client, "one", [3.0, 1.0, "NaN", 2.0]))
    assert [(p.value, p.step) for p in page.points[:2]] == [(3.0, 0), (1.0, 1)]
    assert math.isnan(page.points[2].value) and page.counts == {"loss": 4}


@pytest.mark.parametrize("n", [3_999, 4_000, 4_001, 30_011])
def test_peaks_and_both_ends_of_a_long_run_are_kept_in_order(client, n):
    values = [math.sin(at / 300) for at in range(n)]
    values[777], values[n - 5] = 99.0, -99.0
    page, _ = whole(Curves(), folder_of(client, "long", values))
    steps = [p.step for p in page.points]
    assert steps == sorted(set(steps)) and (steps[0], steps[-1]) == (0, n - 1)
    assert {777, n - 5} <= set(steps) and len(steps) <= 2 * curves.MOST_BINS + 1
    assert page.counts == {"loss": n}
    if n <= 2 * curves.MOST_BINS:
        assert len(steps) == n


def test_the_beginning_of_a_long_run_is_drawn_as_closely_as_its_end(client):
    page, _ = whole(Curves(), folder_of(client, "long", (n % 7 for n in range(50_000))))
    parts = [sum(1 for p in page.points if p.step // 10_000 == part) for part in range(5)]
    assert max(parts) - min(parts) <= 4, parts


def test_what_is_no_number_is_seen_among_many_that_are(client):
    values: list[float | str] = [1.0] * 20_000
    values[13_001], values[15_000] = "NaN", "Infinity"
    page, _ = whole(Curves(), folder_of(client, "long", values))
    odd = {p.step: p.value for p in page.points if not math.isfinite(p.value)}
    assert odd.keys() == {13_001, 15_000} and odd[15_000] == math.inf


def test_a_run_of_many_metrics_has_fewer_points_of_each(client):
    folder = folder_of(client, "one", [])
    names = ", ".join(f'"m{n}": 0.5' for n in range(200))
    line = f'{{"t": 1.0, "step": null, "values": {{{names}}}, "progress": null}}\n'
    folder.metrics.write_text(line * 1_000)
    page, _ = whole(Curves(), folder)
    assert len(page.points) <= 2 * curves._RUN_BINS + 200
    assert page.counts == dict.fromkeys((f"m{n}" for n in range(200)), 1_000)
    assert [p.step for p in page.points if p.name == "m199"][-1] == 999  # it was given none


def test_only_what_is_new_is_read_again(client, monkeypatch):
    read = []

    def counted(path, at, size):
        read.append(at)
        return reported.piece(path, at, size)

    monkeypatch.setattr(curves, "piece", counted)
    folder, kept = folder_of(client, "one", [1.0] * 20_000), Curves()
    whole(kept, folder)
    size = folder.metrics.stat().st_size
    with open(folder.metrics, "ab") as out:
        out.write(b'{"t": 1.0, "step": 20000, "values": {"loss": 7.0}}\n{"t": 1.0, "st')
    read.clear()
    page, _ = whole(kept, folder)
    assert (min(read), page.points[-1].value, page.counts) == (size, 7.0, {"loss": 20_001})


def test_a_file_of_any_size_is_read_in_answers_that_grow(client, monkeypatch):
    monkeypatch.setattr(curves, "MOST_READ", 1)
    monkeypatch.setattr(curves, "_PIECE", 100_000)
    folder, kept = folder_of(client, "long", [float(n) for n in range(20_000)]), Curves()
    first = kept.page(folder)
    page, count = whole(kept, folder)
    assert first.more and first.counts["loss"] < 20_000 == page.counts["loss"] and count > 5


def test_a_file_that_was_replaced_is_read_from_its_beginning(client):
    folder, kept = folder_of(client, "one", [1.0, 2.0, 3.0]), Curves()
    whole(kept, folder)
    report(client, folder.id, [5.0])
    assert [p.value for p in whole(kept, folder)[0].points] == [5.0]
    folder.metrics.unlink()
    assert whole(kept, folder)[0].points == ()


def test_what_is_remembered_is_bounded_and_the_rest_is_read_again(client, monkeypatch):
    monkeypatch.setattr(curves, "_KEPT_BINS", 250)
    kept = Curves()
    folders = [folder_of(client, f"run-{n}", [float(n)] * 100) for n in range(5)]
    for folder in folders:
        whole(kept, folder)
    assert list(kept._kept) == [folder.id for folder in folders[-3:]]
    assert len(whole(kept, folders[0])[0].points) == 100


def test_a_damaged_line_costs_only_itself(client):
    folder = folder_of(client, "one", [1.0, 2.0])
    good = folder.metrics.read_bytes()
    folder.metrics.write_bytes(
        good + b'{"t": 1, "val\n\n[]\n{"values": {"a": "x"}, "t": 1}\n' + good
    )
    assert [p.value for p in reported.page(folder, 0).points] == [1.0, 2.0, 1.0, 2.0]


def test_a_reader_inside_a_line_goes_on_with_the_next(client):
    folder = folder_of(client, "one", [1.0, 2.0])
    assert [p.value for p in reported.page(folder, 5).points] == [2.0]
