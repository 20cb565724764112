"""Do Kubeflow's own controllers carry a job and an endpoint to their end here?"""

import urllib.request

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.cluster.control import wait_for

TRAINER = ("trainer.kubeflow.org", "v1alpha1")
SERVING = ("serving.kserve.io", "v1beta1")


@pytest.fixture
def custom(api):
    return client.CustomObjectsApi(api)


def train_job(image, code, nodes=1):
    return {
        "apiVersion": "/".join(TRAINER),
        "kind": "TrainJob",
        "metadata": {"name": "train"},
        "spec": {
            "runtimeRef": {"name": "torch-distributed"},
            "trainer": {"image": image, "command": ["python3", "-c", code], "numNodes": nodes},
        },
    }


def condition(found, kind):
    conditions = found.get("status", {}).get("conditions", [])
    return next((one for one in conditions if one["type"] == kind), {})


def wait_for_train_job(custom, namespace, timeout_s=120):
    def read():
        return custom.get_namespaced_custom_object(*TRAINER, namespace, "trainjobs", "train")

    def complete():
        found = read()
        assert condition(found, "Failed").get("status") != "True", found["status"]
        return condition(found, "Complete").get("status") == "True"

    wait_for(complete, timeout_s, "TrainJob complete")


def test_a_train_job_of_an_unknown_runtime_is_refused(custom, namespace, trainer):
    body = train_job("localhost/base:1", "pass")
    body["spec"]["runtimeRef"]["name"] = "no-such-runtime"
    with pytest.raises(ApiException) as refused:
        custom.create_namespaced_custom_object(*TRAINER, namespace, "trainjobs", body)
    assert "no-such-runtime" in refused.value.body


def test_a_train_job_of_one_node_completes(api, custom, namespace, trainer, python_image):
    code = "import os; print('nodes', os.environ['PET_NNODES'])"
    custom.create_namespaced_custom_object(
        *TRAINER, namespace, "trainjobs", train_job(python_image, code)
    )
    wait_for_train_job(custom, namespace)
    core = client.CoreV1Api(api)
    pods = core.list_namespaced_pod(namespace).items
    assert [pod.status.phase for pod in pods] == ["Succeeded"]
    assert core.read_namespaced_pod_log(pods[0].metadata.name, namespace) == "nodes 1\n"


MEET = """
import os, socket, time
me, port = int(os.environ["PET_NODE_RANK"]), int(os.environ["PET_MASTER_PORT"])
if me == 0:
    with socket.create_server(("0.0.0.0", port)) as server:
        server.settimeout(90)
        server.accept()[0].sendall(b"welcome")
    raise SystemExit
for _ in range(180):
    try:
        with socket.create_connection((os.environ["PET_MASTER_ADDR"], port), 2) as link:
            print(link.recv(10).decode())
            raise SystemExit
    except OSError:
        time.sleep(0.5)
raise SystemExit("the first node was never found")
"""


def test_the_nodes_of_a_train_job_find_each_other_by_name(
    api, custom, namespace, trainer, python_image
):
    custom.create_namespaced_custom_object(
        *TRAINER, namespace, "trainjobs", train_job(python_image, MEET, nodes=2)
    )
    wait_for_train_job(custom, namespace)
    core = client.CoreV1Api(api)
    names = [pod.metadata.name for pod in core.list_namespaced_pod(namespace).items]
    assert sorted(core.read_namespaced_pod_log(name, namespace) for name in names) == [
        "",
        "welcome\n",
    ]


SERVE = """
import http.server, json
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        rows = json.loads(self.rfile.read(length) or "{}").get("instances", [])
        body = json.dumps({"predictions": [sum(row) for row in rows]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST = answer
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""


def test_an_inference_service_becomes_ready_and_predicts(
    api, custom, namespace, kserve, python_image
):
    container = {
        "name": "kserve-container",
        "image": python_image,
        "command": ["python3", "-c", SERVE],
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
    }
    body = {
        "apiVersion": "/".join(SERVING),
        "kind": "InferenceService",
        "metadata": {"name": "adder"},
        "spec": {"predictor": {"minReplicas": 1, "containers": [container]}},
    }
    custom.create_namespaced_custom_object(*SERVING, namespace, "inferenceservices", body)

    def ready():
        found = custom.get_namespaced_custom_object(
            *SERVING, namespace, "inferenceservices", "adder"
        )
        return condition(found, "Ready").get("status") == "True"

    wait_for(ready, 120, "InferenceService ready")
    core = client.CoreV1Api(api)
    (pod,) = core.list_namespaced_pod(namespace).items
    url = f"http://{pod.status.pod_ip}:8080/v1/models/adder:predict"
    with urllib.request.urlopen(url, b'{"instances": [[1, 2], [3, 4]]}', timeout=5) as answer:
        assert answer.read() == b'{"predictions": [3, 7]}'


def test_an_inference_service_with_an_impossible_name_is_refused_by_kserve(
    custom, namespace, kserve
):
    container = {"name": "kserve-container", "image": "localhost/base:1"}
    body = {
        "apiVersion": "/".join(SERVING),
        "kind": "InferenceService",
        "metadata": {"name": "1-is-no-first-letter"},
        "spec": {"predictor": {"containers": [container]}},
    }
    with pytest.raises(ApiException) as refused:
        custom.create_namespaced_custom_object(*SERVING, namespace, "inferenceservices", body)
    assert "inferenceservice.kserve-webhook-server.validator" in refused.value.body
