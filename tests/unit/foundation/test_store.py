from __future__ import annotations

import json
import math
from types import SimpleNamespace

import pytest

from jupyter_kf.errors import NotFound, StoreError
from jupyter_kf.layout import RunFolder
from jupyter_kf.records import State
from jupyter_kf.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def _run(store: Store, name: str = "delay", end: str | None = None) -> RunFolder:
    folder = store.runs.new("train", name, {"name": name, "params": {"lr": 0.1}}, "local")
    if end:
        folder.result.write_text(json.dumps({"state": end, "started_s": 1.0, "ended_s": 3.0}))
    return folder


def seen(state: State, reason: str = "") -> SimpleNamespace:
    return SimpleNamespace(state=state, reason=reason, started_s=1.0, ended_s=None)


def test_a_store_of_another_format_is_refused(tmp_path):
    Store(tmp_path)
    (tmp_path / "format").write_text("99\n")
    with pytest.raises(StoreError) as refused:
        Store(tmp_path)
    assert refused.value.code == 3004


def test_the_first_end_that_is_written_stands(store):
    folder = _run(store)
    store.runs.settle(folder.id, seen(State.LOST, "the machine was restarted"))
    store.runs.settle(folder.id, seen(State.SUCCEEDED))
    assert store.runs.read(folder.id).state is State.LOST


def test_a_listing_knows_ended_runs_and_names_those_to_ask_about(store):
    done, open_run = _run(store, end="SUCCEEDED"), _run(store)
    ended, to_ask = store.runs.listing()
    assert [r.id for r in ended] == [done.id]
    assert to_ask == [open_run.id]


def test_the_index_is_never_trusted_over_the_folders(store):
    kept, gone = _run(store, end="SUCCEEDED"), _run(store, end="FAILED")
    assert len(store.runs.listing()[0]) == 2
    store.runs.delete(gone.id)
    new = _run(store, end="SUCCEEDED")
    assert {r.id for r in Store(store.root).runs.listing()[0]} == {kept.id, new.id}


@pytest.mark.parametrize("rubbish", [b"", b"{", b"[]", b'{"format": 99, "runs": []}', b"\xff\x00"])
def test_an_index_that_is_broken_or_missing_is_made_again(store, rubbish):
    folder = _run(store, end="SUCCEEDED")
    store.runs.listing()
    (store.root / "index.json").write_bytes(rubbish)
    assert [r.id for r in Store(store.root).runs.listing()[0]] == [folder.id]


def test_a_record_read_from_the_index_is_the_record_read_from_the_folder(store):
    folder = _run(store, end="SUCCEEDED")
    folder.metrics.write_text('{"t": 1.0, "step": 1, "values": {"auc": 0.9}, "progress": 1.0}\n')
    store.runs.listing()
    assert Store(store.root).runs.listing()[0] == [store.runs.read(folder.id)]


def test_the_last_value_of_each_metric_is_kept_and_a_torn_last_line_is_harmless(store):
    folder = _run(store)
    lines = [
        {"t": 1.0, "step": 1, "values": {"auc": 0.7, "loss": "NaN"}, "progress": 0.5},
        {"t": 2.0, "step": 2, "values": {"auc": 0.8}, "progress": None},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    folder.metrics.write_text(text + '{"t": 3.0, "step"')
    run = store.runs.read(folder.id, seen(State.RUNNING))
    assert (run.metrics["auc"], run.progress) == (0.8, 0.5)
    assert math.isnan(run.metrics["loss"])  # it does not pass for what it was before
    assert [m.name for m in store.runs.metrics(folder.id)] == ["auc", "loss", "auc"]


def test_a_metric_that_was_reported_once_is_not_pushed_out_by_many_others(store):
    folder = _run(store)
    lines = [{"t": 0.0, "values": {"rows": 123}}]
    lines += [{"t": float(n), "values": {"loss": 1 / n}} for n in range(1, 6000)]
    folder.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert folder.metrics.stat().st_size > 200_000
    told = store.runs.read(folder.id, seen(State.RUNNING)).metrics
    assert (told["rows"], told["loss"]) == (123, 1 / 5999)


def test_a_folder_that_is_half_deleted_hides_no_other_run_and_can_be_deleted(store):
    whole, half = _run(store), _run(store)
    for folder in (whole, half):
        store.runs.settle(folder.id, seen(State.LOST))
    half.spec.unlink()
    ended, to_ask = store.runs.listing()
    assert ([run.id for run in ended], to_ask) == ([whole.id], [])
    store.runs.delete(half.id)
    assert store.runs.ids() == {whole.id}


def test_a_name_that_is_no_label_finds_its_runs(store):
    older, other = _run(store, "my_model"), _run(store, "my-model")
    assert store.runs.find("my_model") == older.id
    assert store.runs.find("my-model") == max(older.id, other.id)


def test_a_store_that_we_make_is_its_user_s_own(tmp_path):
    assert Store(tmp_path / "a" / "store").root.stat().st_mode & 0o777 == 0o700
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    assert Store(shared).root.stat().st_mode & 0o777 == 0o755


def test_a_run_is_found_by_its_id_the_beginning_of_it_or_its_name(store):
    older, newer = _run(store), _run(store)
    other = _run(store, "delay-two")
    assert store.runs.find(older.id) == older.id
    assert store.runs.find("delay") == max(older.id, newer.id)
    assert store.runs.find(other.id[:-1]) == other.id


@pytest.mark.parametrize("text", ["nothing", "../runs", ""])
def test_a_run_that_is_not_there_is_said_so(store, text):
    _run(store)
    _run(store)
    with pytest.raises(NotFound):
        store.runs.find(text)
