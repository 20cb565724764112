"""Completion on ``%kf`` lines: verbs, flags, and the names of what is in the store."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from IPython.core.completer import SimpleCompletion, context_matcher

if TYPE_CHECKING:
    from jupyter_kf.magics import KfMagics
    from jupyter_kf.store import Store

LINE = re.compile(r"^\s*%%?kf[ \t]+(?P<words>.*)$")

# Which names a flag or a positional of a verb may take.
_KINDS = {
    "--data": ("dataset",),
    "--transform": ("transform",),
    "--model": ("model",),
    "tune": ("model",),
    "serve": ("model",),
    "predict": ("endpoint",),
    "stop": ("endpoint",),
    "batch": ("model",),
    "check": ("endpoint", "model", "transform"),
    "promote": ("study",),
    "lineage": ("dataset", "transform", "model", "endpoint"),
    "form": ("endpoint", "model"),
    "show": ("dataset", "transform", "model", "endpoint", "study"),
}
_RUNS = frozenset({"show", "logs", "cancel", "compare", "lineage", "--run", "--resume"})


def matcher_for(magics: KfMagics) -> Callable[..., Any]:
    """A matcher in IPython's second protocol, bound to a shell's magics."""

    def kf_matcher(context: Any) -> dict[str, Any]:
        line = context.text_until_cursor
        found = LINE.match(line.split("\n")[-1])
        if not found:
            return {"completions": []}
        words = re.split(r"\s+", found["words"])
        options = sorted(set(candidates(magics, words[:-1], words[-1])))
        token = words[-1][: len(words[-1]) - len(context.token)]
        cut = [o[len(token) :] for o in options if o.startswith(token)]
        return {"completions": [SimpleCompletion(text=o, type="kf") for o in cut], "suppress": True}

    matcher: Callable[..., Any] = context_matcher()(kf_matcher)
    return matcher


def candidates(magics: KfMagics, before: list[str], word: str) -> Iterable[str]:
    """What may stand where `word` stands, given the words before it."""
    from jupyter_kf.verbs import VERBS, offered

    if not before:
        return [verb for verb in VERBS if verb.startswith(word)]
    verb = before[0]
    if verb not in VERBS:
        return []
    flags = offered(verb)
    by_name = {flag.flag: flag for flag in flags if not flag.positional}
    if word.startswith("-"):
        return [name for name in by_name if name.startswith(word)]
    last = before[-1]
    known = by_name.get(last)
    if known is not None and known.choices:
        return [choice for choice in known.choices if choice.startswith(word)]
    given = [each for each in flags if each.positional][: 1 if len(before) == 1 else 0]
    if known is None and given and given[0].choices:
        return [choice for choice in given[0].choices if choice.startswith(word)]
    if verb == "help":
        return [each for each in VERBS if each.startswith(word)]
    return [n for n in _names(magics, last if known else verb) if n.startswith(word)]


def _names(magics: KfMagics, place: str) -> list[str]:
    store = magics.session.client.store
    kinds = _KINDS.get(place, ())
    every = [(kind, n) for kind in kinds for n in _of_kind(store, kind)]
    names = [n for _, n in every]
    if place == "show":  # what means one of several things of a name
        named = Counter(names)
        names += [f"{kind}/{n}" for kind, n in every if named[n] > 1]
    if place in _RUNS:
        names += sorted(store.runs.ids())
    if place in ("predict", "data"):
        shell: Any = magics.shell
        names += [n for n in shell.user_ns if not n.startswith("_")]
    return names


def _of_kind(store: Store, kind: str) -> list[str]:
    from jupyter_kf.client import endpoints

    return endpoints.names(store) if kind == "endpoint" else store.refs.names(kind)
