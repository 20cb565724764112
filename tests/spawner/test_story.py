"""Kubernetes' own events, word for word, as sentences with a next step."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_kf_spawner import story

# The events of a start that goes well, as the scheduler and the kubelet of 1.36 write them.
WELL = [
    ("Normal", "Scheduled", "Successfully assigned notebooks/jupyter-ada to node-1"),
    ("Normal", "SuccessfulAttachVolume", 'AttachVolume.Attach succeeded for volume "pvc-1"'),
    ("Normal", "Pulling", 'Pulling image "scipy:1"'),
    (
        "Normal",
        "Pulled",
        'Successfully pulled image "scipy:1" in 2.31s (2.31s including waiting).',
    ),
    ("Normal", "Created", "Container created"),
    ("Normal", "Started", "Container started"),
]
BAD = [
    (
        "FailedScheduling",
        "0/3 nodes are available: 1 Insufficient memory, 3 Insufficient nvidia.com/gpu. preemption:"
        " 0/3 nodes are available: 3 No preemption victims found for incoming pod.",
        ("waiting", "gpu", "no nvidia.com/gpu is free"),
    ),
    (
        "FailedScheduling",
        "0/1 nodes are available: 1 Insufficient nvidia.com/mig-1g.5gb. no new claims.",
        ("waiting", "gpu", "no nvidia.com/mig-1g.5gb is free"),
    ),
    (
        "FailedScheduling",
        "0/2 nodes are available: 2 Insufficient cpu.",
        ("waiting", "capacity", "too few CPUs are free"),
    ),
    (
        "FailedScheduling",
        "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
        ("waiting", "volume", "the workspace's volume is being made"),
    ),
    (
        "FailedScheduling",
        '0/1 nodes are available: persistentvolumeclaim "data-flights" not found.',
        ("waiting", "volume", "a volume does not exist"),
    ),
    (
        "FailedScheduling",
        "0/1 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name and"
        " ReadWriteOncePod access mode. preemption: 0/1 nodes are available: 1 No preemption"
        " victims found for incoming pod.",
        ("waiting", "volume", "in use by another server"),
    ),
    (
        "Failed",
        'Failed to pull image "x:1": rpc error: code = NotFound desc = failed to pull and unpack'
        ' image "docker.io/library/x:1": docker.io/library/x:1: not found',
        ("failed", "image", "x:1 does not exist"),
    ),
    (
        "Failed",
        'Failed to pull image "r.example/x:1": failed to authorize: 401 Unauthorized',
        ("failed", "image", "may not be pulled"),
    ),
    (
        "Failed",
        'Failed to pull image "r.example/x:1": dial tcp: lookup r.example: i/o timeout',
        ("waiting", "image", "can't be pulled yet"),
    ),
    (
        "ErrImageNeverPull",
        'Container image "x:1" is not present with pull policy of Never',
        ("failed", "image", "says never to pull it"),
    ),
    (
        "InspectFailed",
        'Failed to apply default image tag "X:1": couldn\'t parse image name: invalid reference',
        ("failed", "image", "a name that is none"),
    ),
    (
        "FailedAttachVolume",
        'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) jupyter-ada--two',
        ("waiting", "volume", "still in use by another server"),
    ),
    (
        "FailedMount",
        'MountVolume.SetUp failed for volume "kf-x" : secret "team" not found',
        ("waiting", "volume", "The secret team is missing"),
    ),
    (
        "FailedMount",
        'MountVolume.SetUp failed for volume "pvc-1" : rpc error: code = Internal desc = exit 32',
        ("waiting", "volume", "Start again without the data volumes"),
    ),
    (
        "FailedCreatePodSandBox",
        "Failed to create pod sandbox: plugin type=bridge failed",
        ("waiting", "node", "can't set up the network"),
    ),
    ("Failed", 'Error: secret "team" not found', ("waiting", "configuration", "secret team")),
    (
        "NotTriggerScaleUp",
        "pod didn't trigger scale-up: 1 Insufficient nvidia.com/gpu",
        ("failed", "gpu", "nvidia.com/gpu can be added"),
    ),
    (
        "BackOff",
        "Back-off restarting failed container notebook in pod jupyter-ada_notebooks(1)",
        ("failed", "crashed", "again and again"),
    ),
    ("Evicted", "The node was low on resource: memory.", ("failed", "evicted", "Start it again")),
    ("Preempted", "Preempted by pod 1 on node n", ("failed", "preempted", "higher priority")),
]


# What a person can do, who reads this as the last word of a start that was given up.
DOES = re.compile(
    r"(Choose|Start|Stop|Wait|Tell your admin|If it does not come, tell your admin)\b.*\.$"
)


def event(reason: str, message: str, kind: str = "Warning") -> dict:
    return {"type": kind, "reason": reason, "message": message}


def test_a_start_that_goes_well_is_told_with_rising_percentages():
    said = story.told(event(reason, message, kind) for kind, reason, message in WELL)
    assert [one.text for one in said] == [
        "A machine was found.",
        "A volume was attached.",
        "The image is being fetched; the first time on a machine takes minutes.",
        "The image was fetched.",
        "The server's container was made.",
        "The server's program is starting.",
    ]
    percents = [one.percent for one in said]
    assert percents == sorted(percents) and {one.verdict for one in said} == {"going"}


@pytest.mark.parametrize(("reason", "message", "expected"), BAD, ids=lambda value: str(value)[:30])
def test_a_failure_is_told_with_its_cause_and_a_next_step(reason, message, expected):
    said = story.sentence(event(reason, message))
    verdict, label, words = expected
    assert (said.verdict, said.reason) == (verdict, label)
    assert words in said.text and said.text.endswith(said.advice) and DOES.match(said.advice)
    assert "rpc error" not in said.text and "preemption:" not in said.text


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("Failed", "Error: ErrImagePull"),
        ("Failed", "Error: ErrImageNeverPull"),
        ("Failed", "Error: ImagePullBackOff"),
        ("BackOff", 'Back-off pulling image "x:1"'),
    ],
)
def test_an_event_that_only_repeats_another_says_nothing(reason, message):
    assert story.sentence(event(reason, message)) is None


def test_a_machine_that_is_being_added_is_waited_for_whatever_the_scheduler_says_again():
    """The scheduler tries again while the machine boots, and its event becomes the newest."""
    no_room = event("FailedScheduling", "0/2 nodes are available: 2 Insufficient cpu.")
    coming = event("TriggeredScaleUp", "pod triggered scale-up: [{g 1->2}]", "Normal")
    missing = event("FailedScheduling", 'persistentvolumeclaim "data-flights" not found.')
    never = event("NotTriggerScaleUp", "pod didn't trigger scale-up: 1 max node group size reached")
    assert story.verdict(story.told([no_room])).verdict == "waiting"
    for later in ([no_room], [no_room, event("FailedScheduling", "1 Insufficient memory")]):
        assert story.verdict(story.told([coming, *later])).verdict == "going"
    assert story.verdict(story.told([coming, missing])).reason == "volume"
    given_up = story.verdict(story.told([coming, no_room, never, no_room]))
    assert (given_up.verdict, given_up.reason) == ("waiting", "capacity")


def test_a_scale_up_replaces_the_word_that_nothing_is_free():
    events = [
        event(*BAD[0][:2]),
        event("TriggeredScaleUp", "pod triggered scale-up: [{g 0->1}]", "Normal"),
    ]
    said = story.told(events)
    assert said[-1].verdict == "going" and "2 to 10 minutes" in said[-1].text


def test_a_failure_for_good_is_the_last_word_whatever_comes_after_it():
    """The order of a real kubelet: the cause first, then that there is an error."""
    events = [
        event(
            "ErrImageNeverPull", 'Container image "x:1" is not present with pull policy of Never'
        ),
        event("Failed", "Error: ErrImageNeverPull"),
        event("SomethingNew", "nobody knows this one"),
    ]
    said = story.verdict(story.told(events))
    assert said.verdict == "failed" and "x:1" in said.text


@pytest.mark.parametrize(
    ("status", "label"),
    [
        (
            {
                "containerStatuses": [
                    {"state": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}
                ]
            },
            "out-of-memory",
        ),
        (
            {"containerStatuses": [{"state": {"terminated": {"reason": "Error", "exitCode": 1}}}]},
            "crashed",
        ),
        (
            {
                "containerStatuses": [
                    {"state": {"waiting": {"reason": "ErrImageNeverPull", "message": ""}}}
                ]
            },
            "image",
        ),
        ({"phase": "Failed", "reason": "Evicted", "message": "low on memory"}, "evicted"),
        (
            {
                "conditions": [
                    {
                        "type": "DisruptionTarget",
                        "status": "True",
                        "reason": "PreemptionByScheduler",
                    }
                ]
            },
            "preempted",
        ),
        (
            {
                "conditions": [
                    {
                        "type": "DisruptionTarget",
                        "status": "True",
                        "reason": "EvictionByEvictionAPI",
                    }
                ],
                # What is moved away is killed, too.
                "containerStatuses": [
                    {"state": {"terminated": {"reason": "Error", "exitCode": 137}}}
                ],
            },
            "evicted",
        ),
        (
            {
                "conditions": [
                    {
                        "type": "DisruptionTarget",
                        "status": "True",
                        "reason": "DeletionByTaintManager",
                    }
                ]
            },
            "node-lost",
        ),
    ],
)
def test_the_pod_itself_says_why_it_ended(status, label):
    assert story.ending({"status": status}, []).reason == label


def test_a_server_that_was_stopped_has_nothing_to_explain():
    stopped = {"status": {"containerStatuses": [{"state": {"terminated": {"exitCode": 0}}}]}}
    assert (
        story.ending(stopped, [event("Killing", "Stopping container notebook", "Normal")]) is None
    )


def test_a_server_that_ended_well_by_itself_is_said_to_have_been_idle():
    stopped = {"status": {"containerStatuses": [{"state": {"terminated": {"exitCode": 0}}}]}}
    assert story.ending(stopped, []).reason == "idle"


def test_a_used_up_quota_is_named_with_its_figures():
    body = (
        '{"kind":"Status","message":"pods \\"jupyter-ada\\" is forbidden: exceeded quota: team,'
        ' requested: limits.memory=2Gi, used: limits.memory=3Gi, limited: limits.memory=4Gi"}'
    )
    said = story.of_refusal(403, body)
    assert said.reason == "quota"
    assert (
        "limits.memory=2Gi was asked for, limits.memory=3Gi is in use of limits.memory=4Gi"
        in said.text
    )


@given(
    st.dictionaries(
        st.sampled_from(["reason", "message", "type", "x"]),
        st.none() | st.text() | st.sampled_from(["Failed", "FailedMount", "Warning", "image"]),
    )
)
def test_any_event_is_a_sentence_or_nothing(anything):
    said = story.sentence(anything)
    assert said is None or (said.text and 0 <= said.percent < 100)
    assert said is None or said.verdict == "going" or DOES.match(said.advice)
