"""What does a spawned server know about where it is? One versioned JSON variable.

`jupyter_kf.config` reads it, so that `%kf` needs no configuration; the images' Jupyter settings
read `idle_s`. The two packages share this text and no code. Pure. May import `catalogue`,
`resolve`.
"""

from __future__ import annotations

import json
from typing import Any

from jupyter_kf_spawner.catalogue.models import Catalogue
from jupyter_kf_spawner.resolve import Resolved

VARIABLE = "JUPYTER_KF_HANDOFF"
VERSION = 1


def handoff(catalogue: Catalogue, resolved: Resolved, namespace: str) -> str:
    """The variable's value.

    ``version`` changes when a reader of the old form would go wrong; new keys don't change it.
    ``backend`` is "local" wherever the server is: no release of jupyter-kf can use a cluster yet,
    and a test says when one can. What its back end will need of the cluster is there already.
    """
    terms = catalogue.kubeflow if resolved.kubeflow else None
    said: dict[str, Any] = {
        "version": VERSION,
        "backend": "local",
        "namespace": namespace,
        "queue": terms.queue if terms else None,
        "store": catalogue.kubeflow.store if catalogue.kubeflow else None,
        "image": resolved.image.image,
        "gpu": {"resource": resolved.gpu.resource, "count": resolved.gpus}
        if resolved.gpu
        else None,
        "limits": {"cpu": resolved.cpu, "memory": resolved.memory, "gpus": resolved.gpus},
        "idle_s": resolved.size.idle,
    }
    kept = {key: value for key, value in said.items() if value is not None}
    return json.dumps(kept, sort_keys=True)
