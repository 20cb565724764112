"""What of a hub's own configuration does a catalogue undo, as far as it can be told before a start?

The file is executed, as JupyterHub does. May import traitlets, `render`, `pods`.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from traitlets import TraitError
from traitlets.config import Config
from traitlets.config.loader import ConfigFileNotFound, PyFileConfigLoader

from jupyter_kf_spawner.catalogue import Catalogue
from jupyter_kf_spawner.errors import CatalogueError, Problem, count
from jupyter_kf_spawner.pods import applied, traits, undone
from jupyter_kf_spawner.render import NAMESPACE, Draft, combinations
from jupyter_kf_spawner.resolve import Resolved

# A spawner reads the sections of its classes, the nearest last.
_SECTIONS = ("Spawner", "KubeSpawner", "KfSpawner")


def contradictions(catalogue: Catalogue, file: Path) -> list[Problem]:
    """Settings that some server of the catalogue would lose; a group's are errors.

    Raises:
        CatalogueError: the file can't be executed.
    """
    config = _executed(file)
    text = file.read_text(encoding="utf-8", errors="replace")
    servers = [resolved for _, resolved in combinations(catalogue)]
    set_ = {name: value for part in _SECTIONS for name, value in config[part].items()}
    try:
        return sorted(_found(catalogue, servers, config, set_, text))
    except TraitError as error:
        raise _unusable(file, str(error)) from None


def _found(
    catalogue: Catalogue, servers: list[Resolved], config: Config, set_: dict[str, Any], text: str
) -> Iterator[Problem]:
    def problem(name: str, path: str, reason: str, fix: str) -> Problem:
        found = re.search(rf"\.{name}\b", text)
        line = text[: found.start()].count("\n") + 1 if found else 1
        return Problem(line, 1, path, reason, fix)

    if not (set_.get("catalogue_file") or config["KfLocalSpawner"].get("catalogue_file")):
        yield problem(
            "catalogue_file",
            "KfSpawner.catalogue_file",
            "it is not set, so the hub has no catalogue",
            "set c.KfSpawner.catalogue_file to the catalogue's path",
        ).as_warning()
    if set_.get("profile_list"):
        yield problem(
            "profile_list",
            "KubeSpawner.profile_list",
            "profiles are not offered where there is a catalogue",
            "write them as sizes, images and presets of the catalogue",
        ).as_warning()
    own = _lost(catalogue, servers, config, set_)
    for name, times in own.items():
        yield problem(
            name,
            f"KfSpawner.{name}",
            f"the catalogue sets it too in {count(times, 'combination')}, and its own holds",
            "leave it out here, or say it in the catalogue",
        ).as_warning()
    overrides = set_.get("group_overrides", {})
    if callable(overrides):
        yield problem(
            "group_overrides",
            "Spawner.group_overrides",
            "it is a function, which can't be checked here",
            "look at the hub's log for starts that are refused because of it",
        ).as_warning()
        return
    for key, override in overrides.items():
        if not isinstance(override, dict) or {"groups", "spawner_override"} - override.keys():
            yield problem(
                "group_overrides",
                f"Spawner.group_overrides.{key}",
                "it is no override, and every start would fail",
                "write `groups`, a list, and `spawner_override`, a dict",
            )
            continue
        lost = _lost(catalogue, servers, config, override["spawner_override"], override["groups"])
        for name, times in lost.items():
            yield problem(
                "group_overrides",
                f"Spawner.group_overrides.{key}.{name}",
                f"the catalogue sets it too, so {count(times, 'combination')} can't be started by"
                f" {', '.join(map(str, override['groups']))}",
                "move it into the catalogue (amounts: `limits` with `groups`), or leave it out",
            )


def _lost(
    catalogue: Catalogue,
    servers: list[Resolved],
    config: Config,
    set_: dict[str, Any],
    groups: Any = (),
) -> Counter[str]:
    """In how many combinations each of the settings `set_` would not hold.

    With groups they are a group's; the overrides of others are left out.
    """
    lost: Counter[str] = Counter()
    wanted_ = traits(catalogue, servers[0], NAMESPACE).keys() if servers else set()
    if not wanted_ & set_.keys():
        return lost
    for resolved in servers:
        draft = Draft(catalogue, resolved, config)
        if groups:
            override = {"groups": list(groups), "spawner_override": set_}
            draft.group_overrides = {"this": override}
            draft.user.groups = [SimpleNamespace(name=name) for name in groups]
            asyncio.run(draft.apply_group_overrides())
        wanted = traits(catalogue, resolved, NAMESPACE)
        configured = {name: getattr(draft, name) for name in wanted}
        asked = {name: configured[name] for name in wanted.keys() & set_.keys()}
        if groups:
            asked = draft.of_groups
        lost.update(undone(asked, applied(configured, wanted)))
    return lost


def _executed(file: Path) -> Config:
    try:
        return PyFileConfigLoader(file.name, path=str(file.parent.resolve())).load_config()
    except ConfigFileNotFound:
        raise _unusable(file, "there is no such file") from None
    except Exception as error:  # whatever the admin's own code does
        raise _unusable(file, f"it can't be executed: {type(error).__name__}: {error}") from None


def _unusable(file: Path, reason: str) -> CatalogueError:
    fix = "name a configuration that JupyterHub could read here"
    return CatalogueError(str(file), [Problem(1, 1, "the configuration", reason, fix)])
