"""What the server's tests find in the store: runs as they are left behind."""

from __future__ import annotations

import json
import time

from jupyter_kf.client import Client


def ended_run(client: Client, name: str, state: str = "SUCCEEDED", log: bytes = b"") -> str:
    """A run that has ended, without a process ever having run; returns its id."""
    folder = client.store.runs.new("train", name, {"name": name}, "local")
    line = {"t": time.time(), "step": 1, "values": {"auc": 0.9}, "progress": 1.0}
    folder.metrics.write_text(json.dumps(line | {"remaining_s": None}) + "\n")
    folder.log.write_bytes(log)
    error = None
    if state == "FAILED":
        error = {"code": "kf-2042", "message": "it broke", "cause": "so", "fix": "mend it"}
    result = {"state": state, "started_s": 1.0, "ended_s": 2.0, "outputs": {}, "error": error}
    folder.result.write_text(json.dumps(result))
    return folder.id
