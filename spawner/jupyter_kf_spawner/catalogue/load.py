"""Is this file a catalogue? Tells all that is wrong at once, each with its place.

May import pydantic, `reading`, `wording`, `models`, `rules`, `advice`, `errors`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jupyter_kf_spawner.catalogue import advice, rules, wording
from jupyter_kf_spawner.catalogue.models import Catalogue
from jupyter_kf_spawner.catalogue.reading import dotted, place, plain, read
from jupyter_kf_spawner.errors import CatalogueError, Problem


@dataclass(frozen=True)
class Examined:
    """A catalogue that can be used.

    Attributes:
        catalogue: with units read and defaults filled in.
        written: the file's own values.
        warnings: what may not be meant.
    """

    catalogue: Catalogue
    written: dict[str, Any]
    warnings: tuple[Problem, ...] = ()


def load(path: Path) -> Catalogue:
    """The catalogue in a file.

    Raises:
        CatalogueError: it is none; every problem with line, path, reason and fix.
    """
    return examine(path).catalogue


def parse(text: str, file: str = "catalogue.yaml") -> Catalogue:
    """The catalogue in a text; `file` is its name in messages.

    Raises:
        CatalogueError: as for `load`.
    """
    return examine_text(text, file).catalogue


def examine(path: Path) -> Examined:
    """The catalogue in a file, with its warnings.

    Raises:
        CatalogueError: as for `load`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        problem = Problem(1, 1, "", str(reason), "name a readable YAML file")
        raise CatalogueError(str(path), [problem]) from None
    return examine_text(text, str(path))


def examine_text(text: str, file: str = "catalogue.yaml") -> Examined:
    """The catalogue in a text, with its warnings.

    Raises:
        CatalogueError: as for `load`.
    """
    tree = read(text, file)
    written = plain(tree)
    catalogue, found = _validate(written)
    found += rules.references(written)
    if catalogue is not None:
        found += rules.check(catalogue)
    warned = advice.advise(catalogue) if catalogue is not None else []
    errors = _placed(tree, found)
    warnings = sorted(problem.as_warning() for problem in _placed(tree, warned))
    if catalogue is None or errors:
        raise CatalogueError(file, [*errors, *warnings])
    return Examined(catalogue, written, tuple(warnings))


def schema() -> dict[str, Any]:
    """JSON Schema of the catalogue, for editors and other programs."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_described()}


@functools.cache
def _described() -> dict[str, Any]:
    return Catalogue.model_json_schema()


def _placed(tree: Any, found: list[wording.Found]) -> list[Problem]:
    """With lines; the first of each path, from which the others follow."""
    first: dict[wording.Path, Problem] = {}
    for path, reason, fix in found:
        first.setdefault(path, Problem(*place(tree, path), dotted(path), reason, fix))
    return list(first.values())


def _validate(written: dict[str, Any]) -> tuple[Catalogue | None, list[wording.Found]]:
    """The catalogue, and what is wrong; entries that are wrong are left out of it.

    Without them the rest can still be checked against the rules, so that one run tells all.
    """
    try:
        return Catalogue.model_validate(written), []
    except ValidationError as error:
        found = wording.found_in(error.errors(include_url=False), _described())
    pruned = {key: dict(part) if isinstance(part, dict) else part for key, part in written.items()}
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
