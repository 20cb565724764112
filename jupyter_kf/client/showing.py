"""What a name means to somebody who wants to see it, where several things may share it.

Looks at the store's names and asks the client for what it finds. May import `endpoints`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from jupyter_kf.client import endpoints
from jupyter_kf.errors import NotFound, did_you_mean
from jupyter_kf.records import Dataset, Endpoint, Model, Run, Study, Transform

if TYPE_CHECKING:
    from jupyter_kf.client import Client

Thing = Run | Study | Endpoint | Model | Transform | Dataset

_HOW: Mapping[str, Callable[[Client, str], Thing]] = {
    "endpoint": lambda client, name: client.endpoint(name),
    "model": lambda client, name: client.get_model(name),
    "transform": lambda client, name: client.get_transform(name),
    "dataset": lambda client, name: client.get_data(name),
    "study": lambda client, name: client.study(name),
    "run": lambda client, name: client.meant(name),
}
"""The kinds that share names: what is shown of several is the first."""
_VERSIONED = ("model", "transform", "dataset")


def show(client: Client, text: str) -> Thing:
    """What is called so, as it is now: a run id first, then names, the live ones first.

    Args:
        text: a run id, a name, name@version; kind/name where several things share a name.

    Raises:
        NotFound: kf-1116 nothing is, kf-1147 there is no such kind.
    """
    if text in client.store.runs.ids():
        run = client.run(text)
        return client.study(text) if run.kind == "tune" else run
    kind, slash, name = text.rpartition("/")
    if slash:
        if kind not in _HOW:
            raise NotFound(
                1147,
                f"there is no kind of things called `{kind}`",
                cause=did_you_mean(kind, _HOW),
                fix=f"write {', '.join(f'{known}/{name}' for known in _HOW)}",
            )
        return _HOW[kind](client, name)
    named = _named(client, text)
    if not named and not client.runs(text):
        raise endpoints.nothing_called(client.store, text)
    return _HOW[named[0] if named else "run"](client, text)


def beside(client: Client, text: str) -> str:
    """What else is called so, and how it is shown; "" where nothing is, or a kind was given.

    Of runs only those at work: others are named by what they made, and `%kf runs` lists them.
    """
    if "/" in text or text in client.store.runs.ids():
        return ""
    named = _named(client, text)
    if not named:
        return ""  # a run is shown
    others = named[1:]
    if any(not run.state.ended and run.kind != "serve" for run in client.runs(text)):
        others.append("run")
    also = ", ".join(f"a {kind}" for kind in others)
    ways = "    ".join(f"%kf show {kind}/{text}" for kind in others)
    return f"`{text}` is also {also}: {ways}" if others else ""


def _named(client: Client, text: str) -> list[str]:
    """The kinds that have this name, or this name@version, in the order in which they are shown."""
    refs, name = client.store.refs, text.partition("@")[0]
    found = ["endpoint"] if text in endpoints.names(client.store) else []
    versioned = [kind for kind in _VERSIONED if name in refs.names(kind)]
    if name != text:  # whose version it is; where it is nobody's, the first says which there are
        having = [k for k in versioned if text in {one.ref for one in refs.versions(k, name)}]
        return having or versioned[:1]
    return found + versioned + (["study"] if text in refs.names("study") else [])
