"""KfSpawner over KubeSpawner's seams: its traits come and go, its pods are known again."""

from __future__ import annotations

import asyncio
import json
import logging
from types import SimpleNamespace

import pytest
from jupyter_kf_spawner import cluster, namespaces, story, telling, volumes
from jupyter_kf_spawner.catalogue import parse
from jupyter_kf_spawner.render import Draft
from jupyter_kf_spawner.resolve import Identity, Usage, resolve
from jupyter_kf_spawner.spawner import KfSpawner
from jupyter_kf_spawner.watching import PodWatch
from jupyterhub.spawner import SpawnException
from kubernetes_asyncio.client import V1ObjectMeta, V1Pod
from kubernetes_asyncio.client.exceptions import ApiException
from kubespawner import KubeSpawner
from kubespawner.objects import make_namespace

from tests.spawner.test_catalogue import SMALL

WITH_WORKSPACE = (
    SMALL
    + """\
workspace:
  mount: /home/jovyan
  size: {min: 1Gi, default: 1Gi, max: 2Gi}
"""
)

MARK = "jupyter-kf.org/spawn-id"


def drafted(options: dict, text: str = SMALL) -> Draft:
    catalogue = parse(text)
    usage = Usage(claims={}, home="claim-somebody")
    return Draft(catalogue, resolve(catalogue, Identity("somebody"), usage, options))


class Answer:
    """An answer of the API server before anything is made of it."""

    def __init__(self, status: int, content: object = None) -> None:
        self.status, self.reason = status, {404: "Not Found", 409: "Conflict"}.get(status, "")
        self._content = content

    async def read(self) -> bytes:
        return json.dumps(self._content).encode()


class OnePodApi:
    """An API server that has a pod already, and says so."""

    def __init__(self, mark: str | None, deleted: bool = False) -> None:
        self.made = 0
        annotations = {MARK: mark} if mark else None
        self.pod = V1Pod(metadata=V1ObjectMeta(name="p", annotations=annotations))
        self.pod.metadata.deletion_timestamp = "now" if deleted else None

    async def create_namespaced_pod(self, namespace, body, _preload_content):
        self.made += 1
        return Answer(409)

    async def read_namespaced_pod(self, name, namespace):
        return self.pod


def create(api: OnePodApi):
    body = V1Pod(metadata=V1ObjectMeta(name="p", annotations={MARK: "mine"}))
    return asyncio.run(cluster.AdoptingApi(api, MARK).create_namespaced_pod("n", body))


def test_a_pod_that_this_very_start_made_is_adopted():
    api = OnePodApi("mine")
    create(api)
    assert api.made == 1


@pytest.mark.parametrize("api", [OnePodApi("other"), OnePodApi(None), OnePodApi("mine", True)])
def test_a_pod_of_another_start_or_one_that_ends_is_not(api):
    with pytest.raises(ApiException):
        create(api)


def told_after(draft: Draft, *happened: object) -> list[str]:
    """What the progress page hears of a start that has ended, and in which this was done."""

    async def start() -> None:
        for coroutine in happened:
            await coroutine

    async def listen() -> list[str]:
        draft._start_future = asyncio.ensure_future(start())
        await draft._start_future
        return [one["message"] async for one in draft.progress()]

    return asyncio.run(listen())


def test_the_cluster_is_said_to_be_asked_once_it_was_and_not_where_the_choice_is_refused():
    draft = drafted({})
    draft.api = cluster.AdoptingApi(OnePodApi("drafted"), MARK)
    refused = story.Sentence("There is no such volume.", 0, "failed", "workspace")
    draft._told = [refused]
    assert told_after(draft) == [*draft.resolved.notes, refused.text]
    pod = V1Pod(metadata=V1ObjectMeta(name="p", annotations={MARK: "drafted"}))
    draft._told = []
    asked = [*draft.resolved.notes, story.ASKED.text]
    assert told_after(draft, draft.api.create_namespaced_pod("n", pod)) == asked
    draft._spawn_id = "the next start"  # which has asked for nothing yet
    assert told_after(draft) == [*draft.resolved.notes]


def test_the_next_server_begins_from_the_configuration_and_not_from_the_last_one():
    draft = drafted({"cpu": 2, "memory": "4Gi"})
    draft.environment = {"OURS": "kept"}
    before = {name: getattr(draft, name) for name in ("cpu_limit", "volumes", "uid", "environment")}
    asyncio.run(draft.load_user_options())
    assert draft.cpu_limit == 2 and "JUPYTER_KF_HANDOFF" in draft.environment
    KfSpawner.clear_state(draft)
    assert {name: getattr(draft, name) for name in before} == before
    asyncio.run(draft.load_user_options())
    assert draft.environment["OURS"] == "kept"


def test_without_a_catalogue_profiles_work_as_in_kubespawner():
    draft = drafted({})
    profile = {"display_name": "Big", "slug": "big", "kubespawner_override": {"mem_limit": "8G"}}
    draft.profile_list = [profile]
    draft.user_options = {"profile": "big"}
    draft.catalogue = lambda: None
    draft.resolved = None
    asyncio.run(draft.load_user_options())
    assert draft.mem_limit == 8 * 2**30
    assert draft.options_from_form({"profile": ["big"]}) == {"profile": "big"}
    assert "Big" in KubeSpawner._render_options_form(
        draft, draft._get_initialized_profile_list([profile])
    )
    assert draft.options_form == KubeSpawner._render_options_form(draft, draft.profile_list)


def test_a_named_server_has_names_of_its_own():
    draft = drafted({})
    draft.orm_spawner = SimpleNamespace(name="second", server=None)
    assert draft._expand_user_properties(draft.pod_name_template) == "jupyter-somebody--second"


@pytest.mark.parametrize("user", ["kube-system", "../x", "A" * 300, "ä{username}", "--"])
def test_any_users_name_becomes_a_valid_object_name(user):
    from kubespawner.slugs import is_valid_object_name

    draft = drafted({})
    draft.user = SimpleNamespace(**{**vars(draft.user), "name": user})
    assert is_valid_object_name(draft._expand_user_properties(draft.pod_name_template))
    assert is_valid_object_name(draft._expand_user_properties(draft.pvc_name_template))


def test_internal_ssl_mounts_its_certificates_beside_our_volumes():
    draft = drafted({})
    draft.internal_ssl = True
    draft.secret_name = "certs"
    draft.cert_paths = {"keyfile": "k", "certfile": "c", "cafile": "a"}
    asyncio.run(draft.load_user_options())
    pod = asyncio.run(draft.get_pod_manifest())
    names = {mount.name for mount in pod.spec.containers[0].volume_mounts}
    assert "jupyterhub-internal-certs" in names


def test_the_token_leaves_the_pods_text():
    pod = asyncio.run(_with_token())
    stored = cluster.take_token(pod, "s")
    assert stored == {"JUPYTERHUB_API_TOKEN": "t0ken", "JPY_API_TOKEN": "t0ken"}
    assert "t0ken" not in str(pod)


async def _with_token() -> V1Pod:
    draft = drafted({})
    draft.api_token = "t0ken"
    await draft.load_user_options()
    return await draft.get_pod_manifest()


class Volumes:
    """An API server with volume claims by name and owner."""

    def __init__(self, owners: dict[str, str] | None) -> None:
        self.owners = owners

    async def list_namespaced_persistent_volume_claim(self, namespace, label_selector, **_):
        assert label_selector == f"{cluster.OWNER}=somebody"
        if self.owners is None:
            return Answer(403)
        mine = [name for name, owner in self.owners.items() if owner == "somebody"]
        return Answer(200, {"metadata": {}, "items": [self._claim(name) for name in mine]})

    async def read_namespaced_persistent_volume_claim(self, name, namespace, **_):
        if name not in (self.owners or {}):
            return Answer(404)
        return Answer(200, self._claim(name))

    def _claim(self, name: str) -> dict:
        return {"metadata": {"name": name, "annotations": {cluster.OWNER: self.owners[name]}}}


@pytest.mark.parametrize(
    ("owners", "deleted"),
    [({"claim-somebody": "somebody"}, True), ({"claim-somebody": "bob"}, False), (None, False)],
)
def test_with_a_user_only_the_users_own_volume_is_deleted(owners, deleted, monkeypatch):
    asked = []

    async def stock(self) -> None:
        asked.append(self.pvc_name)

    monkeypatch.setattr(KubeSpawner, "delete_forever", stock)
    draft = drafted({})
    draft.catalogue_file, draft.delete_pvc = "x", True
    draft.api = Volumes(owners)
    asyncio.run(draft.delete_forever())
    assert bool(asked) is deleted


def overridden(options: dict, override: dict, text: str = SMALL) -> Draft:
    draft = drafted(options, text)
    draft.user.groups = [SimpleNamespace(name="beta")]
    draft.group_overrides = {"b": {"groups": ["beta"], "spawner_override": override}}
    asyncio.run(draft.apply_group_overrides())
    return draft


@pytest.mark.parametrize(
    "override",
    [
        {"mem_limit": "3G"},
        {"image": "other"},
        {"privileged": True},
        {"container_security_context": {"runAsUser": 0}},
        {"environment": {"JUPYTER_KF_HANDOFF": "{}"}},
        {"extra_labels": {"jupyter-kf.org/size": "big"}},
        {"service_account": "admin"},
    ],
    ids=lambda override: next(iter(override)),
)
def test_a_groups_override_that_the_catalogue_would_undo_is_refused_each_time(override):
    draft = overridden({}, override)
    for _ in range(2):
        with pytest.raises(SpawnException) as refused:
            asyncio.run(draft.load_user_options())
        assert next(iter(override)) in refused.value.jupyterhub_message
        assert "move it into the catalogue" in refused.value.log_message
        asyncio.run(draft.apply_group_overrides())


@pytest.mark.parametrize(
    "override",
    [
        {"environment": {"TEAM": "beta"}},
        {"extra_labels": {"team": "beta"}},
        {"tolerations": [{"key": "beta", "effect": "NoSchedule"}]},
        {"node_selector": {"team": "beta"}},
        {"priority_class_name": "high"},
        {"start_timeout": 7},
        {"volumes": [{"name": "b", "emptyDir": {}}],
         "volume_mounts": [{"name": "b", "mountPath": "/b"}]},
    ],
    ids=lambda override: next(iter(override)),
)  # fmt: skip
def test_a_groups_override_of_what_the_catalogue_leaves_open_holds(override):
    draft = overridden({}, override)
    for _ in range(2):
        asyncio.run(draft.load_user_options())
        for name, value in override.items():
            now = getattr(draft, name)
            kept = value.items() <= now.items() if isinstance(value, dict) else now
            assert kept if isinstance(value, dict) else (now == value or value[0] in now)
        KfSpawner.clear_state(draft)
        asyncio.run(draft.apply_group_overrides())


def test_a_groups_need_for_nodes_is_narrowed_by_the_catalogues_and_so_not_lost():
    text = SMALL + "    affinity: [ssd]\naffinity:\n  ssd: {required: {disk: [ssd]}}\n"
    team = {"key": "team", "operator": "In", "values": ["beta"]}
    draft = overridden({}, {"node_affinity_required": [{"matchExpressions": [team]}]}, text)
    asyncio.run(draft.load_user_options())
    (term,) = draft.node_affinity_required
    disk = {"key": "disk", "operator": "In", "values": ["ssd"]}
    assert term["matchExpressions"] == [team, disk]


def test_why_a_pod_was_taken_away_is_remembered_when_it_is_gone():
    watch = PodWatch.__new__(PodWatch)
    watch.gone = {}
    disrupted = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
    for name, status in (("taken", {"conditions": [disrupted]}), ("well", {})):
        watch._remember(
            {"metadata": {"namespace": "n", "name": name, "uid": "1"}, "status": status}
        )
    assert list(watch.gone) == ["n/taken"] and watch.gone["n/taken"][1].reason == "evicted"


@pytest.mark.parametrize(
    ("configured", "expected"), [({}, "Never"), ({"restartPolicy": "Always"}, "Always")]
)
def test_a_server_that_ends_is_not_started_again_in_silence_unless_the_hub_says_so(
    configured, expected
):
    draft = drafted({})
    draft.extra_pod_config = configured
    asyncio.run(draft.load_user_options())
    assert asyncio.run(draft.get_pod_manifest()).spec.restart_policy == expected


class Secrets:
    """An API server that keeps Secrets and lets nobody change one."""

    def __init__(self, owner: str) -> None:
        self.kept = {"t": {"metadata": {"name": "t", "annotations": {cluster.OWNER: owner}}}}

    async def create_namespaced_secret(self, namespace, secret, _preload_content):
        name = secret["metadata"]["name"]
        if name in self.kept:
            raise ApiException(status=409, reason="Conflict")
        self.kept[name] = secret
        return SimpleNamespace(status=201, reason="Created", read=self._nothing)

    async def _nothing(self) -> bytes:
        return b"{}"

    async def read_namespaced_secret(self, name, namespace):
        if name not in self.kept:
            raise ApiException(status=404, reason="Not Found")
        annotations = self.kept[name]["metadata"]["annotations"]
        return SimpleNamespace(metadata=V1ObjectMeta(annotations=annotations, uid="1"))

    async def delete_namespaced_secret(self, name, namespace, body):
        assert body == {"preconditions": {"uid": "1"}}
        del self.kept[name]


def secret_of(owner: str) -> dict:
    metadata = {"name": "t", "annotations": {cluster.OWNER: owner}}
    return {"metadata": metadata, "stringData": {"NEW": "y"}}


def test_a_secret_that_was_left_is_made_anew_without_the_right_to_change_it():
    api, secret = Secrets("ada"), secret_of("ada")
    asyncio.run(cluster.put_secret(api, "n", secret))
    assert api.kept == {"t": secret}


def test_a_secret_that_is_anothers_is_neither_replaced_nor_deleted():
    api = Secrets("bob")
    with pytest.raises(ApiException, match="409"):
        asyncio.run(cluster.put_secret(api, "n", secret_of("ada")))
    assert not asyncio.run(cluster.drop_secret(api, "n", "t", "ada"))
    assert api.kept["t"]["metadata"]["annotations"] == {cluster.OWNER: "bob"}
    assert not asyncio.run(cluster.drop_secret(api, "n", "gone", "ada"))


@pytest.mark.parametrize("user", ["x", "x-token", "x.token", "x--token"])
def test_no_users_objects_are_called_like_anothers_token(user):
    draft = drafted({})
    draft.user = SimpleNamespace(**{**vars(draft.user), "name": user})
    # KubeSpawner's Secret of certificates has the pod's name: a slug, in which there is no dot.
    assert "." not in draft._expand_user_properties(draft.pod_name_template)
    assert "." in draft.token_secret


def test_a_claim_that_kubespawner_takes_after_ours_was_looked_at_is_looked_at_too():
    """State of KubeSpawner 6: it goes on with the claim of an old name, if there is one."""
    for owners, mounted in (
        ({"claim-old": "somebody"}, True),
        ({"claim-old": "bob"}, False),
        (None, False),
    ):
        draft = drafted({}, WITH_WORKSPACE)
        draft.api, draft.catalogue_file = Volumes(owners), "x"
        asyncio.run(draft.load_user_options())
        draft.pvc_name, draft._looked_at = "claim-old", "claim-somebody"
        if mounted:
            asyncio.run(KfSpawner._check_claim(draft))
        else:
            with pytest.raises(SpawnException, match="workspace"):
                asyncio.run(KfSpawner._check_claim(draft))


def test_a_usual_claim_that_is_not_there_is_made_again_whatever_the_hub_remembers():
    draft = drafted({}, WITH_WORKSPACE)
    draft.api, draft.catalogue_file, draft._pvc_exists = Volumes({}), "x", True
    draft.resolved = None
    asyncio.run(draft.usage({}))
    assert not draft._pvc_exists


def test_deleting_a_server_keeps_its_volume_unless_the_hub_is_told_otherwise():
    draft = drafted({})
    draft.catalogue_file = "x"
    assert draft.delete_pvc is False
    stock = drafted({})
    assert stock.delete_pvc is True


def test_without_a_catalogue_a_profile_that_there_is_not_is_the_users_mistake():
    draft = drafted({})
    draft.profile_list = [{"display_name": "Big", "slug": "big"}]
    draft.user_options, draft.resolved = {"profile": "no-such"}, None
    draft.catalogue = lambda: None
    with pytest.raises(SpawnException) as refused:
        asyncio.run(draft.load_user_options())
    assert refused.value.reason == "profile" and "no-such" in refused.value.jupyterhub_message


def test_what_is_asked_of_servers_at_once_is_counted_together():
    """While one asks whose its volume is, others are chosen."""
    spawners: dict[str, KfSpawner] = {}
    for name in "abcd":
        one = drafted({}, WITH_WORKSPACE + "limits: [{servers: 2}]\n")
        one.api, one.resolved = Volumes({}), None
        one.user.spawners = spawners
        one._spawn_pending = True
        one.orm_spawner = SimpleNamespace(name=name, server=None)
        spawners[name] = one

    async def at_once() -> list:
        asked = [one.choose({}) for one in spawners.values()]
        return await asyncio.gather(*asked, return_exceptions=True)

    got = asyncio.run(at_once())
    refused = [one for one in got if isinstance(one, SpawnException)]
    assert len(refused) == 2 and all("servers at a time" in str(one) for one in refused), got


def test_a_namespace_that_the_hub_makes_is_restricted_unless_the_hub_says_otherwise():
    enforce = "pod-security.kubernetes.io/enforce"
    for said, expected in (({}, "restricted"), ({enforce: "baseline"}, "baseline")):
        made = namespaces.marked(make_namespace("n", labels=said), "ada").metadata
        assert made.labels[enforce] == expected and made.labels[namespaces.OWNED] == "true"


def test_every_private_seam_of_kubespawner_that_is_used_is_there_and_is_ours():
    for name in telling.SEAMS:
        assert callable(getattr(KubeSpawner, name))
    replaced = {name for name in telling.SEAMS if name in vars(KfSpawner) | vars(telling.Telling)}
    assert {"_start_reflector", "_apply_overrides", "_ensure_namespace"} <= replaced


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (None, 200, "was deleted, with its files"),
        (TimeoutError(), 504, "did not answer in time"),
        (ApiException(status=500), 502, "did not delete"),
    ],
    ids=["deleted", "no answer", "refused"],
)
def test_whether_a_volume_was_deleted_is_said_whatever_the_cluster_does(error, status, words):
    said = []

    class Page:
        log = logging.getLogger("test")

        def _spawner(self, user_name: str) -> Page:
            return self

        async def delete_volume(self, volume: cluster.Volume) -> None:
            if error is not None:
                raise error

        async def _show(self, user_name, text, status=200, *, done=False) -> None:
            said.append((status, text))

    volume = cluster.Volume("claim-ada", "1", "1Gi", "")
    asyncio.run(volumes.VolumesHandler._delete(Page(), "ada", volume))
    assert said[0][0] == status and words in said[0][1]
