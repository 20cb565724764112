"""What a mistaken call of the client or the magics is answered with, before any job is started."""

from __future__ import annotations

import atexit
import math
import re
import subprocess
import sys

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell

import jupyter_kf as kf
from jupyter_kf import display
from jupyter_kf.display.cards import CARDS
from jupyter_kf.errors import KfError
from jupyter_kf.magics import RECORDS, load
from jupyter_kf.records import State

FRAME = pd.DataFrame({"x": [float(n) for n in range(60)], "zone": ["a", "b", "c"] * 20})
FRAME["high"] = FRAME["x"] > 30


@pytest.fixture
def client():
    found = kf.connect()
    found.data("points", FRAME)
    return found


@pytest.fixture
def shell(client):
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(colors="nocolor")
    load(shell)
    shell.push({"points": FRAME})
    yield shell
    shell.history_manager.enabled = False
    atexit.unregister(shell.atexit_operations)
    InteractiveShell.clear_instance()


MISTAKES = {
    "a misspelt option": (lambda c: c.train("x = 1", name="a", dta="points"), 1001),
    "no name": (lambda c: c.train("x = 1"), 1005),
    "a name that is a number": (lambda c: c.train("x = 1", name=5), 1004),
    "a frame where a dataset's name belongs": (
        lambda c: c.train("x = 1", name="a", data=FRAME),
        1004,
    ),
    "a dataset that is not there": (lambda c: c.train("x = 1", name="a", data="pints"), 1102),
    "a split that is no text": (lambda c: c.train("x = 1", name="a", split=(0.8, 0.2)), 1004),
    "a frame as a parameter": (lambda c: c.train("x = 1", name="a", params={"f": FRAME}), 1026),
    "a parameter no cell can bind": (lambda c: c.train("x = 1", name="a", params={"1x": 1}), 1025),
    "a parameter with a job's name": (lambda c: c.train("x = 1", name="a", params={"kf": 1}), 1025),
    "code that is a number": (lambda c: c.train(5, name="a"), 1207),
    "a syntax error": (lambda c: c.train("x = (1", name="a"), 1201),
    "an unknown name": (lambda c: c.train("print(nothing)", name="a"), 1204),
    "rows that are no table": (lambda c: c.data("d", [1, 2]), 1401),
    "a frame without columns": (lambda c: c.data("d", pd.DataFrame()), 1410),
    "two columns of one name": (lambda c: c.data("d", pd.concat([FRAME, FRAME], axis=1)), 1402),
    "a folder as a name": (lambda c: c.data("../d", FRAME), 1002),
    "no such model": (lambda c: c.serve("nothing"), 1102),
    "no such endpoint": (lambda c: c.predict("nothing", FRAME), 1112),
    "no train run to tune": (
        lambda c: c.tune("nothing", params={"x": "int(1, 3)"}, metric="auc"),
        1109,
    ),
    "a misspelt space": (lambda c: c.tune("n", params={"x": "itn(1, 3)"}, metric="auc"), 2502),
    "an unknown state": (lambda c: c.runs(state="done"), 1004),
    "an unknown kind of run": (lambda c: c.runs(kind="studies"), 1004),
    "one run to compare": (lambda c: c.compare("a"), 1036),
    "an unknown run": (lambda c: c.logs("nothing"), 1105),
    "an unknown thing": (lambda c: c.lineage("pints"), 1108),
    "nothing to check": (lambda c: c.check("nothing"), 1113),
    "an unknown back end": (lambda _: kf.connect(backend="kub"), 2002),
    "a store inside a file": (lambda _: kf.connect(store=f"{__file__}/store"), 3002),
    "a store that is a file": (lambda _: kf.connect(store=__file__), 3002),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_has_a_code_a_cause_and_a_fix_and_starts_nothing(client, store_dir, mistake):
    make, code = MISTAKES[mistake]
    with pytest.raises(KfError) as caught:
        make(client)
    error = caught.value
    assert error.code == code, error
    assert error.what and error.cause and error.fix
    assert "pydantic" not in str(error) and "Traceback" not in str(error)
    assert not list((store_dir / "runs").glob("*"))


def test_a_near_miss_is_named(client):
    for call in (lambda: client.lineage("pints"), lambda: client.get_data("pints")):
        with pytest.raises(KfError, match="did you mean `points`"):
            call()


def test_numbers_and_single_words_are_taken_as_they_come_from_python(client):
    plan = client.plan("train", "x = 1", name="a", cpu=1, memory=2**29, time_limit=60)
    assert plan.objects[0]["limits"]["memory_bytes"] == 2**29
    assert plan.objects[0]["limits"]["time_limit_s"] == 60


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("%kf serve", 1005),
        ("%kf tune", 1005),
        ("%kf batch", 1005),
        ("%%kf train\nx = 1", 1005),
        ("%kf data points", 1005),
        ("%kf runs --state done", 1004),
        ("%kf compare one", 1036),
        ("%kf predict late '[{\"x\": 1'", 1024),
        ("%kf predict late points.hed(3)", 1040),
        ("%kf predict late pints.head(3)", 1110),
        ("%kf data points points.hed(3)", 1040),
        ("%kf data points points.x.mean()", 1401),
        ("%kf data points pints.head(3)", 1110),
        ("%%kf train a --trget high\nx = 1", 1001),
        ("%%kf train a --param x\nx = 1", 1009),
        ("%%kf train a --seed abc\nx = 1", 1004),
        ("%%kf train a --cpu many\nx = 1", 1003),
        ("%%kf train a --gpu 64\nx = 1", 2040),
        ("%%kf train a --volume claim:/path\nx = 1", 2040),
        ("%%kf train a --nodes 2\nx = 1", 2040),
        ("%%kf transform t --data points\ndef other(df):\n    return df", 1210),
        ("%kf connect --backend kubernetes", 2002),
        ("%kf data points 'unclosed", 1015),
    ],
)
def test_a_mistaken_line_shows_no_traceback(shell, store_dir, capsys, line, code):
    error = shell.run_cell(line).error_in_exec
    assert getattr(error, "code", error) == code
    shown = capsys.readouterr().out
    assert f"kf-{code}: " in shown and "Cause: " in shown and "Fix: " in shown
    assert "Traceback" not in shown
    assert not list((store_dir / "runs").glob("*"))


@pytest.mark.parametrize(
    ("call", "code", "says"),
    [
        (
            lambda c: c.train("x = 1", name="a", dta="points", trget="high"),
            1001,
            ("`dta`", "`trget`", "did you mean `data`?", "did you mean `target`?"),
        ),
        (
            lambda c: c.train("x = 1", name="a", seed="abc", gpu="many", cpu="lots"),
            1003,
            ("`seed`", "`gpu`", "'lots'"),
        ),
        (
            lambda c: c.train("x = 1", name="a", image="x", queue="q", volumes=("v:/x",)),
            2040,
            ("`image`: leave", "`queue`: leave", "`volumes`: leave"),
        ),
    ],
)
def test_all_that_is_wrong_with_a_call_is_said_at_once(client, call, code, says):
    with pytest.raises(KfError) as caught:
        call(client)
    assert caught.value.code == code
    assert not [each for each in says if each not in str(caught.value)], str(caught.value)


def test_all_options_that_a_line_misspells_are_named(shell):
    error = shell.run_cell("%kf serve late --modle a --prot 5 --max-rwos -3").error_in_exec
    assert error.code == 1001
    assert not [o for o in ("--modle", "--prot", "--max-rwos") if o not in error.what]
    assert "`-3`" not in error.what


def test_help_is_understood_as_an_option_too(shell, capsys):
    shell.run_cell("%kf train --help").raise_error()
    assert "--param NAME=VALUE" in capsys.readouterr().out


def test_a_study_is_returned_at_once_though_no_trial_has_begun(client):
    client.train("kf.report(auc=depth)", name="late", params={"depth": 1}, wait=True)
    study = client.tune("late", params={"depth": "int(1, 3)"}, metric="auc", trials=2)
    assert study.trials == () or study.trials[0].number == 0
    ended = client.wait(study.run.id)
    assert ended.state is State.SUCCEEDED
    assert len(client.study("late").trials) == 2
    with pytest.raises(KfError) as caught:
        client.study(client.runs(kind="train")[0].id)
    assert caught.value.code == 1115


def test_a_search_over_a_parameter_that_nothing_reads_is_refused(client):
    client.train("kf.report(auc=depth)", name="late", params={"depth": 1}, wait=True)
    with pytest.raises(KfError, match="did you mean `depth`") as caught:
        client.tune("late", params={"depht": "int(1, 3)"}, metric="auc")
    assert caught.value.code == 2591
    assert len(client.runs()) == 1


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("# depth matters\nkf.report(auc=1)", False),
        ("'depth'\nkf.report(auc=1)", False),
        ("depth = 3\nkf.report(auc=depth)", False),
        ("kf.report(auc=kf.params['depth'])", True),
        ("kf.report(auc=globals()['depth'])", True),
        ("def f():\n    return depth\nkf.report(auc=f())", True),
    ],
)
def test_a_parameter_counts_as_read_only_where_the_code_reads_it(client, cell, read):
    client.train(cell, name="late", params={"depth": 1}, wait=True)
    asked = {"params": {"depth": "int(1, 3)"}, "metric": "auc"}
    if read:
        assert client.plan("tune", name="late", **asked).kind == "tune"
        return
    with pytest.raises(KfError, match="nothing reads a parameter `depth`") as caught:
        client.plan("tune", name="late", **asked)
    assert caught.value.code == 2591


def test_a_cell_behind_a_transform_that_ignores_its_rows_is_pointed_out(client, shell):
    prepare = "def transform(df):\n    return df[['x']] / 2\n"
    client.transform(prepare, name="prepare", data="points", target="high")
    asked = {"data": "points", "transform": "prepare", "wait": True}
    fit = "from sklearn.tree import DecisionTreeClassifier\nmodel = DecisionTreeClassifier()"
    raw = f"{fit}.fit(points[['x']], points['high'])"
    ignores = client.train(raw, name="a", scope={"points": FRAME}, **asked)
    reads = client.train(f"{fit}.fit(X_train, y_train)", name="b", **asked)
    assert "never reads X_train" in display.text(ignores)
    assert "`prepare`" in display.text(ignores)
    assert "never reads" not in display.text(reads)


def test_a_log_shows_the_users_lines_and_none_of_ours_and_ends_with_the_one_that_raised(client):
    cell = "import json\ndef f():\n    return json.loads('{')\nf()"
    run = client.train(cell, name="fails", wait=True)
    assert run.error.code == 2050
    log = "\n".join(run.logs())
    assert "JSONDecodeError" in log and "jupyter_kf/" not in log
    assert log.count("return json.loads('{')") == 2  # in its place, and after a library's lines
    assert log.rstrip().endswith("raised by the cell's line 3: return json.loads('{')")


def test_a_client_made_in_a_notebook_shows_its_records_as_cards(shell):
    shell.run_cell("import jupyter_kf as kf\nclient = kf.connect()").raise_error()
    data, _ = shell.display_formatter.format(shell.user_ns["client"].get_data("points"))
    assert data["text/plain"].startswith("dataset points@1")
    assert "<table" in data["text/html"]


def test_whatever_has_a_card_is_known_to_the_notebook():
    known = {f"{module}.{name}" for module, names in RECORDS.items() for name in names}
    assert known == {f"{kind.__module__}.{kind.__qualname__}" for kind in CARDS}


def test_a_failed_search_raises_in_the_notebook_and_is_kept(shell):
    train = "%%kf train late --param d=1 --wait\nassert d == 1, 'too large'\nkf.report(auc=d)"
    shell.run_cell(train).raise_error()
    line = "%kf tune late --param 'd=int(2, 3)' --metric auc --trials 3 --wait"
    error, study = shell.run_cell(line).error_in_exec, shell.user_ns["_kf"]
    assert error.code == 2050
    assert study.run.id in error.fix  # whose log has the traceback
    assert len(study.trials) == 3
    assert "3: the cell raised AssertionError: too large" in display.text(study)


def test_a_search_for_what_the_cell_does_not_report_is_refused_before_it_starts(shell):
    shell.run_cell("%%kf train late --param d=1 --wait\nkf.report(auc=d)").raise_error()
    line = "%kf tune late --param 'd=int(1, 2)' --metric acu --trials 3 --wait"
    error = shell.run_cell(line).error_in_exec
    assert error.code == 2592
    assert "did you mean `auc`" in error.cause
    assert [run.kind for run in kf.connect().runs()] == ["train"]


def interrupted_after(monkeypatch, looks):
    """Makes the wait loop meet an interrupt at its nth sleep, as a kernel's interrupt would."""
    slept = iter(range(looks))

    def sleep(_seconds):
        if next(slept, None) is None:
            raise KeyboardInterrupt

    monkeypatch.setattr("jupyter_kf.client.watch.time.sleep", sleep)


def test_an_interrupt_ends_the_waiting_and_not_the_run(shell, capsys, monkeypatch):
    with monkeypatch.context() as patched:
        interrupted_after(patched, 3)
        line = "%%kf train slow --wait\nimport time\ntime.sleep(600)"
        assert isinstance(shell.run_cell(line).error_in_exec, KeyboardInterrupt)
    shown = capsys.readouterr().out
    assert "the run goes on: %kf logs slow-" in shown
    assert "Traceback" not in shown and "jupyter_kf/" not in shown
    run = kf.connect().runs("slow")[0]
    assert not run.state.ended
    assert run.cancel().state is State.CANCELLED


def test_an_interrupt_ends_the_following_of_a_log_quietly(shell, capsys, monkeypatch):
    run = kf.connect().train("import time\ntime.sleep(600)", name="slow")

    def lines(*_):
        yield "one line"
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("jupyter_kf.client.Client.logs", lines)
        shell.run_cell("%kf logs slow -f").raise_error()
    shown = capsys.readouterr().out
    assert "one line" in shown and "Following was ended" in shown
    run.cancel()


def test_an_inline_cell_shows_its_own_error_once(shell, capsys):
    result = shell.run_cell("%%kf train t --param d=1 --inline\nraise ValueError('mine')")
    assert isinstance(result.error_in_exec, ValueError)
    shown = capsys.readouterr().out
    assert shown.count("ValueError: mine") == 1 and "jupyter_kf/" not in shown
    result = shell.run_cell("%%kf train t --inline\nx = (1")
    assert result.error_in_exec.code == 1201


def test_a_dataset_of_1200_columns_has_a_card_of_a_page(client):
    wide = pd.DataFrame({f"c{n}": [1.0, 2.0] for n in range(1200)})
    shown = display.text(client.data("wide", wide))
    assert "and 1,160 more columns" in shown and len(shown.splitlines()) < 60


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("return df[['x']] - df['x'].mean()", 1342),
        ("return df[['x']] + time.time()", 1341),
        ("return df[['x']] + len(open('/etc/passwd').read())", 1341),
        ("return df[['xx']]", 1320),
        ("return df[df['x'] > 3][['x']]", 1321),
        ("df['x'] * 2", 1322),
    ],
)
def test_a_transform_that_can_not_be_trusted_gets_no_name(client, line, code):
    cell = f"import time\n\ndef transform(df):\n    {line}\n"
    with pytest.raises(KfError) as caught:
        client.transform(cell, name="prepare", data="points", target="high")
    error = caught.value
    assert error.code == code, error
    assert error.cause and error.fix and "Traceback" not in str(error)
    assert code != 1342 or re.search("column `x`, golden row [0-9]+: .* alone", error.cause)
    assert client.versions("transform", "prepare") == []
    assert client.runs()[0].state is State.FAILED


def test_two_kernels_that_write_one_name_at_once_both_land(client, store_dir):
    write = (
        "import sys, pandas as pd, jupyter_kf as kf\n"
        "client = kf.connect()\n"
        "for n in range(5):\n"
        "    client.data('shared', pd.DataFrame({'x': [float(sys.argv[1]), float(n)]}))\n"
    )
    kernels = [subprocess.Popen([sys.executable, "-c", write, str(n)]) for n in (1, 2)]
    assert [kernel.wait(120) for kernel in kernels] == [0, 0]
    versions = client.versions("dataset", "shared")
    assert [version.n for version in versions] == list(range(1, 11))
    assert len({version.digest for version in versions}) == 10
    assert client.get_data("shared@1").manifest["rows"] == 2


def test_a_metric_that_is_nan_chooses_no_model(client):
    train = (
        "from sklearn.dummy import DummyClassifier\n"
        "model = DummyClassifier().fit(X_train, y_train)\n"
        "kf.report(auc=float(value))\n"
    )
    for value in ("0.5", "nan"):
        fields = {"data": "points", "target": "high", "params": {"value": value}}
        run = client.train(train, name="late", wait=True, **fields)
        assert run.state is State.SUCCEEDED, run.error
    assert math.isnan(run.metrics["auc"])
    note = {"run": run.id, "metrics": ["auc"], "maximize": [True]}
    client.store.refs.add("study", "late", "0" * 64, note)
    assert client.get_model("late").metrics == {"auc": 0.5}


def test_a_wrong_target_is_named_before_anything_is_submitted(client):
    for start in (client.train, client.transform):
        with pytest.raises(KfError) as refused:
            start("def transform(df):\n    return df", name="t", data="points", target="hihg")
        assert refused.value.code == 1450
        assert "did you mean `high`" in refused.value.cause
    assert client.runs() == []


def test_a_run_that_made_nothing_has_a_lineage_of_itself(client):
    run = client.train("kf.report(a=1)", name="nothing", wait=True)
    assert [node.id for node in client.lineage(run.id).nodes] == [run.id]
