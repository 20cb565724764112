"""A real hub and proxy: what a user does wrong is answered on the page and counts for nothing."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.spawner.hub import INTERNAL_SSL, TOKEN, Hub, running_hub, xsrf

# Two failures in a row would end this hub. There is no Kubernetes: a refusal needs none.
STRICT = """
import os, pathlib
kubeconfig = pathlib.Path("kubeconfig")
kubeconfig.write_text('''
apiVersion: v1
kind: Config
current-context: none
contexts: [{name: none, context: {cluster: none, user: none}}]
clusters: [{name: none, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: none, user: {}}]
''')
c.JupyterHub.spawner_class = "jupyter-kf"
c.KfSpawner.catalogue_file = str(catalogue) if "catalogue" in globals() else CATALOGUE
c.Spawner.consecutive_failure_limit = 2
"""


@pytest.fixture(scope="module")
def local_hub(tmp_path_factory) -> Iterator[Hub]:
    # With TLS between hub, proxy and servers: what works so works without, as `make hub` does.
    with running_hub(tmp_path_factory.mktemp("hub"), INTERNAL_SSL) as hub:
        yield hub


@pytest.fixture(scope="module")
def strict_hub(tmp_path_factory) -> Iterator[Hub]:
    from tests.spawner.conftest import PUBLISHED

    folder = tmp_path_factory.mktemp("hub")
    more = f"CATALOGUE = {str(PUBLISHED)!r}\n{STRICT}"
    with running_hub(folder, more, KUBECONFIG=str(folder / "kubeconfig")) as hub:
        yield hub


REFUSED = [
    {"image": "no-such-image"},
    {"size": "small", "cpu": "64"},
    {"gpu": "nvidia"},
    {"image": "{username}"},
    {"memory": "<script>alert(1)</script>"},
    {"profile": "x", "profile-option-x--image": "y"},
]


def test_six_refused_forms_are_answered_on_the_page_and_the_hub_lives(strict_hub):
    for fields in REFUSED:
        answer = strict_hub.submit("ada", fields)
        assert answer.status_code == 400, answer.text
        assert "spawn-error-msg" in answer.text and "<script>alert" not in answer.text
        assert "SpawnException" not in answer.text
    assert strict_hub.user("ada").get("/hub/spawn/ada").status_code == 200
    assert strict_hub.alive
    assert "consecutive spawn" not in strict_hub.log.read_text()


@pytest.mark.parametrize(
    "options",
    [*REFUSED, {"image": ["a", "b"]}, {"cpu": {"$ref": 1}}, {"volumes": [[]]}, {"image": "\ud800"}],
    ids=lambda options: ascii(options)[:40],
)
def test_a_refused_rest_call_is_a_400_with_words_and_counts_for_nothing(strict_hub, options):
    answer = strict_hub.ask("bob", options)
    assert answer.status_code == 400, answer.text
    assert answer.json()["message"].count(".") >= 2
    assert strict_hub.alive


def test_options_that_are_nested_a_thousand_deep_are_refused_and_the_hub_lives(strict_hub):
    """They pass the hub's reader of JSON, and would not pass its database."""
    headers, said = {"Authorization": f"token {TOKEN}"}, []
    with httpx.Client(base_url=f"{strict_hub.url}/hub/api", headers=headers, timeout=60) as api:
        api.post("/users/ida")
        for depth in (100, *range(900, 1000, 4)):
            # As text: this process could not write it either.
            body = '{"image": ' + "[" * depth + "]" * depth + "}"
            answer = api.post("/users/ida/server", content=body)
            assert answer.status_code == 400, (depth, answer.text)
            said.append(answer.json()["message"])
    assert all("is not a name for image" in one for one in said[:3])
    assert strict_hub.user("ida").get("/hub/spawn/ida").status_code == 200
    assert strict_hub.alive and "consecutive spawn" not in strict_hub.log.read_text()


def test_a_refused_link_shows_the_form_with_the_reason(strict_hub):
    answer = strict_hub.user("cyd").get("/hub/spawn/cyd", params={"opt-image": "nothing"})
    assert answer.status_code == 400
    assert "there is no image" in answer.text and 'name="image"' in answer.text


def test_a_refused_page_keeps_what_was_sent_and_the_next_page_has_the_last_granted_choice(
    strict_hub,
):
    user = strict_hub.user("fay")

    def filled(page: str) -> tuple[str, bool]:
        (cpu,) = re.findall(r'id="kf-cpu"[^>]*value="([^"]*)"', page)
        return cpu, bool(re.search(r'id="kf-image-pytorch" checked', page))

    link = {"opt-image": "pytorch", "opt-cpu": "77"}
    answer = user.get("/hub/spawn/fay", params=link)
    assert answer.status_code == 400 and filled(answer.text) == ("77", True)
    assert filled(user.get("/hub/spawn/fay").text) == ("", False)
    for server in ("", "second"):
        fields = {"image": "pytorch", "cpu": "9 apples"}
        assert filled(strict_hub.submit("fay", fields, server).text) == ("9 apples", True)
        assert filled(user.get(f"/hub/spawn/fay/{server}".rstrip("/")).text) == ("", False)
    assert strict_hub.ask("fay", {"image": "pytorch", "cpu": "78"}).status_code == 400
    assert filled(user.get("/hub/spawn/fay").text) == ("", False)


def test_a_refused_start_is_one_line_of_the_hubs_log_and_no_traceback(strict_hub):
    read = len(strict_hub.log.read_text())
    strict_hub.submit("gus", {"image": "no-such-image"})
    strict_hub.user("gus").get("/hub/spawn/gus", params={"opt-image": "nor-this"})
    strict_hub.ask("gus", {"image": "nor-that"})
    said = strict_hub.log.read_text()[read:]
    # No traceback of it; one that this hub has no Kubernetes is not a user's.
    assert "SpawnException" not in said and "Refusal" not in said
    for image in ("no-such-image", "nor-this", "nor-that"):
        (line,) = [one for one in said.splitlines() if f"there is no image '{image}'" in one]
        assert line.startswith("[I ") and "gus" in line


def test_a_saved_choice_that_is_no_longer_allowed_is_refused_on_return(strict_hub):
    assert strict_hub.ask("dan", {"image": "gone"}).status_code == 400
    assert strict_hub.user("dan").get("/hub/spawn/dan").status_code == 200
    assert strict_hub.alive


def test_a_chosen_server_starts_and_knows_what_it_was_given(local_hub):
    answer = local_hub.submit("eve", {"image": "pytorch", "size": "small", "memory": "3Gi"})
    assert answer.status_code == 200, answer.text
    user = local_hub.user("eve")
    until = time.monotonic() + 120
    # As a browser: through the hub's login for the server.
    while "jupyter-config-data" not in (page := user.get("/user/eve/lab")).text:
        assert time.monotonic() < until, local_hub.log.read_text()[-3000:]
        time.sleep(0.3)
    assert page.url.path == "/user/eve/lab"
    model = user.get("/hub/api/users/eve").json()
    options = {"image": "pytorch", "size": "small", "memory": "3Gi"}
    assert model["servers"][""]["user_options"] == options
    given = local_hub.environment_of("eve")
    assert given["JUPYTERHUB_API_URL"].startswith("https:") and given["JUPYTERHUB_SSL_CERTFILE"]
    told = json.loads(given["JUPYTER_KF_HANDOFF"])
    assert (told["version"], told["backend"], told["limits"]["memory"]) == (1, "local", 3 * 2**30)


def test_a_second_server_counts_against_the_users_limits(local_hub):
    fields = {"size": "large", "cpu": "8"}
    answer = local_hub.submit("eve", fields, server="second")
    assert answer.status_code == 400
    assert "8 CPU together, and this would make 9" in answer.text


def test_after_a_stop_the_form_shows_the_last_choice(local_hub):
    local_hub.stop("eve")
    page = local_hub.user("eve").get("/hub/spawn/eve").text
    assert re.search(r'id="kf-memory"[^>]*value="3Gi"', page)
    assert re.search(r'id="kf-image-pytorch" checked', page)
    # What is refused in between is not the last choice, for the form or without one.
    assert local_hub.submit("eve", {"image": "scipy", "memory": "99Gi"}).status_code == 400
    page = local_hub.user("eve").get("/hub/spawn/eve").text
    assert re.search(r'id="kf-memory"[^>]*value="3Gi"', page)
    assert re.search(r'id="kf-image-pytorch" checked', page)


def test_without_kubernetes_the_volumes_page_says_where_the_files_are(local_hub):
    user = local_hub.user("hal")
    page = user.get("/hub/volumes/hal")
    assert page.status_code == 200 and "There is none." not in page.text
    assert f"in the folder {local_hub.log.parent}/hal, where they stay" in page.text
    token, fields = xsrf(user.get("/hub/spawn").text), {"volume": "x", "typed": "x"}
    sent = user.post("/hub/volumes/hal", params={"_xsrf": token}, data=fields)
    assert sent.status_code == 404
    assert local_hub.user("bob").get("/hub/volumes/hal").status_code in (403, 404)
