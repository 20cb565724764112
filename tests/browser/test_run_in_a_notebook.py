"""A train cell in a real notebook: seen live, cancelled, reloaded, restarted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Lab
from tests.browser.screen import Screen, until

HTML = '<img src=x onerror="window.broken=1"><script>window.broken=2</script>'


def train(name: str, gate: Path, body: str = "") -> str:
    """A train cell that reports, and ends when the test makes the file `gate`."""
    return f"""%%kf train {name}
import os, time, math
{body}
step = 0
while not os.path.exists({str(gate)!r}):
    loss, auc = math.exp(-step / 50), 1 - math.exp(-step / 30)
    kf.report(step=step, progress=min(0.99, step / 1000), loss=loss, auc=auc)
    print("step", step)
    step += 1
    time.sleep(0.05)
kf.report(answer=42)
print("one more\\n" * 100 + "the end")
"""


@pytest.fixture
def gate(tmp_path: Path):
    """The file that lets this test's run end; made at the end in any case."""
    path = tmp_path / "gate"
    yield path
    path.touch()


def begin(screen: Screen, name: str, gate: Path, body: str = ""):
    """Opens a notebook with a train cell and runs it; gives the cell's output."""
    lab = screen.lab
    notebook = lab.notebook(f"{name}.ipynb", "%load_ext jupyter_kf", train(name, gate, body))
    screen.open_notebook(notebook)
    screen.run_cell(0)
    output = screen.run_cell(1)
    expect(output.locator(".jp-Kf-state[data-state='RUNNING']")).to_be_visible()
    return output


def test_a_train_cell_shows_its_metrics_as_they_come_and_its_end(screen: Screen, gate: Path):
    panel_before = screen.open().open_panel()
    expect(panel_before.get_by_text("No run yet.")).to_be_visible()
    output = begin(screen, "learn", gate)
    loss = output.locator(".jp-Kf-metric", has_text="loss")
    expect(loss.locator("svg path, svg circle").first).to_be_attached()
    first = loss.locator("b").inner_text()
    expect(loss.locator("b")).not_to_have_text(first)
    expect(output.locator(".jp-Kf-lastLines pre").last).to_contain_text("step")
    panel = screen.open_panel()
    row = panel.get_by_role("option", name=re.compile("learn, Running"))
    expect(row).to_be_visible()
    expect(screen.page.locator(".jp-Kf-chip")).to_contain_text("1 running")
    screen.pictures("cell-running")
    output.get_by_role("button", name="Open").click()
    page = screen.page.locator(".jp-Kf-runPage")
    page.get_by_role("tab", name="Log").click()
    expect(page.locator(".jp-Kf-line", has_text="step").last).to_be_visible()
    screen.page.get_by_role("tab", name="learn.ipynb").click()  # the log goes on behind it
    expect(page).not_to_be_visible()
    failed: list[str] = []
    screen.page.on("requestfailed", lambda request: failed.append(request.url))
    gate.touch()
    expect(output.locator(".jp-Kf-state[data-state='SUCCEEDED']")).to_be_visible()
    expect(panel.get_by_role("option", name=re.compile("learn, Succeeded"))).to_be_visible()
    expect(screen.page.locator(".jp-Kf-chip")).to_contain_text("idle")
    screen.pictures("cell-succeeded")
    screen.page.locator(".lm-TabBar-tab", has_text=re.compile("^learn · run ")).click()
    expect(page.locator(".jp-Kf-line", has_text="the end")).to_be_visible()
    assert [url for url in failed if "/stream" in url] == [], "a stream was broken off"
    assert not screen.errors


def test_a_run_is_cancelled_from_the_panel_by_keyboard(screen: Screen, gate: Path):
    output = begin(screen, "cancelled", gate)
    panel = screen.open_panel()
    row = panel.get_by_role("option", name=re.compile("^cancelled, Running"))
    expect(row).to_be_visible()
    panel.get_by_role("listbox").focus()
    screen.page.keyboard.press("Home")
    screen.page.keyboard.press("Delete")
    question = panel.get_by_role(
        "group", name=re.compile(r"^Cancel the train run cancelled \w+\?$")
    )
    expect(question.get_by_role("button", name="Keep")).to_be_focused()
    screen.picture("panel-asks")
    screen.page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    expect(output.locator(".jp-Kf-state[data-state='RUNNING']")).to_be_visible()
    screen.page.keyboard.press("Delete")
    question.get_by_role("button", name="Cancel it").click()
    expect(output.locator(".jp-Kf-state[data-state='CANCELLED']")).to_be_visible()
    expect(panel.get_by_role("option", name=re.compile("^cancelled, Cancelled"))).to_be_visible()


def test_an_output_is_live_again_after_a_reload_in_mid_run(screen: Screen, gate: Path):
    output = begin(screen, "reloaded", gate)
    screen.command("docmanager:save")
    expect(screen.page.locator(".jp-mod-dirty")).to_have_count(0)
    screen.reload("reloaded.ipynb")
    loss = output.locator(".jp-Kf-metric", has_text="loss").locator("b")
    expect(loss).to_be_visible()
    known = loss.inner_text()
    expect(loss).not_to_have_text(known)
    gate.touch()
    expect(output.locator(".jp-Kf-state[data-state='SUCCEEDED']")).to_be_visible()


def test_an_output_stays_live_when_the_kernel_restarts(screen: Screen, gate: Path):
    output = begin(screen, "restarted", gate)
    sessions = screen.lab.get("/api/sessions")
    (kernel,) = [one["kernel"]["id"] for one in sessions if one["path"] == "restarted.ipynb"]
    screen.lab.post(f"/api/kernels/{kernel}/restart")
    loss = output.locator(".jp-Kf-metric", has_text="loss").locator("b")
    known = loss.inner_text()
    expect(loss).not_to_have_text(known)
    gate.touch()
    expect(output.locator(".jp-Kf-state[data-state='SUCCEEDED']")).to_be_visible()


def test_html_and_script_in_all_that_is_shown_of_a_run_are_text(screen: Screen, gate: Path):
    path, artefact = (f"<img src=x onerror=window.broken={n}>" for n in (3, 4))
    given = {"param": "note=<img src=x onerror=window.broken=5>", "env": f"NOTE={HTML}"}
    flags = " ".join(f"--{flag} '{value}'" for flag, value in given.items())
    body = f"print({HTML!r}); kf.report(**{{{HTML!r}: 1.0}}); kf.artifact({{}}, {artefact!r})\n"
    body += f"raise ValueError({HTML!r})"
    cell = train(f"html {flags}", gate, body)
    screen.open_notebook(screen.lab.notebook(f"{path}.ipynb", "%load_ext jupyter_kf", cell))
    screen.run_cell(0)
    output = screen.run_cell(1)
    expect(output.locator(".jp-Kf-state[data-state='FAILED']")).to_be_visible()
    expect(output.locator(".jp-Kf-problem")).to_contain_text("<img src=x")
    output.get_by_role("button", name="Open").click()
    page = screen.page.locator(".jp-Kf-runPage")
    expect(page.locator(".jp-Kf-value")).to_contain_text("<img src=x")
    expect(page.get_by_role("link", name=artefact)).to_be_visible()
    expect(page.locator(".jp-Kf-head")).to_contain_text(path)
    asked = page.get_by_role("region", name="Asked for")
    for value in given.values():
        expect(asked).to_contain_text(value.partition("=")[2])
    screen.picture("html-in-run")
    page.get_by_role("tab", name="Log").click()
    expect(page.locator(".jp-Kf-line", has_text="<img src=x").first).to_be_visible()
    screen.picture("html-in-log")
    page.get_by_role("tab", name="Code").click()
    code = page.get_by_role("region", name="Code of the run")
    expect(code).to_contain_text("<script>")
    assert screen.page.evaluate("window.broken") is None
    assert screen.page.locator(".jp-Kf img, .jp-Kf script").count() == 0


def test_a_run_leads_back_to_its_cell_and_is_cloned_below_it(screen: Screen, gate: Path, lab: Lab):
    gate.touch()
    cells = ("%load_ext jupyter_kf", "%%kf train cloned --param lr=0.5\nkf.report(lr=lr)", "1 + 1")
    notebook = screen.open_notebook(lab.notebook("clone.ipynb", *cells))
    screen.run_cell(0)
    output = screen.run_cell(1)
    expect(output.locator(".jp-Kf-state[data-state='SUCCEEDED']")).to_be_visible()
    run = screen.newest_run("cloned")
    # Renamed since: its kernel does not know, the server does.
    screen.page.evaluate(
        "() => window.jupyterapp.serviceManager.contents.rename('clone.ipynb', 'moved.ipynb')"
    )
    expect(screen.page.get_by_role("tab", name="moved.ipynb")).to_be_visible()
    until(lambda: [one["path"] for one in lab.get("/api/sessions")].count("moved.ipynb") == 1)
    lab.notebook("other.ipynb", "2 + 2")
    output.get_by_role("button", name="Open").click()
    page = screen.page.locator(".jp-Kf-runPage")
    link = page.get_by_role("button", name="moved.ipynb")
    expect(link).to_be_visible()
    screen.picture("run-from-notebook")
    screen.command(
        "docmanager:open", path="other.ipynb"
    )  # it goes to its own notebook all the same
    expect(screen.page.get_by_role("tab", name="other.ipynb")).to_have_attribute(
        "aria-selected", "true"
    )
    screen.command("jupyter-kf:open", thing="run", id=run)
    page.get_by_role("button", name="Clone to a cell").click()
    clone = notebook.locator(".jp-CodeCell").nth(2)
    expect(clone).to_have_class(re.compile("jp-mod-active"))
    expect(clone).to_be_in_viewport()
    expect(clone.locator(".cm-content")).to_contain_text("%%kf train cloned")
    expect(clone.locator(".cm-content")).to_contain_text("lr=0.5")
    expect(notebook.locator(".jp-CodeCell").nth(3).locator(".cm-content")).to_have_text("1 + 1")
    screen.picture("cloned")
    screen.command("jupyter-kf:open", thing="run", id=run)
    expect(page.locator(".jp-Kf-done")).to_have_text(
        "It is cell 3 of moved.ipynb now; run it there."
    )
    link.click()
    expect(screen.page.get_by_role("tab", name="moved.ipynb")).to_have_attribute(
        "aria-selected", "true"
    )
    expect(notebook.locator(".jp-CodeCell").nth(1)).to_have_class(re.compile("jp-mod-active"))
    # The hint follows its cell: one above it goes, then the cell itself.
    screen.command("notebook:delete-cell")
    expect(notebook.locator(".jp-CodeCell")).to_have_count(3)
    hint = screen.page.locator(".jp-Kf-done")
    expect(hint).to_have_text("It is cell 2 of moved.ipynb now; run it there.")
    expect(notebook.locator(".jp-CodeCell").nth(1)).to_have_class(re.compile("jp-mod-active"))
    screen.command("notebook:delete-cell")
    expect(hint).to_have_count(0)
    assert not screen.errors


def test_a_plain_cell_becomes_a_job_by_one_click_of_its_button_or_of_the_menu(
    screen: Screen, lab: Lab
):
    cells = ["kf.report(answer=42)", "kf.report(answer=43)"]
    screen.open_notebook(lab.notebook("My first job.ipynb", *cells))
    all_cells = screen.page.locator(".jp-CodeCell")
    all_cells.nth(0).locator(".cm-content").click()
    all_cells.nth(0).locator("[data-command='jupyter-kf:run-cell-as-job']").first.click()
    # What it needs is put above it, to be seen and run again.
    expect(all_cells.nth(0).locator(".cm-content")).to_have_text("%load_ext jupyter_kf")
    job = all_cells.nth(1)
    expect(job.locator(".cm-content")).to_contain_text("%%kf train my-first-job")
    expect(job.locator(".jp-Kf-state[data-state='SUCCEEDED']")).to_be_visible()
    expect(job.locator(".jp-Kf-values")).to_contain_text("42")
    all_cells.nth(2).locator(".cm-content").click()
    screen.page.get_by_role("menuitem", name="Kubeflow").click()
    screen.page.get_by_role("menuitem", name="Run as Job").click()
    job = all_cells.nth(2)
    expect(job.locator(".cm-content")).to_contain_text("%%kf train my-first-job")
    expect(job.locator(".jp-Kf-values")).to_contain_text("43")
    expect(all_cells).to_have_count(3)
    screen.picture("run-as-job")
