"""jupyter-kf: from one notebook cell to production on Kubeflow.

`import jupyter_kf as kf` is cheap: everything else is imported when it is first needed.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` itself would cost every supervisor and worker its start-up time

__version__ = "0.1.0"
__all__ = ["__version__", "connect"]

if TYPE_CHECKING:
    from typing import Any

    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_kf.client import Client


def connect(**settings: Any) -> Client:
    """A client for the local machine, or for the backend that is named. See `client.connect`."""
    from jupyter_kf.client import connect as connect_now

    return connect_now(**settings)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """What jupyter_server loads when the extension is enabled."""
    from jupyter_kf.server.extension import KfExtension

    return [{"module": "jupyter_kf.server.extension", "app": KfExtension}]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """``%load_ext jupyter_kf``."""
    from jupyter_kf.magics import load

    load(shell)
