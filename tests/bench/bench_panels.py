"""How soon is something on the screen, by the browser's own clock, and what does it cost to stay?

A real JupyterLab in the machine's Chromium. Each figure stands beside JupyterLab's own for the
same thing, or beside nothing at all where there is none.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from playwright.sync_api import Browser, sync_playwright

import jupyter_kf as kf
from tests.bench.table import Row
from tests.browser.lab import Lab
from tests.browser.screen import Screen
from tests.browser.test_panel import make_runs

ROOT = Path(__file__).resolve().parents[2]
OPENINGS, EVENTS, STEPS = 5, 1_000, 40
RUNS, TURNS = 10_000, 20
LONGEST_S = 600
FIRST_PAINT_MS, ON_SCREEN_MS, MOSTLY_ON_SCREEN_MS, GROWTH_MB = 300, 150, 300, 2

# From showing a sidebar, as a click on its tab does, to the first paint that has its content.
PAINT = """([panel, content]) => new Promise((resolve, reject) => {
  if (panel) { window.began = performance.now(); window.jupyterapp.shell.activateById(panel); }
  const look = () => {
    const took = performance.now() - window.began;
    if (document.querySelector(content)?.getClientRects().length) { resolve(took); }
    else if (took > 20000) { reject(new Error(`${content} was not painted`)); }
    else { requestAnimationFrame(look); }
  };
  look();
})"""
# From the command that all links use to the first paint that has something of the page to read.
PAGE = """([thing, content]) => new Promise((resolve, reject) => {
  const began = performance.now();
  void window.jupyterapp.commands.execute('jupyter-kf:open', thing);
  const look = () => {
    const took = performance.now() - began;
    if (document.querySelector(content)?.getClientRects().length) { resolve(took); }
    else if (took > 20000) { reject(new Error(`${content} was not painted`)); }
    else { requestAnimationFrame(look); }
  };
  look();
})"""
# How long each frame took from now on.
FRAMES = """() => {
  window.frames_ms = [];
  let last = performance.now();
  const look = now => {
    window.frames_ms.push(now - last);
    last = now;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(now => { last = now; requestAnimationFrame(look); });
}"""
# When each new text of the first row was painted; the text ends with the step.
WATCH = """() => {
  window.painted = {};
  const look = () => {
    const text = document.querySelector('.jp-Kf-rowDetail')?.textContent ?? '';
    const step = /at ([\\d,]+)/.exec(text)?.[1].replace(/,/g, '');
    if (step && !(step in window.painted)) { window.painted[step] = Date.now() / 1000; }
    requestAnimationFrame(look);
  };
  look();
}"""


# How many of our events the page was told.
COUNT = """() => {
  window.told = 0;
  window.jupyterapp.serviceManager.events.stream.connect((_, event) => {
    window.told += String(event.schema_id).includes('jupyter-kf') ? 1 : 0;
  });
}"""


def main() -> list[Row]:
    """First paint of the panel and of pages, changes on the screen, memory, a long list."""
    asked = [sys.executable, str(ROOT / ".ci" / "frontend.py"), "chromium"]
    chromium = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    with tempfile.TemporaryDirectory(prefix="kf-") as root, sync_playwright() as playwright:
        runtime = Path(os.environ["JUPYTER_KF_RUNTIME_DIR"])
        runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
        lab = Lab(Path(root), runtime).start()
        options = ["--no-sandbox", "--disable-dev-shm-usage", "--enable-precise-memory-info"]
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        try:
            client = kf.connect(store=lab.store)
            served(client)
            run = client.runs("first", kind="train")[0].id
            paints = [first_paints(lab, browser, Path(root), run) for _ in range(OPENINGS)]
            client.stop("first")
            screen = Screen(lab, browser, Path(root))
            screen.open().open_panel()
            found = [*rows_of(paints), *changes(screen, client), memory(screen, client)]
            screen.close()
            return [*found, scrolling(lab, browser, Path(root))]
        finally:
            browser.close()
            lab.stop()


def first_paints(lab: Lab, browser: Browser, folder: Path, run: str) -> dict[str, float]:
    """JupyterLab's own Running panel, then ours, our rows and pages: the first time of each, in ms.

    One profile for all, the panel open as who opens a page has it: a page's own code was not
    loaded before, what it shares with one before it was.
    """
    screen = Screen(lab, browser, folder)
    screen.open()
    running = ["jp-running-sessions", "#jp-running-sessions .jp-AccordionPanel-title"]
    took = {
        "theirs": screen.page.evaluate(PAINT, running),
        "panel": screen.page.evaluate(PAINT, ["jupyter-kf-panel", "#jupyter-kf-panel .jp-Kf-fold"]),
        "rows": screen.page.evaluate(PAINT, ["", "#jupyter-kf-panel .jp-Kf-row"]),
    }
    pages = {
        "run page": ({"thing": "run", "id": run}, ".jp-Kf-runPage h2"),
        "endpoint page": ({"thing": "endpoint", "id": "first"}, ".jp-Kf-endpointPage h2"),
        "train form": ({"thing": "form", "id": "train"}, ".jp-Kf-formPage [data-field]"),
    }
    for name, (thing, content) in pages.items():
        took[name] = screen.page.evaluate(PAGE, [thing, content])
    screen.close()
    return took


def served(client: Any) -> None:
    """A run with curves, its model, and an endpoint of it: what the pages show."""
    frame = pd.DataFrame({"x": [float(n) for n in range(100)]})
    client.data("points", frame.assign(high=frame["x"] > 50))
    cell = (
        "from sklearn.linear_model import LogisticRegression\n"
        "model = LogisticRegression().fit(X_train, y_train)\n"
        "for step in range(100):\n    kf.report(step=step, auc=step / 100)\n"
    )
    client.train(cell, name="first", data="points", target="high", wait=True)
    client.serve("first", wait=True)


def scrolling(lab: Lab, browser: Browser, folder: Path) -> Row:
    """The longest frame while 10,000 runs are scrolled; half a second for each turn to settle."""
    make_runs(lab, RUNS)
    screen = Screen(lab, browser, folder)
    panel = screen.open().open_panel()
    panel.get_by_text(re.compile(r"\d+,?\d{3} entries")).wait_for(timeout=60_000)
    panel.get_by_role("listbox", name="Runs").hover()
    screen.page.evaluate(FRAMES)
    for _ in range(TURNS):
        screen.page.mouse.wheel(0, 900)
        screen.page.wait_for_timeout(500)
    longest = max(screen.page.evaluate("window.frames_ms"))
    screen.close()
    name = f"{RUNS:,} runs: longest frame over {TURNS} wheel turns"
    return Row(name, "a frame at 60 Hz", 1_000 / 60, longest, "difference", "ms")


def rows_of(paints: list[dict[str, float]]) -> list[Row]:
    """The middle of several openings."""
    took = {name: statistics.median(each[name] for each in paints) for name in paints[0]}
    theirs, own = took.pop("theirs"), "JupyterLab's Running panel"
    rows = took.pop("rows")
    bounded = [
        Row(f"{name}: shown to first paint", "nothing", 0.0, ms, "difference", "ms", FIRST_PAINT_MS)
        for name, ms in took.items()
    ]
    return [
        *bounded,
        Row("panel: the same beside theirs", own, theirs, took["panel"], "difference", "ms"),
        Row("panel: shown to rows of the server", own, theirs, rows, "difference", "ms"),
    ]


def changes(screen: Screen, client: Any) -> list[Row]:
    """From the moment in which a job reports to the paint that shows it."""
    screen.page.evaluate(WATCH)
    cell = (
        "import json, time\ntold = {}\n"
        f"for at in range(1, {STEPS + 1}):\n"
        "    told[at] = time.time()\n    kf.report(at=at)\n    time.sleep(0.25)\n"
        'kf.artifact(told, "told.json")\n'
    )
    run = client.train(cell, name="reports").wait()
    screen.page.wait_for_function(f"'{STEPS}' in window.painted")
    painted = screen.page.evaluate("window.painted")
    told = json.loads((client.store.runs.folder(run.id).outputs / "told.json").read_text())
    late = sorted(1_000 * (painted[at] - told[at]) for at in told.keys() & painted.keys())
    middle, worst = statistics.median(late), late[int(0.9 * (len(late) - 1))]
    beside = ("nothing", 0.0)
    return [
        Row("report to screen, median", *beside, middle, "difference", "ms", ON_SCREEN_MS),
        Row("report to screen, 9 of 10", *beside, worst, "difference", "ms", MOSTLY_ON_SCREEN_MS),
    ]


def memory(screen: Screen, client: Any) -> Row:
    """What the page holds after 1,000 more events, garbage collected before both.

    All that follows a run is open: the sidebar, its page, and a cell's output behind that.
    """
    screen.page.evaluate(COUNT)
    gate = screen.lab.work / "enough"
    cell = (
        f"import os, time\nat = 0\nwhile not os.path.exists({str(gate)!r}):\n"
        "    kf.report(x=at, step=at)\n    at += 1\n    time.sleep(0.04)\n"
    )
    run = client.train(cell, name="events")
    try:
        screen.command("docmanager:open", path=screen.lab.notebook_with_output("saved.ipynb", run))
        screen.page.locator(".jp-Kf-output .jp-Kf-metric svg").wait_for()
        screen.show("run", run.id).locator(".jp-Kf-metric svg").wait_for()
        screen.page.wait_for_function("told >= 200", timeout=120_000)
        before, already = screen.held_bytes() / 1e6, screen.page.evaluate("told")
        screen.page.wait_for_function(f"told >= {already + EVENTS}", timeout=600_000)
        after, told = screen.held_bytes() / 1e6, screen.page.evaluate("told") - already
    finally:
        gate.touch()
        run.wait()
    name = f"page's memory after {told:,} events"
    return Row(name, "before them", before, after, "difference", "MB", GROWTH_MB)
