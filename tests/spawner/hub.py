"""A real hub for a test: JupyterHub and its proxy as processes, and a user with a cookie."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "spawner" / "jupyterhub_config.py"
# `more` of `running_hub` is appended to the development hub's configuration.
TOKEN = "token-of-the-tests"
PATIENCE_S = 120
WITH_API = f"""
c.JupyterHub.services = [{{"name": "tests", "api_token": "{TOKEN}"}}]
c.JupyterHub.load_roles = [{{"name": "tests", "services": ["tests"], "scopes": [
    "admin:users", "admin:servers", "servers", "read:hub"]}}]
"""
# The page waits one second for what comes of a start, and the API ten; a refusal that took longer
# would be told on the page that follows. For tests of what is answered: as long as it takes.
PATIENT = """
import asyncio
import types
from jupyterhub.handlers import pages
async def _patiently(tasks, timeout):
    return await asyncio.wait(tasks, timeout=100)
pages.asyncio = types.SimpleNamespace(**{**vars(asyncio), "wait": _patiently})
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 100}
"""
# TLS between hub, proxy and servers, with certificates that the hub makes; the page stays http.
INTERNAL_SSL = """
import os
c.JupyterHub.internal_ssl = True
c.JupyterHub.internal_certs_location = os.path.abspath("internal-ssl")
c.JupyterHub.hub_bind_url = c.JupyterHub.hub_bind_url.replace("http:", "https:")
c.ConfigurableHTTPProxy.api_url = c.ConfigurableHTTPProxy.api_url.replace("http:", "https:")
"""


@dataclass
class Hub:
    """A hub that runs, seen from outside."""

    url: str
    process: subprocess.Popen[bytes] | None
    """None where the hub is no process of this machine."""
    log: Path
    _users: dict[str, httpx.Client] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        assert self.process, "this hub is no process of this machine"
        return self.process.poll() is None

    def user(self, name: str) -> httpx.Client:
        """A browser's session of this user."""
        if name not in self._users:
            client = httpx.Client(base_url=self.url, follow_redirects=True, timeout=PATIENCE_S)
            page = client.get("/hub/login")
            form = {"username": name, "password": "", "_xsrf": xsrf(page.text)}
            assert client.post("/hub/login", data=form).status_code == 200
            self._users[name] = client
        return self._users[name]

    def submit(
        self, name: str, fields: dict[str, str | list[str]], server: str = ""
    ) -> httpx.Response:
        """Sends the spawn page's form."""
        user = self.user(name)
        path = f"/hub/spawn/{name}/{server}".rstrip("/")
        token = xsrf(user.get(path).text)
        return user.post(path, params={"_xsrf": token}, data=fields)

    def ask(self, name: str, options: object, server: str = "") -> httpx.Response:
        """Starts a server over REST; one with a name of its own when `server` says so."""
        headers = {"Authorization": f"token {TOKEN}"}
        api = httpx.Client(base_url=f"{self.url}/hub/api", headers=headers, timeout=PATIENCE_S)
        with api:
            api.post(f"/users/{name}")
            # By json itself: a client library would refuse to send some of what must be refused.
            path = f"/users/{name}/servers/{server}" if server else f"/users/{name}/server"
            return api.post(path, content=json.dumps(options))

    def stop(self, name: str) -> None:
        """Stops the user's server and waits until it is gone."""
        headers = {"Authorization": f"token {TOKEN}"}
        url = f"{self.url}/hub/api"
        with httpx.Client(base_url=url, headers=headers, timeout=PATIENCE_S) as api:
            api.delete(f"/users/{name}/server")
            until = time.monotonic() + PATIENCE_S
            while "" in api.get(f"/users/{name}").json()["servers"]:
                assert time.monotonic() < until, "the server did not stop"
                time.sleep(0.2)

    def environment_of(self, name: str) -> dict[str, str]:
        """The variables of the user's server."""
        return self.process_of(name).environ()

    def process_of(self, name: str) -> psutil.Process:
        """The user's server, a process below the hub."""
        assert self.process, "this hub is no process of this machine"
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if process.environ().get("JUPYTERHUB_USER") == name:
                    return process
        raise AssertionError(f"no server of {name}")

    def close(self) -> None:
        for client in self._users.values():
            client.close()


def xsrf(page: str) -> str:
    """The page's token against forged requests."""
    found = re.search(r'xsrf_token: "([^"]+)"', page) or re.search(r'_xsrf["=: ]+([^"&]+)', page)
    assert found, page[:500]
    return found[1]


def proxy_program() -> str:
    """The path of configurable-http-proxy, installed from its lock file when it is missing."""
    command = [sys.executable, ROOT / ".ci" / "environment.py", "proxy"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextlib.contextmanager
def running_hub(folder: Path, more: str = "", **environment: str) -> Iterator[Hub]:
    """`spawner/jupyterhub_config.py` as it is, with `more` after it."""
    config = folder / "config.py"
    config.write_text(f"load_subconfig({str(CONFIG)!r})\n{WITH_API}\n{more}")
    port, inner_port, api_port = free_port(), free_port(), free_port()
    proxy = proxy_program()
    log = folder / "hub.log"
    env = {
        **os.environ,
        "JUPYTER_KF_HUB_PORT": str(port),
        "JUPYTER_KF_HUB_INNER_PORT": str(inner_port),
        "JUPYTER_KF_PROXY_PORT": str(api_port),
        "JUPYTER_KF_PROXY": proxy,
        "JUPYTER_KF_HUB_DIR": str(folder),
        **environment,
    }
    command = [sys.executable, "-m", "jupyterhub", "-f", str(config)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env=env, cwd=folder, start_new_session=True
        )
    hub = Hub(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait_until_up(hub)
        yield hub
    finally:
        hub.close()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _end_proxy(folder / "proxy.pid")


def on_kubernetes(
    kubeconfig: Path,
    namespace: str = "",
    *,
    address: str = "127.0.0.1",
    catalogue: Path | None = None,
) -> dict[str, str]:
    """The environment in which the development hub starts servers as pods.

    Args:
        kubeconfig: of the cluster.
        namespace: where the servers go; left out, the configuration says it.
        address: this machine, as its pods reach it.
        catalogue: another one than the published.
    """
    told = {
        "KUBECONFIG": str(kubeconfig),
        "JUPYTER_KF_HUB_ADDRESS": address,
        "JUPYTER_KF_HUB_NAMESPACE": namespace,
        "JUPYTER_KF_CATALOGUE": str(catalogue or ""),
    }
    return {name: value for name, value in told.items() if value}


def _end_proxy(pid_file: Path) -> None:
    """Ends the proxy of a hub that could not end it itself."""
    if pid_file.exists():
        with contextlib.suppress(psutil.Error):
            psutil.Process(int(pid_file.read_text())).terminate()


def _wait_until_up(hub: Hub) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and hub.alive:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{hub.url}/hub/health").status_code == 200:
                return
        time.sleep(0.2)
    raise AssertionError(f"the hub did not come up:\n{hub.log.read_text()[-3000:]}")
