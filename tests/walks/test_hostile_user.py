"""What an unlucky place, name or value is answered with: never a traceback, never in silence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import jupyter_kf as kf
from jupyter_kf import display
from jupyter_kf.errors import KfError
from jupyter_kf.names import slug

FRAME = pd.DataFrame({"x": [float(n) for n in range(40)], "größe": ["ä", "b"] * 20})


def command(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [Path(sys.executable).with_name("jupyter-kf"), *words],
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def gone(tmp_path, monkeypatch):
    """This process works in a folder that is no more."""
    folder = tmp_path / "gone"
    folder.mkdir()
    before = Path.cwd()
    os.chdir(folder)
    folder.rmdir()
    yield
    os.chdir(before)


@pytest.mark.parametrize(
    "act",
    [
        lambda c: c.train("kf.report(a=1)", name="t"),
        lambda c: c.data("d", "*.parquet"),
        lambda c: c.data("d", "rows.parquet"),
        lambda c: c.predict("t", Path("rows.parquet")),
    ],
)
def test_a_working_folder_that_was_deleted_is_named(store_dir, gone, act):
    with pytest.raises(KfError, match="working folder") as caught:
        act(kf.connect())
    assert caught.value.code == 1118
    assert not list((store_dir / "runs").glob("*"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1.0, float("-inf")]])
def test_a_parameter_that_would_become_none_on_its_way_is_refused(value):
    with pytest.raises(KfError, match="`lr`") as caught:
        kf.connect().train("kf.report(a=1)", name="t", params={"lr": value})
    assert caught.value.code == 1026
    assert "NaN and infinity" in caught.value.cause


def test_nothing_is_not_the_whole_working_folder():
    with pytest.raises(KfError) as caught:
        kf.connect().data("d", "")
    assert caught.value.code == 1412


@pytest.mark.parametrize(
    "act",
    [
        lambda: kf.connect().data("d", "~nobody-is-called-so/x.parquet"),
        lambda: kf.connect(store="~nobody-is-called-so/store"),
        lambda: kf.connect().predict("t", Path("~nobody-is-called-so/x.parquet")),
    ],
)
def test_the_home_of_nobody_is_said_to_be_missing(act):
    with pytest.raises(KfError, match="~nobody-is-called-so") as caught:
        act()
    assert caught.value.code == 1119


@pytest.mark.parametrize(
    ("text", "name"), [("Größe", "grosse"), ("naïve Bayes", "naive-bayes"), ("模型", "x")]
)
def test_a_name_in_another_alphabet_is_offered_in_ours(text, name):
    assert slug(text) == name
    with pytest.raises(KfError, match="can't be used") as caught:
        kf.connect().data(text, FRAME)
    assert name in caught.value.fix


def test_a_long_name_or_value_does_not_fill_the_screen():
    with pytest.raises(KfError) as caught:
        kf.connect().data("n" * 5000, FRAME)
    assert len(str(caught.value)) < 400
    run = kf.connect().train("kf.report(a=len(x))", name="t", params={"x": "v" * 5000}, wait=True)
    assert run.metrics["a"] == 5000
    assert max(map(len, display.text(run).splitlines())) < 200


UGLY = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_a_terminal_that_knows_only_ascii_trains_and_shows_what_it_can(tmp_path):
    (tmp_path / "cell.py").write_text("print('ä')\nkf.report(a=1)\n", encoding="utf-8")
    words = ["train", "t", "--file", str(tmp_path / "cell.py"), "--wait"]
    assert command(*words, **UGLY).returncode == 0
    assert command("logs", "t", **UGLY).stdout.splitlines()[-1] == "\\xe4"
    assert command("logs", "t").stdout.splitlines()[-1] == "ä"
    FRAME.to_csv(tmp_path / "é.csv", index=False)
    refused = command("data", "d", str(tmp_path / "é.csv"), **UGLY)
    assert refused.returncode in (0, 1) and ("kf-14" in refused.stderr or not refused.returncode)


def test_a_cell_that_is_no_utf_8_is_refused(tmp_path):
    (tmp_path / "cell.py").write_bytes("x = 'ä'\n".encode("latin-1"))
    assert "kf-1023" in command("train", "t", "--file", str(tmp_path / "cell.py")).stderr


@pytest.mark.parametrize("variable", ["JUPYTER_KF_STORE", "JUPYTER_KF_RUNTIME_DIR"])
def test_a_file_where_a_folder_belongs_is_named(tmp_path, variable):
    (tmp_path / "cell.py").write_text("kf.report(a=1)\n")
    place = tmp_path / "file"
    place.touch()
    done = command("train", "t", "--file", str(tmp_path / "cell.py"), **{variable: str(place)})
    assert done.returncode == 1
    assert str(place) in done.stderr and variable in done.stderr


def test_a_store_behind_a_link_with_spaces_and_umlauts_is_a_store(tmp_path):
    (tmp_path / "ein Lager für Ä").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "ein Lager für Ä")
    client = kf.connect(store=tmp_path / "link")
    client.data("points", FRAME)
    run = client.train("kf.report(rows=len(data))", name="t", data="points", wait=True)
    assert run.metrics["rows"] == 40, run.error
    there = kf.connect(store=tmp_path / "ein Lager für Ä")
    assert [each.id for each in there.runs()] == [run.id]


@pytest.mark.parametrize("damaged", [("spec",), ("result",), ("spec", "gone")])
def test_a_damaged_run_folder_is_said_and_hides_no_other(damaged):
    client = kf.connect()
    first = client.train("kf.report(a=1)", name="first", wait=True)
    second = client.train("kf.report(a=1)", name="second", wait=True)
    (client.store.root / "index.json").unlink(missing_ok=True)
    folder = client.store.runs.folder(first.id)
    getattr(folder, damaged[0]).write_text("{ half a file")
    if "gone" in damaged:  # as one that has not ended
        folder.result.unlink()
    assert [run.id for run in kf.connect().runs()] == [second.id]
    with pytest.raises(KfError, match="can't be read") as caught:
        kf.connect().show(first.id)
    assert caught.value.code == 3022


def test_what_is_no_endpoint_in_the_endpoints_folder_is_passed_over():
    client = kf.connect()
    (client.store.root / "endpoints" / "stray").mkdir(parents=True)
    (client.store.root / "endpoints" / ".DS_Store").touch()
    client.data("points", FRAME)
    assert [found.name for found in client.list()] == ["points"]
    assert json.loads(command("list", "--json").stdout)[0]["name"] == "points"
