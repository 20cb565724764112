"""The hub of these manifests; who may log in is the overlay's: the default refuses everybody."""

import os

from jupyter_kf_spawner.volumes import HANDLERS

c = get_config()  # noqa: F821 - JupyterHub gives it

c.JupyterHub.spawner_class = "jupyter-kf"
c.KfSpawner.catalogue_file = "/etc/jupyterhub/catalogue.yaml"
# Not the hub's own: a server that may make jobs must not find the hub's objects beside them.
c.KfSpawner.namespace = os.environ["SERVERS_NAMESPACE"]
# Needs a right on all nodes, which ../free-devices gives.
c.KfSpawner.show_free_devices = os.environ.get("SHOW_FREE_DEVICES") == "true"
c.KfSpawner.start_timeout = 900
# Failures in a row say that the cluster is in trouble; a hub that ends itself mends nothing, and
# takes the page from those whose servers run.
c.KfSpawner.consecutive_failure_limit = 0
c.KfSpawner.volumes_page = True
c.JupyterHub.extra_handlers = HANDLERS
c.JupyterHub.allow_named_servers = True

c.JupyterHub.hub_bind_url = "http://:8081"
c.JupyterHub.hub_connect_url = f"http://hub.{os.environ['NAMESPACE']}:8081"
c.JupyterHub.db_url = "sqlite:////srv/jupyterhub/hub.sqlite"
c.JupyterHub.cookie_secret_file = "/srv/jupyterhub/cookie-secret"
# Servers outlive the hub and the proxy.
c.JupyterHub.cleanup_servers = False
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://proxy-api:8001"
