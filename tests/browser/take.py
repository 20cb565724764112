"""Takes the picture of the README: an endpoint's page in a real JupyterLab, on the demo's store.

    python -m tests.browser.take WORK FOLDER [ENDPOINT]

WORK holds what the demo left (`store`, and `r` for locks and sockets). The endpoint is served
again, asked for one row, and shown beside the runs; FOLDER gets panels-light.png and -dark.png.
Without a browser there are none, which is a failure with ``JUPYTER_KF_REQUIRE_BROWSER=1``.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.lab import Lab
from tests.browser.screen import Screen

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 1280
MOST_BYTES = 200_000


def main(work: Path, folder: Path, name: str = "delay") -> int:
    """Both pictures, or a line that says why there are none: a failure where one is required."""
    missing = _missing()
    if missing:
        print(f"no picture of the panels: {missing}", flush=True)
        return int(os.environ.get("JUPYTER_KF_REQUIRE_BROWSER") == "1")
    folder.mkdir(parents=True, exist_ok=True)
    lab = Lab(work, work / "r").start()
    try:
        asked = lab.post("/jupyter-kf/api/v1/serve", {"fields": {"name": name}})
        _until_ready(lab, asked["run"]["id"])
        with sync_playwright() as playwright:
            options = ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"]
            browser = playwright.chromium.launch(executable_path=_chromium(), args=options)
            for path in _pictures(lab, browser, folder, name):
                size = path.stat().st_size
                print(f"the panels as they are: {path} ({size // 1000} kB)", flush=True)
                if size > MOST_BYTES:
                    print(f"that is more than {MOST_BYTES // 1000} kB", flush=True)
                    return 1
            browser.close()
    finally:
        lab.stop()
    return 0


def _pictures(lab: Lab, browser: Browser, folder: Path, name: str) -> list[Path]:
    screen = Screen(lab, browser, folder, width=WIDTH)
    screen.open()
    screen.open_panel()
    screen.command("jupyter-kf:open", thing="endpoint", id=name)
    page = screen.page.locator(".jp-Kf-endpointPage:visible")
    expect(page.locator(".jp-Kf-state").first).to_have_text("Ready")
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_role("table", name="Predictions")).to_be_visible()
    page.evaluate("element => element.scrollTo(0, 0)")
    found = []
    for theme in ("Light", "Dark"):
        screen.theme(theme)
        screen.page.mouse.move(0, 0)
        screen.page.wait_for_timeout(500)  # fonts and colours settle; nothing is asserted
        found.append(screen.picture(f"panels-{theme.lower()}"))
    screen.close()
    return found


def _until_ready(lab: Lab, run: str) -> None:
    """What the demo left ready answers until the new version is proven, and counts for itself."""
    end = time.monotonic() + 60
    while (state := lab.get(f"/jupyter-kf/api/v1/runs/{run}")["run"]["state"]) != "READY":
        assert state in ("PENDING", "RUNNING"), f"the endpoint is {state}"
        assert time.monotonic() < end, f"the endpoint is still {state}"
        time.sleep(0.2)


def _missing() -> str:
    """What is not here, in a few words; empty when all is."""
    if importlib.util.find_spec("jupyterlab") is None:
        return "JupyterLab is not installed"
    if not (ROOT / "jupyter_kf" / "labextension" / "package.json").exists():
        return "they are not built; make bundle says why"
    return "" if _chromium() else "there is no Chromium"


def _chromium() -> str:
    asked = [sys.executable, str(ROOT / ".ci" / "frontend.py"), "chromium"]
    return subprocess.run(asked, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(*map(Path, sys.argv[1:3]), *sys.argv[3:4]))
