"""A real hub and proxy: what a user does wrong is answered on the page and counts for nothing."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.spawner.hub import (
    CONFIG,
    INTERNAL_SSL,
    PATIENCE_S,
    PATIENT,
    TOKEN,
    Hub,
    running_hub,
    xsrf,
)
from tests.spawner.recording import TAKES_NONE
from tests.spawner.watching import follow

# A start goes on when the test has made the file `gate` in the hub's folder.
GATED = """
from pathlib import Path
async def until_the_test_says_so(spawner):
    while not Path("gate").exists():
        await asyncio.sleep(0.05)
c.Spawner.pre_spawn_hook = until_the_test_says_so
c.Spawner.start_timeout = c.Spawner.http_timeout = 120
"""


@pytest.fixture(scope="module")
def local_hub(tmp_path_factory) -> Iterator[Hub]:
    # With TLS between hub, proxy and servers: what works so works without, as `make hub` does.
    with running_hub(tmp_path_factory.mktemp("hub"), INTERNAL_SSL + PATIENT + GATED) as hub:
        yield hub


def test_ports_that_are_taken_are_said_in_a_sentence_each_before_anything_starts(tmp_path):
    with contextlib.ExitStack() as others:
        ports = []
        for _ in range(3):
            other = others.enter_context(socket.socket())
            other.bind(("127.0.0.1", 0))
            other.listen()
            ports.append(str(other.getsockname()[1]))
        names = ("JUPYTER_KF_HUB_PORT", "JUPYTER_KF_HUB_INNER_PORT", "JUPYTER_KF_PROXY_PORT")
        told = dict(zip(names, ports, strict=True)) | {"JUPYTER_KF_HUB_DIR": str(tmp_path)}
        command = [sys.executable, "-m", "jupyterhub", "-f", str(CONFIG)]
        done = subprocess.run(
            command,
            env=os.environ | told,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 1
    said = done.stdout + done.stderr
    for port in ports:
        assert f"Port {port} of 127.0.0.1 is taken by another program" in said
    assert "Traceback" not in said and "is now running" not in said


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
    with httpx.Client(base_url=f"{strict_hub.url}/hub/api", headers=headers, timeout=120) as api:
        api.post("/users/ida")
        for depth in (100, *range(900, 1000, 4)):
            # As text: this process could not write it either.
            body = '{"image": ' + "[" * depth + "]" * depth + "}"
            answer = api.post("/users/ida/server", content=body)
            assert answer.status_code == 400, (depth, answer.text)
            said.append(answer.json()["message"])
    assert all("one value is wanted for image" in one for one in said[:3])
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


def images_of(pods: list[dict]) -> list[str]:
    return [pod["spec"]["containers"][0]["image"] for pod in pods]


def test_a_saved_choice_is_replayed_and_refused_once_it_is_no_longer_allowed(strict_hub, notes):
    """An empty body is how the hub starts what was chosen last."""
    catalogue = strict_hub.log.parent / "catalogue.yaml"
    published, before = catalogue.read_text(), len(notes.pods)

    def said(options: object) -> str:
        answer = strict_hub.ask("dan", options)
        assert answer.status_code in (400, 409), answer.text
        return answer.json()["message"]

    assert TAKES_NONE in said({"image": "tensorflow", "workspace": "none"})
    assert TAKES_NONE in said(None)
    assert TAKES_NONE in said({})
    assert images_of(notes.pods[before:]) == ["localhost/jupyter-kf-tensorflow:0.1.0"] * 3
    try:
        catalogue.write_text(published.replace("\n  tensorflow:\n", "\n  tensorflow-old:\n"))
        for _ in range(3):
            assert "there is no image 'tensorflow'" in said(None)
        assert "there is no image 'tensorflow'" in said({})
        assert strict_hub.user("dan").get("/hub/spawn/dan").status_code == 200
    finally:
        catalogue.write_text(published)
    assert len(notes.pods) == before + 3
    assert strict_hub.alive and "consecutive spawn" not in strict_hub.log.read_text()


def test_a_link_is_granted_as_a_form_is(strict_hub, notes):
    user, before = strict_hub.user("jo"), len(notes.pods)
    link = {"opt-image": "pytorch-gpu", "opt-size": "large", "opt-gpu": "nvidia"}
    page = user.get("/hub/spawn/jo", params={**link, "opt-workspace": "none"})
    assert page.status_code == 409 and TAKES_NONE in page.text
    fields = {name.removeprefix("opt-"): value for name, value in link.items()}
    assert strict_hub.submit("jo", {**fields, "workspace": "none"}).status_code == 409
    by_link, by_form = notes.pods[before:]
    mark = by_link["metadata"]["annotations"].pop("jupyter-kf.org/spawn-id")
    assert mark != by_form["metadata"]["annotations"].pop("jupyter-kf.org/spawn-id")
    assert by_link == by_form
    limits = by_link["spec"]["containers"][0]["resources"]["limits"]
    assert limits["nvidia.com/gpu"] == "1"
    assert images_of([by_link]) == ["localhost/jupyter-kf-pytorch-gpu:0.1.0"]


def test_two_named_servers_have_claims_of_their_own(strict_hub, notes):
    before, claims = len(notes.pods), len(notes.made_claims)
    for server in ("one", "two"):
        assert strict_hub.ask("kay", {"image": "base"}, server).status_code == 409
    made = [claim["metadata"]["name"] for claim in notes.made_claims[claims:]]
    assert made == ["claim-kay--one", "claim-kay--two"]
    mounted = [
        {one["persistentVolumeClaim"]["claimName"] for one in pod["spec"]["volumes"]}
        for pod in notes.pods[before:]
    ]
    assert mounted == [{name} for name in made]


def test_a_chosen_server_starts_and_knows_what_it_was_given(local_hub):
    options = {"image": "pytorch", "size": "small", "memory": "3Gi"}
    user = local_hub.user("eve")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(local_hub.submit, "eve", options)
        words = "The server's program is starting on this machine."
        assert follow(local_hub, "eve", until_said=words).percents[-1] == 50
        (local_hub.log.parent / "gate").touch()
        assert answer.result().status_code == 200, answer.result().text
    told = follow(local_hub, "eve")
    assert told.climbs and not told.failed, told
    until = time.monotonic() + PATIENCE_S
    # As a browser: through the hub's login for the server.
    while "jupyter-config-data" not in (page := user.get("/user/eve/lab")).text:
        assert time.monotonic() < until, local_hub.log.read_text()[-3000:]
        time.sleep(0.3)
    assert page.url.path == "/user/eve/lab"
    model = user.get("/hub/api/users/eve").json()
    assert model["servers"][""]["user_options"] == options
    given = local_hub.environment_of("eve")
    assert given["JUPYTERHUB_API_URL"].startswith("https:") and given["JUPYTERHUB_SSL_CERTFILE"]
    told = json.loads(given["JUPYTER_KF_HANDOFF"])
    assert (told["version"], told["backend"], told["limits"]["memory"]) == (1, "local", 3 * 2**30)
    # The page said "stops after 2 h without use".
    assert "--ServerApp.shutdown_no_activity_timeout=7200" in local_hub.process_of("eve").cmdline()


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
