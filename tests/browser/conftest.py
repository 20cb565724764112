"""A real browser on a real JupyterLab; without a Chromium one loud line, or a failure.

With ``JUPYTER_KF_REQUIRE_BROWSER=1`` a missing browser is a failure. Pictures go to the folder
``JUPYTER_KF_PICTURES``, or to a temporary one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from tests.browser.lab import Lab
from tests.browser.screen import Screen

ROOT = Path(__file__).resolve().parents[2]
REQUIRED = os.environ.get("JUPYTER_KF_REQUIRE_BROWSER") == "1"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's Chromium, driven by Playwright."""
    asked = [sys.executable, str(ROOT / ".ci" / "frontend.py"), "chromium"]
    found = subprocess.run(asked, capture_output=True, text=True)
    if found.returncode:
        text = f"NO BROWSER TEST WAS RUN: {found.stderr.strip()}"
        if REQUIRED:
            pytest.fail(text)
        pytest.skip(text)
    with sync_playwright() as playwright:
        # Root needs no sandbox; /dev/shm is small in containers; no GPU is cheaper than one that
        # the processor plays.
        options = ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"]
        options.append("--disable-gpu")
        try:
            started = playwright.chromium.launch(executable_path=found.stdout.strip(), args=options)
        except Error as error:
            pytest.fail(f"the browser does not start: {error}")
        yield started
        started.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go."""
    named = os.environ.get("JUPYTER_KF_PICTURES")
    folder = Path(named) if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def lab(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    browser: Browser,
    session_folder: Path,
) -> Iterator[Lab]:
    """A JupyterLab for the stories of one file, whose `CONFIG` it is given."""
    runtime = session_folder / f"lab{len(list(session_folder.glob('lab*')))}"
    runtime.mkdir(mode=0o700)
    config = getattr(request.module, "CONFIG", "")
    server = Lab(tmp_path_factory.mktemp("lab"), runtime, config=config).start()
    yield server
    server.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Tells the fixtures whether their test failed, so that they can take a last picture."""
    report = yield
    item.stash.setdefault(_FAILED, False)
    item.stash[_FAILED] |= report.failed  # type: ignore[attr-defined]
    return report


_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="module")
def window(lab: Lab, browser: Browser, pictures: Path) -> Iterator[Screen]:
    """A window on this file's JupyterLab, for its stories one after the other."""
    shown = Screen(lab, browser, pictures)
    yield shown
    shown.close()


@pytest.fixture
def screen(request: pytest.FixtureRequest, window: Screen) -> Iterator[Screen]:
    """The file's window, which `open` empties; a picture of it when the test fails."""
    yield window
    if request.node.stash.get(_FAILED, False):
        window.picture(f"FAILED-{request.node.name[:60]}")
        print("the page said:", *window.said[-20:], sep="\n  ")
