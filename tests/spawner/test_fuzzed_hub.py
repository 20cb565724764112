"""A real hub asked by form, REST and link: it refuses, or asks for a pod of the catalogue's texts.

Two failures in a row would end this hub. Its API server keeps each pod as it was sent, so that what
is compared has gone through every expansion. The decision alone is fuzzed in test_fuzzed_options.
"""

from __future__ import annotations

import functools
import re
import time
from collections import Counter
from urllib.parse import urlencode

import httpx
import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_kf_spawner.catalogue import load

from tests.spawner.conftest import CLAIMS, PUBLISHED
from tests.spawner.hub import PATIENCE_S, TOKEN, Hub, xsrf
from tests.spawner.recording import TAKES_NONE, Notes, texts
from tests.spawner.test_fuzzed_options import NASTY, forms, of_the_catalogue, options

CATALOGUE = load(PUBLISHED)
# She is in every group, so that everything may be granted to her.
WHO = "grace"
good = st.fixed_dictionaries(
    {},
    optional={
        "image": st.sampled_from(sorted(CATALOGUE.images)),
        "size": st.sampled_from(sorted(CATALOGUE.sizes)),
        "volumes": st.sampled_from(sorted(CATALOGUE.volumes)),
        "preset": st.sampled_from(sorted(CATALOGUE.presets)),
        "workspace": st.sampled_from(["new", "none", "grace-2"]),
        "workspace_size": st.sampled_from(["2Gi", "3G"]),
        "kubeflow": st.sampled_from(["on", "no"]),
    },
)
spoilt = st.builds(
    lambda fields, name, text: {**fields, name: text},
    good,
    st.sampled_from(["image", "size", "gpu", "workspace", "volumes", "cpu", "environment"]),
    st.sampled_from([text for text in NASTY if len(text) < 100]),
)
requests = st.one_of(
    st.tuples(st.just("rest"), st.one_of(good, spoilt, options)),
    st.tuples(st.sampled_from(["form", "link"]), st.one_of(good, spoilt, forms)),
)


def encoded(fields: dict) -> tuple[bytes, bool]:
    """As a browser sends them, and whether it is UTF-8."""
    pairs, readable = [], True
    for name, values in fields.items():
        for value in values if isinstance(values, list) else [values]:
            raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
            try:
                raw.decode()
            except UnicodeDecodeError:
                readable = False
            pairs.append((name.encode("utf-8", "surrogatepass"), raw))
    return urlencode(pairs).encode(), readable


def send(hub: Hub, how: str, asked: object) -> tuple[httpx.Response, bool]:
    """The hub's answer, and whether what was sent is UTF-8."""
    if how == "rest":
        return hub.ask(WHO, asked), True
    assert isinstance(asked, dict)
    if how == "link":
        query, readable = encoded({f"opt-{name}": value for name, value in asked.items()})
        return hub.user(WHO).get(f"/hub/spawn/{WHO}?{query.decode()}"), readable
    body, readable = encoded(asked)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return hub.user(WHO).post(
        f"/hub/spawn/{WHO}", params={"_xsrf": token(hub)}, content=body, headers=kind
    ), readable


@functools.cache
def _token(url: str, user: httpx.Client) -> str:
    return xsrf(user.get("/hub/home").text)


def token(hub: Hub) -> str:
    """The user's own, which holds as long as the session."""
    return _token(hub.url, hub.user(WHO))


def until_idle(hub: Hub) -> None:
    """A slow start goes on after its answer."""
    headers = {"Authorization": f"token {TOKEN}"}
    until = time.monotonic() + PATIENCE_S
    url = f"{hub.url}/hub/api/users/{WHO}"
    while httpx.get(url, headers=headers, timeout=PATIENCE_S).json()["servers"]:
        assert time.monotonic() < until, hub.log.read_text()[-3000:]
        time.sleep(0.1)


def counted(hub: Hub) -> int:
    """Starts that the hub counts as failures of its own."""
    said = httpx.get(f"{hub.url}/hub/metrics", timeout=PATIENCE_S).text
    found = re.findall(r"^\w*spawn_duration_seconds_count\{(.*)\} ([0-9.]+)", said, re.MULTILINE)
    assert found
    return sum(int(float(count)) for labels, count in found if 'status="error"' in labels)


def test_whatever_is_sent_is_answered_and_a_pods_texts_are_the_catalogues(
    strict_hub: Hub, notes: Notes
):
    assert strict_hub.ask(WHO, {"cpu": 1}).status_code in (202, 409)
    until_idle(strict_hub)
    (usual,) = notes.pods[-1:]
    # The hub's own variables and the user's name; and a claim of the user's own.
    allowed = {*texts(usual), *of_the_catalogue(), "grace-2"}
    seen: Counter[str] = Counter()

    # Not shrunk: each step would ask the hub again, and what it remembers is part of a failure.
    @hypothesis.settings(max_examples=120, phases=[hypothesis.Phase.generate])
    @given(requests)
    def each(request):
        how, asked = request
        before = len(notes.pods)
        answer, readable = send(strict_hub, how, asked)
        pending = answer.status_code == 202 or "/spawn-pending/" in str(answer.url)
        if pending:
            until_idle(strict_hub)
        made = notes.pods[before:]
        assert set().union(*map(texts, made)) <= allowed
        # The hub's own words for an error that nobody foresaw while options were judged.
        assert "Invalid user options" not in answer.text
        seen[f"{how} {'granted' if made else 'refused'}"] += 1
        if not readable:
            # The hub's own reader of forms and links knows UTF-8 only, and asks nobody first.
            assert not made and answer.status_code in (400, 500)
        elif made:
            assert len(made) == 1
            assert pending or (answer.status_code == 409 and TAKES_NONE in answer.text)
        else:
            nothing = how == "link" and not answer.request.url.query
            assert (nothing and answer.status_code == 200) or answer.status_code in (400, 422), (
                answer.text
            )

    each()
    print(dict(seen))
    assert {
        f"{how} {end}" for how in ("form", "link", "rest") for end in ("granted", "refused")
    } == {*seen}
    assert counted(strict_hub) == 0 and strict_hub.alive
    assert strict_hub.user(WHO).get(f"/hub/spawn/{WHO}").status_code == 200


@pytest.mark.parametrize("how", ["form", "link"])
def test_bytes_that_are_no_utf_8_fail_in_the_hubs_own_reader_and_count_for_nothing(
    strict_hub, notes, how
):
    """JupyterHub 6 decodes before any method of a spawner: a 500, and no start."""
    before = len(notes.pods), counted(strict_hub)
    answer, readable = send(strict_hub, how, {"image": b"\xff"})
    assert not readable and answer.status_code == 500
    assert "UnicodeDecodeError" in strict_hub.log.read_text()
    assert (len(notes.pods), counted(strict_hub)) == before == (before[0], 0)
    assert strict_hub.alive


def test_a_rest_body_that_is_no_utf_8_or_no_json_is_a_400(strict_hub, notes):
    before = len(notes.pods)
    headers = {"Authorization": f"token {TOKEN}"}
    url = f"{strict_hub.url}/hub/api/users/{WHO}/server"
    for body in (b'{"image": "\xff"}', b"\xff", b"{", b'{"image": NaN}'):
        answer = httpx.post(url, content=body, headers=headers, timeout=PATIENCE_S)
        assert answer.status_code == 400
    assert len(notes.pods) == before and counted(strict_hub) == 0
    assert set(CLAIMS) <= set(notes.claims)
