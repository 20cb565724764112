"""What is in our images, seen from inside a pod: packages, the bill of materials, who runs it."""

from __future__ import annotations

import json
import time

import pytest
from kubernetes import client

from tests.cluster.control import wait_for

NOTEBOOK = """
import nbclient, nbformat
train = "%%kf train hello --wait\\nimport sklearn\\nkf.report(auc=0.93)"
cells = ["%load_ext jupyter_kf", "%kf", train]
book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
nbclient.NotebookClient(book, timeout=240).execute()
for cell in book.cells:
    for output in cell.outputs:
        print(output.get("text") or output.get("data", {}).get("text/plain", ""))
"""


def test_a_notebook_with_the_magics_runs_in_the_data_science_image(archives, node, api, namespace):
    node.import_image(archives("scipy"))
    printed = output_of(api, namespace, "jupyter-kf-scipy", ["python3", "-c", NOTEBOOK])
    assert "0.93" in printed


def test_tensorflow_computes_in_its_image(archives, node, api, namespace):
    node.import_image(archives("tensorflow"))
    code = "import sklearn, tensorflow as tf; print(tf.reduce_sum(tf.ones((2, 3))).numpy())"
    printed = output_of(api, namespace, "jupyter-kf-tensorflow", ["python3", "-c", code])
    assert printed.splitlines()[-1] == "6.0"


def test_the_hubs_image_has_the_spawner_and_neither_jupyterlab_nor_jupyter_kf(
    archives, node, api, namespace
):
    node.import_image(archives("hub"))
    code = (
        "import importlib.util as u, json, pycurl, jupyterhub.app, jupyter_kf_spawner.spawner;"
        "print(json.dumps([bool(u.find_spec(m)) for m in ('jupyter_kf', 'jupyterlab')]))"
    )
    assert json.loads(output_of(api, namespace, "jupyter-kf-hub", ["python3", "-c", code])) == [
        False,
        False,
    ]


@pytest.mark.parametrize("image", ["base", "scipy"])
def test_an_image_says_what_is_in_it_and_is_not_run_by_root(archives, node, api, namespace, image):
    node.import_image(archives(image))
    code = (
        "import json, os; b = json.load(open('/opt/kf/share/jupyter-kf/sbom.cdx.json'));"
        "print(json.dumps([os.getuid(), sorted(c['name'] for c in b['components'])]))"
    )
    said = output_of(api, namespace, f"jupyter-kf-{image}", ["python3", "-c", code])
    uid, names = json.loads(said)
    assert uid == 1000 and {"jupyter-kf", "jupyterlab", "jupyterhub"} <= set(names)
    assert ("scikit-learn" in names) is (image == "scipy")


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
