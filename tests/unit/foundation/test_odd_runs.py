"""One odd run folder hides no other run: damaged, of a newer version, half made, on a full disk."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time

import pytest

import jupyter_kf as kf
from jupyter_kf import locks
from jupyter_kf.client import Client
from jupyter_kf.errors import BackendError, NotFound, StoreError
from jupyter_kf.store import runs as stored
from tests.faces.server.scene import ended_run

ENDED = {"state": "SUCCEEDED", "started_s": 1, "ended_s": 2}
REF = {"run_id": "odd", "backend": "local", "where": {}}
DAMAGES = {
    "a result of a newer version": {"result.json": {"state": "PAUSED"}},
    "a result without a state": {"result.json": {}},
    "a result that was cut off": {"result.json": b""},
    "a result that is a list": {"result.json": []},
    "a result that is no text": {"result.json": b"\xff\xfe"},
    "a spec without fields": {"spec.json": {}, "result.json": ENDED},
    "a spec that is null": {"spec.json": None, "result.json": ENDED},
    "a spec that is a list": {"spec.json": [], "result.json": ENDED},
    "an error of a newer form": {"result.json": {**ENDED, "error": {"code": "x"}}},
    "a ref that was cut off": {"ref.json": b""},
    "a ref without fields": {"ref.json": {}},
    "a ref of another back end": {"ref.json": {**REF, "backend": "mars"}},
    "a report that is a number": {"metrics.jsonl": b"5\n", "result.json": ENDED},
    "a report without values": {"metrics.jsonl": b'{"values":null}\n', "result.json": ENDED},
    "a report of lists": {"metrics.jsonl": b'{"values":{"a":[1]}}\n', "result.json": ENDED},
}


@pytest.fixture
def client(store_dir) -> Client:
    return kf.connect(store=store_dir)


@pytest.mark.parametrize("files", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_run_hides_no_other(client, files):
    good, odd = ended_run(client, "good"), client.store.runs.new("train", "odd", {}, "local")
    for name, content in files.items():
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (odd.path / name).write_bytes(data)
    os.utime(odd.spec, (1, 1))  # its submitter wrote it long ago
    assert good in [run.id for run in client.runs()]
    assert client.run("good").state == "SUCCEEDED"
    assert client.store.runs.newest("train", "good").id == good
    assert [run.id for run in client.observe([good, odd.id])][:1] == [good]
    try:
        client.run(odd.id)  # may still be read, as far as what is damaged does not matter
    except (StoreError, BackendError) as error:
        assert error.code in (3022, 2002)  # damaged; no such back end
    client.store.runs.delete(odd.id)
    assert [run.id for run in client.runs()] == [good]


def test_a_run_whose_back_end_is_not_here_is_listed_with_the_reason(client):
    folder = client.store.runs.new("train", "far", {}, "mars")
    os.utime(folder.spec, (1, 1))
    (run,) = client.runs()
    assert run.state == "PENDING" and "mars" in run.reason
    with pytest.raises(BackendError, match="mars"):
        client.run(folder.id)


def test_an_end_that_a_full_disk_does_not_take_is_told_all_the_same(client, monkeypatch):
    ended_run(client, "good")
    folder = client.store.runs.new("train", "half", {}, "local")
    os.utime(folder.spec, (1, 1))  # its submitter was killed

    def full(path, data, **more):
        raise StoreError(3001, "the disk is full", cause="no space", fix="free some")

    monkeypatch.setattr(stored, "write_once", full)
    assert {run.name: str(run.state) for run in client.runs()} == {
        "good": "SUCCEEDED",
        "half": "LOST",
    }


def test_a_store_that_is_read_only_is_listed(client, monkeypatch):
    ended_run(client, "good")
    client.store.runs.new("train", "half", {}, "local")

    def refused(path):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(locks, "held", refused)
    assert {run.name for run in client.runs()} == {"good", "half"}


def test_a_folder_without_its_spec_is_no_run_yet_and_not_lost(client, monkeypatch):
    folder = client.store.runs.new("train", "new", {}, "local")
    spec = folder.spec.read_bytes()
    folder.spec.unlink()
    is_run = client.store.runs.is_run

    def written_meanwhile(run_id):
        try:
            return is_run(run_id)
        finally:
            folder.spec.write_bytes(spec)  # its submitter is just behind who looks

    with monkeypatch.context() as patch:
        patch.setattr(client.store.runs, "is_run", written_meanwhile)
        assert "LOST" not in {str(run.state) for run in client.observe([folder.id])}
    assert client.run(folder.id).state == "PENDING"


def test_a_run_is_deleted_in_one_step_for_who_looks(client, monkeypatch):
    gone = ended_run(client, "gone")
    ids, remove = [], shutil.rmtree

    def slowly(path, *rest, **more):
        ids.append(client.store.runs.ids())
        assert client.observe([gone]) == []  # nothing is written into what is left of it
        remove(path, *rest, **more)

    monkeypatch.setattr(shutil, "rmtree", slowly)
    client.store.runs.delete(gone)
    assert ids == [set()] and not list((client.store.root / "runs").iterdir())
    with pytest.raises(NotFound):
        client.run(gone)


def test_what_a_killed_deletion_left_goes_with_the_next(client):
    runs = client.store.root / "runs"
    one = ended_run(client, "one")
    (runs / ".deleted-before" / "outputs").mkdir(parents=True)
    assert client.store.runs.ids() == {one}
    client.store.runs.delete(one)
    assert not list(runs.iterdir())


def test_a_name_is_found_beside_a_damaged_run_of_that_name(client):
    good = ended_run(client, "same")
    time.sleep(0.002)  # ids sort by the millisecond
    odd = client.store.runs.new("train", "same", {}, "local")
    odd.spec.write_text("{}")
    assert client.store.runs.find("same") == good
