"""Where the notebook of a run is now, as the server knows it."""

from __future__ import annotations

import pytest

from jupyter_kf.client import Client
from jupyter_kf.records import Origin
from jupyter_kf.server.answers import Place
from jupyter_kf.server.place import place_of


class Sessions:
    """The server's sessions: a notebook that was renamed, and a console on the same kernel."""

    async def list_sessions(self):
        kernel = {"id": "k1"}
        return [
            {"type": "console", "path": "new-1234", "kernel": kernel},
            {"type": "notebook", "path": "work/new.ipynb", "kernel": kernel},
            {"type": "notebook", "path": "work/starting.ipynb", "kernel": None},
        ]


class Contents:
    """Files below /root, of which one is there."""

    root_dir = "/root"

    def file_exists(self, path):
        return path == "work/new.ipynb"


SETTINGS = {"session_manager": Sessions(), "contents_manager": Contents()}


@pytest.mark.parametrize(
    ("origin", "place"),
    [
        (Origin("/root/work/old.ipynb", "c", "k1"), Place("work/new.ipynb", "c", True)),
        (Origin("/root/work/old.ipynb", "c", "gone"), Place("work/old.ipynb", "c", False)),
        (Origin("/root/work/new.ipynb"), Place("work/new.ipynb", "", True)),
        (Origin("work/new.ipynb"), Place("work/new.ipynb", "", True)),
        (Origin("/elsewhere/a.ipynb", "c", "gone"), None),
        (None, None),
    ],
)
async def test_a_living_kernel_knows_the_present_path_and_an_ended_one_the_old(origin, place):
    assert await place_of(SETTINGS, origin) == place


async def test_a_runs_page_says_where_its_notebook_is(api, jp_root_dir, store_dir, client: Client):
    path = jp_root_dir / "here.ipynb"
    folder = client.store.runs.new("train", "a", {"name": "a"}, "local", Origin(str(path), "c1"))
    asked = f"/runs/{folder.id}"
    there = {"path": "here.ipynb", "cell": "c1", "there": False}
    assert (await api("GET", asked)).json["notebook"] == there
    path.write_text("{}")
    assert (await api("GET", asked)).json["notebook"] == there | {"there": True}
    plain = client.store.runs.new("train", "b", {"name": "b"}, "local")
    assert (await api("GET", f"/runs/{plain.id}")).json["notebook"] is None


async def test_a_notebook_renamed_after_its_kernel_is_found_by_the_runs_cell(
    api, jp_root_dir, client: Client
):
    (jp_root_dir / "in").mkdir()
    old, new = jp_root_dir / "in" / "old.ipynb", jp_root_dir / "in" / "new.ipynb"
    folder = client.store.runs.new("train", "a", {"name": "a"}, "local", Origin(str(old), "c-1"))
    (jp_root_dir / "in" / "other.ipynb").write_text('{"cells": [{"id": "c-11"}]}')
    new.write_text('{"cells": [{"cell_type": "code", "id":  "c-1"}]}')
    asked = f"/runs/{folder.id}"
    place = {"path": "in/new.ipynb", "cell": "c-1", "there": True}
    assert (await api("GET", asked)).json["notebook"] == place
    (jp_root_dir / "in" / "copy.ipynb").write_bytes(new.read_bytes())  # which is it?
    lost = {"path": "in/old.ipynb", "cell": "c-1", "there": False}
    assert (await api("GET", asked)).json["notebook"] == lost
