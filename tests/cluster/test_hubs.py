"""Does what KubeSpawner can do still work on a real API server, and is nothing left or taken over?

Each is a story with a hub of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import kubernetes_asyncio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from jupyter_kf_spawner import namespaces
from jupyter_kf_spawner.cluster import OWNER, quota_left
from jupyter_kf_spawner.errors import Refusal
from jupyter_kf_spawner.namespaces import OWNED
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubespawner.objects import make_namespace

from tests.cluster import faults
from tests.cluster.control import wait_for
from tests.cluster.test_spawner import STRICT, gone, servers
from tests.spawner.hub import INTERNAL_SSL, on_kubernetes, running_hub
from tests.spawner.watching import start

EACH_THEIR_OWN = """
c.KfSpawner.enable_user_namespaces = True
c.KfSpawner.user_namespace_template = "{namespace}-{{username}}"
c.KfSpawner.user_namespace_labels = {{"team": "{{username}}"}}
"""
# An existing deployment's own configuration.
AS_BEFORE = """
c.KfSpawner.catalogue_file = ""
c.KfSpawner.storage_pvc_ensure = True
c.KfSpawner.storage_capacity = "1Gi"
c.KfSpawner.volumes = [{"name": "home", "persistentVolumeClaim": {"claimName": "{pvc_name}"}}]
c.KfSpawner.volume_mounts = [{"name": "home", "mountPath": "/home/jovyan"}]
image = {"display_name": "Image", "choices": {
    name: {"display_name": name, "kubespawner_override": {"image": f"lab:{name}"}}
    for name in ("old", "new")}}
c.KfSpawner.profile_list = [
    {"display_name": "A small one", "slug": "small", "kubespawner_override": {"image": "lab:old"}},
    {"display_name": "A large one", "slug": "large", "profile_options": {"image": image},
     "kubespawner_override": {"mem_limit": "8G"}},
]
"""


def test_a_pod_whose_making_was_answered_too_late_is_adopted_and_a_killed_hubs_is_removed(
    api_proxy, api, namespace, tmp_path
):
    settings = on_kubernetes(api_proxy.kubeconfig, namespace)
    slow = {"method": "POST", "contains": "/pods", "after": True}
    with running_hub(tmp_path, STRICT, **settings) as first:
        api_proxy.answer(504, late_s=30, **slow)
        first.ask("ada", {"workspace": "none"})
        adopted = f"/namespaces/{namespace}/pods/jupyter-ada"
        wait_for(lambda: asked(api_proxy, "GET", adopted), 60, "the pod to be looked at")
        (pod,) = servers(api, namespace)
        first.ask("bob", {"workspace": "none"})
        wait_for(lambda: len(servers(api, namespace)) == 2, 60, "another pod")
        assert [one.metadata.uid for one in servers(api, namespace)].count(pod.metadata.uid) == 1
        assert not asked(api_proxy, "DELETE", "/pods/")
        # The next one is made, and the hub dies before it hears of it.
        api_proxy.answer(504, late_s=60, **slow)
        first.ask("cyd", {"workspace": "none"})
        wait_for(lambda: len(servers(api, namespace)) == 3, 60, "the third pod")
        first.process.kill()
        first.process.wait()
    assert len(servers(api, namespace)) == 3
    # Nobody comes back; the hub does.
    with running_hub(tmp_path, STRICT, **settings) as second:
        wait_for(lambda: not left(api, namespace), 120, "what was started to be gone")
        assert second.alive


def test_a_namespace_of_ones_own_is_made_and_one_that_is_not_marked_is_never_used(
    cluster, api, namespace, tmp_path
):
    core = client.CoreV1Api(api)
    theirs = {"bob": {}, "cyd": marks("bob"), "dan": marks("dan")}
    for user, metadata in theirs.items():
        core.create_namespace({"metadata": {"name": f"{namespace}-{user}", **metadata}})
    settings = on_kubernetes(cluster.kubeconfig)
    each = STRICT + INTERNAL_SSL + EACH_THEIR_OWN.format(namespace=namespace)
    try:
        with running_hub(tmp_path, each, **settings) as hub:
            for user in ("bob", "cyd"):
                message = start(hub, user, {"workspace": "none"}).last
                assert f"{namespace}-{user} is there and is not marked as yours" in message
                assert not servers(api, f"{namespace}-{user}")
            for user in ("ada", "dan"):
                hub.ask(user, {"workspace": "none"})
                own = f"{namespace}-{user}"
                wait_for(lambda own=own: bool(servers(api, own)), 60, f"a pod in {own}")
                certificates_are_good(core, own, f"jupyter-{user}", tmp_path)
            made = core.read_namespace(f"{namespace}-ada").metadata
            assert (made.labels[OWNED], made.annotations[OWNER]) == ("true", "ada")
            assert made.labels["team"] == "ada"
            assert hub.alive and "consecutive spawn" not in hub.log.read_text()
    finally:
        for user in ("ada", *theirs):
            with contextlib.suppress(ApiException):  # ada's, when the story ended before it
                core.delete_namespace(f"{namespace}-{user}")


def test_what_the_hub_may_not_see_of_quotas_and_namespaces_is_said(api, control_plane, namespace):
    core = client.CoreV1Api(api)
    quota = {"metadata": {"name": "team"}, "spec": {"hard": {"limits.memory": "1Gi"}}}
    core.create_namespaced_resource_quota(namespace, quota)
    settings = kubernetes_asyncio.client.Configuration(host=control_plane.server)
    settings.ssl_ca_cert = str(control_plane.authority.certificate_path)
    settings.api_key = {"BearerToken": f"Bearer {faults.account_token(api, namespace)}"}
    wanted = namespaces.marked(make_namespace(f"{namespace}-ada"), "ada")

    async def looked() -> None:
        async with kubernetes_asyncio.client.ApiClient(settings) as theirs:
            hubs = kubernetes_asyncio.client.CoreV1Api(theirs)
            assert await quota_left(hubs, namespace) is None
            with pytest.raises(Refusal, match="may not see whose the namespace"):
                await namespaces.ensure(hubs, wanted, "ada")
            with allowed(api, namespace, {"resourcequotas": "list", "namespaces": "get"}):
                until = time.monotonic() + 60
                while await quota_left(hubs, namespace) != {"limits.memory": 2**30}:
                    assert time.monotonic() < until, await quota_left(hubs, namespace)
                    await asyncio.sleep(0.2)
                with pytest.raises(Refusal, match="the hub may not make"):
                    await namespaces.ensure(hubs, wanted, "ada")

    asyncio.run(looked())


def test_without_a_catalogue_profiles_named_servers_and_internal_ssl_work_as_they_did(
    cluster, api, namespace, tmp_path
):
    core = client.CoreV1Api(api)
    settings = on_kubernetes(cluster.kubeconfig, namespace)
    with running_hub(tmp_path, STRICT + INTERNAL_SSL + AS_BEFORE, **settings) as hub:
        page = hub.user("ada").get("/hub/spawn/ada").text
        assert "A large one" in page and "profile-option-large--image" in page
        hub.submit("ada", {"profile": "large", "profile-option-large--image": "new"})
        hub.ask("ada", {"profile": "small"}, server="second")
        label = "component=singleuser-server"

        def pods() -> dict:
            listed = core.list_namespaced_pod(namespace, label_selector=label).items
            return {one.metadata.name: one.spec for one in listed}

        wait_for(lambda: len(pods()) == 2, 60, "both pods")
        large, second = pods()["jupyter-ada"], pods()["jupyter-ada--second"]
        assert large.containers[0].resources.limits["memory"] == str(8 * 2**30)
        assert large.containers[0].image == "lab:new" and second.containers[0].image == "lab:old"
        assert {"home"} <= {mount.name for mount in large.containers[0].volume_mounts}
        claim = core.read_namespaced_persistent_volume_claim("claim-ada", namespace)
        assert claim.spec.resources.requests["storage"] == "1Gi"
        for name in pods():
            certificates_are_good(core, namespace, name, tmp_path)


def certificates_are_good(core, namespace: str, pod: str, folder: Path) -> None:
    """The pod mounts a key and a certificate with its name, which the hub's authority signed."""
    wait_for(lambda: not gone(core, pod, namespace), 60, f"the Secret {pod}")
    stored = core.read_namespaced_secret(pod, namespace).data
    data = {name: b64decode(text) for name, text in stored.items()}
    spec = core.read_namespaced_pod(pod, namespace).spec
    assert pod in {volume.secret.secret_name for volume in spec.volumes if volume.secret}
    certificate = x509.load_pem_x509_certificate(data["ssl.crt"])
    key = serialization.load_pem_private_key(data["ssl.key"], None)
    assert key.public_key() == certificate.public_key()
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    said = names.get_values_for_type(x509.DNSName)
    assert any(name.startswith(f"{pod}.{namespace}.svc") for name in said), said
    signed = folder / "internal-ssl" / "notebooks-ca" / "notebooks-ca.crt"
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(signed.read_bytes()))
    assert len(x509.load_pem_x509_certificates(data["notebooks-ca_trust.crt"])) >= 2
    assert core.read_namespaced_service(pod, namespace).spec.ports


def marks(user: str) -> dict:
    """Metadata of a namespace that is this user's."""
    return {"labels": {OWNED: "true"}, "annotations": {OWNER: user}}


def asked(api_proxy, method: str, part: str) -> bool:
    """Whether the hub has made such a request."""
    return any(one.method == method and part in one.path for one in list(api_proxy.requests))


def left(api, namespace: str) -> list[str]:
    """Pods and Secrets of servers."""
    secrets = client.CoreV1Api(api).list_namespaced_secret(namespace).items
    return [one.metadata.name for one in (*servers(api, namespace), *secrets)]


@contextlib.contextmanager
def allowed(api, namespace: str, rights: dict[str, str]) -> Iterator[None]:
    """The namespace's default account may do this, anywhere."""
    rbac = client.RbacAuthorizationV1Api(api)
    rules = [
        {"apiGroups": [""], "resources": [what], "verbs": [verb]} for what, verb in rights.items()
    ]
    rbac.create_cluster_role({"metadata": {"name": namespace}, "rules": rules})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": namespace}
    who = {"kind": "ServiceAccount", "name": "default", "namespace": namespace}
    binding = {"metadata": {"name": namespace}, "roleRef": role, "subjects": [who]}
    rbac.create_cluster_role_binding(binding)
    try:
        yield
    finally:
        rbac.delete_cluster_role_binding(namespace)
        rbac.delete_cluster_role(namespace)
