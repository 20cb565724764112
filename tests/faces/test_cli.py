from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

COMMAND = Path(sys.executable).with_name("jupyter-kf")

CELL = """
from sklearn.linear_model import LogisticRegression
model = LogisticRegression().fit(X_train, y_train)
kf.report(accuracy=model.score(X_valid, y_valid))
"""


def kf(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *words], input=stdin, capture_output=True, text=True)


@pytest.fixture
def points(tmp_path) -> Path:
    path = tmp_path / "points.parquet"
    frame = pd.DataFrame({"x": range(200), "y": [n % 7 for n in range(200)]})
    frame.assign(high=frame["x"] > 100).to_parquet(path)
    return path


def test_a_file_is_trained_on_from_a_terminal(points, tmp_path):
    (tmp_path / "cell.py").write_text(CELL)
    assert kf("data", "points", str(points)).returncode == 0
    words = ["train", "high", "--data", "points", "--target", "high", "--wait", "--json"]
    got = kf(*words, "--file", str(tmp_path / "cell.py"))
    assert got.returncode == 0, got.stdout + got.stderr
    run = json.loads(got.stdout)
    assert run["state"] == "SUCCEEDED"
    assert run["metrics"]["accuracy"] > 0.9
    listed = json.loads(kf("runs", "--json").stdout)
    assert [r["id"] for r in listed] == [run["id"]]


def test_a_failing_cell_fails_the_command_and_says_why():
    got = kf("train", "broken", "--file", "-", "--wait", stdin="1 / 0\n")
    assert got.returncode == 1
    assert "ZeroDivisionError" in got.stdout
    assert "line 1: 1 / 0" in got.stdout


def test_a_cell_with_a_syntax_error_is_shown_at_its_line_and_nothing_is_submitted():
    got = kf("train", "broken", "--file", "-", stdin="a = 1\nb = = 2\n")
    assert got.returncode == 1
    assert "kf-1201" in got.stderr and "line 2" in got.stderr
    assert json.loads(kf("runs", "--json").stdout) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["trian", "x"], "did you mean `train`"),
        (["train", "x"], "--file"),
        (["train", "x", "--dpeth", "3", "--file", "-"], "kf-1001"),
        (["connect"], "JUPYTER_KF_BACKEND"),
    ],
)
def test_a_mistyped_command_is_explained_and_exits_2(words, says):
    got = kf(*words)
    assert got.returncode == 2
    assert says in got.stderr


def test_what_is_said_in_a_terminal_speaks_of_its_command():
    shown = kf("compare", "one").stderr + kf("runs").stdout + kf("train", "--help").stdout
    assert "jupyter kf runs one" in shown and "%kf" not in shown
    assert "there is no file rows" in kf("predict", "late", "rows").stderr
    assert kf("--version").stdout.startswith("jupyter-kf ")


def test_a_dry_run_names_the_command_and_json_has_all_of_it():
    plan = kf("train", "late", "--file", "-", "--memory", "1Gi", "--dry-run", stdin="print(1)\n")
    assert "python worker.pyz" in plan.stdout and "memory 1Gi" in plan.stdout
    assert "{" not in plan.stdout


def test_an_error_is_json_where_json_was_asked_for():
    got = kf("check", "nothing", "--json")
    assert got.returncode == 1
    assert set(json.loads(got.stdout)["error"]) == {"code", "message", "cause", "fix"}


def test_help_is_there_without_a_store(tmp_path):
    assert "jupyter kf train NAME" in kf("help", "train").stdout
    assert "--json" in kf("--help").stdout


def test_a_reader_that_has_enough_is_no_error():
    done = subprocess.run(
        ["bash", "-c", f"'{COMMAND}' help train | head -n 1"], capture_output=True, text=True
    )
    assert "BrokenPipe" not in done.stderr
    assert "jupyter kf train" in done.stdout
