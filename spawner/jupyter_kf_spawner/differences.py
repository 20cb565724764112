"""What is different for users, and in their pods, between two catalogues? Each change once.

Pure: of the pods it takes what `render` made. May import `catalogue`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jupyter_kf_spawner.catalogue import Examined
from jupyter_kf_spawner.handoff import VARIABLE

Pods = Mapping[str, dict[str, Any]]
_LEFT_OUT = object()


def of_choices(old: Examined, new: Examined) -> list[str]:
    """What users may choose that changed, one line each, as the files have it.

    Two ways to write one amount are no change.
    """
    before, after = old.catalogue.model_dump(), new.catalogue.model_dump()
    return list(_choices((before, after), (old.written, new.written), ""))


def of_pods(old: Pods, new: Pods) -> list[str]:
    """How the pods of the combinations that both have changed, and which came and went.

    Combinations that change alike are one paragraph.
    """
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    both = [name for name in old if name in new]
    for name in both:
        if changes := tuple(_changes(_flat(old[name]), _flat(new[name]))):
            groups[changes].append(name)
    lines = []
    for changes, names in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        lines += [f"{_count(names, both)} like this:", *(f"  {change}" for change in changes)]
    gone = [name for name in old if name not in new]
    came = [name for name in new if name not in old]
    lines += [f"gone: {_count(gone, old)}"] if gone else []
    lines += [f"only in the new: {_count(came, new)}"] if came else []
    return lines


def _choices(models: tuple[Any, Any], written: tuple[Any, Any], path: str) -> Iterator[str]:
    """Lines for one part of the two catalogues and everything below it."""
    before, after = models
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            below = (before.get(key, _LEFT_OUT), after.get(key, _LEFT_OUT))
            texts = (_at(written[0], key), _at(written[1], key))
            yield from _choices(below, texts, f"{path}.{key}" if path else str(key))
    elif _all_parts(before) and _all_parts(after):
        for number in range(max(len(before), len(after))):
            below = (_at(before, number), _at(after, number))
            texts = (_at(written[0], number), _at(written[1], number))
            yield from _choices(below, texts, f"{path}.{number}")
    elif before is _LEFT_OUT or (before is None and isinstance(after, dict)):
        yield f"{path}: new: {_shown(written[1])}"
    elif after is _LEFT_OUT or (after is None and isinstance(before, dict)):
        yield f"{path}: gone"
    else:
        yield f"{path}: {_shown(written[0])} -> {_shown(written[1])}"


def _all_parts(value: Any) -> bool:
    """Whether it is a list of parts with keys, of which each is compared by itself."""
    return isinstance(value, tuple) and all(isinstance(one, dict) for one in value)


def _at(node: Any, key: Any) -> Any:
    if isinstance(node, dict):
        return node.get(key, _LEFT_OUT)
    if isinstance(node, list | tuple) and isinstance(key, int) and key < len(node):
        return node[key]
    return _LEFT_OUT


def _shown(value: Any) -> str:
    if value is _LEFT_OUT:
        return "left out"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _flat(node: Any, path: str = "") -> dict[str, Any]:
    """Every value of a pod by its path; entries of lists by their name where they have one."""
    if isinstance(node, dict):
        if node.get("name") == VARIABLE and isinstance(node.get("value"), str):
            node = {
                **node,
                "value": json.loads(node["value"]),
            }
        pairs: Iterable[tuple[str, Any]] = ((f".{key}", one) for key, one in node.items())
    elif isinstance(node, list):
        pairs = ((f"[{_entry(one, number)}]", one) for number, one in enumerate(node))
    else:
        return {path.removeprefix("."): node}
    return {inner: one for key, below in pairs for inner, one in _flat(below, path + key).items()}


def _entry(one: Any, number: int) -> str:
    named = one.get("name") or one.get("key") if isinstance(one, dict) else None
    return str(named if named is not None else number)


def _changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for path in [*before, *(path for path in after if path not in before)]:
        if path not in after:
            yield f"- {path}: {_shown(before[path])}"
        elif path not in before:
            yield f"+ {path}: {_shown(after[path])}"
        elif before[path] != after[path]:
            yield f"~ {path}: {_shown(before[path])} -> {_shown(after[path])}"


def _count(names: list[str], among: Iterable[str]) -> str:
    """How many combinations, and which, by the words that they and no others have."""
    all_ = list(among)
    said = f"{len(names)} of {len(all_)} combinations"
    if len(names) == len(all_):
        return f"all {len(all_)} combinations" if len(all_) > 1 else "the only combination"
    common = _common(names) - _common(all_)
    alike = [name for name in all_ if common <= set(name.split(", "))]
    if common and len(alike) == len(names):
        return f"{said}, all with {' and '.join(sorted(common))}"
    return f"{said}, such as {' + '.join(names[0].split(', '))}"


def _common(names: list[str]) -> set[str]:
    """The words that all these combinations have."""
    words = [set(name.split(", ")) for name in names]
    return words[0].intersection(*words)
