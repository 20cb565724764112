"""What a verb would say of a request before anything starts: every mistake, at its field.

Asked by forms while they are filled in, so a field that is wrong keeps no other from being looked
at. What only the notebook knows (its frames, paths from its folder) is left to the run itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from jupyter_kf.backends.base import Backend, unsupported
from jupyter_kf.client import endpoints, orders, studies
from jupyter_kf.client.choose import choose_model
from jupyter_kf.client.params import refuse_commas
from jupyter_kf.errors import KfError, gather
from jupyter_kf.specs import JobSpec, ServeSpec, TrainSpec, TuneSpec
from jupyter_kf.specs.base import Request
from jupyter_kf.store import Store

_MISSING = 1005


def read(kind: type[Request], fields: Mapping[str, Any]) -> tuple[Request | None, list[KfError]]:
    """The request of those fields that are right, where they make one, and what is wrong."""
    left, wrong = dict(fields), list[KfError]()
    while True:
        try:
            return kind.of(**left), wrong
        except KfError as error:
            told = {(one.field, one.what) for one in wrong}
            dropped = fields.keys() - left.keys()
            wrong += [
                one
                for one in error.each
                if (one.field, one.what) not in told
                and not (one.code == _MISSING and one.field in dropped)
            ]
            bad = left.keys() & {one.field for one in error.each}
            if not bad:
                return None, wrong
            left = {name: value for name, value in left.items() if name not in bad}


def unknown(store: Store, kind: type[Request], fields: Mapping[str, Any]) -> list[KfError]:
    """Datasets, transforms, models and runs that are named, and are not there.

    Args:
        fields: as they are known so far; values that are malformed are left out.
    """
    return gather(_looks(store, kind, fields))


def _looks(
    store: Store, kind: type[Request], fields: Mapping[str, Any]
) -> Iterator[Callable[[], Any]]:
    texts = {name: value for name, value in fields.items() if value and isinstance(value, str)}
    for field, noun in (("data", "dataset"), ("transform", "transform")):
        if field in kind.model_fields and field in texts:
            yield partial(_at, field, store.refs.resolve, noun, texts[field])
    model = texts.get("model") or texts.get("name")
    if "model" in kind.model_fields and model and not fields.get("version"):
        yield partial(_at, "model", choose_model, store, model)
    if kind is TuneSpec and "run" in texts:
        yield partial(_at, "run", store.runs.find, texts["run"])
    elif kind is TuneSpec and "name" in texts:
        yield partial(_at, "name", studies.newest_train, store, texts["name"])


def unfit(store: Store, backend: Backend, request: Request) -> list[KfError]:
    """What does not fit the things that are named, or the machines that would do it."""
    checks: list[Callable[[], Any]] = []
    if isinstance(request, TrainSpec):
        checks.append(partial(orders.train_inputs, store, request))
        checks.append(partial(refuse_commas, store, request))
    elif isinstance(request, TuneSpec):
        checks.append(partial(studies.order, store, request))
    elif isinstance(request, ServeSpec):
        checks.append(partial(endpoints.refuse_both, request))
        if request.version is not None:
            checks.append(partial(_at, "version", endpoints.order, store, request))
    refused = gather(checks)
    if isinstance(request, JobSpec):
        refused += unsupported(backend.plan(request, request.name))
    return [one for error in refused for one in error.each]


def _at(field: str, look: Callable[..., Any], *given: Any) -> None:
    try:
        look(*given)
    except KfError as error:
        raise error.at(field) from error
