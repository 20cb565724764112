"""A real Jupyter server with the images' own settings: what keeps it, and what ends it.

The server's own periodic looks are called here, and the past is made: nothing waits for a time.
"""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403 - fixtures and hooks, for this folder
from traitlets.config import Config

from tests.images.build import ROOM

LONG_AGO = datetime.timedelta(hours=3)


@pytest.fixture
def jp_server_config(monkeypatch) -> Config:
    """What `images/base/jupyter_server_config.py` makes of an hour."""
    monkeypatch.setenv("JUPYTER_KF_HANDOFF", '{"version": 1, "idle_s": 3600}')
    settings = Config()
    text = (ROOM / "base" / "jupyter_server_config.py").read_text()
    exec(compile(text, "jupyter_server_config.py", "exec"), {"get_config": lambda: settings})
    extensions = {"jupyter_server_terminals": True, "jupyter_kf": True}
    settings.ServerApp.jpserver_extensions = extensions
    return settings


class Watched:
    """The server, with its looks at what goes on, and whether it has ended itself."""

    def __init__(self, app) -> None:
        self.app, self.ended = app, False
        self.kernels = app.kernel_manager
        self.terminals = app.web_app.settings["terminal_manager"]
        app.stop = lambda: setattr(self, "ended", True)

    async def looks(self) -> None:
        """What happens each minute; before it, nobody has done anything for hours."""
        past = datetime.datetime.now(datetime.UTC) - LONG_AGO
        for kernel in self.kernels._kernels.values():
            kernel.last_activity = past
        self.kernels.last_kernel_activity = past
        settings = self.app.web_app.settings
        settings.update(
            {key: past for key in settings if key == "started" or key.endswith("_last_activity")}
        )
        settings["last_activity_times"].clear()
        await self.kernels.cull_kernels()
        await self.terminals._cull_terminals()
        self.app.shutdown_no_activity()

    async def until(self, state: str, kernel: str) -> None:
        """Waits for the kernel's state, as the server sees it."""
        async with asyncio.timeout(60):
            while self.kernels._kernels[kernel].execution_state != state:
                await asyncio.sleep(0.05)


def test_a_busy_kernel_and_an_open_terminal_keep_the_server_and_then_it_ends(
    jp_serverapp, jp_asyncio_loop, tmp_path
):
    jp_asyncio_loop.run_until_complete(story(Watched(jp_serverapp), tmp_path / "gate"))


async def story(server: Watched, gate: Path) -> None:
    """A kernel that computes until the gate is there; then a terminal; then nothing."""
    kernel = await server.kernels.start_kernel()
    client = server.kernels.get_kernel(kernel).client()
    client.start_channels()
    try:
        await client.wait_for_ready()
        client.execute(
            f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(.05)"
        )
        await server.until("busy", kernel)
        await server.looks()
        assert kernel in server.kernels and not server.ended
        gate.touch()
        await server.until("idle", kernel)
        server.kernels.notify_connect(kernel)  # a page that was left open
        name = server.terminals.create()["name"]
        await server.looks()
        assert kernel not in server.kernels
        assert name in server.terminals.terminals and not server.ended
    finally:
        client.stop_channels()
    # Nobody has typed for hours either.
    server.terminals.terminals[name].last_activity -= LONG_AGO
    await server.looks()
    assert name not in server.terminals.terminals and server.ended
