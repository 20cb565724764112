"""The magics in IPython itself, with real jobs on the local back end."""

from __future__ import annotations

import os

import pandas as pd
import pytest

from jupyter_kf import display
from jupyter_kf.backends.base import resources_of
from jupyter_kf.errors import KfError
from jupyter_kf.records import Dataset, Run, State, Transform
from jupyter_kf.refs import Refs


@pytest.fixture
def shell(shell):
    """One whose `points` have no nulls."""
    shell.push({"points": points()})
    return shell


def points() -> pd.DataFrame:
    frame = pd.DataFrame({"x": [float(n) for n in range(200)], "y": [n % 7 for n in range(200)]})
    return frame.assign(high=frame["x"] > 100)


def cell(shell, text: str):
    return shell.run_cell(text).raise_error() or shell.user_ns.get("_kf")


TRAIN = """%%kf train high --data points --target high --wait
from sklearn.linear_model import LogisticRegression
model = LogisticRegression().fit(X_train, y_train)
kf.report(accuracy=model.score(X_valid, y_valid))
"""

PREPARE = """%%kf transform prepare --data points --target high
def fit(df):
    return {"mean": float(df["x"].mean())}

def transform(df, state):
    return pd.DataFrame({"x": df["x"] - state["mean"], "y": df["y"].astype("float64")})
"""


def test_bare_kf_says_where_one_is(shell, capsys, store_dir):
    shell.run_line_magic("kf", "")
    said = capsys.readouterr().out
    assert "local" in said and str(store_dir) in said


def test_a_snapshot_is_bound_to_kf_and_to_the_name_after_o(shell):
    got = cell(shell, "%kf data points points -o snapshot")
    assert isinstance(got, Dataset)
    assert shell.user_ns["snapshot"] is got
    assert got.manifest["rows"] == 200


def test_a_frame_is_computed_where_its_name_could_stand(shell):
    got = cell(shell, "%kf data few points[points['x'] > 190].head( 3 ) --time x")
    assert (got.manifest["rows"], got.manifest["time"]) == (3, "x")
    cell(shell, "where = 'few'")
    assert cell(shell, "%kf data {where} points.head(4)").name == "few"
    assert cell(shell, "%kf data $where points.head(5)").version == 3


def test_a_dict_that_is_written_out_is_left_to_its_reader(shell):
    def asked(line: str) -> str:
        return shell.run_cell(f"%kf predict nothing {line}").error_in_exec.code

    shell.user_ns["x"] = "elsewhere"
    assert asked('{"x":5}') == asked("[{'x':5}, {'x': points.x[3]}]") == 1112
    assert asked("{x}") == 1110, "the notebook's value, which is no name of it"
    assert asked("'{{x}}'") == 1024


def test_a_cell_is_trained_and_what_it_read_from_the_notebook_travelled(shell):
    cell(shell, "%kf data points points")
    cell(shell, "import numpy as np\nOFFSET = 0.5\ndef shifted(v):\n    return v + OFFSET")
    got = cell(shell, TRAIN + "kf.report(shifted=shifted(np.float64(1.0)))\n")
    assert isinstance(got, Run)
    assert got.state is State.SUCCEEDED
    assert got.metrics["shifted"] == 1.5
    assert got.outputs["model"]


def test_a_transform_is_callable_after_its_cell_and_equals_the_cells_own_code(shell):
    cell(shell, "%kf data points points\nimport pandas as pd")
    got = cell(shell, PREPARE)
    assert isinstance(got, Transform)
    prepared = shell.user_ns["prepare"](points().head(3))
    assert list(prepared.columns) == ["x", "y"]
    assert len(prepared) == 3


def test_runs_are_listed_as_a_table(shell):
    cell(shell, "%%kf train quick --wait\nkf.report(a=1)")
    data, _ = shell.display_formatter.format(cell(shell, "%kf runs"))
    assert data["text/plain"].startswith("1 run\n")
    assert "<table>" in data["text/html"]


def test_what_there_is_to_use_is_shown_and_a_backend_that_does_not_say_is_named(shell):
    cores = display.text(cell(shell, "%kf resources"))
    assert f"0 of {len(os.sched_getaffinity(0))} asked for by runs" in cores
    assert "waiting  0" in cores

    class Silent:
        name = "silent"

    with pytest.raises(KfError, match="the silent backend does not say"):
        resources_of(Silent())


def test_inline_runs_the_cell_here_with_the_same_names(shell):
    cell(shell, "%kf data points points")
    line = "%%kf train high --data points --target high --param k=3 --inline\n"
    shell.run_cell(line + "seen = (len(X_train), k, y_valid.name)").raise_error()
    assert shell.user_ns["seen"] == (160, 3, "high")


def test_a_dry_run_shows_the_plan_and_starts_nothing(shell, store_dir):
    cell(shell, "%kf data points points")
    plan = cell(shell, TRAIN.replace("--wait", "--dry-run"))
    assert plan.kind == "train"
    assert not (store_dir / "runs").exists()


def test_a_failing_cell_raises_its_error_without_a_traceback_of_ours(shell, capsys):
    result = shell.run_cell("%%kf train broken --wait\nx = 1\ny = x / 0\n")
    assert isinstance(result.error_in_exec, KfError)
    said = capsys.readouterr().out
    assert "kf-2050" in said and "line 3: y = x / 0" in said
    assert "jupyter_kf/" not in said


def test_errors_count_lines_as_the_notebook_does_wherever_they_come_from(shell):
    cell(shell, "%kf data points points")
    wrong = "%%kf transform bad --data points --target high\n\ndef transform(df):\n    return 1 +"
    assert "line 4 of the cell" in shell.run_cell(wrong).error_in_exec.what
    raising = wrong.replace("return 1 +", "return df[['z']]")
    assert "(line 4 of the cell:" in shell.run_cell(raising).error_in_exec.cause
    unknown = shell.run_cell("%%kf train t\nx = 1\nprint(nobody)").error_in_exec
    assert "line 3" in str(unknown)


def test_a_transform_that_reads_the_target_is_told_that_nothing_has_it(shell):
    cell(shell, "%kf data points points")
    reads = "%%kf transform bad --data points --target high\ndef transform(df):\n    "
    for how in ("df[['x']].assign(z=df['high'])", "df[['x', 'high']]"):
        error = shell.run_cell(f"{reads}return {how}").error_in_exec
        assert "`high` is the target" in error.cause


def test_a_transform_takes_no_name_that_is_a_frame_of_the_notebook(shell, capsys):
    cell(shell, "%kf data points points")
    cell(shell, "import pandas as pd\nprepare = points.copy()")
    made = cell(shell, PREPARE)
    assert isinstance(made, Transform) and isinstance(shell.user_ns["prepare"], pd.DataFrame)
    assert "`prepare` stays the DataFrame" in capsys.readouterr().out


def test_a_failed_run_is_shown_whole_when_one_looks_at_it(shell):
    failed = shell.run_cell("%%kf train broken --wait\nimport sys\nsys.exit(3)").error_in_exec
    assert "%kf logs broken-" in failed.fix
    shown = display.text(cell(shell, "%kf show broken"))
    assert "kf-2051" in shown and "took" in shown


def test_a_second_snapshot_says_that_the_first_is_kept(shell):
    cell(shell, "%kf data points points")
    cell(shell, "points['z'] = 1.0")
    assert "points@1 is kept" in display.text(cell(shell, "%kf data points points"))


def test_what_can_not_travel_is_refused_before_anything_is_submitted(shell, store_dir):
    cell(shell, "import sqlite3\nconn = sqlite3.connect(':memory:')")
    result = shell.run_cell("%%kf train t\nconn.execute('select 1')")
    assert result.error_in_exec.code == 1203
    assert "conn" in result.error_in_exec.what
    assert not (store_dir / "runs").exists()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("%kf trian x", 1016),
        ("%kf train x", 1017),
        ("%kf data d nothing_here", 1110),
        ("%kf predict nothing points", 1112),
        ("%kf runs x y", 1009),
        ("%kf predict nothing rows.parquet", 1117),
        ("%kf list modells", 1004),
        ("%kf compare one", 1036),
        ("%kf serve late@1", 1002),
    ],
)
def test_a_mistake_is_an_error_with_a_code(shell, line, code):
    assert shell.run_cell(line).error_in_exec.code == code


def test_a_cell_magic_without_need_says_one_percent(shell):
    assert shell.run_cell("%%kf runs\nx").error_in_exec.code == 1019


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("%kf tr", {"train", "transform"}),
        ("%%kf train t --da", {"--data"}),
        ("%%kf train t --data ", {"points"}),
        ("%%kf train t --runtime torch", {"torch-distributed"}),
        ("%kf lineage po", {"points"}),
        ("%kf help ser", {"serve"}),
        ("%kf list mo", {"models"}),
    ],
)
def test_verbs_flags_and_names_are_completed(shell, line, offered):
    cell(shell, "%kf data points points")
    text, matches = shell.complete("", line, len(line))
    whole = {line[: len(line) - len(text)] + match for match in matches}
    assert {w.split(" ")[-1] for w in whole} >= offered


def test_what_has_a_name_is_listed_as_a_table(shell):
    cell(shell, "%kf data points points")
    data, _ = shell.display_formatter.format(cell(shell, "%kf list"))
    assert "points@1" in data["text/plain"] and "200 rows, 3 columns" in data["text/plain"]
    assert "<table>" in data["text/html"]
    assert [found.name for found in cell(shell, "%kf list dataset")] == ["points"]
    assert cell(shell, "%kf list models") == []


def test_a_name_of_several_things_shows_one_and_says_how_the_others_are_shown(
    shell, capsys, store_dir
):
    cell(shell, "%kf data points points")
    cell(shell, "%kf show points")
    assert "is also" not in capsys.readouterr().out
    note = {"run": "points-1", "metrics": ["auc"], "maximize": [True]}
    Refs(store_dir).add("study", "points", "1" * 64, note)
    assert isinstance(cell(shell, "%kf show points"), Dataset)
    assert "`points` is also a study: %kf show study/points\n" in capsys.readouterr().out
    assert isinstance(cell(shell, "%kf show dataset/points"), Dataset)
    assert "is also" not in capsys.readouterr().out
    _, matches = shell.complete("", "%kf show stu", 12)
    assert any(match.endswith("dy/points") for match in matches)


def test_the_log_of_a_name_says_which_run_it_shows(shell, capsys):
    cell(shell, "%%kf train twice --wait\nprint('one', 'two', 'hello', sep='\\n')")
    run = shell.user_ns["_kf"]
    capsys.readouterr()
    cell(shell, "%kf logs twice")
    head, whole = f"[train run {run.id}, SUCCEEDED]\n", "one\ntwo\nhello\n"
    assert capsys.readouterr().out == head + whole
    cell(shell, f"%kf logs {run.id}")
    assert capsys.readouterr().out == whole
    for line, said in (
        ("twice --tail 1", head + "hello\n"),
        (f"{run.id} -n 2 -f", "two\nhello\n"),
        (f"{run.id} --tail 9", whole),
        (f"{run.id} --tail 0", ""),
    ):
        cell(shell, f"%kf logs {line}")
        assert capsys.readouterr().out == said, line
