"""The spawn page in a real browser on a real hub: with its script, without it, in both themes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.spawner.hub import PATIENT, Hub, running_hub


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[Hub]:
    with running_hub(tmp_path_factory.mktemp("hub"), PATIENT) as running:
        yield running


def spawn_page(browser: Browser, hub: Hub, user: str, **settings) -> Page:
    """The page of a user who has just logged in; complaints of its script fail the test."""
    page = browser.new_context(**settings).new_page()
    page.on("pageerror", lambda error: pytest.fail(f"the page's script: {error}"))
    page.goto(f"{hub.url}/hub/login")
    page.fill("#username_input", user)
    page.click("[type=submit]")
    page.wait_for_url(re.compile("/hub/(home|spawn)"))  # to go on before would be to cancel it
    page.goto(f"{hub.url}/hub/spawn/{user}")
    expect(page.locator("#kf-form")).to_be_visible()
    return page


def test_the_form_answers_at_once_with_the_bounds_of_the_size(browser, hub):
    page = spawn_page(browser, hub, "ada")
    expect(page.locator("#kf-cpu-more")).to_have_text("0.5 to 2")
    expect(page.locator("#kf-gpu")).to_be_disabled()
    expect(page.locator("#kf-gpu-more")).to_have_text(
        "Data science can use no GPU. Choose PyTorch for GPUs or TensorFlow for GPUs."
    )
    page.check("#kf-image-pytorch-gpu")
    expect(page.locator("#kf-gpu-more")).to_have_text("Small has no GPU. Choose Large.")
    page.check("#kf-preset-training")
    expect(page.locator("#kf-cpu-more")).to_have_text("2 to 8")
    expect(page.locator("#kf-gpu option[value=nvidia]")).to_be_enabled()
    page.select_option("#kf-gpu", "nvidia-slice")
    # Her limit is one, so that two are not offered.
    expect(page.locator("#kf-gpus option")).to_have_text(["the fewest", "1"])
    page.check("#kf-image-scipy")
    expect(page.locator("#kf-gpu")).to_have_value("")
    page.check("#kf-image-tensorflow-gpu")
    expect(page.locator("#kf-gpu")).to_have_value("nvidia-slice")


def test_a_kind_that_some_images_can_not_use_says_with_which_it_does_not_go(browser, hub):
    page = spawn_page(browser, hub, "grace")
    page.check("#kf-size-large")
    page.check("#kf-image-base")
    assert page.locator("#kf-gpu option[value=amd]").is_enabled()
    assert page.locator("#kf-gpu option[value=nvidia]").is_disabled()
    expect(page.locator("#kf-gpu option[value=nvidia]")).to_contain_text("not with JupyterLab")


def test_what_a_preset_fills_in_is_said_beside_the_fields_that_it_fills(browser, hub):
    page = spawn_page(browser, hub, "kim")
    opened = page.locator("label[for='kf-size-']")
    expect(opened).to_have_text("As the preset says")
    page.check("#kf-preset-training")
    expect(opened).to_have_text("As the preset says: Large")
    expect(page.locator("label[for=kf-volumes-flights]")).not_to_contain_text("preset")
    page.check("#kf-preset-flights")
    expect(page.locator("label[for=kf-volumes-flights]")).to_contain_text("(by the preset)")
    page.uncheck("#kf-preset-flights")
    page.uncheck("#kf-preset-training")
    expect(opened).to_have_text("As the preset says")
    expect(page.locator("label[for=kf-volumes-flights]")).not_to_contain_text("preset")


def test_on_a_narrow_window_nothing_runs_out_of_its_box(browser, hub):
    page = spawn_page(browser, hub, "lea", viewport={"width": 390, "height": 844})
    out = page.evaluate("""() => [...document.querySelectorAll('fieldset')].flatMap(box => {
      const edge = box.getBoundingClientRect().right;
      return [...box.querySelectorAll('input, select, label')]
        .filter(one => one.getBoundingClientRect().right > edge + 0.5).map(one => one.id);
    })""")
    assert out == []


def test_what_a_link_asked_for_in_vain_is_on_the_page_that_refuses_and_not_on_the_next(
    browser, hub
):
    page = spawn_page(browser, hub, "ivy")
    page.goto(f"{hub.url}/hub/spawn/ivy?opt-image=pytorch&opt-cpu=9+apples&opt-memory=3Gi")
    expect(page.locator(".spawn-error-msg")).to_contain_text("'9 apples' is not an amount of CPU")
    expect(page.locator("#kf-cpu")).to_have_value("9 apples")
    expect(page.locator("#kf-cpu")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#kf-image-pytorch")).to_be_checked()
    page.goto(f"{hub.url}/hub/spawn/ivy")
    expect(page.locator("#kf-cpu")).to_have_value("")
    expect(page.locator("#kf-image-scipy")).to_be_checked()


def test_without_a_script_the_same_form_is_sent_and_the_hub_answers(browser, hub):
    page = spawn_page(browser, hub, "bob", java_script_enabled=False)
    expect(page.locator("#kf-cpu-more")).to_have_text("By size: 0.5 to 2; 2 to 8")
    page.fill("#kf-cpu", "9")
    page.click("#spawn_form [type=submit]")
    said = page.locator(".spawn-error-msg")
    expect(said).to_have_text(
        "Error: Small has 0.5 to 2 CPU, not 9. Ask for 0.5 to 2, or choose another size."
    )
    expect(page.locator("#kf-cpu")).to_have_value("9")


def test_every_control_can_be_reached_and_used_with_the_keyboard(browser, hub):
    page = spawn_page(browser, hub, "cyd")
    page.check("#kf-image-pytorch-gpu")  # the default can use no GPU, and its field is disabled
    page.locator("#kf-preset-training").focus()
    page.keyboard.press("Space")
    assert page.is_checked("#kf-preset-training")
    names = {"preset"}
    for _ in range(40):
        page.keyboard.press("Tab")
        names.add(page.evaluate("document.activeElement.name || document.activeElement.type"))
    assert {"image", "size", "cpu", "memory", "gpu", "workspace", "volumes", "spot"} <= names


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_its_ground_in_both_themes(browser, hub, pictures, theme):
    """WCAG 2.2, 1.4.3: a contrast of 4.5 at least, for titles and for the small print."""
    page = spawn_page(browser, hub, "dan", color_scheme=theme)
    page.screenshot(path=pictures / f"spawn-{theme}.png", full_page=True)
    for place in (".kf-more", ".kf-choice label", "legend"):
        assert page.evaluate(CONTRAST, place) >= 4.5, place


CONTRAST = """selector => {
  const colour = text => text.match(/[0-9.]+/g).map(Number);
  const over = (above, below) => {
    const alpha = above[3] ?? 1;
    return [0, 1, 2].map(i => above[i] * alpha + below[i] * (1 - alpha));
  };
  const light = rgb => {
    const [r, g, b] = rgb.map(value => value / 255)
      .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    const own = colour(getComputedStyle(element).backgroundColor);
    const below = element.parentElement ? ground(element.parentElement) : [255, 255, 255];
    return over(own, below);
  };
  return Math.min(...[...document.querySelectorAll(selector)].map(element => {
    const below = ground(element);
    const text = over(colour(getComputedStyle(element).color), below);
    const [high, low] = [light(text), light(below)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  }));
}"""
