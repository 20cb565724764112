"""Does a real API server take the manifests, and are their rights as narrow as they say?"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from jupyter_kf_spawner.catalogue import load
from jupyter_kf_spawner.poddefaults import poddefaults
from kubernetes import client

from tests.cluster import build
from tests.cluster.control import wait_for

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = ROOT / "spawner" / "manifests"


@pytest.fixture(scope="module")
def objects() -> list[dict]:
    """What kustomize makes of the folder."""
    return kustomized(MANIFESTS)


def kustomized(folder: Path) -> list[dict]:
    command = [build.KUBE.binary("kubectl"), "kustomize", folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return list(yaml.safe_load_all(done.stdout))


@pytest.fixture
def applied(objects, cluster, namespace, tmp_path) -> str:
    """The manifests in the test's namespace, which is restricted as they ask."""
    (label,) = [one["metadata"]["labels"] for one in objects if one["kind"] == "Namespace"]
    with cluster.api_client() as api:
        body = {"metadata": {"labels": label}}
        client.CoreV1Api(api).patch_namespace(namespace, body)
    text = tmp_path / "objects.yaml"
    kept = [one for one in objects if one["kind"] != "Namespace"]
    for one in kept:
        one = {**one, "metadata": {**one["metadata"], "namespace": namespace}}
        for subject in one.get("subjects", ()):
            subject["namespace"] = namespace
        text.write_text((text.read_text() if text.exists() else "") + "---\n" + yaml.dump(one))
    kubectl = [build.KUBE.binary("kubectl"), "--kubeconfig", cluster.kubeconfig]
    done = subprocess.run(
        [*kubectl, "apply", "-f", text], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "would violate" not in done.stderr
    return namespace


def may(api, namespace: str, account: str, what: str, elsewhere: str = "") -> bool:
    """Whether the account may, here or elsewhere: "create trainer.kubeflow.org/trainjobs"."""
    verb, resource = what.split()
    group, _, plural = (
        resource.rpartition("/") if not resource.startswith("pods/") else ("", "", resource)
    )
    plural, _, below = plural.partition("/")
    attributes = {
        "namespace": elsewhere or namespace,
        "verb": verb,
        "group": group,
        "resource": plural,
        "subresource": below,
    }
    user = f"system:serviceaccount:{namespace}:{account}"
    review = {"spec": {"user": user, "resourceAttributes": attributes}}
    answer = client.AuthorizationV1Api(api).create_subject_access_review(review)
    return bool(answer.status.allowed)


YES = {
    "jupyter-kf": [
        "create trainer.kubeflow.org/trainjobs",
        "create kubeflow.org/experiments",
        "delete serving.kserve.io/inferenceservices",
        "create batch/jobs",
        "create configmaps",
        "get pods/log",
        "list events",
    ],
    "hub": ["create pods", "create persistentvolumeclaims", "create secrets", "watch events"],
}
NO = {
    "jupyter-kf": [
        "create pods",
        "create pods/exec",
        "get secrets",
        "list secrets",
        "create rbac.authorization.k8s.io/rolebindings",
        "list nodes",
        "delete persistentvolumeclaims",
    ],
    "hub": [
        "list secrets",
        "update secrets",
        "create pods/exec",
        "list nodes",
        "create serviceaccounts/token",
    ],
}


def test_the_manifests_are_taken_and_their_rights_are_as_narrow_as_they_say(applied, api):
    def granted(account: str, what: str) -> bool:
        return may(api, applied, account, what)

    wait_for(lambda: granted("hub", "create pods"), 20, "the rights to count")
    assert [(a, w) for a, all_ in YES.items() for w in all_ if not granted(a, w)] == []
    assert [(a, w) for a, all_ in NO.items() for w in all_ if granted(a, w)] == []


def test_a_component_lets_the_hub_make_namespaces_and_servers_in_them(applied, api, tmp_path):
    overlay = {
        "namespace": applied,
        "resources": [os.path.relpath(MANIFESTS, tmp_path)],
        "components": [os.path.relpath(MANIFESTS / "user-namespaces", tmp_path)],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.dump(overlay))
    rights = {one["kind"]: one for one in kustomized(tmp_path) if "Cluster" in one["kind"]}
    # Named for this test: what is not in a namespace is everybody's.
    role, binding = rights["ClusterRole"], rights["ClusterRoleBinding"]
    role["metadata"]["name"] = binding["metadata"]["name"] = applied
    binding["roleRef"]["name"] = applied
    rbac = client.RbacAuthorizationV1Api(api)

    def may_elsewhere(what: str) -> bool:
        return may(api, applied, "hub", what, elsewhere="default")

    assert not may_elsewhere("create pods")
    strict = {"field_validation": "Strict"}
    rbac.create_cluster_role(role, **strict)
    rbac.create_cluster_role_binding(binding, **strict)
    try:
        wait_for(lambda: may_elsewhere("create pods"), 20, "the rights to count")
        yes = ["create namespaces", "get namespaces", "list events", "list resourcequotas"]
        assert [what for what in [*YES["hub"], *yes] if not may_elsewhere(what)] == []
        no = ["delete namespaces", "patch namespaces", "list namespaces"]
        assert [what for what in [*NO["hub"], *no] if may_elsewhere(what)] == []
    finally:
        rbac.delete_cluster_role_binding(applied)
        rbac.delete_cluster_role(applied)


def test_the_hubs_own_pods_pass_the_namespaces_security(applied, api):
    """A Deployment is taken whatever its pods are; the controller's events tell of a refusal."""
    apps, core = client.AppsV1Api(api), client.CoreV1Api(api)

    def pods() -> set[str]:
        return {pod.metadata.labels["app"] for pod in core.list_namespaced_pod(applied).items}

    wait_for(lambda: pods() == {"hub", "proxy"}, 30, "pods of the hub and the proxy")
    for name in ("hub", "proxy"):
        conditions = apps.read_namespaced_deployment(name, applied).status.conditions or []
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


def test_the_walls_keep_servers_from_the_metadata_and_from_private_networks(objects):
    policies = {one["metadata"]["name"]: one for one in objects if one["kind"] == "NetworkPolicy"}
    blocks = [
        peer["ipBlock"]
        for rule in policies["servers"]["spec"]["egress"]
        for peer in rule["to"]
        if "ipBlock" in peer
    ]
    assert "169.254.0.0/16" in blocks[0]["except"] and "10.0.0.0/8" in blocks[0]["except"]
    selector = policies["servers-that-use-the-api"]["spec"]["podSelector"]["matchLabels"]
    assert selector == {"jupyter-kf.org/uses-api": "true"}
