"""`jupyter-kf-spawner`: what a catalogue says and allows, on the command line.

Says what is wrong on standard error and answers on standard output. Status 0: as wished; 1:
problems, or differences; 2: a wrong call. May import everything.
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import io
import json
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from jupyter_kf_spawner.catalogue import Catalogue, load, schema
from jupyter_kf_spawner.errors import CatalogueError


def main(arguments: list[str] | None = None) -> int:
    """Runs one command."""
    asked = _parser().parse_args(arguments)
    try:
        return int(asked.run(asked))
    except CatalogueError as error:
        count = len(error.problems)
        sys.stderr.write(f"{error}\n")
        sys.stderr.write(f"{count} problem{'s' if count > 1 else ''}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jupyter-kf-spawner", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="tell all that is wrong with a catalogue")
    check.add_argument("catalogue", type=Path)
    check.set_defaults(run=_check)
    render = commands.add_parser("render", help="print the pod of every combination, as YAML")
    render.add_argument("catalogue", type=Path)
    render.add_argument("--only", default="", metavar="TEXT", help="combinations with this text")
    render.set_defaults(run=_render)
    diff = commands.add_parser("diff", help="print how the pods of two catalogues differ")
    diff.add_argument("old", type=Path)
    diff.add_argument("new", type=Path)
    diff.set_defaults(run=_diff)
    defaults = commands.add_parser("poddefaults", help="print PodDefaults for Kubeflow's Notebooks")
    defaults.add_argument("catalogue", type=Path)
    defaults.set_defaults(run=_poddefaults)
    described = commands.add_parser("schema", help="print the JSON Schema of a catalogue")
    described.set_defaults(run=_schema)
    return parser


def _check(asked: argparse.Namespace) -> int:
    from jupyter_kf_spawner.render import combinations

    catalogue = load(asked.catalogue)
    count = sum(1 for _ in combinations(catalogue))
    parts = ", ".join(
        f"{len(getattr(catalogue, part))} {part}" for part in ("images", "sizes", "gpus", "volumes")
    )
    _say(f"{asked.catalogue}: {parts}; {count} combinations")
    return 0


def _render(asked: argparse.Namespace) -> int:
    for name, pod in _pods(load(asked.catalogue), asked.only).items():
        _say(f"---\n# {name}\n{_text(pod).rstrip()}")
    return 0


def _diff(asked: argparse.Namespace) -> int:
    old, new = _pods(load(asked.old)), _pods(load(asked.new))
    differ = False
    for name in [*old, *(name for name in new if name not in old)]:
        before = _text(old[name]).splitlines() if name in old else []
        after = _text(new[name]).splitlines() if name in new else []
        lines = list(
            difflib.unified_diff(before, after, f"old: {name}", f"new: {name}", n=2, lineterm="")
        )
        differ = differ or bool(lines)
        if lines and (not before or not after):
            _say(f"{'only in the new' if after else 'gone'}: {name}")
        elif lines:
            _say("\n".join(lines))
    return int(differ)


def _poddefaults(asked: argparse.Namespace) -> int:
    from jupyter_kf_spawner.poddefaults import poddefaults

    for one in poddefaults(load(asked.catalogue)):
        _say(f"---\n{_text(one).rstrip()}")
    return 0


def _schema(_: argparse.Namespace) -> int:
    _say(json.dumps(schema(), indent=2))
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _pods(catalogue: Catalogue, only: str = "") -> dict[str, dict[str, Any]]:
    from jupyter_kf_spawner.render import combinations, manifest

    async def all_of_them() -> dict[str, dict[str, Any]]:
        wanted = [(name, one) for name, one in combinations(catalogue) if only in name]
        return {name: await manifest(catalogue, one) for name, one in wanted}

    return asyncio.run(all_of_them())


def _text(pod: dict[str, Any]) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    out = io.StringIO()
    yaml.dump(pod, out)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
