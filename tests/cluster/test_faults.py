"""Does each fault do what it says, and is everything well again afterwards?"""

import time

import pytest
import urllib3
from kubernetes import client, watch
from kubernetes.client.exceptions import ApiException

from tests.cluster import faults
from tests.cluster.control import api_client, wait_for


@pytest.fixture
def proxied(api_proxy):
    """A client that goes through the proxy and does not try again by itself."""
    with api_client(api_proxy.kubeconfig) as one:
        one.configuration.retries = False
        one.rest_client.pool_manager.connection_pool_kw["retries"] = False
        yield client.CoreV1Api(one)


def config_map(name):
    return {"metadata": {"name": name}, "data": {"a": "1"}}


def test_a_stopped_api_server_comes_back_with_its_data(api, control_plane, namespace):
    core = client.CoreV1Api(api)
    core.create_namespaced_config_map(namespace, config_map("kept"))
    with faults.api_server_stopped(control_plane), pytest.raises(urllib3.exceptions.HTTPError):
        core.read_namespaced_config_map("kept", namespace, _request_timeout=2)
    assert core.read_namespaced_config_map("kept", namespace).data == {"a": "1"}


def test_latency_is_added_to_every_request(api_proxy, proxied, namespace):
    api_proxy.behaviour.latency_s = 0.5
    began = time.monotonic()
    proxied.list_namespaced_pod(namespace)
    assert time.monotonic() - began >= 0.5


def test_a_client_that_waits_less_than_the_latency_gives_up(api_proxy, proxied, namespace):
    api_proxy.behaviour.latency_s = 5
    with pytest.raises(urllib3.exceptions.HTTPError):
        proxied.list_namespaced_pod(namespace, _request_timeout=0.5)


@pytest.mark.parametrize("status", [409, 410, 429, 500, 503])
def test_a_status_is_answered_as_often_as_asked(api_proxy, proxied, namespace, status):
    api_proxy.answer(status, times=2, method="GET", contains="configmaps")
    for _ in range(2):
        with pytest.raises(ApiException) as refused:
            proxied.list_namespaced_config_map(namespace)
        assert refused.value.status == status
        assert ("Retry-After" in refused.value.headers) == (status in (429, 503))
    proxied.list_namespaced_config_map(namespace)


def test_other_requests_pass_a_fault(api_proxy, proxied, namespace):
    api_proxy.answer(500, method="POST")
    proxied.list_namespaced_config_map(namespace)
    assert api_proxy.requests[-1].method == "GET"


def test_a_lost_answer_leaves_the_work_done(api, api_proxy, proxied, namespace):
    api_proxy.answer(500, method="POST", after=True)
    with pytest.raises(ApiException) as lost:
        proxied.create_namespaced_config_map(namespace, config_map("made"))
    assert lost.value.status == 500
    assert client.CoreV1Api(api).read_namespaced_config_map("made", namespace).data == {"a": "1"}


def test_a_dropped_watch_ends_at_the_client_without_an_event(api_proxy, proxied, namespace):
    follower = watch.Watch().stream(
        proxied.list_namespaced_config_map, namespace, timeout_seconds=60
    )
    assert next(follower)["object"].metadata.name == "kube-root-ca.crt"
    assert api_proxy.drop_watches() == 1
    with pytest.raises(urllib3.exceptions.HTTPError):
        list(follower)


def test_an_unreachable_server_refuses_and_then_answers(api_proxy, proxied, namespace):
    with api_proxy.unreachable(), pytest.raises(urllib3.exceptions.HTTPError):
        proxied.list_namespaced_pod(namespace, _request_timeout=5)
    proxied.list_namespaced_pod(namespace)


def test_an_expired_token_is_refused_and_its_twin_is_not(api, control_plane, namespace):
    def status_with(token):
        settings = client.Configuration(host=control_plane.server)
        settings.api_key = {"authorization": f"Bearer {token}"}
        settings.ssl_ca_cert = str(control_plane.authority.certificate_path)
        with client.ApiClient(settings) as theirs:
            try:
                client.CoreV1Api(theirs).list_namespaced_pod(namespace)
            except ApiException as error:
                return error.status
        return 200

    assert status_with(faults.account_token(api, namespace)) == 403
    assert status_with(faults.expired_token(control_plane, api, namespace)) == 401


def test_a_quota_is_in_force_and_gone_afterwards(api, namespace):
    core = client.CoreV1Api(api)
    with faults.quota(api, namespace, configmaps="1"):
        with pytest.raises(ApiException) as refused:
            core.create_namespaced_config_map(namespace, config_map("one-more"))
        assert "exceeded quota: testbed-quota" in refused.value.body

    def allowed():
        try:
            core.create_namespaced_config_map(namespace, config_map("one-more"))
        except ApiException:
            return False
        return True

    wait_for(allowed, 60, "allowed again")


def test_a_dead_kubelet_makes_the_node_not_ready(node):
    assert node.ready()
    with faults.node_not_ready(node):
        assert not node.ready()
    assert node.ready()
