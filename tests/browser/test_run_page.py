"""The page of a run: its parts, a log of any size, a folder that vanishes, pictures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

import jupyter_kf as kf
from tests.browser.lab import Lab
from tests.browser.screen import SHOWN_PAGE, Screen
from tests.faces.server.scene import ended_run

CELL = """
import math
print("\\x1b[1;31mred\\x1b[0m and \\x1b[32mgreen\\x1b[0m")
for step in range(200):
    kf.report(step=step, loss=math.exp(-step / 50), auc=1 - math.exp(-step / 30), lr=lr)
    print(f"epoch {step:3d}  loss {math.exp(-step / 50):.4f}")
kf.artifact({"confusion": [[50, 3], [4, 43]]}, "confusion.json")
"""


@pytest.fixture
def client(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    """A client on the same store and runtime folder as the browser's server."""
    monkeypatch.setenv("JUPYTER_KF_STORE", str(lab.store))
    monkeypatch.setenv("JUPYTER_KF_RUNTIME_DIR", str(lab.runtime))
    return kf.connect()


def ended(client, name: str, cell: str = CELL, **fields):
    """A run that has succeeded."""
    run = client.train(cell, name=name, params={"lr": 0.1}, **fields).wait()
    assert run.state == "SUCCEEDED", run.error
    return run


def open_run(screen: Screen, run_id: str):
    """Its page, shown."""
    screen.open().show("run", run_id)
    return screen.page.locator(".jp-Kf-runPage")


def test_a_page_has_all_of_a_run_and_is_drawn_in_both_themes(screen: Screen, client):
    run = ended(client, "delay")
    page = open_run(screen, run.id)
    expect(page.locator(".jp-Kf-metric")).to_have_count(3)
    expect(page.locator(".jp-Kf-metric svg").first).to_be_visible()
    expect(page.get_by_role("link", name="confusion.json")).to_be_visible()
    screen.looked_at("run-overview", SHOWN_PAGE)
    page.get_by_role("tab", name="Overview").press("Tab")
    panel = page.get_by_role(
        "tabpanel"
    )  # it scrolls, so the keyboard gets there, and is seen there
    expect(panel).to_be_focused()
    assert panel.evaluate("panel => getComputedStyle(panel).outlineStyle") == "solid"
    page.get_by_role("tab", name="Log").click()
    red = page.locator(".jp-Kf-line .ansi-red-fg")
    page.get_by_role("searchbox", name="Search the log").fill("green")
    page.get_by_role("button", name="Previous").click()
    expect(page.locator(".jp-mod-hit mark")).to_have_text("green")
    expect(red).to_have_text("red")
    screen.looked_at("run-log", SHOWN_PAGE)
    page.get_by_role("tab", name="Code").click()
    code = page.get_by_role("region", name="Code of the run")
    expect(code).to_contain_text("%%kf train delay --param lr=0.1")
    expect(code).to_contain_text("kf.report")
    screen.looked_at("run-code", SHOWN_PAGE)
    page.get_by_role("tab", name="Lineage").click()
    expect(page.locator(".jp-Kf-node.jp-mod-here")).to_be_visible()
    screen.looked_at("run-lineage", SHOWN_PAGE)
    assert not screen.errors


def test_a_page_is_back_after_a_reload(screen: Screen, client):
    run = ended(client, "back")
    page = open_run(screen, run.id)
    expect(screen.page.locator(f"#jupyter-kf-run-{run.id}-tab")).to_be_attached()
    panel = screen.open_panel()
    panel.get_by_role("button", name="Models", exact=True).click()
    screen.command("workspace-ui:save")
    tab = screen.page.locator(f"#jp-main-dock-panel .lm-TabBar-tab[title='{run.id} · run']")
    name = f"back · run {run.id[-4:]}"
    expect(tab).to_have_text(name)
    screen.reload(run.id, '"jupyter-kf-panel:open": ["runs", "models"]')
    expect(page.locator("h2")).to_have_text("back")
    expect(tab).to_have_text(name)  # as before, though nothing of the run was known yet
    opened = panel.locator(".jp-Kf-fold h3 button[aria-expanded='true']")
    expect(opened).to_have_text(["Runs", "Models"])


def test_a_log_of_200_megabytes_is_shown_and_searched_in_little_memory(screen: Screen, client):
    run = ended(client, "large")
    log = client.store.runs.folder(run.id).log
    line = "x" * 190 + "\n"
    with log.open("a") as out:
        out.write("the needle is here\n")
        for _ in range(200):
            out.write("".join(f"{i:8d} {line}" for i in range(5_000)))
        out.write("the very last line\n")
    assert log.stat().st_size > 200e6
    page = open_run(screen, run.id)
    before = screen.held_bytes()
    page.get_by_role("tab", name="Log").click()
    expect(page.locator(".jp-Kf-line", has_text="the very last line")).to_be_visible()
    assert page.locator(".jp-Kf-line").count() < 120
    page.get_by_role("searchbox", name="Search the log").fill("needle")
    page.get_by_role("searchbox", name="Search the log").press("Enter")
    expect(page.locator(".jp-mod-hit")).to_contain_text("the needle is here")
    screen.picture("log-200-mb")
    assert screen.held_bytes() - before < 50e6, "the log is held"
    page.get_by_role("button", name="To the end").click()
    expect(page.locator(".jp-Kf-line", has_text="the very last line")).to_be_visible()


def test_a_run_whose_folder_is_deleted_says_so_on_its_page(screen: Screen, client):
    run = ended(client, "vanishing")
    page = open_run(screen, run.id)
    shutil.rmtree(client.store.runs.folder(run.id).path)
    expect(page.locator(".jp-Kf-problem")).to_contain_text("kf-1105")
    screen.looked_at("run-gone", SHOWN_PAGE)
    panel = screen.open_panel()
    expect(panel.get_by_role("option", name="vanishing")).to_have_count(0)


def test_a_run_is_deleted_from_its_page_after_asking(screen: Screen, client):
    run = ended(client, "deleted")
    folder: Path = client.store.runs.folder(run.id).path
    page = open_run(screen, run.id)
    page.get_by_role("button", name="Delete").press("Enter")
    expect(page.get_by_role("button", name="Keep")).to_be_focused()
    screen.looked_at("run-asks", SHOWN_PAGE)
    screen.page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Delete")).to_be_focused()
    assert folder.exists()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("group").get_by_role("button", name="Delete").click()
    expect(page).to_have_count(0)  # its tab closed
    assert not folder.exists()


def test_a_failed_run_says_its_error_once(screen: Screen, client):
    run = client.train("raise ValueError('the only reason')", name="failing").wait()
    page = open_run(screen, run.id)
    expect(page.locator(".jp-Kf-problem")).to_have_count(1)
    said = "the cell raised ValueError: the only reason"
    assert page.locator(".jp-Kf-head").inner_text().count(said) == 1
    screen.looked_at("run-failed", SHOWN_PAGE)


def test_a_job_that_ran_long_says_so_when_it_ends_and_leads_to_its_page(
    screen: Screen, client, lab: Lab
):
    lab.set(**{"jupyter-kf/settings": {"notifyAfter": 2}})
    try:
        screen.open(load=True)
        expect(screen.page.locator(".jp-Kf-chip")).to_contain_text("idle")
        ended_run(client, "short")  # for one second, as it says
        slow = "import time\ntime.sleep(2.2)\n"
        told = screen.page.locator(".Toastify__toast")
        client.train(slow, name="long")
        expect(told).to_contain_text("long succeeded after")
        client.train(slow + "raise ValueError('<b>too late</b>')", name="worse")
        failed = told.filter(has_text="worse failed")
        expect(failed).to_contain_text("<b>too late</b>")
        screen.picture("long-jobs-ended")
        assert "short" not in "".join(told.all_inner_texts())
        failed.get_by_role("button", name="Open").click()
        expect(screen.page.locator(".jp-Kf-runPage h2")).to_have_text("worse")
    finally:
        lab.set(**{"jupyter-kf/settings": {}})
