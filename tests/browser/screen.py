"""What a person does on the screen, in their words; pictures of what they see."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, ViewportSize, expect

from tests.browser.lab import TOKEN, Lab

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_MS = int(os.environ.get("JUPYTER_KF_PATIENCE_S", "60")) * 1000
# "Idle" is shown before there is a session, and what is run before then gets lost, or asks for a
# kernel. Not async: a promise would count as true.
_KERNEL_IS_READY = """() => {
  const context = window.jupyterapp?.shell.currentWidget?.sessionContext;
  const kernel = context?.session?.kernel;
  return context?.isReady && kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
}"""
_EMPTY = """() => {
  const { shell, commands } = window.jupyterapp;
  [...shell.widgets('main')].forEach(widget => widget.dispose());
  return commands.execute('filebrowser:activate');
}"""
# Layout follows within a frame, plots within the next ones, fonts when they are loaded.
_SETTLED = """async () => {
  await document.fonts.ready;
  for (let frame = 0; frame < 4; frame++) {
    await new Promise(requestAnimationFrame);
  }
}"""
_WATCH_SHIFTS = """() => {
  const shifts = window.kfShifts = [];
  const name = ({ node }) => node?.className?.baseVal ?? node?.className ?? node?.nodeName;
  new PerformanceObserver(list => list.getEntries()
    .filter(({ hadRecentInput }) => !hadRecentInput)
    .forEach(({ value, sources }) => shifts.push({ value, moved: sources.map(name) })))
    .observe({ type: 'layout-shift' });
}"""
_AXE = """within => axe.run(within, { resultTypes: ['violations'] })
  .then(({ violations }) => violations)"""
AXE = ROOT / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
_WORKSPACE = "/lab/api/workspaces/default"
# The page alone that is shown: those behind it were looked at before.
SHOWN_PAGE = ".lm-DockPanel-widget:not(.lm-mod-hidden) .jp-Kf-page"
expect.set_options(timeout=PATIENCE_MS)


class Screen:
    """One browser window.

    Attributes:
        page: Playwright's page.
        errors: what the page threw, but for what a closed server causes.
    """

    def __init__(self, lab: Lab, browser: Browser, pictures: Path, width: int = 1280) -> None:
        self.lab, self._pictures = lab, pictures
        self._size: ViewportSize = {"width": width, "height": width * 9 // 16}
        self._loaded = False
        self._context = browser.new_context(viewport=self._size)
        self._context.set_default_timeout(PATIENCE_MS)
        self.page = self._context.new_page()
        self.errors: list[str] = []
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text[:300]))
        self.page.on("framenavigated", lambda frame: self.said.append(f"went to {frame.url}"))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def close(self) -> None:
        """Closes the window and forgets its profile."""
        self._context.close()

    def open(self, path: str = "/lab", reset: bool = True, load: bool = False) -> Screen:
        """JupyterLab, empty unless `reset` is False; it is loaded once, and emptied after that.

        A load costs more than most of what a story does; `load` asks for one, for what is read
        with it.
        """
        if self._loaded and not load and reset and path.startswith("/lab"):
            self._empty()
            if name := path.removeprefix("/lab").removeprefix("/tree/"):
                self.command("docmanager:open", path=name)
            return self
        query = f"?token={TOKEN}{'&reset' if reset and path.startswith('/lab') else ''}"
        self.page.goto(self.lab.url(path) + query)
        self.usable()
        # JupyterLab takes the word out of the address when it has obeyed; a reload before that
        # would empty the workspace once more.
        self.page.wait_for_function("() => !/[?&]reset/.test(location.search)")
        self._loaded = True
        return self

    def reload(self, *kept: str) -> None:
        """The page again, as it restores itself; the next story gets one that was not restored.

        First JupyterLab, which takes its time, has `kept` these words of its workspace.
        """
        until(lambda: all(word in json.dumps(self.lab.get(_WORKSPACE)) for word in kept))
        self.page.reload()
        self.usable()
        self._loaded = False

    def _empty(self) -> None:
        """Closes what is open without a question, as if the page had just been loaded."""
        self.page.evaluate(_EMPTY)
        expect(self.page.locator(".jp-Document, .jp-Kf-page")).to_have_count(0)
        self.theme("Light")
        self.page.set_viewport_size(self._size)
        self.page.mouse.move(0, 0)
        self.errors.clear()
        self.said.clear()

    def usable(self) -> None:
        """Waits until the shell is there and the splash is gone."""
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")
        self.page.wait_for_selector(
            "#jp-MainLogo, #jp-NotebookLogo, #jupyter-config-data", state="attached"
        )
        self.page.wait_for_function("() => !!document.querySelector('#main, #jp-main-dock-panel')")

    def open_panel(self) -> Locator:
        """The sidebar, shown, with the runs alone open as at first."""
        self.page.get_by_role("tab", name="Kubeflow: runs, models, endpoints").click()
        panel = self.page.locator("#jupyter-kf-panel")
        expect(panel.locator(".jp-Kf-where b")).to_be_visible()
        for heading in panel.locator(".jp-Kf-fold h3 button").all():
            first = heading.inner_text() == "Runs"
            if (heading.get_attribute("aria-expanded") == "true") != first:
                heading.click()  # as the story before left it
        return panel

    def open_notebook(self, name: str) -> Locator:
        """A notebook in the main area, with its kernel ready."""
        self.open(f"/lab/tree/{name}")
        notebook = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        expect(notebook).to_be_visible()
        expect(
            self.page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']")
        ).to_be_visible()
        self.kernel_ready()
        return notebook

    def kernel_ready(self) -> None:
        """Waits until the open notebook's kernel takes what is run."""
        self.page.wait_for_function(_KERNEL_IS_READY)

    def run_cell(self, index: int) -> Locator:
        """Runs a cell that returns at once, and gives its output area."""
        cell = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell").nth(index)
        cell.locator(".cm-content").click()
        expect(cell).to_have_class(re.compile("jp-mod-active"))
        done = cell.locator(".jp-InputArea-prompt", has_text=re.compile(r"\[\d+\]"))
        self.command("notebook:run-cell")
        expect(done).to_be_visible()
        return cell.locator(".jp-Cell-outputArea")

    def theme(self, name: str) -> None:
        """Light or dark, by the command that the menu runs."""
        self.command("apputils:change-theme", theme=f"JupyterLab {name}")
        expect(self.page.locator(f"body[data-jp-theme-name='JupyterLab {name}']")).to_be_attached()
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")  # it hides the change

    def command(self, command: str, **args: Any) -> None:
        """Runs a command of JupyterLab's, as a menu would."""
        self.page.evaluate(
            "([id, args]) => { void window.jupyterapp.commands.execute(id, args); }",
            [command, args],
        )

    def show(self, thing: str, name: str) -> Locator:
        """The page of a thing, opened by the command that all links use; in front."""
        self.page.evaluate(
            "args => window.jupyterapp.commands.execute('jupyter-kf:open', args)",
            {"thing": thing, "id": name},
        )
        page = self.page.locator(".jp-Kf-page:visible")
        expect(page.locator("h2")).to_be_visible()
        return page

    def newest_run(self, name: str) -> str:
        """The id of the newest run of a name."""
        return str(self.lab.get("/jupyter-kf/api/v1/runs", name=name)["rows"][0]["id"])

    def settled(self) -> None:
        """Returns when what is known is drawn."""
        self.page.evaluate(_SETTLED)

    def held_bytes(self) -> int:
        """What the page holds once the garbage is collected, with buffers beside the heap."""
        session = self._context.new_cdp_session(self.page)
        for _ in range(2):
            session.send("HeapProfiler.collectGarbage")
        told = session.send("Runtime.getHeapUsage")
        session.detach()
        return int(told["usedSize"] + told.get("backingStorageSize", 0))

    def picture(self, name: str) -> Path:
        """A screenshot in the folder of pictures."""
        path = self._pictures / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def pictures(self, name: str) -> None:
        """Both themes, in both widths."""
        for theme in ("Light", "Dark"):
            self.theme(theme)
            list(self.widths(f"{name}-{theme.lower()}"))
        self.theme("Light")

    def looked_at(self, name: str, within: str | dict[str, Any]) -> None:
        """Both themes: a picture of each in both widths; below `within` axe finds nothing.

        Axe looks at the light one where it is small and at the dark one where it is large.
        """
        for theme, widths in (("Light", (1920, 1280)), ("Dark", (1280, 1920))):
            self.theme(theme)
            list(self.widths(f"{name}-{theme.lower()}", widths))
            found = self.findings(within)
            assert not found, f"{name}, {theme}: {json.dumps(found, indent=1)}"
        self.page.set_viewport_size(self._size)
        self.theme("Light")

    def findings(self, within: str | dict[str, Any]) -> dict[str, list[str]]:
        """Rules of axe that are violated in this selector or context of axe, with the elements."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.add_script_tag(path=AXE)
        found = self.page.evaluate(_AXE, within)
        return {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in found}

    def widths(self, name: str, widths: tuple[int, ...] = (1920, 1280)) -> Iterator[int]:
        """As it is, in both widths: a picture of each, and its turn for whoever looks closer."""
        for width in widths:
            self.page.set_viewport_size({"width": width, "height": width * 9 // 16})
            self.settled()
            self.picture(f"{name}-{width}")
            yield width

    def watch_shifts(self) -> None:
        """From now on what moves without anybody's doing is added up."""
        self.settled()  # what was done before
        self.page.evaluate(_WATCH_SHIFTS)

    def shifts(self) -> tuple[float, list[str]]:
        """The sum of what moved since (1 is the whole window by its height), and what it was."""
        found = self.page.evaluate("() => window.kfShifts")
        return sum(shift["value"] for shift in found), [str(shift) for shift in found]


def until(holds: Callable[[], Any], patience_s: float = PATIENCE_MS / 1000) -> None:
    """Waits for what no element of the page shows."""
    end = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def last_step(log: Locator) -> int:
    """Which step the last line that is shown of a log tells; -1 for none."""
    lines = log.locator(".jp-Kf-line").all_inner_texts()
    steps = [int(line.split()[1]) for line in lines if line.startswith("step")]
    return max(steps, default=-1)
