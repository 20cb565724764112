"""Does our part add anything that axe finds, to what bare JupyterLab has?"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ROOT
from tests.browser.screen import Screen

AXE = ROOT / "labextension" / "node_modules" / "axe-core" / "axe.min.js"


def findings(screen: Screen, within: str) -> dict[str, list[str]]:
    """Rules that are violated below this selector, with the elements."""
    screen.page.add_script_tag(path=AXE)
    found = screen.page.evaluate(
        "within => axe.run(within, {resultTypes: ['violations']}).then(r => r.violations)", within
    )
    return {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in found}


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing_in_the_panel_and_the_chip(screen: Screen, theme: str):
    panel = screen.open().open_panel()
    screen.theme(theme)
    expect(panel.get_by_text("No run yet.")).to_be_visible()
    assert findings(screen, "#jupyter-kf-panel") == {}
    panel.get_by_role("button", name="Resources").click()
    expect(panel.get_by_role("meter", name="CPU")).to_be_visible()
    assert findings(screen, "#jupyter-kf-panel") == {}
    assert findings(screen, ".jp-Kf-chip") == {}


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing_in_a_run_and_its_row(
    screen: Screen, theme: str, monkeypatch: pytest.MonkeyPatch
):
    import jupyter_kf as kf

    monkeypatch.setenv("JUPYTER_KF_RUNTIME_DIR", str(screen.lab.runtime))
    client = kf.connect(store=screen.lab.store)
    run = client.train("print(1)\nkf.report(auc=0.5)", name="seen").wait()
    panel = screen.open().open_panel()
    screen.theme(theme)
    expect(panel.locator(".jp-Kf-row").first).to_be_visible()
    assert findings(screen, "#jupyter-kf-panel") == {}
    screen.command("jupyter-kf:open", thing="run", id=run.id)
    page = screen.page.locator(".jp-Kf-runPage")
    for tab in ("Overview", "Log", "Code", "Lineage"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        assert findings(screen, ".jp-Kf-runPage") == {}, tab


def test_axe_is_there():
    assert Path(AXE).is_file(), "make bundle installs it"
