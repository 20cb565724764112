"""Which back ends are there? Each is imported when first asked for. May import `base`, `errors`."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast

from jupyter_kf.backends.base import Backend
from jupyter_kf.errors import BackendError, did_you_mean

_MAKERS = {
    "local": "jupyter_kf.backends.local:make",
    "kubernetes": "jupyter_kf.backends.kube:make",
}


def names() -> tuple[str, ...]:
    """The names that `get` takes."""
    return tuple(_MAKERS)


def get(name: str, **settings: Any) -> Backend:
    """The back end of this name.

    Args:
        settings: what it needs to know: `store_root`; a cluster's namespace.

    Raises:
        BackendError: kf-2002, there is no such back end, or not in this installation.
    """
    if name not in _MAKERS:
        raise BackendError(
            2002,
            f"there is no back end {name!r}",
            cause=did_you_mean(name, _MAKERS),
            fix="`%kf connect --backend local`, or set JUPYTER_KF_BACKEND",
        )
    module, _, maker = _MAKERS[name].partition(":")
    if find_spec(module) is None:
        raise BackendError(
            2002,
            f"this version of jupyter-kf has no {name} back end",
            cause=f"{module} is not part of it",
            fix="use `--backend local`; a later version will bring it: see the changelog",
        )
    return cast(Backend, getattr(import_module(module), maker)(**settings))
