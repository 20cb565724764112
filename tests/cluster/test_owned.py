"""Does what one user causes, or deletes, cost the hub or another user anything? One story.

Pods of this cluster run nothing: the test says that they are ready, and answers for them, or not.
"""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
from kubernetes import client

from tests.cluster.control import wait_for
from tests.cluster.test_spawner import STRICT, servers
from tests.ports import free_port
from tests.spawner.hub import TOKEN, on_kubernetes, running_hub, xsrf
from tests.spawner.watching import follow

# A server that says nothing is soon given up where the test wants that, and nowhere else.
MORE = """
c.KfSpawner.port = {port}
c.KfSpawner.http_timeout = 60
c.KfSpawner.delete_grace_period = 0
def soon(spawner):
    if spawner.user.name == "sia":
        spawner.http_timeout = 2
c.Spawner.pre_spawn_hook = soon
"""


def test_what_a_user_causes_or_deletes_costs_nobody_else_anything(
    cluster, api, namespace, tmp_path
):
    core, port = client.CoreV1Api(api), free_port()
    settings = on_kubernetes(cluster.kubeconfig, namespace)
    with running_hub(tmp_path, STRICT + MORE.format(port=port), **settings) as hub:
        # A server whose port is open and which says nothing, more often than the hub's limit.
        with silent(port):
            for _ in range(3):
                hub.ask("sia", {})
                ready(core, api, namespace)
                assert "runs, and does not answer. Choose" in follow(hub, "sia").last
                wait_for(lambda: not servers(api, namespace), 60, "the pod to be removed")
        # A server that runs; its user stops it, deletes the volume, and starts again.
        with answering(port):
            hub.ask("ada", {})
            ready(core, api, namespace)
            assert not follow(hub, "ada").failed
            hub.stop("ada")
        wait_for(lambda: not servers(api, namespace), 60, "the pod to be removed")
        user, page = hub.user("ada"), "/hub/volumes/ada"
        fields = {"volume": "claim-ada", "typed": "claim-ada"}
        said = user.post(page, params={"_xsrf": xsrf(user.get(page).text)}, data=fields)
        assert "was deleted, with its files" in said.text
        wait_for(lambda: "claim-ada" not in claims(core, namespace), 60, "the volume to be gone")
        hub.ask("ada", {})
        wait_for(lambda: "claim-ada" in claims(core, namespace), 60, "a new volume")
        # A named server is deleted for good; its files are not.
        hub.ask("ada", {}, server="second")
        wait_for(lambda: len(servers(api, namespace)) == 2, 60, "the second pod")
        with asking(hub.url) as rest:
            gone = rest.request("DELETE", "/users/ada/servers/second", json={"remove": True})
            assert gone.status_code in (202, 204), gone.text
            wait_for(lambda: len(servers(api, namespace)) == 1, 60, "the second pod to go")
        assert "claim-ada--second" in claims(core, namespace)
        # Four at once, where two are allowed; of a user whom the hub knows already.
        hub.user("bob")
        with ThreadPoolExecutor(4) as pool:
            answers = dict(zip("abcd", pool.map(partial(hub.ask, "bob", {}), "abcd"), strict=True))

        def let_in() -> set[str]:
            there = {one.metadata.name for one in servers(api, namespace)}
            return {name for name in answers if f"jupyter-bob--{name}" in there}

        wait_for(lambda: len(let_in()) == 2, 60, "two of the four")
        refused = [
            # One that takes longer than the hub waits is told with the progress.
            answers[name].json()["message"]
            if answers[name].status_code == 400
            else follow(hub, "bob", server=name).last
            for name in sorted(answers.keys() - let_in())
        ]
        assert len(refused) == 2 and all("2 servers at a time" in one for one in refused), refused
        assert hub.alive and "consecutive spawn" not in hub.log.read_text()


def ready(core, api, namespace: str) -> None:
    """Says for the node that is not there that the one server's pod is ready, at this machine."""
    wait_for(lambda: len(servers(api, namespace)) == 1, 60, "one pod")
    (pod,) = servers(api, namespace)
    runs = {"name": "notebook", "image": "i", "imageID": "i", "ready": True, "restartCount": 0}
    runs |= {"started": True, "state": {"running": {}}}
    status = {"phase": "Running", "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}]}
    body = {"status": {**status, "containerStatuses": [runs]}}
    core.patch_namespaced_pod_status(pod.metadata.name, namespace, body)


def claims(core, namespace: str) -> set[str]:
    listed = core.list_namespaced_persistent_volume_claim(namespace).items
    return {one.metadata.name for one in listed}


@contextlib.contextmanager
def silent(port: int) -> Iterator[None]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", port), backlog=64):
        yield


@contextlib.contextmanager
def answering(port: int) -> Iterator[None]:
    """A server that answers whatever it is asked."""

    class Anything(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Anything)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def asking(url: str) -> httpx.Client:
    headers = {"Authorization": f"token {TOKEN}"}
    return httpx.Client(base_url=f"{url}/hub/api", headers=headers, timeout=60)
