"""Is this text YAML with keys and values? Syntax errors in the words of a person who writes it.

May import ruamel.yaml (the one YAML library that keeps lines and comments), `errors`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from jupyter_kf_spawner.errors import CatalogueError, Problem, shown

Path = tuple[int | str, ...]


def read(text: str, file: str) -> CommentedMap:
    """The tree of a text, with lines and comments.

    Raises:
        CatalogueError: it is no YAML, has a key twice, or has no keys at all.
    """
    try:
        yaml = YAML(typ="rt")
        twice = list(_twice(yaml.compose(text)))
        if twice:
            raise CatalogueError(file, twice)
        tree = yaml.load(text)
    except MarkedYAMLError as error:
        raise CatalogueError(file, [_syntax(error, text)]) from None
    except ReaderError as error:
        line, column = _line_of(text, int(error.position))
        reason = f"a control character (U+{_number(error.character):04X})"
        problem = Problem(line, column, "", reason, "remove it")
        raise CatalogueError(file, [problem]) from None
    except (YAMLError, ValueError, RecursionError) as error:
        said = str(error).strip().split("\n")[0] or type(error).__name__
        problem = Problem(1, 1, "", f"not YAML: {said}", "write UTF-8 text without control codes")
        raise CatalogueError(file, [problem]) from None
    if not isinstance(tree, CommentedMap):
        problem = Problem(1, 1, "", _no_keys(tree), "begin with `version: 1`")
        raise CatalogueError(file, [problem])
    return tree


def plain(node: Any) -> Any:
    """The values without the reader's own types; keys as text."""
    if isinstance(node, Mapping):
        return {_key(key): plain(value) for key, value in node.items()}
    if isinstance(node, Sequence) and not isinstance(node, str | bytes):
        return [plain(value) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    # Dates and other types of YAML that no catalogue has: their text fails where text is no use.
    return str(node)


def place(tree: Any, path: Path) -> tuple[int, int]:
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


def dotted(path: Path) -> str:
    """The path as messages have it."""
    return ".".join(map(str, path))


def _key(key: Any) -> str:
    if isinstance(key, Mapping):  # {{ name }}, which is no text in YAML
        return "{ " + ", ".join(map(str, key)) + " }"
    return str(key).lower() if isinstance(key, bool) else str(key)


def _no_keys(tree: Any) -> str:
    if tree is None:
        return "it is empty"
    if isinstance(tree, CommentedSeq):
        return "it is a list, not keys with values"
    return f"it is one value, {shown(plain(tree))}, not keys with values"


def _twice(root: Node | None) -> Iterator[Problem]:
    """Every key that stands twice in its part, with the line of the first."""
    stack: list[tuple[Path, Node]] = [((), root)] if root is not None else []
    seen: set[int] = set()
    while stack:
        path, node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, SequenceNode):
            stack += [((*path, number), one) for number, one in enumerate(node.value)]
        if not isinstance(node, MappingNode):
            continue
        first: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                continue
            name, mark = str(key.value), key.start_mark
            if name in first and name != "<<":
                yield Problem(
                    mark.line + 1,
                    mark.column + 1,
                    dotted((*path, name)),
                    f"`{name}` stands here and in line {first[name]}",
                    "keep one of the two",
                )
            first.setdefault(name, mark.line + 1)
            stack.append(((*path, name), value))


def _syntax(error: MarkedYAMLError, text: str) -> Problem:
    """What a person did who got this error, with the place where it was done."""
    said = str(error.problem or "").strip().split("\n")[0]
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    began = error.context_mark or mark
    lines = text.splitlines()
    here = lines[line - 1] if line <= len(lines) else ""
    braces = re.search(r"\{\{[^}]*\}\}", here)
    letter = re.search(r"found character '(.*?)' that cannot start", said)
    if letter and letter[1] in ("\\t", "\t"):
        reason, fix = "a tab stands where spaces belong", "indent with spaces"
    elif braces:
        reason, fix = "`{{` begins no text in YAML", f'quote it: "{braces[0]}"'
    elif letter or "undefined alias" in said:
        begins = letter[1] if letter else "*"
        reason, fix = f"a text can't begin with {begins}", "put the text in quotes"
    elif "another document" in said:
        reason, fix = "a second document begins here", "keep one catalogue in a file"
    elif "mapping values" in said:
        reason = "a `: ` inside a value, or no `:` after the key of the line before"
        fix = "put a text with `: ` in quotes; end a key with `:`"
    elif "end of stream" in said and began:
        line, column = began.line + 1, began.column + 1
        reason, fix = "a quote is opened here and never closed", "close it with the same quote"
    elif found := re.search(r"expected ',' or '(.)'", said):
        opened = began.line + 1 if began else line
        reason = f"what is opened in line {opened} is not closed before this"
        fix = f"close it with {found[1]}, or add the comma that is missing"
    elif "expected <block end>" in said or "block" in said:
        reason = "this line does not go with those before it"
        fix = "give it as many spaces as its neighbours"
    else:
        reason, fix = f"not YAML: {said or 'unknown'}", "see this line and the one before"
    return Problem(line, column, "", reason, fix)


def _number(character: object) -> int:
    return ord(character) if isinstance(character, str) else int(str(character))


def _line_of(text: str, position: int) -> tuple[int, int]:
    before = text[:position]
    return before.count("\n") + 1, position - before.rfind("\n")
