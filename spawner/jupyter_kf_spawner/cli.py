"""`jupyter-kf-spawner`: what a catalogue says and allows, on the command line.

Says what is wrong on standard error and answers on standard output. Status 0: as wished; 1:
problems, or differences; 2: a wrong call, or a catalogue that `diff` can't compare; 141: whoever
read the answers has gone. May import everything.
"""

from __future__ import annotations

import argparse
import asyncio
import difflib
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from jupyter_kf_spawner.catalogue import Catalogue, examine, load, schema
from jupyter_kf_spawner.errors import CatalogueError, Problem, count

_FILE = "images/catalogue.yaml"
# As a shell shows a program that SIGPIPE ended.
_READER_GONE = 141


def main(arguments: list[str] | None = None) -> int:
    """Runs one command."""
    asked = _parser().parse_args(arguments)
    try:
        status = int(asked.run(asked))
        sys.stdout.flush()
        return status
    except CatalogueError as error:
        _complain(error.file, error.problems)
        return 2 if asked.run is _diff else 1
    except BrokenPipeError:
        # `| head`: Python would complain once more when it closes its output at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _READER_GONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jupyter-kf-spawner",
        description="What a catalogue says and allows. `COMMAND --help` has an example of each.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", title="commands")

    check = _command(
        commands,
        _check,
        "tell all that is wrong with a catalogue",
        "Each problem has its line, what is\nwrong and what to write instead. Warnings are of what"
        f" may not be meant. Example: check {_FILE} --strict",
    )
    check.add_argument("catalogue", type=Path)
    check.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="a jupyterhub_config.py, which is executed: what of it the catalogue would undo",
    )
    check.add_argument("--strict", action="store_true", help="a warning is a failure too")
    render = _command(
        commands,
        _render,
        "print the pod of every combination, as YAML",
        f"CPU and memory are\nthe sizes' defaults. Example: render {_FILE} --only 'scipy, large'",
    )
    render.add_argument("catalogue", type=Path)
    render.add_argument("--only", default="", metavar="TEXT", help="combinations with this text")
    diff = _command(
        commands,
        _diff,
        "print what differs between two catalogues",
        "First what users may choose\n(bounds, groups, limits), then the pods: each change once,"
        " with the combinations that it\nconcerns. Status 1 when something differs, 2"
        "\nwhen one can't be used."
        f" Example: diff old.yaml {_FILE}",
    )
    diff.add_argument("old", type=Path)
    diff.add_argument("new", type=Path)
    diff.add_argument("--full", action="store_true", help="every pod that differs, line by line")
    defaults = _command(
        commands,
        _poddefaults,
        "print PodDefaults for Kubeflow's Notebooks",
        "The catalogue's volumes,\ndevices and variables, which the notebook form then offers."
        f" Example: poddefaults {_FILE} | kubectl apply -n team -f -",
    )
    defaults.add_argument("catalogue", type=Path)
    _command(
        commands,
        _schema,
        "print the JSON Schema of a catalogue",
        "An editor that knows it completes keys\nand marks mistakes. Example: schema"
        " > catalogue.schema.json",
    )
    return parser


def _command(commands: Any, run: Callable[[Any], int], text: str, more: str) -> Any:
    """A command named as its function, whose help is the text, more of it, and a call."""
    what, _, example = more.partition("Example: ")
    one = commands.add_parser(
        run.__name__.strip("_"),
        help=text,
        description=f"{text[:1].upper()}{text[1:]}. {what}".strip(),
        epilog=f"Example:\n  jupyter-kf-spawner {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    one.set_defaults(run=run)
    return one


def _check(asked: argparse.Namespace) -> int:
    from jupyter_kf_spawner.render import combinations

    examined = examine(asked.catalogue)
    _complain(str(asked.catalogue), examined.warnings)
    found = examined.catalogue
    parts = ", ".join(
        count(len(getattr(found, part)), word)
        for part, word in (
            ("images", "image"),
            ("sizes", "size"),
            ("gpus", "kind of GPU"),
            ("volumes", "volume"),
        )
    )
    combined = count(sum(1 for _ in combinations(found)), "combination")
    _say(f"{asked.catalogue}: {parts}; {combined}")
    problems = [*examined.warnings]
    if asked.config:
        from jupyter_kf_spawner.hubconfig import contradictions

        problems += (of_hub := contradictions(found, asked.config))
        _complain(str(asked.config), of_hub)
    return int(any(asked.strict or not problem.warning for problem in problems))


def _render(asked: argparse.Namespace) -> int:
    catalogue = load(asked.catalogue)
    pods = _pods(catalogue, asked.only)
    if not pods:
        words = [*catalogue.images, *catalogue.sizes, *catalogue.gpus]
        sys.stderr.write(
            f"no combination has the text {asked.only!r} in its name\n"
            f"  Fix: write a part of a name such as {next(iter(_names(catalogue)))!r}; there are"
            f" {', '.join(words)}, spot, kubeflow, scratch and data\n"
        )
        return 2
    for name, pod in pods.items():
        _say(f"---\n# {name}\n{_text(pod).rstrip()}")
    return 0


def _diff(asked: argparse.Namespace) -> int:
    from jupyter_kf_spawner import differences

    old, new = examine(asked.old), examine(asked.new)
    before, after = _pods(old.catalogue), _pods(new.catalogue)
    choices = differences.of_choices(old, new)
    pods = _every(before, after) if asked.full else differences.of_pods(before, after)
    if choices:
        _say("\n".join(["what users may choose:", *(f"  {line}" for line in choices)]))
    if pods:
        _say("\n".join(["pods:", *(pods if asked.full else (f"  {line}" for line in pods))]))
    elif choices:
        _say("pods: as before, with the sizes' default amounts")
    return int(bool(choices or pods))


def _every(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The lines of every pod that differs."""
    said: list[str] = []
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in old or name not in new:
            said.append(f"{'only in the new' if name in new else 'gone'}: {name}")
            continue
        pair = (_text(old[name]).splitlines(), _text(new[name]).splitlines())
        said += difflib.unified_diff(*pair, f"old: {name}", f"new: {name}", n=2, lineterm="")
    return said


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


def _complain(file: str, problems: Sequence[Problem]) -> None:
    """Problems, and how many of each kind."""
    for problem in problems:
        sys.stderr.write(f"{problem.shown(file)}\n")
    warnings = sum(problem.warning for problem in problems)
    counts = [(len(problems) - warnings, "error"), (warnings, "warning")]
    if problems:
        said = ", ".join(count(number, word) for number, word in counts if number)
        sys.stderr.write(f"{said}\n")


def _names(catalogue: Catalogue) -> list[str]:
    from jupyter_kf_spawner.render import combinations

    return [name for name, _ in combinations(catalogue)]


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
