"""A catalogue is read whole, and all that is wrong with it is told at once, with its place."""

from __future__ import annotations

import re

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_kf_spawner.catalogue import load, parse, schema
from jupyter_kf_spawner.errors import CatalogueError
from ruamel.yaml import YAML

from tests.spawner.conftest import PUBLISHED, fuzzed

SMALL = """\
version: 1
defaults: {image: lab, size: small}
images:
  lab: {title: Lab, image: "lab:1"}
sizes:
  small:
    title: Small
    cpu: {min: 500m, default: 1, max: 2}
    memory: {min: 1Gi, default: 2Gi, max: 4Gi}
"""


def problems(text: str) -> dict[str, str]:
    """Line and path to reason."""
    with pytest.raises(CatalogueError) as caught:
        parse(text)
    return {f"{p.line} {p.path}": p.reason for p in caught.value.problems}


def test_the_smallest_catalogue_is_one():
    size = parse(SMALL).sizes["small"]
    assert (size.cpu.min, size.memory.max) == (0.5, 4 * 2**30)


def test_the_published_catalogue_is_one_and_fits_its_schema(catalogue):
    plain = YAML(typ="safe").load(PUBLISHED)
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(plain, schema())
    assert set(catalogue.images) == set(plain["images"])


def test_every_field_is_described_in_the_schema_or_says_it_by_its_class():
    silent = [
        f"{name}.{field}"
        for name, part in schema()["$defs"].items()
        if not part.get("description")
        for field in part["properties"]
    ]
    assert not silent


def test_all_problems_are_told_at_once_with_line_and_path():
    text = """\
version: 1
defaults: {image: lab, size: smal}
images:
  lab: {title: Lab, image: "not an image", gpus: [cuda]}
  old: {title: 7, image: "old:1", redirect: gone}
sizes:
  small:
    title: Small
    cpu: {min: 3, default: 1, max: 2}
    memory: {min: 1Gi, default: 2 apples, max: 4Gi}
    colour: red
volumes:
  data: {title: Data, claim: data, mount: /etc}
tolerations: []
"""
    assert problems(text) == {
        "2 defaults.size": "there is no 'smal' in `sizes`",
        "4 images.lab.image": "'not an image' is not an image reference",
        "4 images.lab.gpus": "there is no 'cuda' in `gpus`",
        "5 images.old.title": "7 where text belongs",
        "5 images.old.redirect": "there is no 'gone' in `images`",
        "9 sizes.small.cpu": "min 3, default 1 and max 2 are not in order",
        "10 sizes.small.memory.default": "'2 apples' is not an amount of memory",
        "11 sizes.small.colour": "there is no `colour` here",
        "13 volumes.data.mount": "a volume there would hide the system's own files",
        "14 tolerations": "a list where keys with values belong",
    }


@pytest.mark.parametrize(
    ("more", "where", "fix"),
    [
        ("gpu: {}", "10 gpu", "write gpus"),
        ("spot: {}\nsize: {}", "11 size", "write sizes"),
        ("affinity: {a: {}}", "10 affinity.a", "add `required:` or `preferred:`"),
        (
            "presets: {p: {title: P, options: {cpu: 9, size: small}}}",
            "10 presets.p.options.cpu",
            "choose a value between them",
        ),
        (
            "presets: {p: {title: P, options: {gpus: 2}}}",
            "10 presets.p.options.gpus",
            "add `gpu:` with a name",
        ),
        (
            "volumes: {a: {title: A, claim: a, mount: /x}, b: {title: B, claim: b, mount: /x}}",
            "10 volumes.b.mount",
            "give each volume a folder of its own",
        ),
        (
            "environment: {JUPYTERHUB_API_TOKEN: x}",
            "10 environment.JUPYTERHUB_API_TOKEN",
            "write letters, digits and _; JUPYTERHUB_* and JUPYTER_KF_HANDOFF are the hub's own",
        ),
        (
            "tolerations: {t: [{key: a, value: b}]}",
            "10 tolerations.t.0",
            "write both, or neither",
        ),
        ("sizes: {}", "10 sizes", "keep one of the two"),
    ],
)
def test_a_mistake_is_told_with_its_fix(more, where, fix):
    with pytest.raises(CatalogueError) as caught:
        parse(SMALL + more)
    (problem,) = caught.value.problems
    assert (f"{problem.line} {problem.path}", problem.fix) == (where, fix)


def test_redirects_in_a_circle_are_found():
    text = SMALL.replace('"lab:1"}', '"lab:1"}\n  a: {title: A, image: "a:1", redirect: b}') + ""
    text = text.replace("redirect: b}", 'redirect: b}\n  b: {title: B, image: "b:1", redirect: a}')
    assert set(problems(text).values()) == {"the redirects go round in a circle"}


@pytest.mark.parametrize("text", ["", "- a", "version: [1", "a: \x00", "? {a: b}\n: c", "version"])
def test_a_text_that_is_no_mapping_is_told_so(text):
    with pytest.raises(CatalogueError) as caught:
        parse(text)
    assert all(problem.reason and problem.fix for problem in caught.value.problems)


def test_a_file_that_is_not_there_is_told_so(tmp_path):
    with pytest.raises(CatalogueError, match="No such file"):
        load(tmp_path / "catalogue.yaml")


LINES = PUBLISHED.read_text().splitlines()


@fuzzed(300)
@given(st.lists(st.integers(0, len(LINES) - 1), max_size=6), st.text(max_size=12))
def test_no_damage_to_a_file_is_met_with_a_traceback(dropped, extra):
    text = "\n".join(line for number, line in enumerate(LINES) if number not in dropped) + extra
    try:
        parse(text)
    except CatalogueError as error:
        places = [(problem.line, problem.column) for problem in error.problems]
        assert places == sorted(places) and all(place >= (1, 1) for place in places)
        assert re.search("Fix: .", str(error))
