"""Does the control tier decide what a real cluster decides?"""

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.cluster.control import wait_for

PAUSE = {"name": "main", "image": "localhost/pause:1"}


def pod(name: str, **spec: object) -> dict[str, object]:
    return {"metadata": {"name": name}, "spec": {"containers": [PAUSE], **spec}}


def test_a_pod_that_no_node_fits_is_told_so_by_the_scheduler(api, namespace):
    core = client.CoreV1Api(api)
    core.create_namespaced_pod(namespace, pod("lonely", nodeSelector={"no-such": "node"}))

    def told() -> bool:
        events = core.list_namespaced_event(namespace).items
        return any(event.reason == "FailedScheduling" for event in events)

    wait_for(told, 60, "a FailedScheduling event")
    assert core.read_namespaced_pod("lonely", namespace).status.phase == "Pending"


def test_an_account_without_rights_is_refused_by_name(api, control_plane, namespace):
    core = client.CoreV1Api(api)
    token = core.create_namespaced_service_account_token(
        "default", namespace, {"spec": {"expirationSeconds": 600}}
    ).status.token
    settings = client.Configuration(
        host=control_plane.server, api_key={"authorization": f"Bearer {token}"}
    )
    settings.ssl_ca_cert = str(control_plane.authority.certificate_path)
    with client.ApiClient(settings) as theirs, pytest.raises(ApiException) as refused:
        client.CoreV1Api(theirs).list_namespaced_pod(namespace)
    assert refused.value.status == 403
    assert f"system:serviceaccount:{namespace}:default" in refused.value.body


def test_pod_security_restricted_names_what_the_pod_lacks(api, namespace):
    core = client.CoreV1Api(api)
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    core.patch_namespace(namespace, {"metadata": {"labels": label}})

    def refused() -> str:
        try:
            core.create_namespaced_pod(namespace, pod("unsafe"), dry_run="All")
        except ApiException as error:
            assert error.status == 403
            return str(error.body)
        return ""

    wait_for(lambda: bool(refused()), 60, "refused")
    for lacking in ("allowPrivilegeEscalation", "runAsNonRoot", "seccompProfile", "capabilities"):
        assert lacking in refused()


def test_a_full_quota_refuses_with_used_and_limited(api, namespace):
    core = client.CoreV1Api(api)
    quota = {"metadata": {"name": "small"}, "spec": {"hard": {"pods": "1"}}}
    core.create_namespaced_resource_quota(namespace, quota)

    def counted() -> bool:
        status = core.read_namespaced_resource_quota("small", namespace).status
        return bool(status.hard)

    wait_for(counted, 60, "a counted quota")
    core.create_namespaced_pod(namespace, pod("first"))
    with pytest.raises(ApiException) as refused:
        core.create_namespaced_pod(namespace, pod("second"))
    assert refused.value.status == 403
    assert "exceeded quota: small, requested: pods=1, used: pods=1" in refused.value.body
