"""Stories on the pages: tune and promote, serve and try, a form's cell, a profile, a comparison."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from playwright.sync_api import Locator, expect

import jupyter_kf
from jupyter_kf.client import Client
from jupyter_kf.store.studies import read_study
from tests.browser.lab import Lab
from tests.browser.screen import SHOWN_PAGE, Screen, last_step, until
from tests.faces.server.scene import PREPARE, large_study, points, whole_store

# An endpoint that hangs is given up sooner, which is longer than a story has to wait for nothing.
# Nor is there a GPU here that could be waited for: the server is told of two.
GPUS = "0,1"
CONFIG = f"""
import os
os.environ["JUPYTER_KF_GPUS"] = {GPUS!r}
c.KfExtension.endpoint_patience_s = 10.0

from pathlib import Path
from jupyter_server.auth import Authorizer

class AsTold(Authorizer):  # of ours and of cells, what a file beside the store permits, if any
    def is_authorized(self, handler, user, action, resource):
        told = Path(os.environ["JUPYTER_KF_STORE"]).with_name("permitted")
        ours = resource.startswith("jupyter_kf.") or (resource, action) == ("kernels", "execute")
        return not (ours and told.exists()) or action in told.read_text().split()

c.ServerApp.authorizer_class = AsTold
"""
TRIALS = 300
BAD = "<img src=x onerror=alert(1)>"
CURVE = """
for step in range(30):
    kf.report(step=step, loss=speed / (step + 1))
"""

HOLD = """
import os, time
while not os.path.exists({gate!r}):
    time.sleep(0.05)
"""
TICK = """
import os, time
from sklearn.linear_model import LogisticRegression
step = 0
while not os.path.exists({gate!r}):
    kf.report(step=step, loss=factor / (step + 1))
    print("step", step)
    step += 1
    time.sleep(0.03)
model = LogisticRegression(C=float(c)).fit(X_train, y_train)
"""


@pytest.fixture(scope="module")
def stocked(lab: Lab) -> Iterator[Client]:
    """The lab's store with everything a page can show; its endpoint is stopped at the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_KF_RUNTIME_DIR", str(lab.runtime))
        patch.setenv("JUPYTER_KF_STORE", str(lab.store))
        patch.setenv("JUPYTER_KF_GPUS", GPUS)
        client = jupyter_kf.connect(store=lab.store)
        whole_store(client)
        large_study(client, "large", TRIALS)
        client.data("wide", _wide())
        for speed in (1.0, 2.0):
            client.train(CURVE, name="curve", params={"speed": speed}, wait=True)
        yield client
        client.stop("high")


@pytest.fixture(autouse=True)
def _where_the_lab_runs(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a runtime folder of its own; the lab sees only what runs in the lab's."""
    monkeypatch.setenv("JUPYTER_KF_RUNTIME_DIR", str(lab.runtime))


def _wide() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    columns = {f"sensor_{n:04}": rng.normal(n, 1, 50) for n in range(1198)}
    return pd.DataFrame({BAD: [BAD] * 50, **columns, "last": range(50)})


def drawn(page: Locator, label: str, mark: str) -> Locator:
    """What a plot drew, which its label alone does not say: ``dot circle``, ``line path``."""
    group, shape = mark.split()
    plot = page.get_by_role("img", name=re.compile(label))
    return plot.locator(f"svg g[aria-label='{group}'] {shape}")


def test_a_trial_is_chosen_by_keyboard_and_promoted_in_place(
    stocked: Client, screen: Screen
) -> None:
    screen.open()
    page = screen.show("study", "high")
    study = stocked.study("high")
    count = len(study.trials)
    table = page.get_by_role("grid", name="Trials")
    expect(table.get_by_role("row")).to_have_count(count + 1)
    expect(drawn(page, "^accuracy of each trial", "dot circle")).to_have_count(count)
    expect(drawn(page, "^accuracy of each trial", "line path")).to_have_count(1)
    expect(drawn(page, "^Parameters of each", "line path")).to_have_count(count)
    expect(drawn(page, r"^c \d+ %$", "bar rect")).to_have_count(1)
    table.locator(".jp-Kf-gridBody").focus()
    screen.page.keyboard.press("ArrowDown")
    screen.page.keyboard.press("Home")
    chosen = table.locator("[aria-selected='true']")
    expect(chosen.get_by_text("best")).to_be_visible()
    expect(page.get_by_role("button", name="Promote the best trial")).to_be_visible()
    expect(drawn(page, "^Parameters of each", "line path")).to_have_count(count + 1)  # on top
    # The question has the focus on its safe answer, which Escape gives; then the button has it.
    button = page.get_by_role("button", name="Promote the best trial")
    button.press("Enter")
    expect(page.get_by_role("button", name="Not now")).to_be_focused()
    screen.looked_at("study-asks", SHOWN_PAGE)
    screen.page.keyboard.press("Escape")
    expect(button).to_be_focused()
    # It was promoted already: that makes no second version of it.
    before = stocked.versions("model", "high")
    screen.page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Not now")).to_be_focused()
    screen.page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Promote", exact=True)).to_be_focused()
    screen.page.keyboard.press("Enter")
    link = page.locator(".jp-Kf-done").get_by_role("button")
    expect(link).to_have_text(f"high@{before[-1].n}")
    assert stocked.versions("model", "high") == before
    # The button is gone: what was said in its place has the focus, not the page.
    expect(link).to_be_focused()
    lineage = page.get_by_role("region", name="Lineage")
    for thing in ("dataset points@1", "transform prepare@1", f"model high@{before[-1].n}"):
        expect(lineage.get_by_role("button", name=thing)).to_be_visible()
    link.click()
    shown = screen.page.locator(".jp-Kf-page:visible")
    expect(shown.locator("h2")).to_have_text(f"high@{before[-1].n}")
    params = shown.get_by_role("region", name="Parameters")
    expect(params.locator("dt")).to_have_text("c")
    tried = before[-1].note["params"]["c"]
    assert float(params.locator("dd").inner_text()) == pytest.approx(tried, rel=1e-4)
    # A trial that was never the best kept no model, which is said.
    page = screen.show("study", "high")
    told = read_study(stocked.store.runs.folder(study.run.id).path)["trials"]
    worse = next(one["number"] for one in told if not one.get("model"))
    row = table.get_by_role("row").filter(has_text=re.compile(rf"^{worse}\s*0\."))
    row.click()
    expect(page.get_by_role("button", name=f"Promote trial {worse}")).to_be_disabled()
    expect(page.get_by_role("status")).to_contain_text(f"Trial {worse} kept no model")
    assert screen.errors == []


def promote(page: Locator, which: str) -> None:
    """Asks for a trial's model, and says yes."""
    page.get_by_role("button", name=f"Promote {which}").click()
    page.get_by_role("button", name="Promote", exact=True).click()


def test_a_search_of_two_objectives_and_hundreds_of_trials_is_read_and_scrolled(
    stocked: Client, screen: Screen
) -> None:
    screen.open()
    page = screen.show("study", "large")
    study = stocked.study("large")
    assert len(study.best) > 1, "the objectives do not conflict"
    expect(page).to_contain_text(f"{TRIALS} of {TRIALS} trials finished")
    expect(page).to_contain_text("ended early")
    table = page.get_by_role("grid", name="Trials")
    expect(table.get_by_text("best").first).to_be_visible()
    assert table.get_by_role("row").count() < 60
    finished = sum(trial.state == "SUCCEEDED" for trial in study.trials)
    expect(drawn(page, "^Parameters of each", "line path")).to_have_count(finished)
    table.locator(".jp-Kf-gridBody").focus()
    screen.page.keyboard.press("End")
    expect(table.locator("[aria-selected='true']")).to_be_visible()
    expect(drawn(page, "^auc of each trial", "dot circle")).to_have_count(finished)
    page.get_by_role("combobox", name="Metric of the plots").select_option(label="latency")
    expect(drawn(page, "^latency of each trial", "dot circle")).to_have_count(finished)
    assert screen.errors == []


def test_a_run_on_data_is_followed_from_the_queue_to_its_lineage(
    stocked: Client, screen: Screen, tmp_path: Path
) -> None:
    first, last = tmp_path / "first", tmp_path / "last"
    panel = screen.open().open_panel()
    screen.watch_shifts()
    panel.get_by_role("button", name="Resources").click()
    gpus, memory = (panel.get_by_role("meter", name=name) for name in ("GPUs", "Memory"))
    expect(gpus).to_have_attribute("aria-valuetext", "2 free of 2")
    expect(memory).to_have_attribute("aria-valuetext", re.compile(r"^[\d.]+ GB free of [\d.]+ GB"))
    holder = stocked.train(HOLD.format(gate=str(first)), name="holder", gpu=2)
    until(lambda: stocked.run(holder.id).state == "RUNNING")  # else the second may be let in first
    run = stocked.train(
        TICK.format(gate=str(last)),
        scope={"factor": 3.0},
        name="gated",
        gpu=1,
        params={"c": 0.25},
        data="points",
        transform="prepare",
    )
    try:
        page = screen.show("run", run.id)
        state = page.locator(".jp-Kf-head .jp-Kf-state")
        expect(state).to_have_attribute("data-state", "PENDING")
        until(lambda: "GPU" in stocked.run(run.id).reason)
        reason = stocked.run(run.id).reason
        expect(page.locator(".jp-Kf-headFacts")).to_contain_text(reason)
        expect(gpus).to_have_attribute("aria-valuetext", "0 free of 2")
        waiting = panel.locator(f".jp-Kf-resources dt:text-is('{run.id}') + dd")
        expect(waiting).to_have_text(reason)
        asked = page.get_by_role("region", name="Asked for")
        for name, value in {"c": "0.25", "Dataset": "points@1", "Transform": "prepare@1"}.items():
            expect(asked.locator(f"dt:text-is('{name}') + dd")).to_have_text(value)
        travelled = page.get_by_role("region", name="What travelled").get_by_role("row")
        expect(travelled.filter(has_text="factor")).to_contain_text("B")
        screen.picture("run-waits")
        first.touch()
        expect(state).to_have_attribute("data-state", "RUNNING")
        line = drawn(page, "^loss over steps", "line path")
        expect(line).to_have_attribute("d", re.compile("L"))
        drawn_first = line.get_attribute("d")
        expect(line).not_to_have_attribute("d", drawn_first)
        page.get_by_role("tab", name="Log").click()
        log = page.locator(".jp-Kf-log")
        until(lambda: last_step(log) > 0)
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("button", name="Follow")).to_be_visible()
        screen.settled()
        paused = last_step(log)
        until(lambda: stocked.metrics(run.id)[-1].step > paused + 60)
        assert last_step(log) < paused + 30, "it follows all the same"
        page.get_by_role("button", name="Follow").click()
        until(lambda: last_step(log) > paused + 60)
    finally:
        first.touch()
        last.touch()
        holder.wait()
    expect(state).to_have_attribute("data-state", "SUCCEEDED")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    page.get_by_role("tab", name="Lineage").click()
    lineage = page.locator(".jp-Kf-lineage")
    model = f"model gated@{stocked.versions('model', 'gated')[-1].n}"
    for kind in ("dataset points@1", "transform prepare@1", model):
        expect(lineage.get_by_role("button", name=kind)).to_be_visible()
    told = screen.lab.get("/jupyter-kf/api/v1/lineage", thing=run.id)
    assert len(told["edges"]) >= 3
    expect(lineage.locator("path.jp-Kf-edge")).to_have_count(len(told["edges"]))
    moved, what = screen.shifts()
    assert moved < 0.1, what
    screen.looked_at("run-lineage-of-data", SHOWN_PAGE)
    lineage.get_by_role("button", name="transform prepare@1").click()
    expect(screen.page.locator(".jp-Kf-transformPage:visible h2")).to_contain_text("prepare")
    assert screen.errors == []


KEEPING = (
    "from sklearn.dummy import DummyClassifier\nmodel = DummyClassifier().fit(X_train, y_train)\n"
)
LISTED = {  # how many there are at least, the page that opens, and what is searched for
    "Studies": ("high", ".jp-Kf-studyPage", "large"),
    "Models": ("high", ".jp-Kf-modelPage", "high"),
    "Endpoints": ("high", ".jp-Kf-endpointPage", "high"),
    "Transforms": ("prepare", ".jp-Kf-transformPage", "prepare"),
    "Datasets": ("points", ".jp-Kf-datasetPage", "wide"),
}


def test_each_list_of_the_sidebar_has_its_rows_is_searched_opens_and_grows(
    stocked: Client, screen: Screen
) -> None:
    search = {"params": {"speed": "uniform(1, 2)"}, "metric": "loss", "trials": 1}
    frame = pd.DataFrame({"a": [1, 2]})
    source = {"data": "points", "target": "high"}
    stocked.train(CURVE, name="later", params={"speed": 1.0}, wait=True)  # to be searched
    later = {
        "Studies": lambda: stocked.tune("later", **search),
        "Models": lambda: stocked.train(KEEPING, name="later", wait=True, **source),
        "Transforms": lambda: stocked.transform(PREPARE, name="later", **source),
        "Datasets": lambda: stocked.data("later", frame),
    }
    panel = screen.open().open_panel()
    kind = panel.get_by_role("combobox", name="Kind")
    rows = panel.get_by_role("listbox", name="Runs").get_by_role("option")
    kind.select_option("tune")
    expect(rows).to_have_count(len(stocked.runs(kind="tune")))
    assert all("tune" in words for words in rows.locator(".jp-Kf-rowDetail").all_inner_texts())
    kind.select_option("")
    panel.get_by_role("button", name="Runs", exact=True).click()
    for section, (name, page, wanted) in LISTED.items():
        heading = screen.page.get_by_role("button", name=section, exact=True)
        fold = panel.locator(".jp-Kf-fold", has=heading)
        fold.get_by_role("button", name=section, exact=True).click()
        rows = fold.get_by_role("listbox", name=section).get_by_role("option")
        row = rows.filter(has=screen.page.locator(f".jp-Kf-rowTitle span:text-is('{name}')"))
        row.first.click()
        expect(screen.page.locator(f"{page}:visible h2")).to_contain_text(name)
        before = rows.count()
        box = fold.get_by_role("searchbox")
        box.fill("no such thing")
        expect(fold.get_by_text("Nothing fits this search.")).to_be_visible()
        box.fill(wanted)
        expect(rows.first).to_contain_text(wanted)
        for words in rows.all_inner_texts():
            assert wanted in words
        box.fill("")
        expect(rows).to_have_count(before)
        if section in later:
            screen.watch_shifts()
            later[section]()
            expect(rows).to_have_count(before + 1)
            expect(rows.filter(has_text="later").first).to_be_visible()
            moved, what = screen.shifts()
            assert moved < 0.1, what
        if section in STATED:
            state = fold.get_by_role("combobox", name="State")
            state.select_option("FAILED")
            expect(fold.get_by_text("Nothing fits this search.")).to_be_visible()
            state.select_option(STATED[section])
            expect(row.first).to_be_visible()
            state.select_option("")
            expect(row.first).to_be_visible()
        screen.picture(f"section-{section.lower()}")
        assert screen.findings("#jupyter-kf-panel") == {}, section
        fold.get_by_role("button", name=section, exact=True).click()
    open_together(panel, screen)
    assert screen.errors == []


STATED = {"Studies": "SUCCEEDED", "Endpoints": "READY"}
# Of each section: where it is, where its list or its meters are, and the content that sticks out.
SECTIONS = """folds => folds.map(fold => {
  const box = element => element.getBoundingClientRect();
  const list = fold.querySelector('[role=listbox], .jp-Kf-resources');
  const body = fold.querySelector('.jp-Kf-foldBody');
  return {
    name: fold.querySelector('h3').textContent,
    top: box(fold).top, bottom: box(fold).bottom,
    listed: box(list).height,
    rows: Number(fold.querySelector('[role=option]')?.getAttribute('aria-setsize') ?? 1),
    bodyHigh: box(body).height, needs: body.scrollHeight,
    out: [...body.children].filter(one => box(one).bottom > box(body).top + body.scrollHeight + 1)
      .map(one => one.className)
  };
})"""


def open_together(panel: Locator, screen: Screen) -> None:
    """All seven sections at once in a small window: none lies on another, each has three rows."""
    folded = panel.locator(".jp-Kf-fold h3 button[aria-expanded='false']")
    while folded.count():
        folded.first.click()
    folds = panel.locator(".jp-Kf-fold")
    expect(folds).to_have_count(7)
    expect(panel.get_by_role("listbox")).to_have_count(6)
    expect(panel.get_by_role("meter", name="Cores")).to_be_attached()
    screen.looked_at("sections-together", "#jupyter-kf-panel")
    shown = folds.evaluate_all(SECTIONS)
    for above, below in pairwise(shown):
        assert above["bottom"] <= below["top"] + 1, (above, below)
    high = 44  # of a row
    assert [fold for fold in shown if fold["out"]] == []
    assert [fold for fold in shown if fold["listed"] < high * min(3, fold["rows"])] == []
    assert max(fold["rows"] for fold in shown) > 3
    for fold in folds.all():  # each is reached by scrolling, and its first row opens its page
        rows = fold.get_by_role("listbox").get_by_role("option")
        if fold.get_by_role("listbox").count():
            rows.first.click()
            expect(rows.first).to_have_attribute("aria-selected", "true")
            expect(rows.first).to_be_in_viewport(ratio=1)
            expect(fold.locator("h3")).to_be_in_viewport(ratio=1)  # it says whose rows these are
        else:
            fold.get_by_role("meter", name="Cores").scroll_into_view_if_needed()
            expect(fold.get_by_role("meter", name="Cores")).to_be_in_viewport()
    opened = panel.locator(".jp-Kf-fold h3 button[aria-expanded='true']")
    while opened.count():  # the next story finds no active row, which its list would keep in view
        opened.first.click()


def test_a_cells_output_says_which_model_is_served_and_which_trial_is_the_best(
    stocked: Client, lab: Lab, screen: Screen
) -> None:
    search = stocked.runs("high", kind="tune")[0].id
    cells = ("%load_ext jupyter_kf", "%kf show high", f"%kf show {search}")
    screen.open_notebook(lab.notebook("outputs.ipynb", *cells))
    screen.run_cell(0)
    endpoint = stocked.endpoint("high")
    shown = screen.run_cell(1).locator(".jp-Kf-outputBody")
    expect(shown).to_contain_text(f"version {endpoint.version} · high@")
    expect(shown).to_contain_text(endpoint.why)
    expect(shown.get_by_role("button", name="Stop")).to_be_visible()
    best = stocked.study(search).best[0]
    shown = screen.run_cell(2).locator(".jp-Kf-outputBody")
    expect(shown).to_contain_text(f"best: trial {best.number} · accuracy ")
    for name in best.params:
        expect(shown).to_contain_text(f"{name} ")
    tried = len(stocked.study(search).trials)
    expect(drawn(shown, "^accuracy of each trial", "dot circle")).to_have_count(tried)
    screen.picture("output-of-endpoint-and-study")


def test_a_running_study_grows_on_its_page_and_its_best_becomes_the_newest_model(
    stocked: Client, lab: Lab, screen: Screen, tmp_path: Path
) -> None:
    screen.open()
    fields = {"name": "high", "params": {"c": "loguniform(1e-3, 10)"}, "metric": ["accuracy"],
              "maximize": True, "trials": 6}  # fmt: skip
    run = lab.post("/jupyter-kf/api/v1/tune", {"fields": fields})["run"]["id"]
    page = screen.show("study", run)
    expect(page).to_contain_text("6 of 6 trials finished")
    expect(page.locator(".jp-Kf-state").first).to_have_text("Succeeded")
    expect(drawn(page, "^accuracy of each trial", "dot circle")).to_have_count(6)
    expect(drawn(page, r"^c \d+ %$", "bar rect")).to_have_count(1)
    before = stocked.versions("model", "high")
    promote(page, "the best trial")
    expect(page.locator(".jp-Kf-done")).to_contain_text(f"high@{before[-1].n + 1}")
    (*same, newest) = stocked.versions("model", "high")
    best = stocked.study(run).best[0]
    assert same == before
    assert (newest.note["run"], newest.note["trial"]) == (run, best.number)
    # One that waits is cancelled by keyboard, which stays on its page when the button is gone.
    holder = stocked.train(HOLD.format(gate=str(tmp_path / "gate")), name="holder", gpu=2)
    try:
        asked = {"params": {"speed": "uniform(1, 2)"}, "metric": "loss", "trials": 9, "gpu": 1}
        waits = stocked.tune("waits", run=stocked.runs("curve")[0].id, **asked)
        page = screen.show("study", waits.run.id)
        page.get_by_role("button", name="Cancel study").press("Enter")
        expect(page.get_by_role("button", name="Go on")).to_be_focused()
        screen.page.keyboard.press("Shift+Tab")
        screen.page.keyboard.press("Enter")
        expect(page.locator(".jp-Kf-state").first).to_have_text("Cancelled")
        expect(page.locator(".jp-Kf-head h2")).to_be_focused()
    finally:
        holder.cancel()
    assert screen.errors == []


def test_an_endpoint_is_tried_refuses_by_field_and_rolls_back(
    stocked: Client, lab: Lab, screen: Screen
) -> None:
    screen.open()
    page = screen.show("endpoint", "high")
    expect(page.get_by_role("table", name="Parity, column by column")).to_contain_text("equal")
    x = page.get_by_role("textbox", name=re.compile("^x "))
    x.fill("many")
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("alert")).to_have_text("A number, such as 2.5.")
    x.fill("12.5")
    y = page.get_by_role("textbox", name=re.compile("^y "))
    y.fill("")
    expect(page.get_by_role("alert")).to_contain_text("so a value is needed. Type one, such as")
    y.fill("3")
    page.get_by_role("button", name="Predict").click()
    answers = page.get_by_role("table", name="Predictions")
    expect(answers.get_by_role("row")).to_have_count(2)
    expect(answers).to_contain_text("prediction")
    told = page.locator(".jp-Kf-answer")  # beside the button
    expect(told).to_have_text(answers.get_by_role("cell").first.inner_text())
    # What it counts moves with what was just asked, and both plots are drawn of it.
    traffic = page.get_by_role("region", name="Traffic")
    traffic.scroll_into_view_if_needed()
    until(lambda: figure(traffic, "Requests") >= 1 and figure(traffic, "Rows") >= 1)
    before = figure(traffic, "Requests")
    took = traffic.locator("dt:text-matches('^(Latency|p50)$') + dd")
    expect(took).to_have_text(re.compile(r"\d"))
    page.get_by_role("button", name="Predict").click()
    until(lambda: figure(traffic, "Requests") == before + 1)
    expect(traffic).to_contain_text("Counted by version 1, which has the traffic.")
    for label in ("Requests per second", "Latency of the last minute"):
        expect(drawn(traffic, label, "line path").first).to_have_attribute("d", re.compile("L"))
        expect(traffic.get_by_role("img", name=label)).to_contain_text("−60")
    screen.looked_at("endpoint-predicted", SHOWN_PAGE)
    page.get_by_role("button", name="Paste JSON").click()
    rows = page.get_by_role("textbox", name="Rows as JSON")
    rows.fill('[{"x": 1,\n  y: 2}]')
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("alert")).to_contain_text("from line 2, column 3 on: y: 2}]")
    rows.fill('[{"x": 1, "y": 2}, {"x": "no", "y": 1}]')
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("alert").filter(has_text="kf-2312")).to_contain_text("x")

    fields = {"name": "high", "model": "high@1"}
    lab.post("/jupyter-kf/api/v1/serve", {"fields": fields})
    versions = page.get_by_role("table", name="Versions of this endpoint")
    newest = versions.get_by_role("row").nth(1)
    expect(newest).to_contain_text("has the traffic")
    expect(page.get_by_role("button", name="Roll back to 1")).to_be_visible()
    expect(versions.get_by_role("row")).to_have_count(3)
    page.get_by_role("button", name="Roll back to 1").click()
    moving = page.get_by_role("group", name="Move the traffic from version 2 to 1?")
    expect(moving.get_by_role("button", name="Keep it")).to_be_focused()
    moving.get_by_role("button", name="Move it").click()
    expect(page.locator(".jp-Kf-done")).to_contain_text("Version 1 has the traffic")
    expect(versions.get_by_role("row").nth(2)).to_contain_text("has the traffic")
    expect(newest.get_by_role("button", name="Switch to version 2")).to_be_visible()
    serves = page.get_by_role("region", name="What it serves")
    expect(serves).to_contain_text("a roll back from version 2")
    asked = lab.get("/jupyter-kf/api/v1/endpoints/high/stats")["requests_total"]
    page.get_by_role("button", name="Check now").click()
    parity = page.get_by_role("region", name="Parity with training")
    found = re.compile(r"Checked .+: it computes what training computed, for all \d+ golden rows\.")
    expect(parity).to_contain_text(found)
    expect(page.get_by_text("Checked")).to_have_count(1)
    screen.picture("endpoint-rolled-back-and-checked")
    assert lab.get("/jupyter-kf/api/v1/endpoints/high/stats")["requests_total"] == asked
    assert stocked.endpoint("high").version == 1

    screen.said.clear()
    page.get_by_role("button", name="Stop", exact=True).press("Enter")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    screen.page.keyboard.press("Shift+Tab")
    screen.page.keyboard.press("Enter")
    expect(page.locator(".jp-Kf-state").first).to_have_text("Stopped")
    # By keyboard one goes on where one was, with what took the button's place.
    expect(page.get_by_role("button", name="Start version 1").first).to_be_focused()
    traffic = page.get_by_role("region", name="Traffic")
    expect(traffic).to_contain_text("Counted from its start to its end")
    expect(traffic.locator("dd").first).to_have_text(str(asked))
    screen.looked_at("endpoint-stopped", SHOWN_PAGE)
    expect(page.get_by_role("button", name="Start version 1")).to_have_count(2)  # its head too
    expect(versions.get_by_role("button", name="Start version 2")).to_be_visible()
    versions.get_by_role("button", name="Start version 1").click()
    expect(page.locator(".jp-Kf-done")).to_contain_text("started again, as version 3")
    expect(page.locator(".jp-Kf-state").first).to_have_text("Ready")
    assert not [said for said in screen.said if "Failed to load" in said]
    assert screen.errors == []


def figure(traffic: Locator, name: str) -> int:
    """A number of the traffic; -1 before it is known."""
    text = traffic.locator(f"dt:text-is('{name}') + dd").inner_text().replace(",", "")
    return int(text) if text.isdigit() else -1


def test_an_endpoint_that_hangs_is_named_and_the_page_stays_usable(
    stocked: Client, screen: Screen
) -> None:
    screen.open()
    page = screen.show("endpoint", "high")
    expect(page.get_by_text("Requests", exact=True)).to_be_visible()
    hung = _processes(stocked, stocked.endpoint("high").run.id)
    for process in hung:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        expect(page.get_by_role("region", name="Traffic").get_by_role("alert")).to_contain_text(
            "kf-2204"
        )
        page.get_by_role("button", name="Predict").click()
        waited = page.get_by_text(re.compile(r"^No answer for \d+ s; still waiting\.$"))
        expect(waited).to_be_visible()
        page.get_by_role("button", name="Stop waiting").click()
        expect(waited).to_have_count(0)
        expect(page.get_by_role("button", name="Predict")).to_be_enabled()
        page.get_by_role("button", name="Predict").click()
        expect(waited).to_be_visible()
        screen.picture("endpoint-waits")
        assert screen.findings(SHOWN_PAGE) == {}
        told = page.get_by_role("region", name="Try it").get_by_role("alert")
        expect(told).to_contain_text("kf-2204", timeout=120_000)
        screen.looked_at("endpoint-hangs", SHOWN_PAGE)
    finally:
        for process in hung:
            os.kill(process.pid, signal.SIGCONT)
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("table", name="Predictions")).to_be_visible()
    assert screen.errors == []


def _processes(client: Client, run: str) -> list[psutil.Process]:
    """The process that answers for a run."""
    folder = str(client.store.runs.folder(run).path)
    found = [p for p in psutil.process_iter(["cmdline"]) if folder in (p.info["cmdline"] or ())]
    assert found, f"no process has {folder}"
    return found


_RESTART = "() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"


def test_a_form_makes_a_cell_that_runs(stocked: Client, lab: Lab, screen: Screen) -> None:
    notebook = screen.open_notebook(lab.notebook("form.ipynb", "%load_ext jupyter_kf"))
    screen.run_cell(0)
    screen.page.get_by_role("menuitem", name="Kubeflow").click()
    screen.page.get_by_role("menuitem", name="Train a Model").click()
    form = screen.page.locator(".jp-Kf-formPage")
    name = form.get_by_role("textbox", name=re.compile("^Name"))
    name.fill("not a name")
    expect(form.locator("[data-field='name']")).to_contain_text("not a name")
    name.fill("formed")
    data = form.get_by_role("combobox", name=re.compile("^Data"))
    data.fill("pionts")
    transform = form.get_by_role("combobox", name=re.compile("^Transform"))
    transform.fill("nothing")
    wrong = form.locator("[data-field='data'] .jp-Kf-fieldError")
    expect(wrong).to_contain_text("There is no dataset `pionts`.\nDid you mean `points`?\n")
    expect(wrong).to_contain_text("There are: ")
    expect(form.locator("[data-field='transform'] .jp-Kf-fieldError")).to_contain_text(
        "There is no transform `nothing`.\n"
    )
    form.get_by_text("Resources", exact=True).click()
    cpu = form.get_by_role("textbox", name=re.compile("^Cpu"))
    cpu.fill("lots")  # a mistake of form hides none of the names
    expect(form.locator("[data-field='cpu'] .jp-Kf-fieldError")).to_contain_text("lots")
    expect(wrong).to_contain_text("There is no dataset `pionts`.")
    screen.looked_at("form-refuses", SHOWN_PAGE)
    expect(form.get_by_role("button", name="Insert cell")).to_be_disabled()
    data.fill("points")
    expect(form.locator("[data-field='transform'] .jp-Kf-fieldError")).to_contain_text("nothing")
    expect(form.get_by_role("textbox", name=re.compile("^Target"))).to_be_visible()
    data.fill("")
    transform.fill("")
    cpu.fill("")
    params = form.get_by_role("group", name=re.compile("^Params"))
    params.get_by_role("button", name="Add").click()
    params.get_by_role("textbox", name="Name 1").fill("size")
    params.get_by_role("textbox", name="Value 1").fill("3")
    form.get_by_role("textbox", name="Code of the cell").fill("kf.report(area=size * size)")
    cell = "%%kf train formed --param size=3\nkf.report(area=size * size)"
    expect(form.get_by_role("region", name="The cell", exact=True)).to_contain_text(
        "--param size=3"
    )
    # A mistake while somebody types is an answer, and no failed request in the console.
    assert not [said for said in screen.said if "Failed to load" in said]
    # A kernel that was restarted has forgotten the magics: to insert loads them anew.
    screen.command("docmanager:open", path="form.ipynb")
    screen.kernel_ready()  # the form is in front until the notebook is
    screen.page.evaluate(_RESTART)
    screen.kernel_ready()
    screen.command("jupyter-kf:open", thing="form", id="train")
    form.get_by_role("button", name="Insert cell").click()
    made = notebook.locator(".jp-CodeCell").nth(1)
    expect(made).to_have_class(re.compile("jp-mod-active"))
    expect(made).to_be_in_viewport()
    assert made.locator(".cm-content").inner_text().strip() == cell
    screen.picture("form-inserted")
    screen.command("jupyter-kf:open", thing="form", id="train")
    expect(form.locator(".jp-Kf-done")).to_have_text(
        "It is cell 2 of form.ipynb now; run it there."
    )
    form.get_by_role("textbox", name=re.compile("^Name required")).fill("formed-2")
    expect(form.locator(".jp-Kf-done")).to_have_count(0)
    screen.command("docmanager:open", path="form.ipynb")
    screen.run_cell(1)
    until(lambda: [r.metrics.get("area") for r in stocked.runs(name="formed")] == [9.0])
    assert screen.errors == []


def test_the_forms_of_serve_tune_and_batch_make_cells_that_run(
    stocked: Client, lab: Lab, screen: Screen, tmp_path: Path
) -> None:
    points().drop(columns="high").to_csv(tmp_path / "rows.csv", index=False)
    forms = {
        "serve": {"name": "second", "model": "high@1"},
        "tune": {"name": "high", "trials": "2"},
        "batch": {"name": "high", "input": f"{tmp_path}/*.csv", "output": f"{tmp_path}/out"},
    }
    wanted = (
        "%kf serve second --model high@1",
        "%kf tune high --param 'c=loguniform(1e-3, 10)' --metric accuracy --maximize --trials 2",
        f"%kf batch high --input '{tmp_path}/*.csv' --output {tmp_path}/out",
    )
    notebook = screen.open_notebook(lab.notebook("forms.ipynb", "%load_ext jupyter_kf"))
    panel = screen.open_panel()
    panel.get_by_role("button", name="Endpoints", exact=True).click()
    endpoints = panel.get_by_role("listbox", name="Endpoints").get_by_role("option")
    expect(endpoints).to_have_count(1)
    screen.run_cell(0)
    cells = notebook.locator(".jp-CodeCell")
    for at, (verb, fields) in enumerate(forms.items(), start=1):
        screen.command("jupyter-kf:open-form", verb=verb)
        form = screen.page.locator(".jp-Kf-formPage:visible")
        expect(form.locator("[data-field='name']")).to_be_visible()
        form.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
        for field, value in fields.items():
            form.locator(f"[data-field='{field}'] input").fill(value)
        if verb == "tune":
            expect(form.locator("[data-field='name']")).to_contain_text("Train cells: ")
            space = form.locator("[data-field='params']")
            space.get_by_role("button", name="Add").click()
            space.get_by_role("textbox", name="Name 1").fill("c")
            space.get_by_role("textbox", name="Value 1").fill("loguniform(1e-3, 10)")
            metric = form.locator("[data-field='metric']")
            if not metric.get_by_role("textbox").count():
                metric.get_by_role("button", name="Add").click()
            metric.get_by_role("textbox").first.fill("accuracy")
            form.locator("[data-field='maximize'] select").select_option("all")
        expect(form.get_by_role("region", name="The cell", exact=True)).to_contain_text(
            wanted[at - 1]
        )
        form.get_by_role("button", name="Insert cell").click()
        expect(cells.nth(at).locator(".cm-content")).to_have_text(wanted[at - 1])
    screen.picture("forms-inserted")
    try:
        for at in (1, 2, 3):
            screen.run_cell(at)
        row = endpoints.filter(has_text="second")
        expect(row).to_have_attribute("aria-label", re.compile("second, Ready, v1"))
        until(lambda: [r.state for r in stocked.runs("high", kind="batch")] == ["SUCCEEDED"])
        assert list((tmp_path / "out").iterdir())
        until(lambda: len(stocked.study("high").trials) == 2)
        row.click()
        expect(screen.page.locator(".jp-Kf-endpointPage:visible h2")).to_contain_text("second")
    finally:
        stocked.stop("second")
    expect(row).to_have_attribute("aria-label", re.compile("second, Stopped"))
    assert screen.errors == []


# But for what ipywidgets and pandas draw, the handles of sliders and the heads of frames.
WIDGETS = {
    "include": [[".jp-OutputArea-output .jupyter-widgets"]],
    "exclude": [[".noUi-handle"], [".dataframe"]],
}


def test_the_widgets_of_kf_form_train_predict_and_compare(
    stocked: Client, lab: Lab, screen: Screen
) -> None:
    lines = ("%kf form train", "%kf form predict high", "%kf form compare")
    notebook = screen.open_notebook(lab.notebook("widgets.ipynb", "%load_ext jupyter_kf", *lines))
    screen.run_cell(0)
    train, predict, compare = (screen.run_cell(n) for n in (1, 2, 3))

    train.get_by_label("name", exact=True).fill("widget run")
    expect(train).to_contain_text("kf-1002")
    expect(train.get_by_role("button", name="Train")).to_be_disabled()
    train.get_by_label("name", exact=True).fill("widgeted")
    train.get_by_label("params").fill("size=4")
    train.get_by_label("code").fill("kf.report(area=size * size)")
    expect(train).to_contain_text("%%kf train widgeted --param size=4")
    train.get_by_role("button", name="Train").click()
    expect(train.locator(".jp-Kf-state[data-state='SUCCEEDED']")).to_be_visible()
    expect(train.locator(".jp-Kf-values")).to_contain_text("16")

    line = predict.get_by_text("%kf predict high").first
    before = line.inner_text()
    expect(predict.get_by_role("slider")).to_have_count(2)  # one for each column
    predict.get_by_role("slider").first.press("ArrowRight")
    expect(line).not_to_have_text(before)
    predict.get_by_role("button", name="Predict").click()
    expect(predict.locator(".jp-OutputArea-output", has_text="prediction").last).to_be_visible()

    first, second = (run.id for run in stocked.runs(name="curve"))
    choices = compare.get_by_role("listbox")
    at = [choice.split()[0] for choice in choices.locator("option").all_inner_texts()]
    choices.select_option(index=[at.index(first), at.index(second)])
    expect(compare).to_contain_text(first)
    compare.get_by_role("button", name="Compare").click()
    expect(compare).to_contain_text("param speed")

    train.get_by_role("button", name="Insert cell").click()
    cells = notebook.locator(".jp-CodeCell")
    expect(cells).to_have_count(5)
    made = notebook.locator(".jp-CodeCell.jp-mod-active .cm-content")
    expect(made).to_contain_text("%%kf train widgeted --param size=4")
    expect(train).to_contain_text("of widgets.ipynb now; run it there.")
    screen.looked_at("widgets", WIDGETS)
    assert screen.errors == []


def test_1200_columns_are_a_few_rows_in_the_page_and_html_is_text(
    stocked: Client, lab: Lab, screen: Screen
) -> None:
    screen.open()
    page = screen.show("dataset", "wide")
    table = page.get_by_role("grid", name="Columns of the dataset")
    expect(table.get_by_role("gridcell").first).to_have_text(BAD)
    assert table.get_by_role("row").count() < 60
    assert page.locator("img[src='x']").count() == 0
    table.locator(".jp-Kf-gridBody").focus()
    screen.page.keyboard.press("End")
    expect(page.get_by_role("region", name="last").locator("figure")).to_be_visible()
    page.get_by_role("searchbox", name="Search columns").fill("0777")
    expect(table.get_by_role("row")).to_have_count(2)
    table.get_by_role("row").last.click()
    column = page.get_by_role("region", name="sensor_0777")
    expect(column).to_contain_text("Quartiles")
    told = lab.get("/jupyter-kf/api/v1/datasets/wide")["profile"]["columns"]["sensor_0777"]
    bins = drawn(column, "^Histogram of sensor_0777", "rect rect")
    expect(bins).to_have_count(len(told["histogram"]["counts"]))
    screen.page.set_viewport_size({"width": 760, "height": 600})  # it has no room, and scrolls
    last = table.get_by_role("columnheader", name="Shape")
    until(lambda: table.evaluate("grid => grid.scrollWidth > grid.clientWidth"))
    expect(last).not_to_be_in_viewport()
    table.hover()
    screen.page.mouse.wheel(1000, 0)
    expect(last).to_be_in_viewport()
    screen.picture("dataset-narrow")
    screen.page.set_viewport_size({"width": 1280, "height": 720})
    page = screen.show("dataset", "points")
    row = page.get_by_role("grid", name="Columns of the dataset").get_by_role("row").nth(1)
    expect(row.get_by_role("gridcell").nth(2)).to_have_text("0.5 %")  # a null in 200 rows
    nulls = page.get_by_role("region", name="x", exact=True).locator("dt:text-is('Nulls') + dd")
    expect(nulls).to_have_text("1 (0.5 %)")
    assert screen.errors == []


def test_two_runs_are_compared_by_what_was_set_differently(stocked: Client, screen: Screen) -> None:
    ids = [run.id for run in stocked.runs(name="curve")]
    screen.open()
    screen.command("jupyter-kf:compare-runs", ids=ids)
    page = screen.page.locator(".jp-Kf-comparePage:visible")
    tab = screen.page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current")
    expect(tab).to_have_text(f"Compare curve {ids[0][-4:]}, {ids[1][-4:]}")
    differ = page.get_by_role("table", name="Settings that differ")
    expect(differ.get_by_role("row")).to_have_count(2)
    expect(differ).to_contain_text("param speed")
    expect(drawn(page, "^loss of ", "line path")).to_have_count(2)
    expect(drawn(page, "^loss of ", "dot circle")).to_have_count(60)
    same = len(stocked.compare(*ids).same)
    page.get_by_text(f"{same} settings are the same").click()
    assert page.locator("details dt").count() == same
    adding = page.get_by_role("combobox", name="Run to add")
    adding.fill("crve")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_contain_text("there is no run `crve`")
    expect(differ).to_contain_text("param speed")  # the page is as it was
    screen.picture("compare-refuses")
    page.get_by_role("button", name=f"Leave {ids[0]} out").click()
    expect(page).to_contain_text("Add at least two runs")
    expect(tab).to_have_text(f"Compare curve {ids[1][-4:]}")
    adding.fill(ids[0])
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="Add").click()
    expect(differ).to_contain_text("param speed")
    pair = [stocked.runs("high", kind=kind)[0].id for kind in ("train", "tune")]
    screen.command("jupyter-kf:compare-runs", ids=pair)
    page = screen.page.locator(".jp-Kf-comparePage:visible")
    expect(page.get_by_role("columnheader", name=f"{pair[1]} (study)").first).to_be_visible()
    set_apart = page.get_by_role("table", name="Settings that differ").get_by_role("row")
    expect(set_apart.filter(has_text="Metric")).to_be_visible()
    expect(set_apart.filter(has_text=re.compile("Dataset|Transform|Split"))).to_have_count(0)
    screen.picture("compare-study-and-run")
    apart = [ids[0], pair[0]]  # cells of their own
    screen.command("jupyter-kf:compare-runs", ids=apart)
    page = screen.page.locator(".jp-Kf-comparePage:visible")
    differ = page.get_by_role("table", name="Settings that differ").get_by_role("row")
    digests = stocked.compare(*apart).settings["code"]
    code = differ.filter(has_text=re.compile("^Code"))
    expect(code).to_contain_text(digests[0])
    expect(code).to_contain_text(digests[1])
    lines = page.get_by_role("region", name="Lines of code that differ")
    expect(lines.get_by_role("deletion").first).to_be_visible()
    expect(lines.get_by_role("insertion").first).to_be_visible()
    screen.looked_at("compare-code", SHOWN_PAGE)
    assert screen.errors == []


def test_a_transform_and_a_model_lead_to_each_other(stocked: Client, screen: Screen) -> None:
    screen.open()
    page = screen.show("transform", "prepare")
    expect(page.get_by_role("region", name="Code of prepare")).to_contain_text("def transform")
    expect(page).to_contain_text("equal to the bit in a fresh process")
    for label, columns in {"go in": ["x", "y"], "come out": ["x", "y"]}.items():
        grid = page.get_by_role("grid", name=f"Columns that {label}")
        rows = grid.locator(".jp-Kf-gridRow")
        expect(rows).to_have_count(len(columns))
        for at, name in enumerate(columns):
            expect(rows.nth(at).get_by_role("gridcell").nth(0)).to_have_text(name)
        assert rows.nth(0).get_by_role("gridcell").nth(2).inner_text() in ("yes", "no")
    read = page.get_by_role("grid", name="Columns that go in").locator(".jp-Kf-gridRow")
    expect(read.nth(1).get_by_role("gridcell").nth(3)).to_have_text("yes")
    page.get_by_role("region", name="Who uses it").get_by_role("button", name="high@1").click()
    model = screen.page.locator(".jp-Kf-modelPage:visible")
    expect(model.locator("h2")).to_have_text("high@1")
    model.get_by_role("button", name="Show version 2").click()
    expect(model.locator("h2")).to_have_text("high@2")
    model.get_by_role("button", name="prepare@1").first.click()
    expect(screen.page.locator(".jp-Kf-transformPage:visible")).to_be_visible()
    for code in (PREPARE, f"{PREPARE}\nAGAIN = 1\n"):
        stocked.transform(code, name="twofold", data="points", target="high")
    page = screen.show("transform", "twofold")
    changed = page.get_by_role("region", name="What changed")
    expect(changed.get_by_role("combobox")).to_have_value("1")
    expect(changed).to_contain_text("only in twofold@1, + only in twofold@2")
    expect(changed.get_by_role("insertion").filter(has_text="AGAIN")).to_be_visible()
    screen.looked_at("transform-changed", SHOWN_PAGE)
    cell, given = "kf.report(rows=len(X_train))", {"data": "points", "target": "high"}
    pair = [stocked.train(cell, name="folded", transform=f"twofold@{n}", **given) for n in (1, 2)]
    screen.command("jupyter-kf:compare-runs", ids=[run.wait().id for run in pair])
    lines = screen.page.locator(".jp-Kf-comparePage:visible").get_by_role(
        "region", name="Lines of the transforms that differ"
    )
    expect(lines.get_by_role("insertion").filter(has_text="AGAIN = 1")).to_be_visible()
    expect(lines.get_by_role("deletion")).to_have_count(0)
    screen.picture("compare-transforms")
    run = screen.show("run", stocked.runs("high", kind="train")[0].id)
    for name in ("points@1", "prepare@1", "high@2"):
        expect(run.get_by_role("button", name=name)).to_be_visible()
    assert screen.errors == []


PAGES = [
    ("study", "high"),
    ("study", "large"),
    ("endpoint", "high"),
    ("model", "high"),
    ("dataset", "points"),
    ("transform", "prepare"),
    ("form", "train"),
    ("form", "tune"),
    ("form", "serve"),
    ("form", "batch"),
]


def test_axe_finds_nothing_on_any_page_in_both_themes_and_widths(
    stocked: Client, screen: Screen
) -> None:
    runs = ",".join(run.id for run in stocked.runs(name="curve"))
    screen.open()
    found = {}
    for theme in ("Light", "Dark"):
        screen.theme(theme)
        for thing, name in (*PAGES, ("compare", runs)):
            page = screen.show(thing, name)
            expect(page.locator(".jp-Kf-skeleton")).to_have_count(0)
            shown = f"{thing}-{name if thing != 'compare' else 'curve'}-{theme.lower()}"
            for width in screen.widths(shown):
                found[shown, width] = screen.findings(SHOWN_PAGE)
    assert len(found) == 2 * 2 * (len(PAGES) + 1)
    assert {which: rules for which, rules in found.items() if rules} == {}
    assert screen.errors == []


PLACES = {
    "study": "studies",
    "endpoint": "endpoints",
    "model": "models",
    "dataset": "datasets",
    "transform": "transforms",
}


def test_a_page_that_is_no_more_says_so(stocked: Client, lab: Lab, screen: Screen) -> None:
    screen.open()
    said = {thing: lab.refusal(f"/jupyter-kf/api/v1/{at}/nothing") for thing, at in PLACES.items()}
    assert len({refused["message"] for refused in said.values()}) == len(PLACES)
    for thing, refused in said.items():
        screen.command("jupyter-kf:open", thing=thing, id="nothing")
        told = screen.page.locator(".jp-Kf-page:visible .jp-Kf-problem")
        for part in ("code", "message", "cause", "fix"):
            expect(told).to_contain_text(refused[part])
    screen.looked_at("page-gone", SHOWN_PAGE)
    assert screen.errors == []


# What acts on each page, by the words of its buttons: who may only read sees none of it.
ACTS = {
    ("study", "high"): "^Promote",
    ("endpoint", "high"): "^(Check now|Stop|Predict|Start version|Roll back to|Switch to version)",
    ("model", "high"): "^Serve$",
    ("form", "train"): "^Insert cell$",
    ("form", "serve"): "^Insert cell$",
}
JOBS = "() => jupyterapp.commands.isEnabled('jupyter-kf:run-cell-as-job')"


def test_who_may_only_read_is_told_so_and_offered_nothing_that_is_refused(
    stocked: Client, lab: Lab, screen: Screen, tmp_path: Path
) -> None:
    permitted = lab.store.with_name("permitted")
    gate = tmp_path / "gate"
    run = stocked.train(HOLD.format(gate=str(gate)), name="watched")
    before = stocked.versions("model", "high"), stocked.endpoint("high").version
    assert stocked.endpoint("high").state == "READY"
    screen.open_notebook(lab.notebook("reader.ipynb", "1 + 1"))
    panel = screen.open_panel()
    row = panel.get_by_role("option", name=re.compile("^watched, Running"))
    expect(row).to_be_visible()
    page = screen.show("run", run.id)
    assert screen.page.evaluate(JOBS)
    try:
        # What a page offers that was drawn before is refused, in words, and then offered no more.
        permitted.write_text("read")
        cancel = page.get_by_role("button", name="Cancel", exact=True)
        cancel.click()
        page.get_by_role("button", name="Cancel run", exact=True).click()
        told = page.get_by_role("alert")
        for part in ("kf-2060", "you may not do this here", "ask the admin"):
            expect(told).to_contain_text(part)
        expect(cancel).to_have_count(0)
        expect(page.get_by_role("button", name="Clone to a cell")).to_have_count(0)
        screen.picture("may-not-run")
        until(lambda: not screen.page.evaluate(JOBS))
        panel.get_by_role("listbox", name="Runs").focus()
        screen.page.keyboard.press("Home")
        screen.page.keyboard.press("Delete")
        expect(row).not_to_have_attribute("aria-keyshortcuts", "Delete")
        expect(panel.get_by_role("button", name="Cancel it")).to_have_count(0)
        for (thing, name), acts in ACTS.items():
            page = screen.show(thing, name)
            expect(page.get_by_role("note").first).to_contain_text("ask the admin of this server")
            expect(page.get_by_role("button", name=re.compile(acts))).to_have_count(0)
            screen.picture(f"may-not-{thing}-{name}")
        screen.looked_at("may-not-form", SHOWN_PAGE)
        # A page that is opened by who may not even look says why.
        permitted.write_text("")
        screen.command("jupyter-kf:open", thing="dataset", id="points")
        refused = screen.page.locator(".jp-Kf-page:visible .jp-Kf-problem")
        expect(refused).to_contain_text("kf-2060")
        expect(refused).to_contain_text("ask the admin")
        screen.picture("page-denied")
    finally:
        permitted.unlink()
        gate.touch()
    refused.get_by_role("button", name="Try again").click()
    expect(screen.page.locator(".jp-Kf-datasetPage:visible h2")).to_contain_text("points")
    expect(panel.get_by_role("option", name=re.compile("^watched, Succeeded"))).to_be_visible()
    page = screen.show("endpoint", "high")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    until(lambda: screen.page.evaluate(JOBS))
    assert (stocked.versions("model", "high"), stocked.endpoint("high").version) == before
    assert stocked.endpoint("high").state == "READY"
    assert screen.errors == []
