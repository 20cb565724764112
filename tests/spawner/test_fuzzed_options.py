"""Whatever arrives as options: a server within the catalogue's bounds, or a refusal in words.

What a user writes never reaches a pod as text: each text of a granted pod's manifest, as
KubeSpawner has expanded it, stands in a pod that the catalogue allows to somebody, or is a volume
whose annotation names the user. test_fuzzed_hub.py asks a real hub.
"""

from __future__ import annotations

import asyncio
import functools
import json

from hypothesis import given
from hypothesis import strategies as st
from jupyter_kf_spawner.asked import _READERS, from_form
from jupyter_kf_spawner.catalogue import load
from jupyter_kf_spawner.errors import Refusal
from jupyter_kf_spawner.render import combinations, manifest
from jupyter_kf_spawner.resolve import Identity, Resolved, Usage, resolve

from tests.spawner.conftest import PUBLISHED, fuzzed
from tests.spawner.recording import texts as texts_of

CATALOGUE = load(PUBLISHED)
WHO = Identity("eve", frozenset({"kubeflow"}))
USAGE = Usage(claims={"claim-eve": "eve", "eve-2": "eve", "claim-bob": "bob"}, home="claim-eve")
KNOWN = {
    *(CATALOGUE.images | CATALOGUE.sizes | CATALOGUE.gpus | CATALOGUE.volumes | CATALOGUE.presets),
    *USAGE.claims,
}
NASTY = [
    "{username}",
    "{0.__class__}",
    "$(JUPYTERHUB_API_TOKEN)",
    "a\nb: c",
    "scipy\x00",
    "<script>alert(1)</script>",
    "scipy:latest@sha256:" + "0" * 64,
    "evil.example/x:1",
    "!!python/object/apply:os.system [id]",
    "&a [*a]",
    "../../etc",
    "\ud800",
    "%s%s%n",
    "{% raw %}",
    "claim-bob",
    "1e309",
    "9" * 5000,
]
texts = st.one_of(st.sampled_from(sorted(KNOWN) + NASTY), st.text(max_size=20))
scalars = st.one_of(texts, st.none(), st.booleans(), st.integers(), st.floats(), st.integers(0, 8))
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
names = st.one_of(st.sampled_from(sorted(_READERS)), st.sampled_from(sorted(_READERS)), texts)
good = st.fixed_dictionaries(
    {},
    optional={
        "image": st.sampled_from(sorted(CATALOGUE.images)),
        "size": st.sampled_from(sorted(CATALOGUE.sizes)),
        "workspace": st.sampled_from(["new", "none", "eve-2"]),
    },
)
# One that would be granted, and one option that may be anything.
likely = st.builds(
    lambda fields, name, value: {**fields, name: value},
    good,
    st.sampled_from(sorted(_READERS)),
    texts | scalars,
)
options = st.one_of(st.dictionaries(names, values, max_size=6), values)
forms = st.dictionaries(names, st.lists(texts | st.binary(max_size=3), max_size=3), max_size=6)


@fuzzed(10_000)
@given(options)
def test_any_json_is_a_server_or_a_refusal(asked):
    check(asked)


@fuzzed(10_000)
@given(forms)
def test_any_form_is_a_server_or_a_refusal_and_can_be_saved(form):
    asked = from_form(form)
    json.dumps(asked)
    check(asked)


def test_options_with_the_right_names_are_a_server_or_a_refusal_and_many_are_granted():
    granted = 0

    @fuzzed(2_000)
    @given(likely)
    def each(asked):
        nonlocal granted
        granted += check(asked)

    each()
    assert granted > 20


def check(asked) -> bool:
    """Whether it is granted."""
    try:
        resolved = resolve(CATALOGUE, WHO, USAGE, asked)
    except Refusal as refusal:
        assert_speakable(refusal)
        return False
    assert_within_bounds(resolved)
    assert_nothing_of_the_users(resolved)
    return True


def assert_speakable(refusal: Refusal) -> None:
    """It can be logged, shown and sent; its label is one of few."""
    said = str(refusal)
    assert said.isascii() and said.isprintable() and len(said) < 700
    assert refusal.what and refusal.fix
    assert refusal.reason in {*_READERS, "options", "limit"}


def assert_within_bounds(resolved: Resolved) -> None:
    size = resolved.size
    assert size.cpu.min <= resolved.cpu <= size.cpu.max
    assert size.memory.min <= resolved.memory <= size.memory.max
    assert resolved.gpus == 0 or resolved.gpus in CATALOGUE.gpus[resolved.gpu_name].counts
    assert CATALOGUE.images[resolved.image_name].is_for(WHO.groups)
    assert resolved.workspace in {"new", "none", "eve-2"}


def assert_nothing_of_the_users(resolved: Resolved) -> None:
    """Amounts apart, the pod has no text that is not the catalogue's."""
    found = texts_of(asyncio.run(manifest(CATALOGUE, resolved)))
    assert set(found) <= of_the_catalogue() | {"eve-2"}


@functools.cache
def of_the_catalogue() -> frozenset[str]:
    """Every text of every pod that the catalogue allows to somebody."""

    async def every() -> list[dict]:
        return [await manifest(CATALOGUE, one) for _, one in combinations(CATALOGUE)]

    return frozenset(text for pod in asyncio.run(every()) for text in texts_of(pod))
