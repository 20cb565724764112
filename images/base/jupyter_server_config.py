"""Settings of the notebook server in our images, from what the hub handed over.

A server without work stops by itself after its size's idle time: no kernel that computes, no
terminal in use, no request, and no run of jupyter-kf that is still going.
"""

import json
import os

c = get_config()  # noqa: F821 - Jupyter gives it

try:
    idle_s = int(json.loads(os.environ.get("JUPYTER_KF_HANDOFF") or "{}").get("idle_s") or 0)
except (ValueError, AttributeError, TypeError):
    idle_s = 0
if idle_s > 0:
    # An idle kernel must not keep the server; a busy one does, and so does an open terminal
    # until nobody has typed for as long.
    c.MappingKernelManager.cull_idle_timeout = idle_s
    c.MappingKernelManager.cull_interval = max(5, min(60, idle_s // 4))
    c.MappingKernelManager.cull_connected = True
    c.MappingKernelManager.cull_busy = False
    c.TerminalManager.cull_inactive_timeout = idle_s
    c.ServerApp.shutdown_no_activity_timeout = idle_s
