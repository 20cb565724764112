"""Versions of an endpoint: numbers, promotion, roll back, and the path that never moves."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from jupyter_kf.blobs import write_json
from jupyter_kf.errors import KfError, ParityError
from jupyter_kf.serving import process, routing
from jupyter_kf.serving.client import Connection, connect
from tests.unit.serving.fakes import FLOATS, PATIENCE_S, FakeModel, serving

ROW = {"x0": 1.0, "x1": 2.0, "x2": 3.0}


def version(store):
    with connect(store, "delay") as connection:
        return connection.predict(ROW).version


def test_two_notebooks_get_two_version_numbers(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        numbers = list(
            pool.map(lambda i: routing.add_version(tmp_path, "delay", {"run": str(i)}), range(24))
        )
    assert sorted(numbers) == list(range(1, 25))
    assert [n for n, _ in routing.versions(tmp_path, "delay")] == list(range(1, 25))


def test_the_newest_version_has_the_traffic_and_the_previous_stays_warm(tmp_path):
    with serving(tmp_path, FakeModel(FLOATS)) as first:
        assert version(tmp_path) == 1
        with serving(tmp_path, FakeModel(FLOATS)):
            assert version(tmp_path) == 2
            assert routing.current(tmp_path, "delay").previous == 1
            routing.roll_back(tmp_path, "delay", 1)
            assert version(tmp_path) == 1
            assert routing.current(tmp_path, "delay").back_from == 2
            routing.roll_back(tmp_path, "delay", 2)
            assert version(tmp_path) == 2
            with serving(tmp_path, FakeModel(FLOATS)):
                assert version(tmp_path) == 3
                assert routing.current(tmp_path, "delay").back_from is None
                first.endpoint_gone()  # two newer versions: it ended itself
                with pytest.raises(KfError) as caught:
                    routing.roll_back(tmp_path, "delay", 1)
                assert caught.value.code == 2205
                assert "`%kf serve delay --version 1`" in caught.value.fix
                with pytest.raises(KfError) as caught:
                    routing.roll_back(tmp_path, "delay", 9)
                assert caught.value.code == 1120


def promoted_and_dead(store, *, in_order=False):
    """Version 2 has the traffic, and its process is gone: by a signal, or in order."""
    n = routing.add_version(store, "delay", {"run": "delay-dead", "model": "e" * 64})
    path = routing.version_socket(store, "delay", "delay-dead")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        dead = routing.Current(n, "delay-dead", "e" * 64, str(path))
        assert routing.promote(store, "delay", dead)
    if in_order:
        routing.retire(store, "delay", str(path))
    return n, path


def test_the_warm_version_takes_the_traffic_of_one_that_was_killed(tmp_path):
    with serving(tmp_path, FakeModel(FLOATS)):
        dead, path = promoted_and_dead(tmp_path)
        until = time.monotonic() + PATIENCE_S
        while routing.current(tmp_path, "delay").version == dead and time.monotonic() < until:
            time.sleep(0.02)
        now = routing.current(tmp_path, "delay")
        assert (now.version, now.instead_of, now.newest) == (1, dead, dead)
        assert version(tmp_path) == 1
        assert not path.exists()
        with serving(tmp_path, FakeModel(FLOATS)):  # the next version is promoted as ever
            assert version(tmp_path) == 3
            assert routing.current(tmp_path, "delay").instead_of is None


def test_a_version_that_ended_in_order_is_not_replaced(tmp_path):
    with serving(tmp_path, FakeModel(FLOATS)):
        dead, _ = promoted_and_dead(tmp_path, in_order=True)
        assert routing.fail_over(tmp_path, "delay") is None
        assert routing.current(tmp_path, "delay").version == dead


def test_a_living_version_is_not_replaced(tmp_path):
    with serving(tmp_path, FakeModel(FLOATS)), serving(tmp_path, FakeModel(FLOATS)):
        assert routing.fail_over(tmp_path, "delay") is None
        assert version(tmp_path) == 2


def test_a_version_that_was_rolled_back_from_does_not_come_back_by_itself(tmp_path):
    with serving(tmp_path, FakeModel(FLOATS)) as first, serving(tmp_path, FakeModel(FLOATS)):
        routing.roll_back(tmp_path, "delay", 1)
        kept = first.endpoint.socket.with_suffix(".kept")
        first.endpoint.socket.rename(kept)
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as gone:
            gone.bind(str(first.endpoint.socket))  # nobody listens
        assert routing.fail_over(tmp_path, "delay") is None
        assert routing.current(tmp_path, "delay").version == 1


@pytest.mark.parametrize("first", ["ready.json", "current.json"])
@pytest.mark.parametrize("then", ["one file", "all files"])
def test_a_version_that_breaks_down_leaves_the_traffic_to_the_warm_one(
    tmp_path, monkeypatch, first, then
):
    failed = []

    def full(path, *args, **kwargs):
        if path.name == first or (failed and then == "all files"):
            failed.append(path)
            raise OSError(28, "No space left on device")
        write_json(path, *args, **kwargs)

    with serving(tmp_path, FakeModel(FLOATS)):
        with monkeypatch.context() as disk:
            for module in (routing, process):
                disk.setattr(module, "write_json", full)
            with pytest.raises(OSError, match="No space"), serving(tmp_path, FakeModel(FLOATS)):
                pass
        if then == "one file":
            assert routing.current(tmp_path, "delay").version == 1
        assert version(tmp_path) == 1
        with Connection("delay", routing.stable_socket(tmp_path, "delay")) as stable:
            assert stable.predict(ROW).version == 1


def test_a_version_that_fails_its_proof_leaves_the_traffic_where_it_was(tmp_path):
    with serving(tmp_path, FakeModel(FLOATS)):
        broken = FakeModel(FLOATS)
        broken.expected["prediction"][3] += 1
        with pytest.raises(ParityError), serving(tmp_path, broken):
            pass
        assert version(tmp_path) == 1


def test_an_older_version_never_overtakes_a_newer_one(tmp_path):
    slow, go = FakeModel(FLOATS), threading.Event()
    slow.hook = lambda _table: go.wait(PATIENCE_S)
    with ThreadPoolExecutor(1) as pool:

        def old():
            with serving(tmp_path, slow) as running:
                running.endpoint_gone()
                return running.endpoint._reason

        late = pool.submit(old)
        while not routing.versions(tmp_path, "delay"):
            pass
        with serving(tmp_path, FakeModel(FLOATS)):
            assert version(tmp_path) == 2
            go.set()
            assert late.result(PATIENCE_S) == "a newer version was ready first"
            assert version(tmp_path) == 2


def test_clients_see_one_version_or_the_other_and_never_none(tmp_path):
    with serving(tmp_path, FakeModel(FLOATS)), serving(tmp_path, FakeModel(FLOATS)):
        stop, seen = threading.Event(), []

        def ask():
            while not stop.is_set():
                seen.append(version(tmp_path))

        with ThreadPoolExecutor(2) as pool:
            asking = [pool.submit(ask) for _ in range(2)]
            for i in range(20):
                routing.roll_back(tmp_path, "delay", 1 + i % 2)
            stop.set()
            for one in asking:
                one.result()
        assert set(seen) <= {1, 2} and seen


def test_the_token_is_one_for_all(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda _: routing.token(tmp_path, "delay"), range(16)))
    assert len(tokens) == 1 and len(tokens.pop()) >= 32
    assert [p.name for p in routing.endpoint_folder(tmp_path, "delay").path.iterdir()] == ["token"]


def test_a_deep_runtime_folder_still_gives_short_socket_paths(tmp_path, monkeypatch):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    monkeypatch.setenv("JUPYTER_KF_RUNTIME_DIR", str(deep))
    path = routing.stable_socket(tmp_path, "n" * 40)
    assert len(str(path)) < 100
    assert path == routing.stable_socket(tmp_path, "n" * 40)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.parent.rmdir()


def test_what_a_newer_release_says_of_the_traffic_is_read_as_far_as_it_is_known(tmp_path):
    assert routing.promote(tmp_path, "delay", routing.Current(1, "delay-1", "f" * 64, "a.sock"))
    file = routing.endpoint_folder(tmp_path, "delay").current
    file.write_text(json.dumps({**json.loads(file.read_text()), "of_tomorrow": [1]}))
    assert routing.current(tmp_path, "delay").run == "delay-1"
