"""Does our part add anything that axe finds, to what bare JupyterLab has?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.lab import Lab
from tests.browser.screen import AXE, Screen


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing_in_the_panel_and_the_chip(screen: Screen, theme: str):
    panel = screen.open().open_panel()
    screen.theme(theme)
    expect(panel.get_by_text("No run yet.")).to_be_visible()
    assert screen.findings("#jupyter-kf-panel") == {}
    panel.get_by_role("button", name="Resources").click()
    expect(panel.get_by_role("meter", name="Cores")).to_be_visible()
    assert screen.findings("#jupyter-kf-panel") == {}
    assert screen.findings(".jp-Kf-chip") == {}


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
        known, ours = bare.findings("body"), screen.findings("body")
        more = {
            rule: nodes for rule, nodes in ours.items() if len(nodes) > len(known.get(rule, []))
        }
        assert more == {}, f"{theme}; bare has {known}"
        # What only we draw has nothing at all, whatever JupyterLab is allowed.
        assert screen.findings(".jp-Kf") == {}


def test_axe_is_there():
    assert Path(AXE).is_file(), "make bundle installs it"
