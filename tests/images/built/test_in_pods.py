"""From the form to `%kf` in a pod: our own images, a real hub, a real kubelet."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client
from kubernetes.stream import stream

from tests.cluster import faults
from tests.cluster.addresses import HOST_IP
from tests.cluster.control import wait_for
from tests.cluster.test_spawner import STRICT, progress, servers
from tests.images.build import build, published
from tests.spawner.conftest import PUBLISHED
from tests.spawner.hub import Hub, running_hub

NOTEBOOK = """
import nbclient, nbformat
cells = ["%load_ext jupyter_kf", "%kf", "import jupyter_kf.config as c; print(c.read_config())"]
book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
nbclient.NotebookClient(book, timeout=240).execute()
for cell in book.cells:
    for output in cell.outputs:
        print(output.get("text") or output.get("data", {}).get("text/plain", ""))
"""


@pytest.fixture(scope="module")
def archives(tmp_path_factory) -> dict[str, Path]:
    """base, scipy and hub, made by the published Dockerfiles on a local Debian."""
    context = published(tmp_path_factory.mktemp("images"))
    base = build(context, "base")
    return {"base": base, "scipy": build(context, "scipy", base), "hub": build(context, "hub")}


@pytest.fixture
def catalogue(tmp_path) -> Path:
    """The published catalogue; scipy may have a GPU, small has one, and one image is missing."""
    text = PUBLISHED.read_text()
    text = text.replace("jupyter-kf-scipy:0.1.0\n", "jupyter-kf-scipy:0.1.0\n    gpus: [nvidia]\n")
    text = text.replace("    idle: 2h\n    gpus: []\n", "    idle: 2h\n")
    gone = "  gone: {title: Gone, image: 'localhost/gone:1', pull: Never}\n"
    text = text.replace("\nsizes:\n", f"{gone}\nsizes:\n", 1)
    path = tmp_path / "catalogue.yaml"
    path.write_text(text)
    return path


@pytest.fixture
def hub(node, control_plane, namespace, catalogue, tmp_path) -> Iterator[Hub]:
    settings = {
        "KUBECONFIG": str(control_plane.kubeconfig),
        "JUPYTER_KF_HUB_ADDRESS": HOST_IP,
        "JUPYTER_KF_HUB_NAMESPACE": namespace,
        "JUPYTER_KF_CATALOGUE": str(catalogue),
    }
    with running_hub(
        tmp_path, STRICT.replace("patience_s = 3", "patience_s = 15"), **settings
    ) as one:
        yield one


@pytest.fixture
def volume(api, namespace, tmp_path) -> Iterator[None]:
    """A folder of this machine for the claim that the spawner will make for ada."""
    folder = tmp_path / "volume"
    folder.mkdir()
    os.chown(folder, 1000, 100)
    core = client.CoreV1Api(api)
    name = f"volume-{namespace}"
    spec = {
        "capacity": {"storage": "10Gi"},
        "accessModes": ["ReadWriteOnce"],
        "hostPath": {"path": str(folder)},
        "claimRef": {"name": "claim-ada", "namespace": namespace},
        "persistentVolumeReclaimPolicy": "Retain",
    }
    core.create_persistent_volume({"metadata": {"name": name}, "spec": spec})
    yield
    core.delete_persistent_volume(name)


def test_choose_start_work_stop_and_come_back(hub, archives, node, api, namespace, volume):
    node.import_image(archives["scipy"])
    core = client.CoreV1Api(api)
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    core.patch_namespace(namespace, {"metadata": {"labels": restricted}})
    with faults.gpus(node, 4):
        chosen = {"image": "scipy", "size": "small", "cpu": "0.5", "memory": "2Gi", "gpu": "nvidia"}
        assert hub.submit("ada", chosen).status_code == 200
        said = progress(hub, "ada", within_s=240)
        assert said[-1].get("ready"), said
        messages = [one["message"] for one in said]
        assert "A machine was found." in messages and "The image is there already." in messages
        assert "jupyter-config-data" in hub.user("ada").get("/user/ada/lab").text
        (pod,) = servers(api, namespace)
        assert pod.spec.containers[0].resources.limits["nvidia.com/gpu"] == "1"
        printed = run_in(api, pod, ["python3", "-c", NOTEBOOK])
        assert "local" in printed and "nvidia.com/gpu" in printed
        run_in(api, pod, ["sh", "-c", "echo kept > /home/jovyan/note.txt"])
        assert "cannot touch" in run_in(api, pod, ["sh", "-c", "touch /root/x 2>&1 || true"])
        hub.stop("ada")
        wait_for(lambda: not servers(api, namespace), 60, "the pod to be gone")
        hub.ask("ada", {**chosen, "gpu": "none"})
        assert progress(hub, "ada", within_s=240)[-1].get("ready")
        (again,) = servers(api, namespace)
        assert run_in(api, again, ["cat", "/home/jovyan/note.txt"]).strip() == "kept"
        claims = core.list_namespaced_persistent_volume_claim(namespace).items
        owners = {one.metadata.annotations["hub.jupyter.org/username"] for one in claims}
        assert owners == {"ada"}


def test_an_image_that_is_not_there_is_explained_and_counts_for_nothing(hub, api, namespace):
    for _ in range(3):
        hub.ask("bob", {"image": "gone", "workspace": "none", "cpu": "0.5"})
        said = progress(hub, "bob")
        assert said[-1]["failed"] and "localhost/gone:1" in said[-1]["message"]
        assert "Choose another image" in said[-1]["message"]
        wait_for(lambda: not servers(api, namespace), 60, "the pod to be gone")
    assert hub.alive


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"gpu": "nvidia", "image": "scipy"}, "no nvidia.com/gpu is free"),
        ({"size": "large", "memory": "32Gi", "cpu": "2"}, "too little memory is free"),
        ({"volumes": ["flights"]}, "a volume does not exist"),
    ],
    ids=["gpu", "memory", "volume"],
)
def test_what_no_machine_can_give_is_explained_in_the_schedulers_own_terms(
    hub, api, namespace, options, words
):
    hub.ask("cyd", {"workspace": "none", **options})
    said = progress(hub, "cyd")
    assert words in said[-1]["message"] and said[-1]["failed"]
    # Before the end, too: whoever looks at the page knows at once.
    assert any(words in one["message"] for one in said[:-1])
    assert hub.alive


def test_the_hubs_image_has_the_spawner_and_neither_jupyterlab_nor_jupyter_kf(
    archives, node, api, namespace
):
    node.import_image(archives["hub"])
    code = (
        "import importlib.util as u, json, sys, jupyterhub.app, jupyter_kf_spawner.spawner;"
        "print(json.dumps([bool(u.find_spec(m)) for m in ('jupyter_kf', 'jupyterlab')]))"
    )
    assert json.loads(output_of(api, namespace, "jupyter-kf-hub", ["python3", "-c", code])) == [
        False,
        False,
    ]


@pytest.mark.parametrize("image", ["base", "scipy"])
def test_an_image_says_what_is_in_it_and_is_not_run_by_root(archives, node, api, namespace, image):
    node.import_image(archives[image])
    code = (
        "import json, os; b = json.load(open('/opt/kf/share/jupyter-kf/sbom.cdx.json'));"
        "print(json.dumps([os.getuid(), sorted(c['name'] for c in b['components'])]))"
    )
    said = output_of(api, namespace, f"jupyter-kf-{image}", ["python3", "-c", code])
    uid, names = json.loads(said)
    assert uid == 1000 and {"jupyter-kf", "jupyterlab", "jupyterhub"} <= set(names)
    assert ("scikit-learn" in names) is (image == "scipy")


def run_in(api, pod, command: list[str]) -> str:
    """What a command prints in the server's container."""
    core = client.CoreV1Api(api)
    return stream(
        core.connect_get_namespaced_pod_exec,
        pod.metadata.name,
        pod.metadata.namespace,
        container="notebook",
        command=command,
        stderr=True,
        stdin=False,
        stdout=True,
        tty=False,
    )


def output_of(api, namespace: str, image: str, command: list[str]) -> str:
    """What a pod of this image prints."""
    core = client.CoreV1Api(api)
    name = f"one-{time.monotonic_ns()}"
    container = {
        "name": "main",
        "image": f"localhost/{image}:0.1.0",
        "imagePullPolicy": "Never",
        "command": command,
    }
    spec = {"containers": [container], "restartPolicy": "Never"}
    core.create_namespaced_pod(namespace, {"metadata": {"name": name}, "spec": spec})

    def phase() -> str:
        return core.read_namespaced_pod(name, namespace).status.phase

    wait_for(lambda: phase() in ("Succeeded", "Failed"), 120, f"the end of {name}")
    printed = core.read_namespaced_pod_log(name, namespace)
    assert phase() == "Succeeded", printed
    return printed
