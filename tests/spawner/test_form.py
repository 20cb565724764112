"""The page offers what this person may choose, escaped, and works without JavaScript."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from jupyter_kf_spawner import form
from jupyter_kf_spawner.asked import _READERS, from_form
from jupyter_kf_spawner.catalogue import parse
from jupyter_kf_spawner.errors import Refusal
from jupyter_kf_spawner.filled import Filled
from jupyter_kf_spawner.limits import Running
from jupyter_kf_spawner.resolve import Identity, Usage, resolve

from tests.spawner.test_catalogue import SMALL

USAGE = Usage(claims={"claim-ada": "ada", "old": "ada", "bobs": "bob"}, home="claim-ada")


class Page(HTMLParser):
    """Fields with what a browser without scripts would send, labels and described ids."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self.choices: dict[str, list[str]] = {}
        self.ids: set[str] = set()
        self.labelled: set[str] = set()
        self.described: set[str] = set()
        self.controls: set[str] = set()
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes) -> None:
        given = dict(attributes)
        if "id" in given:
            assert given["id"] not in self.ids, given["id"]
            self.ids.add(given["id"])
        if tag == "label":
            self.labelled.add(given["for"])
        self.described |= set(given.get("aria-describedby", "").split())
        name = given.get("name", "")
        if tag in ("input", "select"):
            self.controls.add(given["id"])
            self._select = name if tag == "select" else ""
        if tag == "input":
            kind = given.get("type", "text")
            self.choices.setdefault(name, []).append(given.get("value", ""))
            if kind == "text" or "checked" in given:
                self.fields.setdefault(name, []).append(given.get("value", ""))
        if tag == "option":
            self.choices.setdefault(self._select, []).append(given.get("value", ""))
            if "selected" in given or self._select not in self.fields:
                self.fields[self._select] = [given.get("value", "")]


def page(catalogue, who, usage=USAGE, **more) -> Page:
    return Page(form.render(catalogue, who, usage, **more))


def test_sent_as_it_is_the_form_asks_for_the_defaults(catalogue, ada):
    options = from_form(page(catalogue, ada).fields)
    assert options == {}
    assert resolve(catalogue, ada, USAGE, options) == resolve(catalogue, ada, USAGE, {})


def test_every_field_is_an_option_and_every_option_is_a_field(catalogue, grace):
    usage = Usage(claims={}, home="h")
    assert set(page(catalogue, grace, usage).choices) == set(_READERS)


def test_what_is_inside_is_said_what_is_deprecated_comes_last_and_what_is_redirected_is_not_there(
    ada,
):
    more = """
  older: {title: Older, image: "lab:0", inside: [pandas 1], deprecated: "use Lab."}
  gone: {title: Gone, image: "lab:g", redirect: lab}
  newer: {title: Newer, image: "lab:2", inside: [pandas 3, "R & Julia"]}
"""
    catalogue = parse(SMALL.replace('"lab:1"}\n', '"lab:1"}' + more))
    text = form.render(catalogue, ada, USAGE)
    choices = Page(text).choices["image"]
    assert set(choices) == {"", "newer", "older"} and choices[-1] == "older"
    assert "pandas 3, R &amp; Julia" in text and "pandas 1" in text
    assert "On its way out: use Lab." in text and "Gone" not in text
    assert resolve(catalogue, ada, USAGE, {"image": "gone"}).image_name == "lab"


def test_every_control_has_a_label_and_every_description_exists(catalogue, grace):
    shown = page(catalogue, grace, Usage(home="h"))
    assert shown.controls == shown.labelled
    assert shown.described <= shown.ids


def test_only_what_a_person_may_have_is_shown(catalogue, ada, grace):
    assert "amd" not in page(catalogue, ada).choices["gpu"]
    assert "kubeflow" not in page(catalogue, ada).choices
    assert {"amd", "intel"} <= set(page(catalogue, grace, Usage(home="h")).choices["gpu"])
    assert page(catalogue, ada).choices["workspace"] == ["", "old", "none"]


def test_every_choice_of_the_form_is_understood(catalogue, ada):
    for name, choices in page(catalogue, ada).choices.items():
        for choice in choices:
            from jupyter_kf_spawner.asked import read

            read(from_form({name: [choice]}))


def test_the_last_choice_is_filled_in(catalogue, ada):
    last = {"image": "base", "cpu": 2, "memory": "3Gi", "volumes": ["flights"], "spot": True}
    got = from_form(page(catalogue, ada, filled=Filled(last)).fields)
    assert got == {
        "image": "base",
        "cpu": "2",
        "memory": "3Gi",
        "volumes": ["flights"],
        "spot": "on",
    }


@pytest.mark.parametrize(
    "last", ["text", {"image": "<b>"}, {"nothing": 1}, {"image": "gone"}, None]
)
def test_a_last_choice_that_makes_no_sense_now_is_left_out(catalogue, ada, last):
    assert from_form(page(catalogue, ada, filled=Filled(last)).fields) == {}


def test_every_text_is_escaped():
    evil = "</script><script>alert(1)</script>"
    text = SMALL.replace("title: Lab", f'title: "{evil}", description: "{evil}"')
    shown = form.render(
        parse(text),
        Identity(evil),
        Usage(),
        notices=[evil],
        filled=Filled({"cpu": evil}, "cpu", refused=True),
    )
    assert "<script>alert" not in shown
    assert shown.count("<script") == 2


def test_free_devices_are_advice_and_unknown_when_they_can_not_be_seen(catalogue, ada):
    assert "NVIDIA GPU (free: unknown)" in form.render(catalogue, ada, USAGE)
    known = Usage(claims={}, home="h", free={"nvidia.com/gpu": 3})
    assert "NVIDIA GPU (3 free now)" in form.render(catalogue, ada, known)


def test_what_the_user_holds_and_may_hold_is_said(catalogue, ada):
    usage = Usage(running=(Running(2, 2**31),), home="h")
    shown = form.render(catalogue, ada, usage)
    assert (
        "You may have 2 servers at a time. Your servers may have 8 CPU, 32Gi of memory and 1 GPU"
        " together. The others have 2 CPU and 2Gi now."
    ) in shown


LIMITED = (
    SMALL.replace('"lab:1"}', '"lab:1", gpus: [g, many]}')
    + """\
  big: {title: Big, cpu: {min: 2, default: 2, max: 2}, memory: {min: 1Gi, default: 1Gi, max: 1Gi}}
gpus:
  g: {title: G, resource: x.org/g, counts: [1, 2, 4]}
  many: {title: Many, resource: x.org/m, counts: [2]}
limits:
  - {cpu: 1, gpus: 1}
  - {groups: [large], cpu: 8, gpus: 2}
"""
)


def test_what_the_users_limits_never_allow_is_not_offered_or_marked(ada):
    shown = form.render(parse(LIMITED), ada, USAGE)
    offered = Page(shown).choices
    assert (offered["gpu"], offered["gpus"]) == (["", "g"], ["", ""])
    assert '"counts": [1]' in shown and ">1</option>" in shown and ">2</option>" not in shown
    assert shown.count("Too large for you: your servers may have 1 CPU together") == 1
    large = Identity("vic", frozenset({"large"}))
    shown = form.render(parse(LIMITED), large, USAGE)
    assert Page(shown).choices["gpu"] == ["", "g", "many"] and ">4</option>" not in shown
    assert ">2</option>" in shown and "Too large" not in shown
    none = LIMITED.replace("cpu: 1, gpus: 1", "cpu: 1, gpus: 0")
    assert 'name="gpu"' not in form.render(parse(none), ada, USAGE)


def test_a_volume_says_where_it_is_and_who_may_write(catalogue, ada, grace):
    assert "At /data/flights, read-only" in form.render(catalogue, ada, USAGE)
    assert "At /data/flights, you may write" in form.render(catalogue, grace, Usage(home="h"))


def test_colours_come_from_the_page_so_that_both_themes_hold():
    style = form._text("spawn.css")
    colours = re.findall(r"(?:color|background|border|outline): ?[^;]*", style)
    assert colours and all(
        "var(--bs-" in one or "transition" in one for one in colours if "#" in one
    )
    assert "prefers-reduced-motion" in style


def test_what_was_refused_stands_in_the_form_to_be_mended_even_where_it_can_not_be_read(
    catalogue, ada
):
    sent = {"image": "pytorch", "cpu": "9 apples", "memory": "3Gi", "gpu": ["x"], "nothing": 1}
    shown = form.render(catalogue, ada, USAGE, filled=Filled(sent, "cpu", refused=True))
    got = from_form(Page(shown).fields)
    assert got == {"image": "pytorch", "cpu": "9 apples", "memory": "3Gi"}
    assert re.search(r'is-invalid" aria-invalid="true" id="kf-cpu"', shown)
    assert shown.count("aria-invalid") == 1
    # A last choice is not to be mended, so nothing unreadable of it is shown.
    assert "apples" not in form.render(catalogue, ada, USAGE, filled=Filled(sent))


def test_the_recommended_offer_stands_in_the_list_once(catalogue, ada):
    shown = form.render(catalogue, ada, USAGE)
    assert shown.count(">Data science") == 1 and "Data science (recommended)" in shown
    # A preset sets the size: to leave it open and to say the default are two choices.
    assert "As the preset says" in shown and "Small (recommended)" not in shown


def test_a_chosen_default_is_the_same_choice_as_none(catalogue, ada):
    assert from_form(page(catalogue, ada, filled=Filled({"image": "scipy"})).fields) == {}
    got = from_form(page(catalogue, ada, filled=Filled({"size": "small"})).fields)
    assert got == {"size": "small"}


def test_every_pattern_says_in_words_what_it_asks_for(catalogue, ada):
    fields = re.findall(r"<input[^>]*pattern=[^>]*>", form.render(catalogue, ada, USAGE))
    assert len(fields) == 3 and all('title="A' in one and "such as" in one for one in fields)


def test_a_kind_of_gpu_that_none_of_a_persons_images_can_use_is_not_offered(ada):
    text = SMALL + "gpus: {nvidia: {title: N, resource: nvidia.com/gpu}}\n"
    assert 'name="gpu"' not in form.render(parse(text), ada, Usage())
    able = text.replace('"lab:1"}', '"lab:1", gpus: [nvidia]}')
    shown = form.render(parse(able), ada, Usage())
    assert 'name="gpu"' in shown and "For: Lab. Sizes: Small." in shown


HIDDEN = """\
version: 1
defaults: {image: lab, size: s}
images:
  lab: {title: Lab, image: "lab:1", gpus: [g, vip-gpu], sizes: [s, vip-size]}
  plain: {title: Plain, image: "plain:1", sizes: [vip-size]}
  vip-image: {title: VIP image, image: "vip:1", gpus: [g, vip-gpu], groups: [vips]}
  vip-old: {title: VIP old, image: "vip:0", redirect: lab, groups: [vips]}
sizes:
  s: {title: S, gpus: [vip-gpu], cpu: {min: 1, default: 1, max: 1},
      memory: {min: 1Gi, default: 1Gi, max: 1Gi}}
  m: {title: M, cpu: {min: 1, default: 1, max: 1}, memory: {min: 1Gi, default: 1Gi, max: 1Gi}}
  vip-size: {title: VIP size, groups: [vips], cpu: {min: 1, default: 1, max: 1},
             memory: {min: 1Gi, default: 1Gi, max: 1Gi}}
gpus:
  g: {title: G, resource: x.org/g, counts: [1]}
  vip-gpu: {title: VIP GPU, resource: x.org/vip, counts: [1, 7], groups: [vips]}
volumes:
  vip-volume: {title: VIP volume, claim: vip-claim, mount: /vip, groups: [vips]}
presets:
  p: {title: P, options: {size: s}}
  vip-preset: {title: VIP preset, options: {image: vip-image, size: vip-size}, groups: [vips]}
secrets:
  VIP_KEY: {secret: vip-secret, key: k, groups: [vips]}
limits:
  - {servers: 2}
  - {servers: 77, groups: [vips]}
workspace: {size: {min: 1Gi, default: 1Gi, max: 1Gi}}
kubeflow: {groups: [vips], queue: vip-queue}
"""
ASKED = [
    {"image": "lab", "size": "m", "gpu": "g", "gpus": 3},
    {"image": "lab", "size": "s", "gpu": "g"},
    {"image": "plain", "size": "s"},
    {"image": "plain", "size": "s", "gpu": "g"},
    {"gpu": "v"}, {"image": "v"}, {"size": "v"}, {"volumes": ["v"]}, {"preset": ["v"]},
    {"kubeflow": True}, {"spot": True}, {"gpus": 7, "gpu": "g", "size": "m"},
]  # fmt: skip


def test_what_is_for_a_group_is_nowhere_for_those_who_are_not_in_it(ada):
    """Neither on the page, nor in what its script reads, nor in a refusal that does not name it."""
    catalogue, usage = parse(HIDDEN), Usage(claims={}, home="claim-ada")
    vip = Identity("vic", frozenset({"vips"}))
    assert "vip" in form.render(catalogue, vip, usage).lower()
    assert "vip" not in form.render(catalogue, ada, usage).lower()
    # Not even that there is a preset at all.
    others = parse(HIDDEN.replace("  p: {title: P, options: {size: s}}\n", ""))
    assert "preset" not in form.render(others, ada, usage).split("<script")[0].lower()
    for options in ASKED:
        with pytest.raises(Refusal) as refused:
            resolve(catalogue, ada, usage, options)
        assert "vip" not in str(refused.value).lower(), options
    # What is named is answered in the same words as what there is not.
    for field, name in (
        ("image", "vip-image"), ("image", "vip-old"), ("size", "vip-size"), ("gpu", "vip-gpu"),
        ("preset", "vip-preset"), ("volumes", "vip-volume"),
    ):  # fmt: skip
        said = []
        for asked in (name, "zzz-" + name[4:]):
            with pytest.raises(Refusal) as refused:
                resolve(catalogue, ada, usage, {field: asked})
            said.append(str(refused.value).replace(asked, "X"))
        assert said[0] == said[1]
