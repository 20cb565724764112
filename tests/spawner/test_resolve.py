"""One decision for every way in: what is granted, and how what is not is refused."""

from __future__ import annotations

import pytest
from jupyter_kf_spawner import quantities
from jupyter_kf_spawner.asked import from_form
from jupyter_kf_spawner.catalogue import parse
from jupyter_kf_spawner.errors import Refusal
from jupyter_kf_spawner.limits import Running
from jupyter_kf_spawner.resolve import Identity, Mount, Usage, resolve

from tests.spawner.test_catalogue import SMALL

GI = 2**30
HOME = Usage(claims={"claim-ada": "ada", "ada-old": "ada", "claim-bob": "bob"}, home="claim-ada")


def refused(catalogue, who, options, usage=HOME) -> Refusal:
    with pytest.raises(Refusal) as caught:
        resolve(catalogue, who, usage, options)
    return caught.value


def test_without_options_the_defaults_hold(catalogue, ada):
    got = resolve(catalogue, ada, HOME, {})
    assert (got.image_name, got.size_name, got.cpu, got.memory) == ("scipy", "small", 1, 2 * GI)
    assert (got.gpus, got.workspace, got.workspace_size, got.spot) == (0, "new", 10 * GI, False)


@pytest.mark.parametrize("nothing", [None, {}, {"image": "", "volumes": [], "cpu": None}])
def test_nothing_said_is_the_default_however_it_is_said(catalogue, ada, nothing):
    assert resolve(catalogue, ada, HOME, nothing) == resolve(catalogue, ada, HOME, {})


def test_a_form_and_the_same_options_as_json_give_the_same_server(catalogue, ada):
    form = {
        "image": ["pytorch-gpu"],
        "size": ["large"],
        "cpu": ["6"],
        "memory": ["20Gi"],
        "gpu": ["nvidia"],
        "gpus": [""],
        "volumes": ["flights"],
        "spot": ["on"],
        "workspace": ["ada-old"],
        "_xsrf": ["x"],
    }
    json = {
        "image": "pytorch-gpu",
        "size": "large",
        "cpu": 6,
        "memory": 20 * GI,
        "gpu": "nvidia",
        "volumes": ["flights"],
        "spot": True,
        "workspace": "ada-old",
    }
    got = resolve(catalogue, ada, HOME, from_form(form))
    assert got == resolve(catalogue, ada, HOME, json)
    assert (got.gpus, got.workspace, got.spot) == (1, "ada-old", True)
    assert got.mounts == (Mount("data-flights", "/data/flights", True),)


def test_a_writer_of_a_volume_may_write(catalogue, grace):
    usage = Usage(claims={}, home="claim-grace")
    got = resolve(catalogue, grace, usage, {"volumes": ["flights"]})
    assert not got.mounts[0].read_only


@pytest.mark.parametrize(
    ("options", "field", "fix"),
    [
        ({"image": "scipi"}, "image", "Write scipy"),
        ({"image": "../etc"}, "image", "Choose one that the form offers"),
        ({"image": ["scipy", "base"]}, "image", "Give it once, with one value"),
        ({"cpu": ["1", "2"]}, "cpu", "Give it once, with one value"),
        ({"size": {"small": 1}}, "size", "Give it once, with one value"),
        ({"size": "Small"}, "size", "Write small"),
        ({"image": "PyTorch for GPUs"}, "image", "Write pytorch-gpu"),
        ({"image": "Scipi"}, "image", "Write scipy"),
        ({"volumes": ["Flights"]}, "volumes", "Write flights"),
        ({"memory": "8"}, "memory", "Write 8Gi"),
        ({"memory": "1.5"}, "memory", "Write 1.5Gi"),
        ({"memory": 4096}, "memory", "Write 4096Mi"),
        ({"workspace_size": "20"}, "workspace_size", "Write 20Gi"),
        ({"imgae": "scipy"}, "", "Write image"),
        ({"size": "small", "cpu": 3}, "cpu", "Ask for 0.5 to 2, or choose another size"),
        (
            {"size": "small", "memory": "5Gi"},
            "memory",
            "Ask for 1Gi to 4Gi, or choose another size",
        ),
        ({"cpu": "much"}, "cpu", "Write 2, 0.5 or 500m"),
        ({"gpu": "nvidia"}, "gpu", "Choose PyTorch for GPUs or TensorFlow for GPUs, or no GPU"),
        ({"gpu": "nvidia", "image": "pytorch-gpu"}, "gpu", "Choose Large, or no GPU"),
        ({"gpus": 2}, "gpu", "Choose a kind too"),
        (
            {"gpu": "nvidia", "gpus": 3, "image": "pytorch-gpu", "size": "large"},
            "gpus",
            "Ask for 1, 2, 4",
        ),
        ({"gpu": "amd"}, "gpu", "Choose one of nvidia, nvidia-slice"),
        ({"spot": True}, "spot", "Choose another size, or no spot machine"),
        ({"spot": "perhaps"}, "spot", "Write true or false"),
        ({"workspace_size": "1Ti"}, "workspace_size", "Ask for 1Gi to 50Gi"),
        ({"kubeflow": True}, "kubeflow", "Start without it; jobs run in the server then"),
        ({"preset": "trainig"}, "preset", "Write training"),
        ({"volumes": ["nothing"]}, "volumes", "Choose flights"),
        ("a text", "", "Send an object such as {image: scipy}"),
    ],
)
def test_a_wrong_choice_is_refused_with_what_to_choose(catalogue, ada, options, field, fix):
    refusal = refused(catalogue, ada, options)
    assert (refusal.field, refusal.fix) == (field, fix)


def test_an_amount_that_is_advised_is_one(catalogue, ada):
    fix = refused(catalogue, ada, {"memory": "3XB"}).fix
    assert fix == "Write 512Mi, 4Gi or 2G"
    assert [quantities.size(word) for word in ("512Mi", "4Gi", "2G")] == [
        GI // 2,
        4 * GI,
        2 * 10**9,
    ]


def test_what_others_may_have_is_answered_like_what_does_not_exist(catalogue, ada):
    hidden = refused(catalogue, ada, {"gpu": "intel"}).what
    missing = refused(catalogue, ada, {"gpu": "inteI".lower() + "x"}).what
    assert hidden.replace("'intel'", "X") == missing.replace("'intelix'", "X").replace(
        "'inteix'", "X"
    )


@pytest.mark.parametrize("claim", ["claim-bob", "not-there", "data-flights"])
def test_only_volumes_that_carry_the_users_name_are_workspaces(catalogue, ada, claim):
    assert refused(catalogue, ada, {"workspace": claim}).reason == "workspace"


def test_a_usual_workspace_with_another_owner_is_refused(catalogue, ada):
    usage = Usage(claims={"claim-ada": "bob"}, home="claim-ada")
    assert "not yours" in refused(catalogue, ada, {}, usage).what


def test_no_volume_is_opened_while_its_owner_is_unknown_and_one_that_is_not_there_is_made(
    catalogue, ada
):
    unknown = Usage(claims=None, home="claim-ada")
    for options in ({}, {"workspace": "new"}, {"workspace": "ada-old"}):
        assert "can't be checked" in refused(catalogue, ada, options, unknown).what
    assert resolve(catalogue, ada, unknown, {"workspace": "none"}).workspace == "none"
    absent = Usage(claims={}, home="claim-ada")
    assert resolve(catalogue, ada, absent, {}).workspace == "new"


def test_presets_are_merged_and_what_the_user_says_wins(catalogue, ada):
    got = resolve(catalogue, ada, HOME, {"preset": ["training", "flights"]})
    assert (got.size_name, got.spot, len(got.mounts)) == ("large", True, 1)
    got = resolve(catalogue, ada, HOME, {"preset": "training", "size": "small", "spot": False})
    assert (got.size_name, got.spot) == ("small", False)


BASE = """\
version: 1
defaults: {image: new, size: s}
images:
  new: {title: New, image: "x:2", deprecated: "use the next one."}
  old: {title: Old, image: "x:1", redirect: new}
sizes:
  s: {title: S, cpu: {min: 1, default: 1, max: 4}, memory: {min: 1Gi, default: 1Gi, max: 4Gi}}
presets:
  a: {title: A, options: {cpu: 2}}
  b: {title: B, options: {cpu: 3}}
  c: {title: C, options: {cpu: 2, memory: 2Gi}}
secrets:
  KEY: {secret: team, key: k, groups: [team]}
"""


def test_presets_that_contradict_each_other_are_refused():
    catalogue, who = parse(BASE), Identity("ada")
    assert resolve(catalogue, who, Usage(), {"preset": ["a", "c"]}).memory == 2 * GI
    assert "A and B set cpu" in refused(catalogue, who, {"preset": ["a", "b"]}).what


def test_a_saved_image_that_was_replaced_becomes_its_successor():
    got = resolve(parse(BASE), Identity("ada"), Usage(), {"image": "old"})
    assert got.image.image == "x:2"
    assert got.notes == ("Old was replaced by New.", "New is on its way out: use the next one.")


def test_secrets_go_to_their_groups_only():
    catalogue = parse(BASE)
    assert resolve(catalogue, Identity("a"), Usage(), {}).secrets == frozenset()
    member = Identity("a", frozenset({"team"}))
    assert resolve(catalogue, member, Usage(), {}).secrets == {"KEY"}


def test_limits_count_all_servers_of_a_user_and_the_most_generous_entry(catalogue, ada, grace):
    running = (Running(cpu=6, memory=16 * GI),)
    usage = Usage(running=running, claims={}, home="h")
    options = {"size": "large", "cpu": 4}
    refusal = refused(catalogue, ada, options, usage)
    assert (refusal.reason, refusal.field) == ("limit", "cpu")
    assert refusal.fix == "Ask for at most 2 CPU, or stop another server"
    assert resolve(catalogue, grace, usage, options).cpu == 4


def test_a_third_server_is_refused(catalogue, ada):
    usage = Usage(running=(Running(1, GI), Running(1, GI)), claims={}, home="h")
    assert "servers at a time" in refused(catalogue, ada, {}, usage).what


def test_a_refusal_names_only_what_this_person_may_choose_instead(catalogue, ada):
    hidden = catalogue.images["tensorflow-gpu"].model_copy(update={"groups": ("secret",)})
    images = {**catalogue.images, "tensorflow-gpu": hidden}
    changed = catalogue.model_copy(update={"images": images})
    said = refused(changed, ada, {"gpu": "nvidia", "size": "large"})
    assert said.fix == "Choose PyTorch for GPUs, or no GPU"


def test_one_is_not_two_in_what_a_limit_says(ada):
    text = SMALL.replace('"lab:1"}', '"lab:1", gpus: [g]}')
    text += "gpus: {g: {title: G, resource: a.com/g, counts: [1, 2]}}\n"
    few = parse(text + "limits: [{servers: 1, gpus: 1}]\n")
    alone = refused(few, ada, {"gpu": "g", "gpus": 2}, Usage())
    assert str(alone) == (
        "your servers may have 1 GPU together, and this would make 2 GPUs. Ask for at most 1 GPU."
    )
    second = refused(few, ada, {}, Usage(running=(Running(1, GI),)))
    assert str(second) == (
        "you may have 1 server at a time, and this would make 2 servers. Stop another server first."
    )
    none = refused(parse(text + "limits: [{gpus: 0}]\n"), ada, {"gpu": "g"}, Usage())
    assert "may have no GPUs together, and this would make 1 GPU. Leave it out." in str(none)
    assert "there is no volume 'secret' for you" in str(
        refused(few, ada, {"volumes": ["secret"]}, Usage())
    )
