"""Does our part add anything that axe finds, to what bare JupyterLab has?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import ROOT
from tests.browser.lab import Lab
from tests.browser.screen import Screen

AXE = ROOT / "labextension" / "node_modules" / "axe-core" / "axe.min.js"


def findings(screen: Screen, within: str) -> dict[str, list[str]]:
    """Rules that are violated below this selector, with the elements."""
    if not screen.page.evaluate("() => 'axe' in window"):
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
    expect(panel.get_by_role("meter", name="Cores")).to_be_visible()
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


@pytest.fixture
def bare(
    tmp_path: Path, session_folder: Path, browser: Browser, pictures: Path
) -> Iterator[Screen]:
    """A window on a JupyterLab in which our extension is disabled; our kernel side is there."""
    runtime = session_folder / "bare"
    runtime.mkdir(mode=0o700)
    lab = Lab(tmp_path / "lab", runtime)
    page = tmp_path / "lab" / "config" / "labconfig" / "page_config.json"
    page.parent.mkdir()
    page.write_text(json.dumps({"disabledExtensions": {"jupyter-kf": True}}))
    lab.start()
    shown = Screen(lab, browser, pictures)
    yield shown
    shown.close()
    lab.stop()


def train_seen(screen: Screen) -> Locator:
    """A notebook whose second cell shows a run at its end; gives the cell's output."""
    cells = ("%load_ext jupyter_kf", "%%kf train seen\nkf.report(step=1, auc=0.5)\nprint(1)")
    screen.open_notebook(screen.lab.notebook("axe.ipynb", *cells))
    screen.run_cell(0)
    return screen.run_cell(1)


def test_axe_finds_no_more_in_the_whole_page_with_a_live_output_than_in_bare_jupyterlab(
    screen: Screen, bare: Screen
):
    expect(train_seen(bare)).to_contain_text("seen")
    assert bare.page.locator(".jp-Kf-chip, .jp-Kf-state").count() == 0, "ours is not disabled"
    bare.picture("axe-bare")
    output = train_seen(screen)
    expect(output.locator(".jp-Kf-state[data-state='SUCCEEDED']")).to_be_visible()
    screen.picture("axe-ours")
    for theme in ("Light", "Dark"):
        bare.theme(theme)
        screen.theme(theme)
        known, ours = findings(bare, "body"), findings(screen, "body")
        more = {
            rule: nodes for rule, nodes in ours.items() if len(nodes) > len(known.get(rule, []))
        }
        assert more == {}, f"{theme}; bare has {known}"
        # What only we draw has nothing at all, whatever JupyterLab is allowed.
        assert findings(screen, ".jp-Kf") == {}


def test_axe_is_there():
    assert Path(AXE).is_file(), "make bundle installs it"
