"""Does a real API server take the spawner's pods, and does a hub live through what it refuses?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from jupyter_kf_spawner.catalogue import load
from jupyter_kf_spawner.cluster import OWNER
from jupyter_kf_spawner.render import combinations, manifest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.cluster import faults
from tests.cluster.control import wait_for
from tests.spawner.conftest import PUBLISHED
from tests.spawner.hub import Hub, on_kubernetes, running_hub, xsrf
from tests.spawner.watching import follow, start

RESTRICTED = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
# Two failures in a row would end this hub.
STRICT = """
c.Spawner.consecutive_failure_limit = 2
c.KfSpawner.patience_s = 300
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0.5}
"""


@pytest.fixture
def hub(cluster, namespace, tmp_path, request) -> Iterator[Hub]:
    """A hub of this machine that spawns into the test's namespace; `request.param` is more."""
    settings = on_kubernetes(cluster.kubeconfig, namespace)
    with running_hub(tmp_path, STRICT + getattr(request, "param", ""), **settings) as running:
        yield running


def test_pod_security_restricted_takes_every_combination(api, namespace):
    core = client.CoreV1Api(api)
    core.patch_namespace(namespace, RESTRICTED)
    core.create_namespaced_service_account(namespace, {"metadata": {"name": "jupyter-kf"}})
    unsafe = {"metadata": {"name": "unsafe"}, "spec": {"containers": [{"name": "a", "image": "b"}]}}
    wait_for(lambda: _status(core, namespace, unsafe) == 403, 60, "Pod Security to be enforced")
    catalogue = load(PUBLISHED)

    async def every() -> dict[str, dict]:
        return {name: await manifest(catalogue, one) for name, one in combinations(catalogue)}

    pods = asyncio.run(every())
    refused = {name: said for name, pod in pods.items() if (said := _status(core, namespace, pod))}
    assert len(pods) > 200 and not refused


@pytest.mark.parametrize("hub", ["c.KfSpawner.patience_s = 3\n"], indirect=True, ids=["impatient"])
def test_a_gpu_that_nobody_has_is_explained_and_counts_for_nothing(hub, api, namespace):
    for _ in range(3):
        told = start(hub, "grace", {"image": "pytorch-gpu", "size": "large", "gpu": "nvidia"})
        assert told.failed and "No machine can take the server now" in told.last
        assert told.climbs and 5 in told.percents
        wait_for(lambda: not servers(api, namespace), 60, "the pod to be removed")
    assert hub.alive and "consecutive spawn" not in hub.log.read_text()


def test_a_used_up_quota_is_explained_at_once_with_its_figures(hub, api, namespace):
    core = client.CoreV1Api(api)
    quota = {"metadata": {"name": "team"}, "spec": {"hard": {"limits.memory": "1Gi"}}}
    core.create_namespaced_resource_quota(namespace, quota)
    wait_for(
        lambda: bool(core.read_namespaced_resource_quota("team", namespace).status.hard),
        20,
        "a counted quota",
    )
    said = ("for everybody: 1Gi of memory", "too little left: memory", "NVIDIA GPU (0 free now)")

    def seen() -> bool:
        """What the cluster does not tell in time, the page leaves out."""
        page = hub.user("ada").get("/hub/spawn/ada").text
        return all(words in page for words in said)

    wait_for(seen, 60, "what is left and what is free on the page")
    for _ in range(3):
        assert "quota team is used up" in start(hub, "ada", {}).last
    assert hub.alive


def test_the_hubs_token_is_in_a_secret_and_not_in_the_pod(hub, api, namespace):
    core = client.CoreV1Api(api)
    hub.ask("ada", {"workspace": "none"})
    wait_for(lambda: bool(servers(api, namespace)), 60, "a pod")
    (pod,) = servers(api, namespace)
    sources = {entry.name: entry for entry in pod.spec.containers[0].env}
    assert sources["JUPYTERHUB_API_TOKEN"].value is None
    reference = sources["JUPYTERHUB_API_TOKEN"].value_from.secret_key_ref
    secret = core.read_namespaced_secret(reference.name, namespace)
    assert reference.key in secret.data
    words = 'Container image "x:1" is not present with pull policy of Never'
    faults.says(api, namespace, pod.metadata.name, "ErrImageNeverPull", words)  # no node is here
    assert follow(hub, "ada").failed
    wait_for(lambda: gone(core, reference.name, namespace), 60, "the Secret to be removed")


def test_a_usual_workspace_that_carries_another_name_is_never_mounted(hub, api, namespace):
    claim = {
        "metadata": {"name": "claim-ada", "annotations": {"hub.jupyter.org/username": "bob"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    client.CoreV1Api(api).create_namespaced_persistent_volume_claim(namespace, claim)
    told = start(hub, "ada", {})
    assert told.failed and "is not yours" in told.last
    assert not servers(api, namespace)


def test_a_workspace_of_ones_own_is_mounted_anothers_is_refused_and_named_servers_have_theirs(
    hub, api, namespace
):
    core = client.CoreV1Api(api)
    for name, owner in (("ada-old", "ada"), ("claim-bob", "bob")):
        of = {"annotations": {OWNER: owner}, "name": name}
        asked = {"requests": {"storage": "1Gi"}}
        spec = {"accessModes": ["ReadWriteOnce"], "resources": asked}
        core.create_namespaced_persistent_volume_claim(namespace, {"metadata": of, "spec": spec})
    for claim in ("claim-bob", "not-there"):
        told = start(hub, "ada", {"image": "base", "workspace": claim})
        assert told.failed and f"the volume '{claim}' is not yours" in told.last
        assert not servers(api, namespace)
    mounted: dict[str, set[str]] = {}

    def seen(pod: str) -> bool:
        for one in servers(api, namespace):
            claims = [volume.persistent_volume_claim for volume in one.spec.volumes]
            mounted[one.metadata.name] = {claim.claim_name for claim in claims if claim}
        return pod in mounted

    hub.ask("ada", {"image": "base", "workspace": "ada-old"})
    wait_for(lambda: seen("jupyter-ada"), 60, "a pod with the old volume")
    for server in ("one", "two"):
        hub.ask("cyd", {"image": "base"}, server)
        wait_for(lambda pod=f"jupyter-cyd--{server}": seen(pod), 60, f"the server {server}")
    assert mounted == {
        "jupyter-ada": {"ada-old"},
        "jupyter-cyd--one": {"claim-cyd--one"},
        "jupyter-cyd--two": {"claim-cyd--two"},
    }
    for server in ("one", "two"):
        made = core.read_namespaced_persistent_volume_claim(f"claim-cyd--{server}", namespace)
        assert made.metadata.annotations[OWNER] == "cyd"


def test_a_user_deletes_a_volume_on_a_page_of_its_own_by_typing_its_name(hub, api, namespace):
    core = client.CoreV1Api(api)
    for name, owner in (("claim-ada", "ada"), ("ada-old", "ada"), ("claim-bob", "bob")):
        of = {"annotations": {OWNER: owner}, "labels": {OWNER: "ada"}, "name": name}
        # As KubeSpawner writes it: in bytes.
        asked = {"requests": {"storage": "10737418240"}}
        spec = {"accessModes": ["ReadWriteOnce"], "resources": asked}
        core.create_namespaced_persistent_volume_claim(namespace, {"metadata": of, "spec": spec})
    user, page = hub.user("ada"), "/hub/volumes/ada"

    def ask(volume: str, typed: str) -> tuple[int, str]:
        fields = {"volume": volume, "typed": typed}
        answer = user.post(page, params={"_xsrf": xsrf(user.get(page).text)}, data=fields)
        return answer.status_code, answer.text

    shown = user.get(page).text
    assert 'href="/hub/volumes/ada"' in user.get("/hub/spawn/ada").text
    assert (
        "10Gi" in shown and "claim-ada" in shown and "ada-old" in shown and "claim-bob" not in shown
    )
    assert ask("ada-old", "yes")[0] == 400
    assert ask("claim-bob", "claim-bob")[0] == 404
    assert ask("<b>", "<b>")[0] == 404
    assert user.post(page, data={"volume": "ada-old", "typed": "ada-old"}).status_code == 403
    assert hub.user("bob").get(page).status_code in (403, 404)
    hub.ask("ada", {"image": "base"})
    wait_for(lambda: bool(servers(api, namespace)), 60, "a pod that waits for claim-ada")
    wait_for(lambda: "In use by your server" in user.get(page).text, 60, "the use to be seen")
    status, said = ask("claim-ada", "claim-ada")
    assert status == 409 and "Stop it first" in said
    status, said = ask("ada-old", "ada-old")
    assert status == 200 and "ada-old was deleted, with its files" in said
    claims = core.list_namespaced_persistent_volume_claim(namespace).items
    assert {"claim-ada", "claim-bob"} <= {one.metadata.name for one in claims}
    # It goes once the cluster's own protection of volumes in use lets it.
    wait_for(lambda: 'id="kf-ada-old"' not in user.get(page).text, 60, "the volume to be gone")


def servers(api, namespace: str) -> list:
    """The servers' pods."""
    listed = client.CoreV1Api(api).list_namespaced_pod(
        namespace, label_selector="jupyter-kf.org/spawned=true"
    )
    return listed.items


def _status(core, namespace: str, pod: dict) -> int:
    """0 when the API server would take the pod, else its refusal's status.

    The client of these tests insists on quantities as text; the server takes numbers as well.
    """
    for container in pod["spec"]["containers"]:
        for amounts in container.get("resources", {}).values():
            amounts.update({name: str(amount) for name, amount in amounts.items()})
    try:
        core.create_namespaced_pod(namespace, pod, dry_run="All")
    except ApiException as error:
        return int(error.status)
    return 0


def gone(core, secret: str, namespace: str) -> bool:
    """Whether there is no Secret of that name."""
    try:
        core.read_namespaced_secret(secret, namespace)
    except ApiException as error:
        return error.status == 404
    return False
