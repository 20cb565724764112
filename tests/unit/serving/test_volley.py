"""Many requests at once from one thread: every answer belongs to its question."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from functools import partial

import pytest

from jupyter_kf.errors import ServeError
from jupyter_kf.serving.client import Connection
from jupyter_kf.serving.volley import Ask, volley
from tests.unit.serving.fakes import FLOATS, FakeModel, rows_of, serving

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("store"), FakeModel(FLOATS)) as found:
        yield found


def asks(rows):
    for i, row in enumerate(rows):
        yield Ask(i, "/v2/models/delay/rows", json.dumps({"rows": [row]}).encode(), JSON)


@pytest.mark.parametrize("at_once", [1, 7, 64])
def test_each_answer_comes_back_with_the_tag_of_its_question(running, at_once):
    rows = rows_of(FLOATS, 30, seed=at_once).to_pylist()
    wanted = running.model.predict(rows_of(FLOATS, 30, seed=at_once))["prediction"].tolist()
    told = list(volley(running.connection, asks(rows), at_once))
    assert [one.tag for one in told] == list(range(30))
    assert {one.code for one in told} == {200}
    assert [json.loads(one.content)["outputs"]["prediction"][0] for one in told] == wanted


def test_a_refusal_is_an_answer_like_others(running):
    good, bad = {"x0": 1.0, "x1": 2.0, "x2": 3.0}, {"x0": 1.0, "x1": 2.0, "x9": 3.0}
    told = list(volley(running.connection, asks([good, bad, good]), 3))
    assert [one.code for one in told] == [200, 400, 200]
    assert told[1].headers["content-type"] == "application/json"


def test_no_requests_open_no_connection(tmp_path):
    nobody = partial(Connection, "delay", tmp_path / "nobody.sock")
    assert list(volley(nobody, asks([]), 4)) == []


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\ncontent-le", b"HTTP/1.1 200 OK\r\n"
                                  b"content-length: 9\r\n\r\nhalf"])  # fmt: skip
def test_an_endpoint_that_ends_in_the_middle_is_named(tmp_path, said):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.sock"))
        server.listen()

        def answer():
            peer, _ = server.accept()
            with contextlib.closing(peer):
                peer.recv(1 << 16)
                peer.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        connect = partial(Connection, "delay", tmp_path / "s.sock")
        with pytest.raises(ServeError) as caught:
            list(volley(connect, asks([{"x0": 1.0}]), 1))
        thread.join(10)
    assert caught.value.code == 2204


def test_an_endpoint_that_says_nothing_in_time_is_named(tmp_path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.sock"))
        server.listen()
        connect = partial(Connection, "delay", tmp_path / "s.sock", timeout_s=0.05)
        with pytest.raises(ServeError) as caught:
            list(volley(connect, asks([{"x0": 1.0}]), 1))
    assert caught.value.code == 2204 and "no answer in time" in caught.value.cause
