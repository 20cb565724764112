"""Do the names in a request mean something in the store? Asked before a cell is written.

What only the notebook knows (its frames, paths from its folder) is left to the run itself.
"""

from __future__ import annotations

from jupyter_kf.client import endpoints, orders, studies
from jupyter_kf.client.choose import choose_model
from jupyter_kf.errors import KfError, NotFound, together
from jupyter_kf.specs import BatchSpec, ServeSpec, TrainSpec, TuneSpec
from jupyter_kf.specs.base import Request
from jupyter_kf.store import Store

_FIELDS = {"data": "dataset", "transform": "transform"}


def refuse_unknown(store: Store, request: Request) -> None:
    """Raises when a dataset, transform, model or train run that is meant is not there.

    Raises:
        KfError: kf-11xx, all names of nothing at once; otherwise what the verb itself would say of
            its inputs: a target that is no column, a parameter that nothing reads.
    """
    unknown: list[KfError] = []
    for field, kind in _FIELDS.items():
        text = getattr(request, field, None)
        try:
            if text:
                store.refs.resolve(kind, text)
        except NotFound as error:
            unknown.append(error)
    if unknown:
        raise together(unknown)
    if isinstance(request, TrainSpec):
        orders.train_inputs(store, request)
    elif isinstance(request, TuneSpec):
        studies.order(store, request)
    elif isinstance(request, ServeSpec):
        endpoints.order(store, request)
    elif isinstance(request, BatchSpec):
        choose_model(store, request.model or request.name)
