"""Every pod that a catalogue allows is safe, and is what was chosen."""

from __future__ import annotations

import asyncio
import json

import pytest
from jupyter_kf_spawner import pods
from jupyter_kf_spawner.catalogue import parse
from jupyter_kf_spawner.handoff import VARIABLE
from jupyter_kf_spawner.render import combinations, manifest
from jupyter_kf_spawner.resolve import Identity, Usage, resolve

from tests.spawner.test_catalogue import SMALL

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def rendered(catalogue) -> dict[str, dict]:
    async def every() -> dict[str, dict]:
        return {name: await manifest(catalogue, one) for name, one in combinations(catalogue)}

    return asyncio.run(every())


def of(text: str, options: dict, groups: frozenset[str] = frozenset()) -> dict:
    catalogue = parse(text)
    usage = Usage(claims={}, home="claim-somebody")
    chosen = resolve(catalogue, Identity("somebody", groups), usage, options)
    return asyncio.run(manifest(catalogue, chosen))


def test_every_combination_is_restricted(rendered):
    """The checks of Pod Security Standards, "Restricted", that concern what we write.

    tests/cluster/test_spawner.py asks a real API server the same.
    """
    assert len(rendered) > 200
    for name, pod in rendered.items():
        spec, container = pod["spec"], pod["spec"]["containers"][0]
        context = container["securityContext"]
        assert not spec.get("hostNetwork") and not spec.get("hostPID"), name
        assert not context.get("privileged"), name
        assert context["allowPrivilegeEscalation"] is False, name
        assert context["capabilities"] == {"drop": ["ALL"]}, name
        assert context["runAsNonRoot"] is True and context["runAsUser"] > 0, name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        kinds = {next(iter(set(volume) - {"name"})) for volume in spec["volumes"]}
        assert kinds <= {"persistentVolumeClaim", "emptyDir"}, name


def test_only_a_server_that_wants_the_cluster_has_a_token(rendered):
    for name, pod in rendered.items():
        wanted = "kubeflow" in name
        assert pod["spec"]["automountServiceAccountToken"] is wanted, name
        assert ("serviceAccountName" in pod["spec"]) is wanted, name
        assert pod["metadata"]["labels"]["jupyter-kf.org/uses-api"] == str(wanted).lower(), name


def test_a_gpu_is_asked_for_by_its_key_and_its_taint_is_tolerated(rendered):
    pod = rendered["tensorflow-gpu, large, 1 nvidia-slice"]
    resources = pod["spec"]["containers"][0]["resources"]
    assert resources["limits"]["nvidia.com/mig-1g.5gb"] == "1"
    assert resources["requests"]["nvidia.com/mig-1g.5gb"] == "1"
    assert {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"} in pod["spec"][
        "tolerations"
    ]


def test_shared_memory_and_read_only_data_are_mounted(rendered):
    mounts = rendered["scipy, large, data, in no group"]["spec"]["containers"][0]["volumeMounts"]
    assert {"name": "kf-data-0", "mountPath": "/data/flights", "readOnly": True} in mounts
    assert any(mount["mountPath"] == "/dev/shm" for mount in mounts)


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        (f'"lab@{DIGEST}"', "IfNotPresent"),
        (f'"registry.example:5000/team/lab:1@{DIGEST}"', "IfNotPresent"),
        (f'"lab:latest@{DIGEST}"', "IfNotPresent"),
        ('"lab:1"', "IfNotPresent"),
        ('"lab:latest"', "Always"),
        ('"lab"', "Always"),
        ('"lab:latest", pull: Never', "Never"),
        (f'"lab@{DIGEST}", pull: Always', "Always"),
    ],
)
def test_an_image_is_pulled_by_its_digest_once_and_by_its_tag_as_its_policy_says(image, policy):
    container = of(SMALL.replace('"lab:1"', image), {})["spec"]["containers"][0]
    assert container["imagePullPolicy"] == policy
    assert container["image"] == image.split('"')[1]


def test_all_needs_for_nodes_must_hold_at_once():
    text = SMALL.replace('image: "lab:1"', 'image: "lab:1", gpus: [g]').replace(
        "    title: Small\n", "    title: Small\n    affinity: [zone]\n"
    )
    text += (
        "gpus: {g: {title: G, resource: amd.com/gpu, node_labels: {gpu: mi300}}}\n"
        "affinity: {zone: {required: {zone: [a, b]}}}\n"
    )
    terms = of(text, {"gpu": "g"})["spec"]["affinity"]["nodeAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]["nodeSelectorTerms"]
    assert [[part["key"] for part in term["matchExpressions"]] for term in terms] == [
        ["zone", "gpu"]
    ]


def test_braces_and_dollars_of_the_catalogue_stay_text():
    text = SMALL + "environment: {GREETING: '{username} ${HOME} $(JUPYTERHUB_API_TOKEN)'}\n"
    environment = of(text, {})["spec"]["containers"][0]["env"]
    value = next(entry["value"] for entry in environment if entry["name"] == "GREETING")
    # Kubernetes reads $$( as $(, and expands nothing.
    assert value == "{username} ${HOME} $$(JUPYTERHUB_API_TOKEN)"


def test_a_secret_is_named_and_never_read():
    text = SMALL + "secrets: {KEY: {secret: team, key: k}}\n"
    environment = of(text, {})["spec"]["containers"][0]["env"]
    assert {
        "name": "KEY",
        "valueFrom": {"secretKeyRef": {"name": "team", "key": "k"}},
    } in environment


def test_the_handoff_is_one_json_variable(rendered):
    entries = rendered["pytorch-gpu, large, 2 nvidia, kubeflow"]["spec"]["containers"][0]["env"]
    told = json.loads(next(entry["value"] for entry in entries if entry["name"] == VARIABLE))
    assert told == {
        "version": 1,
        "backend": "local",
        "namespace": "notebooks",
        "image": "localhost/jupyter-kf-pytorch-gpu:0.1.0",
        "gpu": {"resource": "nvidia.com/gpu", "count": 2},
        "limits": {"cpu": 4.0, "memory": 16 * 2**30, "gpus": 2},
        "idle_s": 3600,
    }


def test_what_the_hub_configures_stays_and_ours_is_added(catalogue, ada):
    chosen = resolve(catalogue, ada, Usage(claims={}, home="h"), {"size": "large", "spot": True})
    wanted = pods.traits(catalogue, chosen, "n")
    configured = {
        **dict.fromkeys(wanted),
        "environment": {"PROXY": "p"},
        "extra_labels": {"team": "x"},
        "extra_resource_limits": {},
        "extra_resource_guarantees": {},
        "tolerations": {"b": {"key": "b"}, "a": {"key": "a"}},
        "node_affinity_preferred": [],
        "node_affinity_required": [{"matchExpressions": [{"key": "pool"}]}],
        "volumes": [{"name": "home"}, {"name": "tmp"}],
        "volume_mounts": [
            {"name": "home", "mountPath": "/home/jovyan/"},
            {"name": "tmp", "mountPath": "/t"},
        ],
        "priority_class_name": "users",
    }
    got = pods.applied(configured, wanted)
    assert got["environment"]["PROXY"] == "p" and got["extra_labels"]["team"] == "x"
    assert [entry["key"] for entry in got["tolerations"]] == ["a", "b", "spot"]
    assert got["node_affinity_required"] == configured["node_affinity_required"]
    assert [volume["name"] for volume in got["volumes"]] == ["tmp", "kf-workspace", "kf-shm"]
    assert got["priority_class_name"] == "users"


def test_a_group_that_only_writes_or_only_has_a_secret_has_pods_of_its_own_to_be_checked():
    text = (
        SMALL
        + """\
volumes:
  data: {title: Data, claim: data-x, mount: /data, writers: [writers]}
secrets:
  KEY: {secret: team, key: k, groups: [keepers]}
"""
    )
    catalogue = parse(text)
    pods = dict(combinations(catalogue))
    member, nobody = pods["lab, small, data"], pods["lab, small, data, in no group"]
    assert member.secrets == {"KEY"} and not member.mounts[0].read_only
    assert not nobody.secrets and nobody.mounts[0].read_only
    assert set(dict(combinations(parse(SMALL)))) == {"lab, small"}
