"""The forms, driven as a person does: fields are set, buttons pressed, lines read."""

from __future__ import annotations

import pytest

from jupyter_kf.errors import KfError
from jupyter_kf.records import State
from tests.faces.server.scene import PREPARE, TRAIN, points


@pytest.fixture
def shell(shell):
    """One that keeps the cells which are inserted."""
    shell.inserted = []
    shell.set_next_input = lambda text, **_: shell.inserted.append(text)
    return shell


def form_of(shell, words: str):
    form = shell.run_line_magic("kf", f"form {words}")
    assert "application/vnd.jupyter.widget-view+json" in form._repr_mimebundle_()
    return form


def newest(shell):
    return shell.user_ns["_kf"]


def test_a_train_form_shows_its_line_inserts_its_cell_and_runs_it(shell):
    form = form_of(shell, "train one")
    form.fields["params"].value = "lr=0.5\nnote=a b"
    form.fields["memory"].value = "1Gi"
    form.code.value = "kf.report(auc=lr)"
    line = "%%kf train one --param lr=0.5 --param 'note=a b' --memory 1Gi"
    assert form.cell == f"{line}\nkf.report(auc=lr)"
    assert "--param lr=0.5" in form.box.children[-3].value
    form.insert.click()
    assert shell.inserted == [form.cell]
    form.go.click()
    run = newest(shell).wait()
    assert (run.state, run.metrics) == (State.SUCCEEDED, {"auc": 0.5})


def test_what_is_wrong_is_said_and_can_not_be_performed(shell):
    form = form_of(shell, "train")
    assert form.go.disabled
    assert "kf-1005" in form.box.children[-3].value
    form.fields["name"].value = "one"
    assert not form.go.disabled
    form.fields["gpu"].value = "many"
    assert form.go.disabled and "kf-1004" in form.box.children[-3].value
    assert "&lt;b&gt;" in _told(form, "queue", "<b>")


def _told(form, field, text) -> str:
    form.fields["gpu"].value = ""
    form.fields[field].value = text
    return form.box.children[-3].value


def test_a_tune_form_takes_spaces_and_a_direction(shell):
    form = form_of(shell, "tune delay")
    form.fields["params"].value = "lr=loguniform(1e-3, 1)\ndepth=int(3, 12)"
    form.fields["metric"].value = "auc"
    form.fields["maximize"].value = "true"
    assert form.cell == (
        "%kf tune delay --param 'lr=loguniform(1e-3, 1)' --param 'depth=int(3, 12)' "
        "--metric auc --maximize"
    )
    form.fields["maximize"].value = "auc"
    assert form.cell.endswith("--maximize auc")


def test_serve_and_batch_forms_write_their_lines(shell):
    serve = form_of(shell, "serve delay")
    serve.fields["combine"].value = False
    assert serve.cell == "%kf serve delay --no-combine"
    batch = form_of(shell, "batch delay")
    batch.fields["input"].value = "in/*.parquet"
    batch.fields["output"].value = "out"
    batch.fields["format"].value = "csv"
    assert batch.cell == "%kf batch delay --input 'in/*.parquet' --output out --format csv"


def test_a_prediction_form_has_the_endpoints_columns_and_predicts(shell):
    client = shell.magics_manager.registry["KfMagics"].session.client
    client.data("points", points().assign(fixed=5, rate=0.25, never=float("nan")))
    client.transform(PREPARE, name="prepare", data="points", target="high")
    client.train(
        TRAIN, name="high", data="points", transform="prepare", params={"c": 1.0}, wait=True
    )
    client.serve("high", wait=True)
    try:
        form = form_of(shell, "predict high")
        assert list(form.fields) == ["x", "y", "fixed", "rate", "never"]
        constant = {"fixed": 5, "rate": 0.25, "never": None}
        assert {name: form.row[name] for name in constant} == constant
        form.fields["fixed"].value, form.nulls["never"].value = 7, False
        assert '"fixed": 7, "rate": 0.25, "never": 0.0}' in form.cell
        assert (form.fields["y"].min, form.fields["y"].max) == (0, 6)
        form.fields["x"].value = form.fields["x"].max
        form.go.click()
        assert list(newest(shell)["prediction"]) == [True]
        form.nulls["x"].value = True
        assert '"x": null' in form.cell
        form.insert.click()
        shell.run_cell(shell.inserted[-1]).raise_error()
        assert len(newest(shell)) == 1
    finally:
        client.stop("high")


def test_a_comparison_is_picked_from_the_runs(shell):
    client = shell.magics_manager.registry["KfMagics"].session.client
    ids = [
        client.train("kf.report(a=x)", name="one", params={"x": x}, wait=True).id for x in (1, 2)
    ]
    form = form_of(shell, "compare")
    assert form.go.disabled
    form.runs.value = tuple(ids)
    assert form.cell == f"%kf compare {ids[0]} {ids[1]}"
    form.go.click()
    assert newest(shell).settings["param x"] == (1, 2)


@pytest.mark.parametrize(
    ("words", "code"), [("predict", 1035), ("predict nope", 1112), ("trian", 1004)]
)
def test_a_form_that_can_not_be_is_refused(shell, words, code):
    with pytest.raises(KfError) as refused:
        shell.run_line_magic("kf", f"form {words}")
    assert refused.value.code == code


def test_a_run_a_study_and_an_endpoint_hold_their_id_for_the_front_end(shell):
    from jupyter_kf import display

    run = shell.run_cell("%%kf train one --wait\nkf.report(a=1)").result
    data, _ = shell.display_formatter.format(run)
    assert data[display.MIME] == {"format": 1, "id": run.id, "kind": "train", "name": "one"}
    assert "<div" in data["text/html"] and run.id in data["text/plain"]
    assert display.MIME not in shell.display_formatter.format(points())[0]
    from jupyter_kf.records import Endpoint, Study

    study = Study(run, ("a",), (False,))
    assert shell.display_formatter.format(study)[0][display.MIME]["id"] == run.id
    endpoint = Endpoint("one", run.state, 1, "0" * 64, "unix:x", run)
    assert shell.display_formatter.format(endpoint)[0][display.MIME]["endpoint"] == "one"


def test_a_run_that_is_waited_for_is_live_by_its_id_too(shell):
    from IPython.utils.capture import capture_output

    from jupyter_kf import display
    from jupyter_kf.magics.live import LiveRun

    run = shell.run_cell("%%kf train one --wait\nkf.report(a=1)").result
    shell.kernel = "there is one"
    try:
        with capture_output() as shown:
            LiveRun(shell).look(run)
    finally:
        del shell.kernel
    (output,) = shown.outputs
    assert output.data[display.MIME]["id"] == run.id
    assert run.id in output.data["text/plain"]


class Line:
    """A comm whose other end the test is."""

    def __init__(self, target_name: str, data: dict[str, str]) -> None:
        self.opened = (target_name, data)

    def on_msg(self, tell) -> None:
        self.answer = lambda **data: tell({"content": {"data": data}})

    def on_close(self, tell) -> None:
        self.close = lambda: tell({})


@pytest.mark.parametrize("ours", [True, False])
def test_in_a_notebook_the_front_end_inserts_the_cell_or_the_form_says_it_can_not(
    shell, monkeypatch, ours
):
    lines = []
    form = form_of(shell, "train one")
    form.code.value = "1 + 1"
    shell.kernel = object()  # from here on as a notebook's; its widgets have comms of their own
    monkeypatch.setattr("comm.create_comm", lambda **told: lines.append(Line(**told)) or lines[0])
    form.insert.click()
    assert lines[0].opened == ("jupyter-kf:insert-cell", {"cell": "%%kf train one\n1 + 1"})
    if ours:
        lines[0].answer(place=2, path="a.ipynb")
    lines[0].close()
    (said,) = form.output.outputs
    assert ("cell 2 of a.ipynb" if ours else "copy the lines above") in said["text"]
    assert shell.inserted == []
