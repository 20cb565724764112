"""Is this file a catalogue? Reads YAML and tells all that is wrong at once, each with its place.

May import ruamel.yaml (the one YAML library that keeps lines and comments), pydantic, `models`,
`rules`, `errors`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from jupyter_kf_spawner.catalogue import rules
from jupyter_kf_spawner.catalogue.models import Catalogue
from jupyter_kf_spawner.errors import CatalogueError, Problem, did_you_mean

Path_ = tuple[int | str, ...]


def load(path: Path) -> Catalogue:
    """The catalogue in a file.

    Raises:
        CatalogueError: it is none; every problem with line, path, reason and fix.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        problem = Problem(1, 1, "", str(reason), "name a readable YAML file")
        raise CatalogueError(str(path), [problem]) from None
    return parse(text, str(path))


def parse(text: str, file: str = "catalogue.yaml") -> Catalogue:
    """The catalogue in a text; `file` is its name in messages.

    Raises:
        CatalogueError: as for `load`.
    """
    tree = _read(text, file)
    plain = _plain(tree)
    catalogue, found = _validate(plain)
    found += rules.references(plain)
    if catalogue is not None:
        found += rules.check(catalogue)
    if catalogue is None or found:
        problems = [
            Problem(*_place(tree, path), _dotted(path), reason, fix) for path, reason, fix in found
        ]
        raise CatalogueError(file, list(dict.fromkeys(problems)))
    return catalogue


def schema() -> dict[str, Any]:
    """JSON Schema of the catalogue, for editors and other programs."""
    described = Catalogue.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}


def _read(text: str, file: str) -> CommentedMap:
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = str(error.problem or "not YAML").strip().split("\n")[0]
        fix = "keep one of the two" if "duplicate key" in said else "mend the YAML there"
        raise CatalogueError(file, [Problem(line, column, "", said, fix)]) from None
    except (YAMLError, ValueError, RecursionError) as error:
        said = str(error).strip().split("\n")[0] or type(error).__name__
        problem = Problem(1, 1, "", f"not YAML: {said}", "write UTF-8 text without control codes")
        raise CatalogueError(file, [problem]) from None
    if not isinstance(tree, CommentedMap):
        problem = Problem(1, 1, "", "it has no keys", "begin with `version: 1`")
        raise CatalogueError(file, [problem])
    return tree


def _plain(node: Any) -> Any:
    """The values without the reader's own types; keys as text."""
    if isinstance(node, Mapping):
        return {_key(key): _plain(value) for key, value in node.items()}
    if isinstance(node, Sequence) and not isinstance(node, str | bytes):
        return [_plain(value) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    # Dates and other types of YAML that no catalogue has: their text fails where text is no use.
    return str(node)


def _key(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _validate(plain: dict[str, Any]) -> tuple[Catalogue | None, list[rules.Found]]:
    """The catalogue, and what is wrong; entries that are wrong are left out of it.

    Without them the rest can still be checked against the rules, so that one run tells all.
    """
    try:
        return Catalogue.model_validate(plain), []
    except ValidationError as error:
        found = [_worded(detail) for detail in error.errors(include_url=False)]
    pruned = {key: dict(part) if isinstance(part, dict) else part for key, part in plain.items()}
    for path, _, _ in found:
        part = pruned.get(str(path[0])) if path else None
        if len(path) == 1:
            pruned.pop(str(path[0]), None)
        elif isinstance(part, dict) and len(path) > 1:
            part.pop(path[1], None)
    try:
        return Catalogue.model_validate(pruned), found
    except ValidationError:
        return None, found


def _worded(detail: Any) -> rules.Found:
    path: Path_ = tuple(part for part in detail["loc"] if part != "[key]")
    kind, context = detail["type"], detail.get("ctx", {})
    last = str(path[-1]) if path else ""
    if kind == "catalogue":
        return path, context["reason"], context["fix"]
    if kind == "missing":
        return path, f"`{last}` is missing", f"add `{last}:` here"
    if kind == "extra_forbidden":
        known = _known_keys(path[:-1])
        return path, f"there is no `{last}` here", did_you_mean(last, known)
    if kind == "string_pattern_mismatch" and last == "image":
        return path, "not an image reference", "write name:tag or name@sha256:... with its digest"
    if kind == "literal_error":
        return path, "not one of the words that are known", f"write {context['expected']}"
    message = detail["msg"]
    reason = message[:1].lower() + message[1:]
    if kind == "string_type" and isinstance(detail["input"], int | float):
        return path, reason, f'put it in quotes: "{detail["input"]}"'
    return path, reason, "see `jupyter-kf-spawner schema` for what may stand here"


def _known_keys(path: Path_) -> list[str]:
    """The keys of the part at `path`, from the JSON schema."""
    whole = schema()
    node: Any = whole
    for part in path:
        node = _resolved(node, whole)
        if isinstance(part, str) and part in node.get("properties", {}):
            node = node["properties"][part]
        elif isinstance(part, int):
            node = node.get("items", {})
        else:
            patterns = list(node.get("patternProperties", {}).values())
            node = node.get("additionalProperties") or (patterns or [{}])[0]
    return list(_resolved(node, whole).get("properties", {}))


def _resolved(node: Any, whole: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(node, dict):
        return {}
    for choice in (node, *node.get("anyOf", ())):
        if "$ref" in choice:
            return dict(whole["$defs"][re.sub(r".*/", "", choice["$ref"])])
    return node


def _place(tree: Any, path: Path_) -> tuple[int, int]:
    """Line and column of the deepest part of `path` that the file has, from 1."""
    line, column = 0, 0
    for part in path:
        if isinstance(tree, CommentedMap):
            key = next((key for key in tree if _key(key) == str(part)), None)
            if key is None or key not in tree.lc.data:
                break
            line, column = tree.lc.data[key][:2]
            tree = tree[key]
        elif isinstance(tree, CommentedSeq) and isinstance(part, int) and part in tree.lc.data:
            line, column = tree.lc.data[part][:2]
            tree = tree[part]
        else:
            break
    return line + 1, column + 1


def _dotted(path: Path_) -> str:
    return ".".join(map(str, path))
