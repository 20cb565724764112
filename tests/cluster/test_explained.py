"""Failures of a real scheduler, kubelet and registry, each explained while its user looks on.

Servers here are a Debian with Python that answers on the port: what is told is the hub's part.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from kubernetes import client

from tests.cluster import faults, images, registry
from tests.cluster.addresses import HOST_IP
from tests.cluster.control import wait_for
from tests.cluster.inside import run_in
from tests.cluster.test_spawner import servers
from tests.spawner.hub import Hub, on_kubernetes, running_hub
from tests.spawner.watching import Told, Watch, start

# A bound of the product, in issue 5: from the first telling word of the cluster to the page.
EXPLAINED_S = 5.0
ANSWERS = (
    "import http.server as h, signal;"
    " signal.signal(10, lambda *_: print(len(b'x' * (1 << 30))));"
    " h.HTTPServer(('', 8888), h.SimpleHTTPRequestHandler).serve_forever()"
)
CATALOGUE = {
    "version": 1,
    "defaults": {"image": "fine", "size": "small"},
    "images": {
        "fine": {
            "image": images.BASE_NAME,
            "command": ["python3", "-c", ANSWERS],
            "gpus": ["nvidia", "amd"],
        },
        "unknown": {"image": registry.UNKNOWN, "pull": "IfNotPresent"},
        "private": {"image": registry.PRIVATE, "pull": "IfNotPresent"},
        "absent": {"image": faults.MISSING_IMAGE},
        "hungry": {
            "image": images.BASE_NAME,
            "command": ["python3", "-c", "print(len(b'x' * (1 << 30)))"],
        },
        "broken": {"image": images.BASE_NAME, "command": ["python3", "-c", "raise SystemExit(3)"]},
    },
    "sizes": {
        "small": {
            "cpu": {"min": 0.05, "default": 0.05, "max": 1},
            "memory": {"min": "64Mi", "default": "128Mi", "max": "1Gi"},
        },
        "vast": {
            "cpu": {"min": 0.05, "default": 0.05, "max": 1},
            "memory": {"min": "900Gi", "default": "900Gi", "max": "900Gi"},
        },
    },
    "gpus": {"nvidia": {"resource": "nvidia.com/gpu"}, "amd": {"resource": "amd.com/gpu"}},
    "volumes": {
        "missing": {"claim": "no-such-claim", "mount": "/data/missing"},
        "taken": {"claim": "taken", "mount": "/data/taken"},
    },
}
# Two failures in a row would end this hub. One user's server breaks the namespace's rules.
SETTINGS = """
c.Spawner.consecutive_failure_limit = 2
c.Spawner.poll_interval = 1
c.Spawner.http_timeout = 60
c.KfSpawner.patience_s = 8
c.KfSpawner.extra_pod_config = {"terminationGracePeriodSeconds": 1}
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0.5}
def unsafe(spawner, pod):
    if spawner.user.name == "unsafe":
        pod.spec.host_network = True
    return pod
c.KfSpawner.modify_pod_hook = unsafe
"""

# user: options, what the cluster says first, what the user reads.
FAILURES = {
    "image-unknown": ({"image": "unknown"}, "Failed: Failed to pull", "does not exist in its regi"),
    "image-private": ({"image": "private"}, "Failed: Failed to pull", "password"),
    "image-absent": ({"image": "absent"}, "ErrImageNeverPull:", "says never to pull it"),
    "no-gpu": ({"gpu": "nvidia"}, "FailedScheduling:", "no nvidia.com/gpu is free"),
    "no-room": ({"size": "vast"}, "FailedScheduling:", "too little memory is free"),
    "quota": ({"gpu": "amd"}, None, "quota testbed-quota is used up: requests.amd.com/gpu=1"),
    "volume-missing": ({"volumes": ["missing"]}, "FailedScheduling:", "a volume does not exist"),
    "volume-taken": ({"volumes": ["taken"]}, "FailedScheduling:", "in use by another server"),
    "memory": ({"image": "hungry"}, "state OOMKilled", "used more memory than it has"),
    "crash": ({"image": "broken"}, "state Error", "ended by itself with status 3"),
    "unsafe": ({}, None, "security rules do not allow"),
}
NEW_MACHINE = "A new machine is being started"


@pytest.fixture
def hub(node, registry, python_image, control_plane, namespace, tmp_path) -> Iterator[Hub]:
    """A hub whose pods really run, in a namespace with the strictest rules."""
    catalogue = tmp_path / "catalogue.yaml"
    for section in ("images", "sizes", "gpus", "volumes"):
        for name, offer in CATALOGUE[section].items():
            offer["title"] = name
    for image in CATALOGUE["images"].values():
        image.setdefault("pull", "Never")
    catalogue.write_text(json.dumps(CATALOGUE))
    with control_plane.api_client() as api:
        label = {"pod-security.kubernetes.io/enforce": "restricted"}
        client.CoreV1Api(api).patch_namespace(namespace, {"metadata": {"labels": label}})
    kubeconfig = control_plane.kubeconfig
    settings = on_kubernetes(kubeconfig, namespace, address=HOST_IP, catalogue=catalogue)
    with running_hub(tmp_path, SETTINGS, **settings) as one:
        yield one


@pytest.fixture
def taken(api, namespace) -> Iterator[None]:
    """A volume for one pod at a time, which another pod has."""
    core = client.CoreV1Api(api)
    once = {"accessModes": ["ReadWriteOncePod"], "storageClassName": "by-hand"}
    disk = {**once, "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/tmp"}}
    disk["claimRef"] = {"name": "taken", "namespace": namespace}
    core.create_persistent_volume({"metadata": {"name": f"taken-{namespace}"}, "spec": disk})
    claim = {**once, "resources": {"requests": {"storage": "1Gi"}}}
    core.create_namespaced_persistent_volume_claim(
        namespace, {"metadata": {"name": "taken"}, "spec": claim}
    )
    holder = safe_pod(
        "holder", volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "taken"}}]
    )
    core.create_namespaced_pod(namespace, holder)
    wait_for(lambda: core.read_namespaced_pod("holder", namespace).spec.node_name, 120, "a holder")
    yield
    core.delete_persistent_volume(f"taken-{namespace}")


def safe_pod(name: str, **spec) -> dict:
    """A pod that "restricted" takes, which waits."""
    container = {
        "name": "main",
        "image": images.BASE_NAME,
        "imagePullPolicy": "Never",
        "command": ["sleep", "600"],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    container |= spec.pop("container", {})
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container], **spec}
    return {"metadata": {"name": name}, "spec": spec}


def test_eleven_failures_at_once_are_explained_within_five_seconds_of_the_clusters_word(
    hub, api, namespace, node, taken
):
    told: dict[str, Told] = {}
    with contextlib.ExitStack() as stack:
        stack.enter_context(faults.quota(api, namespace, **{"requests.amd.com/gpu": "0"}))
        watch = stack.enter_context(Watch(api, namespace))
        pool = stack.enter_context(ThreadPoolExecutor(len(FAILURES) + 1))
        asked = {user: pool.submit(start, hub, user, FAILURES[user][0]) for user in FAILURES}
        growing = pool.submit(start, hub, "growing", {"size": "vast"}, until_said=NEW_MACHINE)
        wait_for(lambda: watch.moment("jupyter-growing", "FailedScheduling"), 120, "no room")
        # The word of the cluster autoscaler, which is not here, in its own terms.
        words = "pod triggered scale-up: [{large-pool 0->1 (max: 5)}]"
        faults.says(api, namespace, "jupyter-growing", "TriggeredScaleUp", words)
        told = {user: one.result() for user, one in asked.items()}
        told["growing"] = growing.result()
    expected = {**FAILURES, "growing": (None, "TriggeredScaleUp", NEW_MACHINE)}
    late, unexplained = {}, {}
    for user, (_, first, words) in expected.items():
        pod = f"jupyter-{user}"
        said = watch.moment(pod, first) if first else asked_for(hub, pod)
        read = told[user].moment(words)
        if said is None or read is None or told[user].failed is (user == "growing"):
            unexplained[user] = (said, told[user])
        elif told[user].percents and not told[user].climbs and user != "growing":
            unexplained[user] = ("its percentage", told[user])
        else:
            late[user] = round(read - said, 2)
    print("seconds from the cluster's word to the page:", late)
    assert not unexplained
    assert {user: took for user, took in late.items() if took > EXPLAINED_S} == {}
    assert hub.alive and "consecutive spawn" not in hub.log.read_text()
    hub.stop("growing")
    wait_for(lambda: not servers(api, namespace), 120, "the pods to be removed")


def asked_for(hub: Hub, pod: str) -> float:
    """When the hub asked for the pod, by its log: a refusal has no event and can't come before."""
    pattern = rf"\[I (\S+ \S+) [^]]*\] Attempting to create pod {pod},"
    found = re.search(pattern, hub.log.read_text())
    assert found, f"{pod} was never asked for"
    return datetime.datetime.fromisoformat(found[1]).timestamp()


ENDINGS = {
    "hungry-one": "used more memory than it has",
    "lesser": "had to make room for one with a higher priority",
    "evicted": "was moved off it",
}


def test_a_server_that_was_taken_away_is_explained_when_its_user_comes_back(
    hub, api, namespace, node
):
    core = client.CoreV1Api(api)
    urgent = {"metadata": {"name": f"urgent-{namespace}"}, "value": 1000}
    pages = {user: hub.user(user) for user in ENDINGS}
    client.SchedulingV1Api(api).create_priority_class(urgent)
    try:
        with faults.gpus(node, 1), ThreadPoolExecutor(3) as pool:
            wanted = {user: {"gpu": "nvidia"} if user == "lesser" else {} for user in ENDINGS}
            for told in [pool.submit(start, hub, *pair) for pair in wanted.items()]:
                assert told.result().climbs and not told.result().failed, told.result()
            (hungry,) = [one for one in servers(api, namespace) if "hungry" in one.metadata.name]
            run_in(api, hungry, ["python3", "-c", "import os; os.kill(1, 10)"])
            core.create_namespaced_pod_eviction(
                "jupyter-evicted", namespace, {"metadata": {"name": "jupyter-evicted"}}
            )
            gpu = {"limits": {"nvidia.com/gpu": "1"}, "requests": {"nvidia.com/gpu": "1"}}
            core.create_namespaced_pod(
                namespace,
                safe_pod(
                    "urgent",
                    priorityClassName=urgent["metadata"]["name"],
                    container={"resources": gpu},
                ),
            )
            for user, words in ENDINGS.items():
                wait_for(
                    lambda user=user, words=words: (
                        words in pages[user].get(f"/hub/spawn/{user}", follow_redirects=False).text
                    ),
                    120,
                    f"the spawn page to say that the server {words}",
                )
    finally:
        client.SchedulingV1Api(api).delete_priority_class(urgent["metadata"]["name"])
    wait_for(lambda: not servers(api, namespace), 120, "the pods to be removed")
    assert hub.alive
