"""A real JupyterLab or Notebook 7 in folders of its own, on a free port of this machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import nbformat

from jupyter_kf.display.reference import MIME
from jupyter_kf.records import Run
from tests.ports import free_port

TOKEN = "a-token-of-the-tests"
PATIENCE_S = 90.0

# No news, no questions: they would ask the network, and stand in the pictures.
SETTINGS: dict[str, dict[str, Any]] = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": False,
    },
}


class Lab:
    """One server and its folders; `restart` gives the same again.

    Args:
        folder: gets the notebooks, the store and Jupyter's own folders.
        runtime: for locks and sockets; short.
        app: ``lab`` or ``notebook``.
        config: lines of a server configuration file.
    """

    def __init__(self, folder: Path, runtime: Path, app: str = "lab", config: str = "") -> None:
        self.work, self.store, self.runtime = folder / "work", folder / "store", runtime
        self._folder, self._app = folder, app
        for name in ("work", "store", "config", "data", "jupyter", "ipython", "settings"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "config" / "jupyter_server_config.py").write_text(config)
        self._environment = {
            **os.environ,
            "JUPYTER_KF_STORE": str(self.store),
            "JUPYTER_KF_RUNTIME_DIR": str(runtime),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "jupyter"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "IPYTHONDIR": str(folder / "ipython"),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.set()

    def set(self, **settings: dict[str, Any]) -> None:
        """Settings as a user would have made them: ``set(**{"plugin/name": {...}})``."""
        for plugin, values in {**SETTINGS, **settings}.items():
            path = self._folder / "settings" / f"{plugin}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))

    def start(self) -> Lab:
        """Returns once it answers."""
        command = [sys.executable, "-m", f"jupyter{'lab' if self._app == 'lab' else ''}"]
        command += [] if self._app == "lab" else ["notebook"]
        options = {
            "ServerApp.ip": "127.0.0.1",
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.open_browser": False,
            "ServerApp.allow_root": True,
            "ServerApp.root_dir": self.work,
            "IdentityProvider.token": TOKEN,
            # `window.jupyterapp`, by which the stories run commands as menus do.
            "LabApp.expose_app_in_browser": True,
            "JupyterNotebookApp.expose_app_in_browser": True,
        }
        log = (self._folder / "server.log").open("ab")
        self._process = subprocess.Popen(
            [*command, *(f"--{name}={value}" for name, value in options.items())],
            cwd=self.work,
            env=self._environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        until = time.monotonic() + PATIENCE_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"the server did not start:\n{self.log()[-4000:]}")
            time.sleep(0.1)
        return self

    def stop(self) -> None:
        """Ends its kernels, then the server."""
        if self._process is None:
            return
        for kernel in self.get("/api/kernels"):
            address = self.url(f"/api/kernels/{kernel['id']}")
            httpx.delete(address, headers=_HEADERS, timeout=PATIENCE_S)
        self.kill(signal.SIGTERM)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Ends the server alone."""
        assert self._process is not None
        self._process.send_signal(how)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def url(self, path: str = "/lab") -> str:
        """An address on this server."""
        return f"http://127.0.0.1:{self.port}{path}"

    def get(self, path: str, **query: Any) -> Any:
        """What a GET answers."""
        answer = httpx.get(self.url(path), params=query, headers=_HEADERS, timeout=PATIENCE_S)
        answer.raise_for_status()
        return answer.json()

    def refusal(self, path: str) -> Any:
        """What a GET that is refused answers."""
        answer = httpx.get(self.url(path), headers=_HEADERS, timeout=PATIENCE_S)
        assert answer.status_code >= 400, f"{path} is answered"
        return answer.json()

    def post(self, path: str, body: Any = None) -> Any:
        """What a POST answers."""
        answer = httpx.post(self.url(path), json=body or {}, headers=_HEADERS, timeout=PATIENCE_S)
        answer.raise_for_status()
        return answer.json()

    def notebook(self, name: str, *cells: str) -> str:
        """Writes a notebook with these cells and gives its name."""
        return self._written(name, [nbformat.v4.new_code_cell(cell) for cell in cells])

    def notebook_with_output(self, name: str, run: Run) -> str:
        """The same with one cell, whose saved output is a run's."""
        told = {"format": 1, "id": run.id, "kind": run.kind, "name": run.name}
        output = nbformat.v4.new_output("display_data", {MIME: told, "text/plain": run.name})
        return self._written(name, [nbformat.v4.new_code_cell("1 + 1", outputs=[output])])

    def _written(self, name: str, cells: list[Any]) -> str:
        content = nbformat.v4.new_notebook(cells=cells)
        content.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        nbformat.write(content, self.work / name)
        return name

    def log(self) -> str:
        """What the server printed."""
        return (self._folder / "server.log").read_text(errors="replace")

    def _answers(self) -> bool:
        try:
            return httpx.get(self.url("/api/status"), headers=_HEADERS).status_code == 200
        except httpx.HTTPError:
            return False


_HEADERS = {"Authorization": f"token {TOKEN}"}
