"""What is wrong with a value, and what to write instead, in an admin's words.

Pydantic finds it; nothing of its own words, nor of Python's, reaches a message. May import
pydantic's errors, `fields`, `errors`.
"""

from __future__ import annotations

import re
from typing import Any

from jupyter_kf_spawner.errors import did_you_mean, shown

Path = tuple[int | str, ...]
# Path of keys, what is wrong, what to write instead.
Found = tuple[Path, str, str]
Schema = dict[str, Any]


def found_in(details: list[Any], schema: Schema) -> list[Found]:
    """The problems in what pydantic found, one for each mistake.

    Args:
        details: `ValidationError.errors()`.
        schema: the catalogue's JSON Schema, which knows what may stand at a path.
    """
    found: dict[Path, Found] = {}
    for detail in details:
        path = tuple(part for part in detail["loc"] if part != "[key]")
        found.setdefault(path, (path, *_worded(path, detail, schema)))
    # A misspelt key is not missing too; a list is not empty because its entries are wrong.
    meant = {(*path[:-1], fix.removeprefix("write ")) for path, _, fix in found.values() if path}
    broken = {path[:-1] for path in found if path and isinstance(path[-1], int)}
    return [
        one
        for detail, one in ((d, found.get(_path(d))) for d in details)
        if one is not None
        and not (detail["type"] == "missing" and one[0] in meant)
        and not (detail["type"] == "too_short" and one[0] in broken)
    ]


def _path(detail: Any) -> Path:
    return tuple(part for part in detail["loc"] if part != "[key]")


def _worded(path: Path, detail: Any, schema: Schema) -> tuple[str, str]:
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    last = str(path[-1]) if path else "the catalogue"
    node = _node(path, schema)
    if kind == "catalogue":
        return context["reason"], context["fix"]
    if kind == "missing":
        return f"`{last}` is missing", f"add `{last}:` here"
    if kind == "extra_forbidden":
        known = _node(path[:-1], schema).get("properties", {})
        return f"there is no `{last}` here", did_you_mean(last, known)
    return _of_type(kind, last, value, node)


def _of_type(kind: str, last: str, value: Any, node: Schema) -> tuple[str, str]:
    """A value of another type, or outside what the type allows."""
    match kind:
        case "model_type" | "model_attributes_type" | "dict_type":
            return _keys(last, value, node)
        case "tuple_type":
            return _list(last, value)
        case "too_short":
            return "the list is empty", f"add one at least, or leave `{last}` out"
        case "string_type":
            return _text(value)
        case "bool_type" | "bool_parsing":
            return f"{_said(value)} is neither true nor false", "write true or false"
        case "literal_error":
            return _word(last, value, node)
        case "string_pattern_mismatch":
            return _pattern(last, value)
    if kind.startswith(("int_", "float_", "greater_", "less_")):
        return _number(value, node)
    return f"{_said(value)} can't stand here", "see `jupyter-kf-spawner schema`"


def _keys(last: str, value: Any, node: Schema) -> tuple[str, str]:
    """Something else where keys with values belong."""
    needed = node.get("required", ())
    entry = node.get("additionalProperties") or {}
    if needed:
        fix = f"write `{last}: {{{', '.join(f'{key}: ...' for key in needed)}}}`"
    elif "properties" in node:
        fix = f"write one or more of these below it: {', '.join(node['properties'])}"
    elif isinstance(entry, dict) and entry.get("type") == "string":
        fix = f"write `{last}: {{NAME: value}}`"
    else:
        fix = "write a name for each entry, and its keys below the name"
    return f"{_said(value)} where keys with values belong", fix


def _list(last: str, value: Any) -> tuple[str, str]:
    """Something else where a list belongs."""
    reason = f"{_said(value)} where a list belongs"
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return reason, f"write `{last}: [{value}]`"
    if isinstance(value, dict):
        return reason, "begin each entry with `- `"
    return reason, f"write `{last}: [...]`"


def _text(value: Any) -> tuple[str, str]:
    """Something else where text belongs."""
    if isinstance(value, bool):
        return f"{_said(value)} where text belongs", f'put it in quotes: "{str(value).lower()}"'
    if isinstance(value, int | float):
        return f"{_said(value)} where text belongs", f'put it in quotes: "{value}"'
    if isinstance(value, dict) and (braces := next(iter(value), "")).startswith("{ "):
        return "`{{` begins no text in YAML", f'quote it: "{{{braces}}}"'
    if value is None:
        return "nothing stands here", "write a text"
    return f"{_said(value)} where text belongs", "write one text; quote it when it has brackets"


def _word(last: str, value: Any, node: Schema) -> tuple[str, str]:
    words = node.get("enum") or [node.get("const")]
    reason = f"{_said(value)} is not one of the words that are known"
    if last == "version":
        reason = f"{_said(value)} is not a version that this program knows"
    *most, least = map(str, words)
    return reason, "write " + (f"{', '.join(most)} or {least}" if most else least)


def _pattern(last: str, value: Any) -> tuple[str, str]:
    if last == "image":
        fix = "write name:tag or name@sha256:... with its digest"
        if isinstance(value, str) and value != value.lower():
            fix += "; names are in small letters"
        return f"{_said(value)} is not an image reference", fix
    fix = "write letters, digits, -, _ and . only, as the Secret has it"
    return f"{_said(value)} is not a key of a Secret", fix


def _number(value: Any, node: Schema) -> tuple[str, str]:
    """No number, or one outside its bounds."""
    whole = node.get("type") == "integer"
    least, above = node.get("minimum"), node.get("exclusiveMinimum")
    most = node.get("maximum")
    bounds = f"of {least} to {most}" if least is not None and most is not None else ""
    if above is not None and most is not None:
        bounds = f"above {above} and at most {most}"
    kind = "a whole number" if whole else "a number"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    outside = number and (not whole or value == int(value))
    reason = f"{_said(value)} is outside its bounds" if outside else f"{_said(value)} is not {kind}"
    return reason, f"write {kind} {bounds}".rstrip()


def _said(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "a list"
    return "keys with values" if isinstance(value, dict) else shown(value)


def _node(path: Path, schema: Schema) -> Schema:
    """What may stand at `path`, by the JSON Schema."""
    node: Any = schema
    for part in path:
        node = _resolved(node, schema)
        if isinstance(part, str) and part in node.get("properties", {}):
            node = node["properties"][part]
        elif isinstance(part, int):
            node = node.get("items", {})
        else:
            patterns = list(node.get("patternProperties", {}).values())
            node = node.get("additionalProperties") or (patterns or [{}])[0]
    return _resolved(node, schema)


def _resolved(node: Any, schema: Schema) -> Schema:
    if not isinstance(node, dict):
        return {}
    for choice in (node, *node.get("anyOf", ())):
        if "$ref" in choice:
            return dict(schema["$defs"][re.sub(r".*/", "", choice["$ref"])])
    # Of a value that may be left out, what it is when it is not.
    given = [choice for choice in node.get("anyOf", ()) if choice.get("type") != "null"]
    return dict(given[0]) if given else node
