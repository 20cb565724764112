"""``%kf check``: golden rows through an endpoint, a model or a transform, now."""

from __future__ import annotations

from jupyter_kf.client import endpoints
from jupyter_kf.client.choose import choose_model
from jupyter_kf.errors import NotFound, did_you_mean
from jupyter_kf.records import Check
from jupyter_kf.serving import routing
from jupyter_kf.store import Store


def run_check(store: Store, name: str) -> Check:
    """Checks what `name` means: a running endpoint first, then a model, then a transform.

    Raises:
        NotFound: kf-1113, it is none of these.
    """
    if name in endpoints.names(store) and routing.current(store.root, name):
        return _endpoint(store, name)
    if name.partition("@")[0] in store.refs.names("model"):
        return _model(store, name)
    if name.partition("@")[0] in store.refs.names("transform"):
        return _transform(store, name)
    known = [*endpoints.names(store), *store.refs.names("model"), *store.refs.names("transform")]
    raise NotFound(
        1113,
        f"there is nothing called `{name}` to check",
        cause=did_you_mean(name, known),
        fix="give an endpoint, a model or a transform",
    )
