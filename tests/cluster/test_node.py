"""Do pods live as they would in production?"""

import socket
from pathlib import Path

import psutil
import pytest
from kubernetes import client
from kubernetes.stream import stream

from tests.cluster import faults
from tests.cluster.addresses import HOST_IP
from tests.cluster.control import wait_for
from tests.cluster.journal import Journal

pytestmark = pytest.mark.usefixtures("node")


def pod(name, image, *command, labels=None, container=None, **spec):
    main = {"name": "main", "image": image, "imagePullPolicy": "Never", **(container or {})}
    if command:
        main["command"] = list(command)
    spec = {"terminationGracePeriodSeconds": 0, "restartPolicy": "Never", **spec}
    metadata = {"name": name, "labels": labels or {}}
    return {"metadata": metadata, "spec": {"containers": [main], **spec}}


@pytest.fixture
def core(api):
    return client.CoreV1Api(api)


@pytest.fixture
def run(core, namespace):
    """Make a pod and wait for a phase; returns the pod as it then is."""

    def started(body, phase="Succeeded", timeout_s=120):
        core.create_namespaced_pod(namespace, body)
        name = body["metadata"]["name"]

        def there():
            return core.read_namespaced_pod(name, namespace).status.phase == phase

        wait_for(there, timeout_s, f"pod {name} {phase}")
        return core.read_namespaced_pod(name, namespace)

    return started


def events(core, namespace, name):
    found = core.list_namespaced_event(namespace, field_selector=f"involvedObject.name={name}")
    return {event.reason: event.message for event in found.items}


def test_a_pod_runs_and_its_log_is_read(core, namespace, run, python_image):
    run(pod("speaker", python_image, "python3", "-c", "print(6 * 7)"))
    assert core.read_namespaced_pod_log("speaker", namespace) == "42\n"


def test_a_failed_pod_tells_its_exit_code(run, python_image):
    failed = run(pod("failing", python_image, "sh", "-c", "exit 7"), "Failed")
    assert failed.status.container_statuses[0].state.terminated.exit_code == 7


def test_a_pod_that_takes_too_much_memory_is_killed_for_it(run, python_image):
    greedy = "x = bytearray(10**9)"
    limit = {"resources": {"limits": {"memory": "50Mi"}}}
    killed = run(pod("greedy", python_image, "python3", "-c", greedy, container=limit), "Failed")
    assert killed.status.container_statuses[0].state.terminated.reason == "OOMKilled"


def test_a_service_is_reached_by_its_name(core, namespace, run, python_image):
    serve = ("python3", "-m", "http.server", "8000", "--directory", "/etc")
    run(pod("server", python_image, *serve, labels={"app": "files"}), "Running")
    ports = [{"port": 80, "targetPort": 8000}]
    core.create_namespaced_service(
        namespace,
        {"metadata": {"name": "files"}, "spec": {"selector": {"app": "files"}, "ports": ports}},
    )
    ask = (
        "import time, urllib.request\n"
        "for _ in range(60):\n"
        "    try:\n"
        "        answer = urllib.request.urlopen('http://files/hostname', timeout=2)\n"
        "        print(answer.read().decode())\n"
        "        break\n"
        "    except OSError:\n"
        "        time.sleep(0.5)\n"
        "else:\n"
        "    raise SystemExit('never reached')\n"
    )
    run(pod("asker", python_image, "python3", "-c", ask))
    assert core.read_namespaced_pod_log("asker", namespace).strip()


def test_a_pod_finds_itself_by_its_own_full_name(core, namespace, run, python_image):
    """As the workers of a training job find each other: headless Service, host name, subdomain."""
    core.create_namespaced_service(
        namespace,
        {
            "metadata": {"name": "workers"},
            "spec": {
                "clusterIP": "None",
                "selector": {"app": "w"},
                "publishNotReadyAddresses": True,
            },
        },
    )
    ask = (
        "import socket, time\n"
        "for _ in range(60):\n"
        "    try:\n"
        f"        print(socket.gethostbyname('first.workers.{namespace}.svc.cluster.local'))\n"
        "        break\n"
        "    except OSError:\n"
        "        time.sleep(0.5)\n"
    )
    body = pod("w", python_image, "python3", "-c", ask, labels={"app": "w"})
    body["spec"].update(hostname="first", subdomain="workers")
    done = run(body)
    assert core.read_namespaced_pod_log("w", namespace).strip() == done.status.pod_ip


def test_the_test_and_a_pod_reach_each_other(core, namespace, run, python_image):
    serve = ("python3", "-m", "http.server", "8000")
    found = run(pod("server", python_image, *serve), "Running")

    def answers():
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((found.status.pod_ip, 8000)) == 0

    wait_for(answers, 60, "reached from the test")
    with socket.create_server((HOST_IP, 0)) as ours:
        port = ours.getsockname()[1]
        say = f"import socket; socket.create_connection(('{HOST_IP}', {port}), 5).sendall(b'hello')"
        run(pod("caller", python_image, "python3", "-c", say))
        connection, _ = ours.accept()
        with connection:
            assert connection.recv(5) == b"hello"


def test_a_command_runs_in_a_pod(core, namespace, run, python_image):
    run(pod("host", python_image, "sleep", "600"), "Running")
    said = stream(
        core.connect_get_namespaced_pod_exec,
        "host",
        namespace,
        command=["python3", "-c", "print('inside')"],
        stdout=True,
        stderr=True,
        stdin=False,
        tty=False,
    )
    assert said == "inside\n"


def test_what_is_on_a_volume_survives_the_pod(core, namespace, run, python_image, tmp_path):
    size = {"storage": "10Mi"}
    common = {"accessModes": ["ReadWriteOnce"], "storageClassName": namespace}
    core.create_persistent_volume(
        {
            "metadata": {"name": namespace},
            "spec": {**common, "capacity": size, "hostPath": {"path": str(tmp_path)}},
        }
    )
    try:
        claim = {"metadata": {"name": "home"}, "spec": {**common, "resources": {"requests": size}}}
        core.create_namespaced_persistent_volume_claim(namespace, claim)
        volumes = [{"name": "home", "persistentVolumeClaim": {"claimName": "home"}}]
        mounted = {"volumeMounts": [{"name": "home", "mountPath": "/home"}]}
        write = ("sh", "-c", "echo kept > /home/note")
        run(pod("writer", python_image, *write, container=mounted, volumes=volumes))
        core.delete_namespaced_pod("writer", namespace)
        read = ("cat", "/home/note")
        run(pod("reader", python_image, *read, container=mounted, volumes=volumes))
        assert core.read_namespaced_pod_log("reader", namespace) == "kept\n"
    finally:
        core.delete_persistent_volume(namespace)


def test_one_gpu_schedules_and_eight_wait_with_the_genuine_event(
    core, namespace, run, node, python_image
):
    def wants(count):
        return {"resources": {"limits": {"nvidia.com/gpu": str(count)}}}

    with faults.gpus(node, 4):
        run(pod("small", python_image, "true", container=wants(1)))
        core.create_namespaced_pod(
            namespace, pod("large", python_image, "true", container=wants(8))
        )
        wait_for(
            lambda: "FailedScheduling" in events(core, namespace, "large"), 60, "unschedulable"
        )
        assert "Insufficient nvidia.com/gpu" in events(core, namespace, "large")["FailedScheduling"]


def test_an_image_that_is_not_there_says_so(core, namespace):
    core.create_namespaced_pod(namespace, pod("lost", faults.MISSING_IMAGE))

    def reason():
        found = core.read_namespaced_pod("lost", namespace).status.container_statuses or []
        return found and found[0].state.waiting and found[0].state.waiting.reason

    wait_for(lambda: reason() == "ErrImageNeverPull", 60, "told that the image is missing")


def test_two_workers_of_an_indexed_job_know_their_number(api, core, namespace, python_image):
    batch = client.BatchV1Api(api)
    job = {
        "metadata": {"name": "two"},
        "spec": {
            "completions": 2,
            "parallelism": 2,
            "completionMode": "Indexed",
            "template": {
                "spec": pod("x", python_image, "sh", "-c", "echo $JOB_COMPLETION_INDEX")["spec"]
            },
        },
    }
    batch.create_namespaced_job(namespace, job)
    wait_for(
        lambda: batch.read_namespaced_job("two", namespace).status.succeeded == 2, 120, "two done"
    )
    pods = core.list_namespaced_pod(namespace, label_selector="job-name=two").items
    logs = {core.read_namespaced_pod_log(one.metadata.name, namespace) for one in pods}
    assert logs == {"0\n", "1\n"}


def test_every_program_listens_on_the_loopback_or_the_bridge_alone(node):
    here = Path("/proc/self/ns/net").readlink()
    heard = set()
    for entry in Journal(node.plane.state).entries():
        if entry["undo"] != "process":
            continue
        pid = int(entry["stat"].split(" ", 1)[0])
        if psutil.pid_exists(pid) and Path(f"/proc/{pid}/ns/net").readlink() == here:
            for one in psutil.Process(pid).net_connections("inet"):
                if one.status == psutil.CONN_LISTEN:
                    heard.add((entry["name"], one.laddr.ip))
    assert {name for name, _ in heard} >= {"etcd", "kube-apiserver", "kube-scheduler", "forwarder"}
    assert {ip for _, ip in heard} == {"127.0.0.1", HOST_IP}
