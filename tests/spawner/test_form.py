"""The page offers what this person may choose, escaped, and works without JavaScript."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from jupyter_kf_spawner import form
from jupyter_kf_spawner.asked import _READERS, from_form
from jupyter_kf_spawner.catalogue import parse
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
    got = from_form(page(catalogue, ada, last=last).fields)
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
    assert from_form(page(catalogue, ada, last=last).fields) == {}


def test_every_text_is_escaped():
    evil = "</script><script>alert(1)</script>"
    text = SMALL.replace("title: Lab", f'title: "{evil}", description: "{evil}"')
    shown = form.render(parse(text), Identity(evil), Usage(), notices=[evil], last={"cpu": evil})
    assert "<script>alert" not in shown
    assert shown.count("<script") == 2


def test_free_devices_are_advice_and_unknown_when_they_can_not_be_seen(catalogue, ada):
    assert "NVIDIA GPU (free: unknown)" in form.render(catalogue, ada, USAGE)
    known = Usage(claims={}, home="h", free={"nvidia.com/gpu": 3})
    assert "NVIDIA GPU (3 free now)" in form.render(catalogue, ada, known)


def test_what_the_user_holds_and_may_hold_is_said(catalogue, ada):
    usage = Usage(running=(Running(2, 2**31),), home="h")
    shown = form.render(catalogue, ada, usage)
    assert "may have 8 CPU and 32Gi of memory together. The others have 2 CPU and 2Gi now." in shown


def test_colours_come_from_the_page_so_that_both_themes_hold():
    style = form._text("spawn.css")
    colours = re.findall(r"(?:color|background|border|outline): ?[^;]*", style)
    assert colours and all(
        "var(--bs-" in one or "transition" in one for one in colours if "#" in one
    )
    assert "prefers-reduced-motion" in style
