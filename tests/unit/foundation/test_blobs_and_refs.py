from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_kf import blobs as blobs_module
from jupyter_kf.blobs import Blobs, canonical, write_atomic, write_once
from jupyter_kf.errors import NotFound, StoreError
from jupyter_kf.refs import Refs


def test_bytes_come_back_by_their_sha256(tmp_path):
    digest = Blobs(tmp_path).put(b"abc")
    assert digest == hashlib.sha256(b"abc").hexdigest()
    assert Blobs(tmp_path).get(digest) == b"abc"


def test_a_large_file_is_stored_under_the_digest_of_its_bytes(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(os.urandom(3 << 20))
    digest = Blobs(tmp_path / "store").put_file(source)
    assert Blobs(tmp_path / "store").get(digest) == source.read_bytes()


def test_an_altered_object_is_refused(tmp_path):
    blobs = Blobs(tmp_path)
    digest = blobs.put(b"weights")
    blobs.path(digest).chmod(0o600)
    blobs.path(digest).write_bytes(b"Weights")
    for read in (blobs.get, blobs.checked_path, blobs.get_json):
        with pytest.raises(StoreError) as refused:
            read(digest)
        assert refused.value.code == 3003


def test_a_missing_object_is_named(tmp_path):
    with pytest.raises(NotFound) as missing:
        Blobs(tmp_path).get("0" * 64)
    assert missing.value.code == 1101


def test_a_manifest_can_not_lay_files_outside_its_folder(tmp_path):
    blobs = Blobs(tmp_path / "store")
    files = {"../escaped": {"digest": blobs.put(b"x"), "bytes": 1}}
    with pytest.raises(StoreError):
        blobs.checkout(files, tmp_path / "out")
    assert not (tmp_path / "escaped").exists()


def test_a_folder_is_kept_with_what_its_links_lead_to(tmp_path):
    (tmp_path / "lake" / "deep").mkdir(parents=True)
    (tmp_path / "lake" / "deep" / "1.bin").write_bytes(b"one")
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "é.bin").write_bytes(b"two")
    (folder / "linked").symlink_to(tmp_path / "lake")
    (folder / "again").symlink_to(folder)
    (tmp_path / "lake" / "back").symlink_to(folder)
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    blobs = Blobs(tmp_path / "store")
    files = blobs.put_folder(folder)
    assert list(files) == ["linked/deep/1.bin", "é.bin"]
    laid_out = blobs.checkout(files, tmp_path / "out")
    assert (laid_out / "linked" / "deep" / "1.bin").read_bytes() == b"one"


def test_a_file_whose_name_is_no_text_is_named(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / os.fsdecode(b"caf\xe9.bin")).write_bytes(b"x")
    with pytest.raises(StoreError) as refused:
        Blobs(tmp_path / "store").put_folder(folder)
    assert refused.value.code == 3007 and "caf" in refused.value.what
    refused.value.what.encode()


def test_what_a_loader_writes_into_a_checkout_does_not_reach_the_object(tmp_path):
    blobs = Blobs(tmp_path / "store")
    digest = blobs.put(b"weights")
    folder = blobs.checkout({"w": {"digest": digest, "bytes": 7}}, tmp_path / "out")
    (folder / "w").chmod(0o600)
    (folder / "w").write_bytes(b"other")
    assert blobs.get(digest) == b"weights"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_the_canonical_form_does_not_depend_on_the_order_of_keys(fields):
    backwards = dict(reversed(list(fields.items())))
    assert canonical(fields) == canonical(backwards)


def test_only_the_first_writer_creates_a_file_and_later_ones_learn_it(store_dir):
    path = store_dir / "result.json"
    assert [write_once(path, b"first"), write_once(path, b"second")] == [True, False]
    assert path.read_bytes() == b"first"
    assert [p.name for p in path.parent.iterdir()] == ["result.json"]


def test_where_hard_links_are_missing_the_first_writer_still_wins(tmp_path, monkeypatch):
    def no_links(*_args):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(blobs_module.os, "link", no_links)
    path = tmp_path / "result.json"
    assert [write_once(path, b"first"), write_once(path, b"second")] == [True, False]
    assert path.read_bytes() == b"first"
    killed = tmp_path / "other.json.claim"  # between its two steps
    killed.mkdir()
    assert not write_once(tmp_path / "other.json", b"first")
    os.utime(killed, (0, 0))
    assert write_once(tmp_path / "other.json", b"first")
    assert not write_once(tmp_path / "other.json", b"second")


def test_a_write_that_fails_leaves_the_old_bytes_and_no_rubbish(store_dir):
    path = store_dir / "spec.json"
    write_atomic(path, b"old")
    with pytest.raises(TypeError):
        write_atomic(path, "text, not bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["spec.json"]


_WRITER = """
import sys
from jupyter_kf.refs import Refs
sys.stdin.readline()
for _ in range(20):
    Refs(sys.argv[1]).add("model", "delay", sys.argv[2], {"by": sys.argv[2]})
"""


def test_two_processes_that_write_one_name_both_land(tmp_path):
    digests = ["a" * 64, "b" * 64]
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path), d], stdin=subprocess.PIPE)
        for d in digests
    ]
    for writer in writers:
        writer.stdin.write(b"\n")
        writer.stdin.close()
    assert [writer.wait() for writer in writers] == [0, 0]
    versions = Refs(tmp_path).versions("model", "delay")
    assert [v.n for v in versions] == list(range(1, len(versions) + 1))
    assert {v.digest for v in versions} == set(digests)


def test_a_name_means_its_newest_version_and_older_ones_stay(tmp_path):
    refs = Refs(tmp_path)
    refs.add("dataset", "flights", "1" * 64)
    refs.add("dataset", "flights", "2" * 64)
    assert refs.resolve("dataset", "flights").n == 2
    assert refs.resolve("dataset", "flights@1").digest == "1" * 64
    assert refs.resolve("dataset", "sha256:" + "1" * 10).n == 1


def test_storing_the_same_again_makes_no_new_version(tmp_path):
    refs = Refs(tmp_path)
    assert [refs.add("dataset", "f", "1" * 64, {"a": 1}).n for _ in range(2)] == [1, 1]


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("flihgts", 1102, "did you mean `flights`"),
        ("flights@7", 1103, "it has 1"),
        ("abcdef", 1104, ""),
    ],
)
def test_what_is_not_there_is_explained(tmp_path, text, code, says):
    refs = Refs(tmp_path)
    refs.add("dataset", "flights", "1" * 64)
    with pytest.raises(NotFound) as missing:
        refs.resolve("dataset", text)
    assert missing.value.code == code
    assert says in missing.value.cause
