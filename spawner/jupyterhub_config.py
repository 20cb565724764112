"""The development hub of `make hub`: this machine only, any password-less name, no database kept.

On the test bed's Kubernetes (or any other) when KUBECONFIG names one and the hub can be reached
from its pods, else on processes of this machine. The same catalogue, form and decision in both.

Read by JupyterHub, with `c` as its configuration. Settings, all optional:
JUPYTER_KF_CATALOGUE (a file), JUPYTER_KF_HUB_PORT (the page), JUPYTER_KF_HUB_INNER_PORT and
JUPYTER_KF_PROXY_PORT (behind it), JUPYTER_KF_HUB_ADDRESS (as pods reach the hub),
JUPYTER_KF_HUB_NAMESPACE, JUPYTER_KF_HUB_DIR (where a development hub keeps its files).
"""

import os
import secrets
import socket
import sys
import tempfile
from pathlib import Path

from jupyter_kf_spawner.volumes import HANDLERS
from jupyterhub.app import JupyterHub

c = get_config()  # noqa: F821 - JupyterHub gives it

here = Path(__file__).resolve().parent
catalogue = os.environ.get("JUPYTER_KF_CATALOGUE") or here.parent / "images" / "catalogue.yaml"
port = int(os.environ.get("JUPYTER_KF_HUB_PORT") or 8000)
inner_port = int(os.environ.get("JUPYTER_KF_HUB_INNER_PORT") or 8081)
proxy_port = int(os.environ.get("JUPYTER_KF_PROXY_PORT") or 8001)
folder = Path(os.environ.get("JUPYTER_KF_HUB_DIR") or tempfile.mkdtemp(prefix="jupyter-kf-hub-"))
address = os.environ.get("JUPYTER_KF_HUB_ADDRESS", "")
on_kubernetes = bool(os.environ.get("KUBECONFIG") and address)


def taken(host: str, number: int) -> bool:
    """Whether another program listens there."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, number))
        except OSError:
            return True
    return False


# The hub says that it runs even when its proxy could not take the page's port. `check --config`
# starts nothing, and a proxy of this folder's last hub is ended by the hub itself.
if JupyterHub.initialized():
    wanted = [
        (address or "127.0.0.1", inner_port, "JUPYTER_KF_HUB_INNER_PORT=8082 in the environment")
    ]
    if not (folder / "proxy.pid").exists():
        wanted.append(("127.0.0.1", port, "PORT=8010 behind `make hub`"))
        wanted.append(("127.0.0.1", proxy_port, "JUPYTER_KF_PROXY_PORT=8002 in the environment"))
    in_use = [
        f"Port {number} of {host} is taken by another program, so this hub can't start:"
        f" stop that program, or choose another port, as in {instead}."
        for host, number, instead in wanted
        if taken(host, number)
    ]
    if in_use:
        sys.exit("\n".join(in_use))

c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = f"http://{address or '127.0.0.1'}:{inner_port}"
c.JupyterHub.db_url = f"sqlite:///{folder / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(folder / "cookie-secret")
c.JupyterHub.allow_named_servers = True
# Failures in a row are to be looked at; a hub that ends itself shows nothing any more.
c.Spawner.consecutive_failure_limit = 0
c.JupyterHub.cleanup_servers = True
c.JupyterHub.extra_handlers = HANDLERS
c.ConfigurableHTTPProxy.auth_token = secrets.token_hex(32)
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.pid_file = str(folder / "proxy.pid")
if os.environ.get("JUPYTER_KF_PROXY"):
    c.ConfigurableHTTPProxy.command = [os.environ["JUPYTER_KF_PROXY"]]

# One developer on the loopback address: whoever reaches the page is somebody.
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.load_groups = {
    "kubeflow": {"users": ["grace"]},
    "hardware": {"users": ["grace"]},
    "data-team": {"users": ["grace"]},
}

if on_kubernetes:
    c.JupyterHub.spawner_class = "jupyter-kf"
    c.KfSpawner.catalogue_file = str(catalogue)
    c.KfSpawner.namespace = os.environ.get("JUPYTER_KF_HUB_NAMESPACE") or "default"
    c.KfSpawner.show_free_devices = True
    c.KfSpawner.volumes_page = True
    c.KfSpawner.start_timeout = 300
    c.KfSpawner.delete_grace_period = 1
else:
    c.JupyterHub.spawner_class = "jupyter-kf-local"
    c.KfLocalSpawner.catalogue_file = str(catalogue)
    c.KfLocalSpawner.home_dir_template = str(folder / "{username}")
    c.KfLocalSpawner.cmd = [str(Path(sys.executable).with_name("jupyterhub-singleuser"))]
    c.KfLocalSpawner.args = ["--allow-root"] if os.geteuid() == 0 else []
    c.KfLocalSpawner.default_url = "/lab"
