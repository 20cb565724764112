"""The manifests as somebody applies them: a hub and its proxy in pods, logged into once.

The overlay is what README.md of `spawner/` asks for: a login, a token, storage. This node's network
knows no policies, so that the walls are taken by the API server and keep nobody out here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from kubernetes import client

from tests.cluster import build, images
from tests.cluster.control import wait_for
from tests.cluster.manifests import MANIFESTS, kustomized, placed
from tests.images.built.conftest import OURS
from tests.spawner.hub import Hub, proxy_program

PROXY = "localhost/configurable-http-proxy:1"
DOCKERFILE = """
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY node /usr/local/bin/node
COPY node_modules /srv/node_modules
RUN ln -s /srv/node_modules/configurable-http-proxy/bin/configurable-http-proxy /usr/local/bin/
"""
LOGIN = """
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
"""


@pytest.fixture
def proxy_image(tmp_path) -> Path:
    """The proxy, from the locked packages and this machine's Node."""
    program = proxy_program()
    folder = tmp_path / "proxy"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    node = shutil.which("node")
    assert node, "Node 20 is needed, as for the panels"
    shutil.copy(Path(node).resolve(), folder / "node")
    shutil.copytree(Path(program).parent.parent, folder / "node_modules", symlinks=True)
    return images.dockerfile(folder, PROXY)


@pytest.fixture
def database(api, namespace, tmp_path) -> Iterator[None]:
    """A folder of this machine for the hub's database."""
    folder = tmp_path / "database"
    folder.mkdir()
    os.chown(folder, *OURS)
    core, name = client.CoreV1Api(api), f"database-{namespace}"
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "hostPath": {"path": str(folder)},
        "claimRef": {"name": "hub-database", "namespace": namespace},
        "persistentVolumeReclaimPolicy": "Retain",
    }
    core.create_persistent_volume({"metadata": {"name": name}, "spec": spec})
    yield
    core.delete_persistent_volume(name)


def overlay(folder: Path, hub: str, servers: str) -> list[dict]:
    """What kustomize makes of the manifests with an overlay of somebody's own."""
    folder.mkdir()
    settings = (MANIFESTS / "hub" / "jupyterhub_config.py").read_text()
    (folder / "jupyterhub_config.py").write_text(settings + LOGIN)
    generator = {
        "name": "hub-config",
        "namespace": "jupyter-kf",
        "behavior": "replace",
        "files": ["jupyterhub_config.py"],
    }
    ours = {
        "resources": [os.path.relpath(MANIFESTS, folder)],
        "configMapGenerator": [generator],
        "images": [
            {
                "name": "quay.io/jupyterhub/configurable-http-proxy",
                "newName": PROXY.rpartition(":")[0],
                "newTag": "1",
            }
        ],
    }
    (folder / "kustomization.yaml").write_text(yaml.dump(ours))
    return placed(kustomized(folder), hub, servers)


@pytest.fixture
def servers(api, namespace) -> Iterator[str]:
    """The servers' namespace, apart from the hub's."""
    core, name = client.CoreV1Api(api), f"{namespace}-servers"
    core.create_namespace({"metadata": {"name": name}})
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    for one in (namespace, name):
        core.patch_namespace(one, {"metadata": {"labels": label}})
    yield name
    core.delete_namespace(name)


def test_a_hub_of_the_manifests_runs_in_a_pod_and_starts_a_server(
    archives, proxy_image, node, control_plane, api, namespace, servers, database, tmp_path, request
):
    for archive in (archives("hub"), archives("base"), proxy_image):
        node.import_image(archive)
    core = client.CoreV1Api(api)
    token = {"metadata": {"name": "proxy-token"}, "stringData": {"token": "a" * 64}}
    core.create_namespaced_secret(namespace, token)
    text = tmp_path / "objects.yaml"
    text.write_text(yaml.dump_all(overlay(tmp_path / "overlay", namespace, servers)))
    kubectl = [build.KUBE.binary("kubectl"), "--kubeconfig", control_plane.kubeconfig]
    subprocess.run([*kubectl, "apply", "-f", text], check=True, capture_output=True)
    request.addfinalizer(
        lambda: subprocess.run([*kubectl, "delete", "--wait=false", "-f", text], check=True)
    )

    def ready(app: str):
        pods = core.list_namespaced_pod(namespace, label_selector=f"app={app}").items
        told = [(one, one.status.container_statuses or ()) for one in pods]
        up = [one for one, states in told if states and all(state.ready for state in states)]
        return up[0] if up else None

    def said(app: str) -> str:
        names = core.list_namespaced_pod(namespace, label_selector=f"app={app}").items
        return core.read_namespaced_pod_log(names[0].metadata.name, namespace)[-3000:]

    try:
        wait_for(lambda: ready("hub") and ready("proxy"), 120, "the hub and its proxy ready")
    except TimeoutError:
        raise AssertionError(f"{said('hub')}\n{said('proxy')}") from None
    hub = Hub(f"http://{ready('proxy').status.pod_ip}:8000", None, tmp_path)
    chosen = {"image": "base", "size": "small", "cpu": "0.5", "workspace": "none"}
    assert hub.submit("ada", chosen).status_code == 200
    until = time.monotonic() + 180
    while "jupyter-config-data" not in (page := hub.user("ada").get("/user/ada/lab")).text:
        assert time.monotonic() < until, said("hub")
        time.sleep(0.5)
    assert page.url.path == "/user/ada/lab"
    running = core.list_namespaced_pod(servers, label_selector="jupyter-kf.org/spawned=true")
    assert [one.metadata.name for one in running.items] == ["jupyter-ada"]
    assert "There is none." in hub.user("ada").get("/hub/volumes/ada").text
    hub.close()
