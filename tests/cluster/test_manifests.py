"""Does a real API server take the manifests, and are their rights as narrow as they say?"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from jupyter_kf_spawner.catalogue import load
from jupyter_kf_spawner.poddefaults import poddefaults
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.cluster import build
from tests.cluster.control import wait_for
from tests.cluster.manifests import MANIFESTS, ROOT, kustomized, placed


@pytest.fixture(scope="module")
def objects() -> list[dict]:
    """What kustomize makes of the folder."""
    return list(yaml.safe_load_all(kustomized(MANIFESTS)))


@pytest.fixture
def applied(objects, cluster, api, namespace, tmp_path) -> Iterator[tuple[str, str]]:
    """The manifests in two namespaces of the test's own, the hub's and the servers'."""
    core, servers = client.CoreV1Api(api), f"{namespace}-servers"
    core.create_namespace({"metadata": {"name": servers}})
    restricted = [one["metadata"]["labels"] for one in objects if one["kind"] == "Namespace"]
    for name, labels in zip((namespace, servers), restricted, strict=True):
        core.patch_namespace(name, {"metadata": {"labels": labels}})
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    here = Path(os.path.relpath(MANIFESTS, overlay))
    said = {"resources": [str(here)], "components": [str(here / "free-devices")]}
    (overlay / "kustomization.yaml").write_text(yaml.dump(said))
    text = tmp_path / "objects.yaml"
    text.write_text(yaml.dump_all(placed(kustomized(overlay), namespace, servers)))
    kubectl = [build.KUBE.binary("kubectl"), "--kubeconfig", cluster.kubeconfig]
    done = subprocess.run(
        [*kubectl, "apply", "-f", text], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "would violate" not in done.stderr
    yield namespace, servers
    subprocess.run([*kubectl, "delete", "--wait=false", "-f", text], check=True)
    core.delete_namespace(servers)


def may(api, namespace: str, user: str, what: str) -> bool:
    """Whether the account may in that namespace: "create trainer.kubeflow.org/trainjobs"."""
    verb, resource = what.split()
    group, _, plural = (
        resource.rpartition("/") if not resource.startswith("pods/") else ("", "", resource)
    )
    plural, _, below = plural.partition("/")
    attributes = {
        "namespace": namespace,
        "verb": verb,
        "group": group,
        "resource": plural,
        "subresource": below,
    }
    review = {"spec": {"user": user, "resourceAttributes": attributes}}
    answer = client.AuthorizationV1Api(api).create_subject_access_review(review)
    return bool(answer.status.allowed)


# By account, and by the namespace in which it asks.
YES = {
    ("jupyter-kf", "servers"): [
        "create trainer.kubeflow.org/trainjobs",
        "create kubeflow.org/experiments",
        "delete serving.kserve.io/inferenceservices",
        "create batch/jobs",
        "create configmaps",
        "get pods/log",
        "list events",
    ],
    ("hub", "servers"): [
        "create pods",
        "create persistentvolumeclaims",
        "create secrets",
        "watch events",
    ],
    # By the component that an overlay may take.
    ("hub", "hub"): ["list nodes", "list pods"],
}
NO = {
    ("jupyter-kf", "servers"): [
        "create pods",
        "create pods/exec",
        "get secrets",
        "list secrets",
        "create rbac.authorization.k8s.io/rolebindings",
        "list nodes",
        "delete persistentvolumeclaims",
    ],
    ("jupyter-kf", "hub"): [
        "get configmaps",
        "patch configmaps",
        "create configmaps",
        "delete configmaps",
        "create batch/jobs",
        "create trainer.kubeflow.org/trainjobs",
        "get secrets",
        "list pods",
    ],
    ("hub", "servers"): [
        "list secrets",
        "update secrets",
        "create pods/exec",
        "create serviceaccounts/token",
    ],
    ("hub", "hub"): ["get secrets", "patch configmaps", "create pods", "watch nodes"],
}


def test_the_manifests_are_taken_and_their_rights_are_as_narrow_as_they_say(applied, api):
    hub, servers = applied
    places = {"hub": hub, "servers": servers}
    accounts = {
        "hub": f"system:serviceaccount:{hub}:hub",
        "jupyter-kf": f"system:serviceaccount:{servers}:jupyter-kf",
    }

    def granted(who: tuple[str, str], what: str) -> bool:
        account, place = who
        return may(api, places[place], accounts[account], what)

    def missing() -> list[tuple[tuple[str, str], str]]:
        return [(who, w) for who, all_ in YES.items() for w in all_ if not granted(who, w)]

    wait_for(lambda: not missing(), 60, "the rights to count", said=missing)
    assert [(who, w) for who, all_ in NO.items() for w in all_ if granted(who, w)] == []


def test_a_component_lets_the_hub_make_namespaces_and_servers_in_them(applied, api, tmp_path):
    hub, servers = applied
    folder = tmp_path / "user-namespaces"
    folder.mkdir()
    here = Path(os.path.relpath(MANIFESTS, folder))
    overlay = {"resources": [str(here)], "components": [str(here / "user-namespaces")]}
    (folder / "kustomization.yaml").write_text(yaml.dump(overlay))
    rights = {
        one["kind"]: one
        for one in placed(kustomized(folder), hub, servers)
        if one["kind"].startswith("ClusterRole")
    }
    role, binding = rights["ClusterRole"], rights["ClusterRoleBinding"]
    rbac = client.RbacAuthorizationV1Api(api)

    def may_elsewhere(what: str) -> bool:
        return may(api, "default", f"system:serviceaccount:{hub}:hub", what)

    assert not may_elsewhere("create pods")
    strict = {"field_validation": "Strict"}
    rbac.create_cluster_role(role, **strict)
    rbac.create_cluster_role_binding(binding, **strict)
    try:
        yes = ["create namespaces", "get namespaces", "list events", "list resourcequotas"]
        wanted = [*YES[("hub", "servers")], *yes]

        def missing() -> list[str]:
            return [what for what in wanted if not may_elsewhere(what)]

        wait_for(lambda: not missing(), 60, "the rights to count", said=missing)
        no = ["delete namespaces", "patch namespaces", "list namespaces"]
        assert [what for what in [*NO[("hub", "servers")], *no] if may_elsewhere(what)] == []
    finally:
        rbac.delete_cluster_role_binding(binding["metadata"]["name"])
        rbac.delete_cluster_role(role["metadata"]["name"])


SAFE = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def job(name: str, of_pod: dict, of_container: dict, **more: dict) -> dict:
    """A Job whose pod passes Pod Security, and says more."""
    container = {"name": "main", "image": "python", "securityContext": SAFE, **of_container}
    spec = {"restartPolicy": "Never", "containers": [container], **of_pod}
    template = {"metadata": {"labels": more.pop("labels", {})}, "spec": spec}
    return {"metadata": {"name": name}, "spec": {"template": template, **more}}


def volume(**source: dict) -> dict:
    return {"volumes": [{"name": "it", **source}]}


def test_a_job_of_a_server_gets_nothing_that_is_anothers_and_a_good_one_runs(applied, api, cluster):
    hub, servers = applied
    core = client.CoreV1Api(api)
    core.create_namespaced_secret(servers, {"metadata": {"name": "jupyter-bob.token"}})
    secret = {"secretKeyRef": {"name": "jupyter-bob.token", "key": "t"}}
    projected = {"sources": [{"secret": {"name": "jupyter-bob.token"}}]}
    pods = {"app": "singleuser"}
    bad = {
        "reads no Secret": [
            job("a", volume(secret={"secretName": "jupyter-bob.token"}), {}),
            job("b", volume(projected=projected), {}),
            job("c", {}, {"env": [{"name": "T", "valueFrom": secret}]}),
            job("d", {}, {"envFrom": [{"secretRef": {"name": "jupyter-bob.token"}}]}),
        ],
        "names begin with `data-`": [
            job("e", volume(persistentVolumeClaim={"claimName": "claim-bob"}), {})
        ],
        "the account `default`": [
            job("f", {"serviceAccountName": "hub"}, {}),
            job("g", {"serviceAccountName": "jupyter-kf"}, {}),
        ],
        "can't pass for a server": [
            job("h", {}, {}, labels={"jupyter-kf.org/uses-api": "true"}),
            job("i", {}, {}, labels={"component": "singleuser-server"}),
        ],
        "no pods but its own": [
            job("j", {}, {}, labels=pods, manualSelector=True, selector={"matchLabels": pods})
        ],
    }
    with acting(cluster, f"system:serviceaccount:{servers}:jupyter-kf") as theirs:
        batch = client.BatchV1Api(theirs)
        for why, jobs in bad.items():  # its rights, and each policy, count a moment later
            wait_for(
                lambda why=why, one=jobs[0]: why in refused(batch, servers, one),
                60,
                f"refused because {why}",
                said=lambda one=jobs[0]: refused(batch, servers, one),
            )
            for one in jobs:
                assert why in refused(batch, servers, one), one
                spec = {"schedule": "@daily", "jobTemplate": {"spec": one["spec"]}}
                cron = {"metadata": one["metadata"], "spec": spec}
                # Kubernetes itself knows no CronJob that takes others' pods.
                assert why in (said := refused(batch, servers, cron)) or "manualSelector" in said
        data = volume(persistentVolumeClaim={"claimName": "data-flights"})
        batch.create_namespaced_job(servers, job("good", data, {}))
        # The cluster's own authorities, which every pod trusts.
        configmaps, theirs_only = client.CoreV1Api(theirs), {"data": {"ca.crt": "mine"}}
        wait_for(lambda: has_configmap(core, servers, "kube-root-ca.crt"), 60, "the authorities")

        def refused_patch() -> str:
            try:
                configmaps.patch_namespaced_config_map(
                    "kube-root-ca.crt", servers, theirs_only, dry_run="All"
                )
            except ApiException as error:
                return str(error.body)
            return ""

        why = "only ConfigMaps with a label of jupyter-kf"
        wait_for(lambda: why in refused_patch(), 60, f"refused because {why}", said=refused_patch)
        ours = {"metadata": {"name": "run", "labels": {"jupyter-kf.org/run": "r"}}}
        configmaps.create_namespaced_config_map(servers, ours)
        configmaps.delete_namespaced_config_map("run", servers)
    # The Job's pod is made by the cluster's own controller: the policy holds it all the same.
    wait_for(lambda: jobs_pods(core, servers) == {"good"}, 60, "the good job's pod")
    made = job("other", volume(secret={"secretName": "jupyter-bob.token"}), {})["spec"]["template"]
    pod = {"metadata": {"name": "other"}, "spec": made["spec"]}
    with (
        acting(cluster, "system:serviceaccount:kube-system:job-controller") as controllers,
        pytest.raises(ApiException, match="reads no Secret"),
    ):
        client.CoreV1Api(controllers).create_namespaced_pod(servers, pod)
    # The hub's own pods have their token by a Secret.
    with acting(cluster, f"system:serviceaccount:{hub}:hub") as hubs:
        client.CoreV1Api(hubs).create_namespaced_pod(servers, pod, dry_run="All")


@contextlib.contextmanager
def acting(cluster, user: str) -> Iterator[client.ApiClient]:
    """A client as this account, by impersonation."""
    with cluster.api_client() as one:
        one.set_default_header("Impersonate-User", user)
        place = user.split(":")[2]
        for group in ("serviceaccounts", f"serviceaccounts:{place}"):
            one.set_default_header("Impersonate-Group", f"system:{group}")
        yield one


def refused(batch, namespace: str, body: dict) -> str:
    """Why the API server would not take a Job or CronJob; "" when it would."""
    cron = "schedule" in body["spec"]
    create = batch.create_namespaced_cron_job if cron else batch.create_namespaced_job
    try:
        create(namespace, body, dry_run="All")
    except ApiException as error:
        return str(error.body)
    return ""


def has_configmap(core, namespace: str, name: str) -> bool:
    return name in {one.metadata.name for one in core.list_namespaced_config_map(namespace).items}


def jobs_pods(core, namespace: str) -> set[str]:
    """The Jobs that have a pod."""
    pods = core.list_namespaced_pod(namespace, label_selector="job-name").items
    return {pod.metadata.labels["job-name"] for pod in pods}


def test_the_hubs_own_pods_pass_the_namespaces_security(applied, api):
    """A Deployment is taken whatever its pods are; the controller's events tell of a refusal."""
    apps, core = client.AppsV1Api(api), client.CoreV1Api(api)

    hub, _ = applied

    def pods() -> set[str]:
        return {pod.metadata.labels["app"] for pod in core.list_namespaced_pod(hub).items}

    wait_for(lambda: pods() == {"hub", "proxy"}, 60, "pods of the hub and the proxy")
    for name in ("hub", "proxy"):
        conditions = apps.read_namespaced_deployment(name, hub).status.conditions or []
        assert not [one for one in conditions if one.type == "ReplicaFailure"]


# The fields of kubeflow.org/v1alpha1 PodDefaultSpec, as Kubeflow's Notebooks publish them; its own
# definition can't be had here. What stands in them is Kubernetes' own, and is asked of its server.
PODDEFAULT = {
    "selector", "desc", "serviceAccountName", "automountServiceAccountToken", "env", "envFrom",
    "volumes", "volumeMounts", "annotations", "labels", "tolerations",
}  # fmt: skip


def test_what_poddefaults_add_to_a_notebook_is_taken_by_the_api_server(api, namespace):
    core, catalogue = client.CoreV1Api(api), load(ROOT / "images" / "catalogue.yaml")
    core.create_namespaced_service_account(namespace, {"metadata": {"name": "jupyter-kf"}})
    made = list(poddefaults(catalogue))
    assert len(made) > 2
    for one in made:
        parts = dict(one["spec"])
        assert set(parts) <= PODDEFAULT and parts.pop("desc")
        container = {"name": "main", "image": "notebook"}
        labels = parts.pop("selector")["matchLabels"]
        for of_container in ("env", "envFrom", "volumeMounts"):
            container |= {of_container: parts.pop(of_container)} if of_container in parts else {}
        pod = {
            "metadata": {"name": "notebook", "labels": labels},
            "spec": {"containers": [container], **parts},
        }
        core.create_namespaced_pod(namespace, pod, dry_run="All", field_validation="Strict")


def test_the_walls_keep_servers_and_jobs_from_the_metadata_and_from_private_networks(objects):
    policies = {one["metadata"]["name"]: one for one in objects if one["kind"] == "NetworkPolicy"}
    everybody = policies["everybody"]
    assert not [one for one in objects if one["kind"].startswith("ClusterRole")]
    assert everybody["metadata"]["namespace"] == "jupyter-kf-servers"
    assert everybody["spec"]["podSelector"] == {}
    blocks = {
        name: [
            peer["ipBlock"]
            for rule in one["spec"].get("egress", ())
            for peer in rule["to"]
            if "ipBlock" in peer
        ]
        for name, one in policies.items()
    }
    # The clouds' metadata, Azure's too, and wherever an API server usually is.
    kept = {"169.254.0.0/16", "168.63.129.16/32", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}
    assert kept <= set(blocks["everybody"][0]["except"])
    assert {name for name, found in blocks.items() if found} == {
        "everybody",
        "servers-that-use-the-api",
    }
    selector = policies["servers-that-use-the-api"]["spec"]["podSelector"]["matchLabels"]
    assert selector == {"jupyter-kf.org/uses-api": "true"}
