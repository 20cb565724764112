"""The panel: 10,000 runs, a server that restarts, someone who may nothing, Notebook 7."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

import jupyter_kf as kf
from tests.browser.lab import Lab
from tests.browser.screen import Screen, last_step, until

RUNS = 10_000
_SHOWN = """(() => {
  const box = document.querySelector('#jupyter-kf-panel .jp-Kf-rows');
  const { top, bottom } = box.getBoundingClientRect();
  return [...box.querySelectorAll('.jp-Kf-virtualRow')]
    .map(row => ({ place: Number(row.querySelector('[aria-posinset]')?.ariaPosInSet),
                   top: row.getBoundingClientRect().top - top,
                   bottom: row.getBoundingClientRect().bottom - bottom, high: bottom - top }))
    .filter(row => row.bottom > top - bottom && row.top < row.high);
})()"""
# Every place in the list has a row, with its words, and they are later ones than before.
FILLED_BELOW = f"""before => {{
  const shown = {_SHOWN};
  return shown.length > 2 && shown[0].top <= 0 && shown.at(-1).bottom >= 0
    && shown.every((row, at) => row.place === shown[0].place + at) && shown[0].place > before;
}}"""
FIRST_SHOWN = f"() => {_SHOWN}[0].place"
PALETTE = """() => {
  const items = [...document.querySelectorAll('.lm-CommandPalette-content > li')];
  const head = items.findIndex(item => item.classList.contains('lm-CommandPalette-header')
    && item.textContent === 'Kubeflow');
  const rest = items.slice(head + 1);
  const next = rest.findIndex(item => item.classList.contains('lm-CommandPalette-header'));
  return (next < 0 ? rest : rest.slice(0, next))
    .map(item => item.querySelector('.lm-CommandPalette-itemLabel').textContent);
}"""
FORMS = ("Train a Model", "Tune Parameters", "Serve a Model", "Predict Files")
TICKING = """
import os, time
step = 0
while not os.path.exists({gate!r}):
    kf.report(step=step, progress=0.5, loss=1 / (step + 1))
    print("step", step)
    step += 1
    time.sleep(0.05)
"""
DENIES = """
from jupyter_server.auth import Authorizer

class NotOurs(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return not resource.startswith("jupyter_kf.")

c.ServerApp.authorizer_class = NotOurs
"""


class Sockets:
    """The sockets of a page's events, which die in silence when the test wants it.

    As after a sleep: no word comes, and nothing says that none will.
    """

    def __init__(self, page: Page) -> None:
        self._silent: list[list[bool]] = []
        page.route_web_socket(re.compile("/api/events/subscribe"), self._opened)

    def die(self) -> None:
        """Those that are open; who opens another one hears again."""
        for silent in self._silent:
            silent[0] = True

    def _opened(self, socket: WebSocketRoute) -> None:
        silent = [False]
        self._silent.append(silent)
        server = socket.connect_to_server()
        server.on_message(lambda text: None if silent[0] else socket.send(text))


def make_runs(lab: Lab, count: int) -> None:
    """Ended runs, as a year of work leaves them."""
    client = kf.connect(store=lab.store)
    for i in range(count):
        name = f"run{i % 50}"
        folder = client.store.runs.new("train", name, {"name": name, "params": {}}, "local")
        metric = {"t": 1.0, "step": 1, "values": {"auc": 0.9}, "progress": None}
        folder.metrics.write_text(json.dumps(metric | {"remaining_s": None}))
        state = "FAILED" if i % 10 == 0 else "SUCCEEDED"
        folder.result.write_text(json.dumps({"state": state, "started_s": 1.0, "ended_s": 2.0}))


@pytest.fixture
def own(
    tmp_path: Path,
    session_folder: Path,
    browser: Browser,
    pictures: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Screen]:
    """A window on a server of this test's own; `request.param` is its kind and configuration."""
    app, config, runs = getattr(request, "param", ("lab", "", 0))
    runtime = session_folder / f"own{len(list(session_folder.glob('own*')))}"
    runtime.mkdir(mode=0o700)
    lab = Lab(tmp_path / "lab", runtime, app, config)
    make_runs(lab, runs)
    lab.start()
    shown = Screen(lab, browser, pictures)
    yield shown
    shown.close()
    lab.stop()


@pytest.mark.parametrize("own", [("lab", "", RUNS)], indirect=True)
def test_10_000_runs_scroll_are_searched_and_filtered(own: Screen):
    panel = own.open().open_panel()
    expect(panel.locator(".jp-Kf-count")).to_have_text(re.compile("10,?000 entries"))
    box = panel.get_by_role("listbox", name="Runs")
    expect(box.locator(".jp-Kf-virtualRow")).not_to_have_count(0)
    box.hover()
    place = 1
    for _ in range(20):  # through several of the pages in which rows are fetched
        own.page.mouse.wheel(0, 900)
        own.page.wait_for_function(FILLED_BELOW, arg=place)
        assert box.locator(".jp-Kf-virtualRow").count() < 60
        place = own.page.evaluate(FIRST_SHOWN)
    far = box.locator(f"[aria-posinset='{place + 4}']")
    run = far.locator("code").inner_text()
    far.click()  # the first click in the list, which may not jump back to its begin
    expect(own.page.locator(".jp-Kf-runPage:visible code").first).to_have_text(
        re.compile(f"{run}$")
    )
    box.focus()
    own.page.keyboard.press("End")
    last = box.locator("[aria-posinset='10000']")
    expect(last).to_be_visible()
    own.page.keyboard.press("ArrowUp")
    expect(box.locator("[aria-posinset='9999']")).to_have_class(re.compile("jp-mod-active"))
    own.picture("panel-10000-end")
    own.page.keyboard.press("Home")
    expect(box.locator("[aria-posinset='1']")).to_be_visible()
    panel.get_by_role("searchbox").fill("run7 failed")
    expect(panel.get_by_text("Nothing fits this search.")).to_be_visible()
    panel.get_by_role("searchbox").fill("run10 failed")
    expect(panel.locator(".jp-Kf-count")).to_have_text("200 entries")
    panel.get_by_role("searchbox").fill("")
    panel.get_by_role("combobox", name="State").select_option("FAILED")
    expect(panel.locator(".jp-Kf-count")).to_have_text(re.compile("1,?000 entries"))
    box.focus()
    own.page.keyboard.press("Enter")
    expect(own.page.locator(".jp-Kf-runPage:visible h2")).to_have_text(re.compile(r"run\d+"))
    own.pictures("panel-10000")
    assert not own.errors


def test_several_runs_are_selected_and_compared_by_mouse_and_by_keyboard(screen: Screen):
    make_runs(screen.lab, 12)
    panel = screen.open().open_panel()
    box = panel.get_by_role("listbox", name="Runs")
    expect(box).to_have_attribute("aria-multiselectable", "true")
    rows, bar = box.get_by_role("option"), panel.get_by_role("group", name="Selected runs")
    chosen = box.get_by_role("option", selected=True)
    expect(rows).to_have_count(12)
    rows.nth(0).click(modifiers=["ControlOrMeta"])
    expect(chosen).to_have_count(1)
    expect(bar).to_have_count(0)  # one alone has nothing to be compared with
    rows.nth(2).click(modifiers=["ControlOrMeta"])
    expect(bar).to_contain_text("2 selected")
    rows.nth(4).click(modifiers=["Shift"])
    expect(bar).to_contain_text("3 selected")
    screen.page.keyboard.press("Escape")
    expect(bar).to_have_count(0)
    screen.page.keyboard.press("Home")
    screen.page.keyboard.press("Shift+ArrowDown")
    screen.page.keyboard.press("ArrowDown")
    screen.page.keyboard.press("ArrowDown")
    expect(rows.nth(3)).to_have_class(re.compile("jp-mod-active"))
    screen.page.keyboard.press("Space")
    expect(bar).to_contain_text("3 selected")
    assert [rows.nth(i).get_attribute("aria-selected") for i in range(4)] == [
        *("true", "true", "false", "true")
    ]
    screen.looked_at("panel-selected", "#jupyter-kf-panel")
    ids = [rows.nth(i).locator("code").inner_text() for i in (0, 1, 3)]
    bar.get_by_role("button", name="Compare").click()
    page = screen.page.locator(".jp-Kf-page:visible")
    for run in ids:
        expect(page).to_contain_text(run)
    screen.picture("compare-from-panel")
    rows.nth(11).click(modifiers=["Shift"])
    expect(bar).to_contain_text("9 selected; at most 8 compare")
    expect(bar.get_by_role("button", name="Compare")).to_be_disabled()
    # What the key Delete does is there for the mouse: on the row below it, and in the bar.
    bar.get_by_role("button", name="Clear").click()
    third = rows.nth(2)
    name = third.locator(".jp-Kf-rowTitle span").inner_text()
    expect(third).to_have_attribute("aria-keyshortcuts", "Delete")
    shown = screen.page.locator(".jp-Kf-page").count()
    third.hover()
    third.get_by_text("Delete", exact=True).click()
    question = panel.get_by_role(
        "group", name=re.compile(rf"^Delete the \w+ run {name} \w+ for good\?$")
    )
    expect(question.get_by_role("button", name="Keep")).to_be_focused()
    screen.looked_at("panel-asks", "#jupyter-kf-panel")
    question.get_by_role("button", name="Delete").click()
    expect(rows).to_have_count(11)
    expect(box).to_be_focused()
    assert screen.page.locator(".jp-Kf-page").count() == shown, "the click opened the row"
    for at in (0, 1):
        rows.nth(at).click(modifiers=["ControlOrMeta"])
    bar.get_by_role("button", name="Delete").click()
    screen.picture("panel-asks-for-all")
    bar.get_by_role("group", name="Delete 2 runs for good?").get_by_text(
        "Delete", exact=True
    ).click()
    expect(rows).to_have_count(9)
    expect(bar).to_have_count(0)
    assert not screen.errors


def test_the_launcher_and_the_palette_have_each_form_the_panel_and_a_notebook(screen: Screen):
    screen.open()
    section = screen.page.locator(".jp-Launcher-section", has_text="Kubeflow")
    cards = section.locator(".jp-LauncherCard")
    expect(cards).to_have_count(6)
    for card in (*FORMS, "Kubeflow Notebook", "Show Kubeflow Panel"):
        expect(cards.filter(has_text=card)).to_be_visible()
    section.scroll_into_view_if_needed()
    screen.looked_at("launcher", ".jp-LauncherCard[data-category='Kubeflow']")
    named = [*FORMS, "Compare Runs", "Kubeflow Notebook", "Show Kubeflow Panel"]
    in_the_palette(screen, named)
    cards.filter(has_text="Show Kubeflow Panel").click()
    expect(screen.page.locator("#jupyter-kf-panel")).to_be_visible()
    cards.filter(has_text="Kubeflow Notebook").click()
    notebook = screen.page.locator(".jp-NotebookPanel")
    expect(notebook.locator(".cm-content").first).to_contain_text("%load_ext jupyter_kf")
    screen.kernel_ready()
    in_the_palette(screen, [*named, "Run as Job"])  # there is a cell now
    screen.open()
    section.locator(".jp-LauncherCard", has_text="Serve a Model").click()
    form = screen.page.locator(".jp-Kf-formPage:visible")
    name = form.get_by_role("textbox", name=re.compile("^Name"))
    name.fill("half-filled")
    screen.reload("half-filled")  # keeps the form in front, and what was typed
    expect(name).to_have_value("half-filled")


def in_the_palette(screen: Screen, commands: list[str]) -> None:
    """These are our commands in the palette, once it is drawn; it is closed again."""
    screen.command("apputils:activate-command-palette")
    expect(screen.page.locator(".lm-CommandPalette-header", has_text="Kubeflow")).to_be_attached()
    until(lambda: sorted(screen.page.evaluate(PALETTE)) == sorted(commands))
    screen.page.keyboard.press("Escape")


def test_what_runs_and_what_waits_is_told_apart(screen: Screen, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("JUPYTER_KF_RUNTIME_DIR", str(screen.lab.runtime))
    monkeypatch.setenv("JUPYTER_KF_CORES", "1")
    panel, chip = screen.open().open_panel(), screen.page.locator(".jp-Kf-chip")
    expect(chip).to_have_text("this machine · idle")
    client = kf.connect(store=screen.lab.store)
    first = client.train("import time\ntime.sleep(600)", name="first", cpu=1)
    expect(chip).to_contain_text("1 running")
    second = client.train("import time\ntime.sleep(600)", name="second", cpu=1)
    expect(chip).to_contain_text("1 running, 1 waiting")
    expect(panel.locator(".jp-Kf-where")).to_contain_text("1 running, 1 waiting")
    panel.get_by_role("button", name="Resources").click()
    facts = panel.locator(".jp-Kf-resources .jp-Kf-facts dd")
    expect(facts.nth(0)).to_have_text("1")  # running, as the chip has it
    expect(facts.nth(1)).to_have_text("1")
    screen.picture("waiting")
    first.cancel()
    expect(chip).to_have_text(re.compile("· 1 running$"))
    second.cancel()
    expect(chip).to_contain_text("idle")


def test_the_page_goes_on_when_the_server_was_restarted_and_when_its_socket_died(
    own: Screen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("JUPYTER_KF_RUNTIME_DIR", str(own.lab.runtime))
    gate, sockets = tmp_path / "gate", Sockets(own.page)
    panel = own.open().open_panel()
    expect(panel.get_by_text("No run yet.")).to_be_visible()
    client, cell = kf.connect(store=own.lab.store), TICKING.format(gate=str(gate))
    plotted, printing = (client.train(cell, name=name) for name in ("plotted", "printing"))
    try:
        # All that lives by a stream or by events: a cell's output, a page with a plot, a log.
        own.command("docmanager:open", path=own.lab.notebook_with_output("saved.ipynb", plotted))
        loss = own.page.locator(".jp-Kf-output .jp-Kf-metric", has_text="loss").locator("b")
        expect(loss).to_have_text(re.compile(r"\d"))
        own.show("run", plotted.id)
        its_page = own.page.locator(".jp-Kf-runPage", has=own.page.get_by_text("plotted"))
        now = its_page.locator(".jp-Kf-metric", has_text="loss").locator("b")
        expect(now).to_have_text(re.compile(r"\d"))
        own.show("run", printing.id).get_by_role("tab", name="Log").click()
        log = own.page.locator(".jp-Kf-log")
        until(lambda: last_step(log) > 0)
        own.lab.kill()
        make_runs(own.lab, 3)
        own.lab.start()
        expect(panel.locator(".jp-Kf-count")).to_have_text("5 entries")
        make_runs(own.lab, 1)  # and events come again
        expect(panel.locator(".jp-Kf-count")).to_have_text("6 entries")
        sockets.die()
        make_runs(own.lab, 1)
        own.page.evaluate("window.dispatchEvent(new Event('online'))")  # the laptop is back
        expect(panel.locator(".jp-Kf-count")).to_have_text("7 entries")
        make_runs(own.lab, 1)
        expect(panel.locator(".jp-Kf-count")).to_have_text("8 entries")
        newest = client.metrics(printing.id)[-1].step
        until(lambda: last_step(log) > newest)
        own.picture("after-restart")
        for place in (now, loss):  # in the page, and in the output behind it
            before = place.text_content()
            expect(place).not_to_have_text(before)
    finally:
        gate.touch()
    for name in ("plotted", "printing"):
        expect(panel.get_by_role("option", name=f"{name}, Succeeded")).to_be_visible()
    output = own.page.locator(".jp-Kf-output .jp-Kf-state")
    expect(output).to_have_attribute("data-state", "SUCCEEDED")


@pytest.mark.parametrize("own", [("lab", DENIES, 1)], indirect=True)
def test_who_is_not_permitted_sees_why(own: Screen):
    own.open()
    own.page.get_by_role("tab", name="Kubeflow: runs, models, endpoints").click()
    panel = own.page.locator("#jupyter-kf-panel")
    problem = panel.locator(".jp-Kf-problem")
    expect(problem).to_contain_text("kf-2060")
    expect(problem).to_contain_text("Fix")
    expect(own.page.locator("dialog, .jp-Dialog")).to_have_count(0)
    # The server is there and said no: it is not that nobody is connected.
    chip, place = own.page.locator(".jp-Kf-chip button"), panel.locator(".jp-Kf-where")
    expect(chip).to_have_text("not permitted")
    expect(chip).to_have_attribute("title", re.compile("you may not do this here.*ask the admin"))
    expect(place).to_contain_text("not permitted")
    expect(place).to_contain_text("ask the admin")
    expect(place).not_to_contain_text("connected")
    own.looked_at("denied", "#jupyter-kf-panel")


@pytest.mark.parametrize("own", [("notebook", "", 5)], indirect=True)
def test_notebook_7_has_live_outputs_jobs_forms_the_panel_and_the_pages(
    own: Screen, tmp_path: Path
):
    gate = tmp_path / "gate"
    train = "%%kf train seven" + TICKING.format(gate=str(gate))
    cells = ("%load_ext jupyter_kf", train, "kf.report(answer=43)")
    own.open(f"/notebooks/{own.lab.notebook('seven.ipynb', *cells)}")
    expect(own.page.get_by_role("menuitem", name="Kubeflow")).to_be_visible()
    own.kernel_ready()
    own.run_cell(0)
    output = own.run_cell(1)
    try:
        loss = output.locator(".jp-Kf-metric", has_text="loss").locator("b")
        expect(loss).to_have_text(re.compile(r"\d"))
        expect(loss).not_to_have_text(loss.inner_text())
    finally:
        gate.touch()
    expect(output.locator(".jp-Kf-state[data-state='SUCCEEDED']")).to_be_visible()
    code = own.page.locator(".jp-CodeCell")
    code.nth(2).locator(".cm-content").click()
    code.nth(2).locator("[data-command='jupyter-kf:run-cell-as-job']").first.click()
    expect(code.nth(2).locator(".cm-content")).to_contain_text("%%kf train seven")
    expect(code.nth(2).locator(".jp-Kf-values")).to_contain_text("43")
    own.command("jupyter-kf:open-form", verb="train")
    form = own.page.locator(".jp-Kf-formPage:visible")
    form.get_by_role("textbox", name=re.compile("^Name")).fill("formed")
    form.get_by_role("button", name="Insert cell").click()
    expect(code.nth(3).locator(".cm-content")).to_contain_text("%%kf train formed")
    own.command("jupyter-kf:show-panel")
    panel = own.page.locator("#jupyter-kf-panel")
    rows, page = panel.locator(".jp-Kf-row"), own.page.locator(".jp-Kf-runPage:visible")
    notebook = own.page.locator(".jp-Notebook")
    shown = [(rows.nth(at).get_attribute("title") or "").split()[0] for at in range(3)]
    rows.nth(0).click()
    expect(page.locator("h2")).to_have_text(shown[0])
    # A small window has no room beside the notebook: the page is below it, as wide as it is.
    until(lambda: page.bounding_box()["height"] > 200)
    room, above = page.bounding_box(), notebook.bounding_box()
    assert room["width"] >= 900 and above["width"] > 900, "one of them is narrow"
    assert room["y"] >= above["y"] + 150 and room["y"] + room["height"] <= 721, "it is cut off"
    rows.nth(1).click()
    expect(page.locator("h2")).to_have_text(shown[1])  # in front of the other one
    for theme in ("Dark", "Light"):
        own.theme(theme)
        own.picture(f"notebook-7-{theme.lower()}")
        assert own.findings(".jp-Kf") == {}, theme
    own.page.set_viewport_size({"width": 1920, "height": 1080})
    rows.nth(2).click()
    beside = page.filter(has=own.page.locator("h2", has_text=shown[2]))
    expect(beside).to_be_visible()
    until(lambda: beside.bounding_box()["width"] >= 600)
    assert beside.bounding_box()["x"] >= 1000 and notebook.bounding_box()["width"] > 600
    own.picture("notebook-7-wide")
    # Where there is no notebook in the window, a new one has the cell, in another tab.
    own.page.set_viewport_size({"width": 1280, "height": 720})
    own.open("/tree")
    own.command("jupyter-kf:open-form", verb="train")
    form = own.page.locator(".jp-Kf-formPage:visible")
    form.get_by_role("textbox", name=re.compile("^Name")).fill("elsewhere")
    with own.page.expect_popup() as opened:
        form.get_by_role("button", name="Insert cell").click()
    made = opened.value.locator(".jp-CodeCell .cm-content")
    expect(made.nth(0)).to_have_text("%load_ext jupyter_kf")
    expect(made.nth(1)).to_contain_text("%%kf train elsewhere")
    said = "It is cell 2 of Untitled.ipynb now; run it there."
    expect(form.locator(".jp-Kf-done")).to_have_text(said)
    own.picture("notebook-7-no-notebook")
    opened.value.close()
    bare = "Cannot read properties of undefined (reading 'schema')"  # Notebook 7.6's own
    assert set(own.errors) <= {bare}


def test_the_first_screen_is_calm_and_says_what_to_type(
    own: Screen, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("JUPYTER_KF_RUNTIME_DIR", str(own.lab.runtime))
    asked: list[str] = []
    own.page.on("request", lambda r: asked.append(r.url) if "/jupyter-kf/" in r.url else None)
    panel = own.open().open_panel()
    expect(panel.get_by_text("%%kf train first")).to_be_visible()
    for section in ("Studies", "Models", "Endpoints", "Transforms", "Datasets"):
        heading = panel.get_by_role("button", name=section)
        heading.click()
        fold = panel.locator(".jp-Kf-fold", has=own.page.get_by_role("button", name=section))
        expect(fold.locator(".jp-Kf-empty pre")).to_contain_text("%")
        expect(panel.get_by_text("%%kf train first")).to_be_visible()  # several may be open
        heading.click()
    panel.get_by_role("button", name="Resources").click()
    expect(panel.get_by_role("meter", name="Cores")).to_be_visible()
    own.pictures("resources")
    panel.get_by_role("button", name="Resources").click()
    own.pictures("first-screen")
    panel.get_by_role("button", name="Resources").click()
    expect(own.page.locator("dialog, .jp-Dialog")).to_have_count(0)
    assert own.lab.get("/api/kernels") == [], "a hidden kernel was started"
    # Nor when there is something to look at: a page with plots, and a cell's output beside it.
    cell = "for step in range(9):\n    kf.report(step=step, loss=step)"
    run = kf.connect(store=own.lab.store).train(cell, name="over").wait()
    own.command("docmanager:open", path=own.lab.notebook_with_output("saved.ipynb", run))
    expect(own.page.locator(".jp-Kf-output .jp-Kf-metric svg")).to_be_visible()
    own.command("jupyter-kf:open", thing="run", id=run.id)
    expect(own.page.locator(".jp-Kf-runPage .jp-Kf-metric svg")).to_be_visible()
    expect(own.page.locator(".jp-Kf-chip")).to_contain_text("idle")
    before, end = -1, time.monotonic() + 60  # what was begun may take a while to be over
    while len(asked) != before:
        assert time.monotonic() < end, f"it polls while idle: {asked[-9:]}"
        before = len(asked)
        own.page.wait_for_timeout(3_000)  # the time in which nothing may happen
