"""A Jupyter server in a process of its own, as users start it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from jupyter_kf.server.routes import BASE
from tests.ports import free_port


class Server:
    """A running Jupyter server with everything that is enabled in this environment."""

    def __init__(self, folder) -> None:
        self.port = free_port()
        self.token = "t" * 32
        options = [f"--port={self.port}", "--ip=127.0.0.1", "--no-browser", "--allow-root"]
        options += [f"--IdentityProvider.token={self.token}", "--ServerApp.port_retries=0"]
        command = [sys.executable, "-m", "jupyter", "server", *options]
        self.log = (folder / "server.log").open("w+b")
        self._process = subprocess.Popen(command, cwd=folder, stdout=self.log, stderr=self.log)
        self.process = psutil.Process(self._process.pid)
        self._wait()

    def open(self, path: str, **headers: str):
        url = f"http://127.0.0.1:{self.port}{BASE}{path}"
        headers["Authorization"] = f"token {self.token}"
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=120)

    def get(self, path: str):
        with self.open(path) as answer:
            return json.load(answer)

    def most_memory(self) -> int:
        """The most that it ever held, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(90)
        self.log.close()

    def _wait(self) -> None:
        until = time.monotonic() + 90
        while time.monotonic() < until and self._process.poll() is None:
            try:
                self.get("/where")
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        self.log.seek(0)
        raise AssertionError(self.log.read().decode()[-4000:])
