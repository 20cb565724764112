"""The hub of these manifests; who may log in is the overlay's: the default refuses everybody."""

import os

from jupyter_kf_spawner.volumes import HANDLERS

c = get_config()  # noqa: F821 - JupyterHub gives it

c.JupyterHub.spawner_class = "jupyter-kf"
c.KfSpawner.catalogue_file = "/etc/jupyterhub/catalogue.yaml"
c.KfSpawner.namespace = os.environ["NAMESPACE"]
c.KfSpawner.start_timeout = 900
c.KfSpawner.volumes_page = True
c.JupyterHub.extra_handlers = HANDLERS
c.JupyterHub.allow_named_servers = True

c.JupyterHub.hub_bind_url = "http://:8081"
c.JupyterHub.hub_connect_url = "http://hub:8081"
c.JupyterHub.db_url = "sqlite:////srv/jupyterhub/hub.sqlite"
c.JupyterHub.cookie_secret_file = "/srv/jupyterhub/cookie-secret"
# Servers outlive the hub and the proxy.
c.JupyterHub.cleanup_servers = False
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://proxy-api:8001"
