"""The whole walk in a browser: log in, choose, watch, work with `%kf` in a pod, stop, come back.

Beside it two servers without anybody: one has nothing to do and stops itself, one has a run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from kubernetes import client
from playwright.sync_api import Locator, Page, expect

from tests.cluster import faults
from tests.cluster.addresses import HOST_IP
from tests.cluster.control import wait_for
from tests.cluster.inside import run_in
from tests.cluster.test_spawner import servers
from tests.images.built.conftest import OURS
from tests.spawner.conftest import PUBLISHED
from tests.spawner.hub import Hub, on_kubernetes, running_hub
from tests.spawner.watching import start

PATIENCE_MS = 120_000
SETTINGS = """
c.Spawner.consecutive_failure_limit = 2
c.Spawner.poll_interval = 2
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0.5}
"""
# Of the published catalogue: base may have a GPU, and a size whose servers soon stop.
BRIEF = """\
  brief:
    title: Brief
    cpu: {min: 0.1, default: 0.2, max: 2}
    memory: {min: 512Mi, default: 1Gi, max: 2Gi}
    idle: 5s

gpus:
"""
LONG_RUN = """
import jupyter_kf
run = jupyter_kf.connect().train(code="import time; time.sleep(900)", name="long")
print(run.id)
"""
HELLO = """\
%load_ext jupyter_kf
import jupyter_kf.config as settings; print("told by the hub:", settings.read_config())
open("kept.txt", "w").write("kept")
"""
TRAIN = """\
%%kf train hello
kf.report(auc=0.93)
"""


@pytest.fixture
def catalogue(tmp_path) -> Path:
    text = PUBLISHED.read_text()
    assert text.count("    gpus: [amd, intel]\n") == 1
    text = text.replace("    gpus: [amd, intel]\n", "    gpus: [nvidia, amd, intel]\n")
    text = text.replace("    idle: 2h\n    gpus: []\n", "    idle: 2h\n")
    text = text.replace("\ngpus:\n", BRIEF, 1)
    path = tmp_path / "catalogue.yaml"
    path.write_text(text)
    return path


@pytest.fixture
def hub(node, control_plane, api, namespace, catalogue, tmp_path) -> Iterator[Hub]:
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    body = {"metadata": {"labels": restricted}}
    client.CoreV1Api(api).patch_namespace(namespace, body)
    kubeconfig = control_plane.kubeconfig
    settings = on_kubernetes(kubeconfig, namespace, address=HOST_IP, catalogue=catalogue)
    with running_hub(tmp_path, SETTINGS, **settings) as one:
        yield one


@pytest.fixture
def page(browser, pictures, hub, request) -> Iterator[Page]:
    """A browser's window; a picture of it at the end, whatever the end is."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=hub.url)
    context.set_default_timeout(PATIENCE_MS)
    one = context.new_page()
    yield one
    one.screenshot(path=pictures / "walk-last.png")
    context.close()


def test_choose_watch_work_stop_and_come_back(
    hub, page, pictures, archives, node, api, namespace, volume
):
    node.import_image(archives("base"))
    with faults.gpus(node, 1):
        alone = {"image": "base", "size": "brief", "workspace": "none"}
        seen = hub.user("idle")
        assert not start(hub, "busy", alone, within_s=240).failed
        run_in(api, pod_of(api, namespace, "busy"), ["python3", "-c", LONG_RUN])
        assert not start(hub, "idle", alone, within_s=240).failed

        log_in(page, "ada")
        choose(page, pictures)
        opened = watch(page, pictures)
        work(page, pictures)
        pod = pod_of(api, namespace, "ada")
        assert pod.spec.containers[0].resources.limits["nvidia.com/gpu"] == "1"
        assert "cannot touch" in run_in(api, pod, ["sh", "-c", "touch /root/x 2>&1 || true"])
        stop(page, pictures)
        wait_for(lambda: not pod_of(api, namespace, "ada"), 120, "ada's pod to be gone")
        come_back(page, pictures)
        stop(page, pictures)
        delete(page, pictures)
        core = client.CoreV1Api(api)
        wait_for(
            lambda: not core.list_namespaced_persistent_volume_claim(namespace).items,
            120,
            "ada's volume to be gone",
        )
        assert opened.startswith("/user/ada/lab")

    idle_servers_stop_and_busy_ones_do_not(seen, api, namespace)


def log_in(page: Page, user: str) -> None:
    page.goto("/hub/login")
    page.fill("#username_input", user)
    page.click("[type=submit]")
    page.wait_for_url(re.compile("/hub/(home|spawn)"))  # to go on before would be to cancel it


def choose(page: Page, pictures: Path) -> None:
    """Image, size, amounts, a GPU and the volume, on the form."""

    def free() -> bool:
        """What the cluster does not tell in time, the page says to be unknown."""
        page.goto("/hub/spawn/ada")
        option = page.locator("#kf-gpu option[value=nvidia]")
        return "NVIDIA GPU (1 free now)" in (option.text_content() or "")

    wait_for(free, 60, "offered a GPU that is free")
    page.check("#kf-image-base")
    page.check("#kf-size-small")
    page.fill("#kf-cpu", "0.5")
    page.fill("#kf-memory", "2Gi")
    expect(page.locator("#kf-gpu option[value=nvidia]")).to_have_text("NVIDIA GPU (1 free now)")
    page.select_option("#kf-gpu", "nvidia")
    page.select_option("#kf-gpus", "1")
    expect(page.locator("#kf-workspace option:checked")).to_have_text("Your workspace, made now")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(200)  # the theme's transition; nothing is asserted
        page.screenshot(path=pictures / f"walk-1-form-{theme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.click("#spawn_form [type=submit]")


def watch(page: Page, pictures: Path) -> str:
    """The progress page until JupyterLab; returns the path at which it opened."""
    page.wait_for_url(re.compile("/hub/spawn-pending/ada"))
    expect(page.locator("#progress-message, #progress-log")).not_to_have_count(0)
    log = page.locator("#progress-log")
    expect(log).to_contain_text("The image is there already.")
    page.screenshot(path=pictures / "walk-2-progress.png")
    page.wait_for_url(re.compile("/user/ada/lab"))
    usable(page)
    return page.url.removeprefix(page.url.split("/user/")[0])


def work(page: Page, pictures: Path) -> None:
    """A notebook with two cells: what the hub told, and a run of `%kf`."""
    page.locator(".jp-LauncherCard[data-category='Notebook']").first.click()
    cells = page.locator(".jp-NotebookPanel .jp-CodeCell")
    expect(page.locator(".jp-NotebookPanel-toolbar")).to_be_visible()
    first = run_cell(page, cells.nth(0), HELLO)
    expect(first).to_contain_text("told by the hub:")
    expect(first).to_contain_text("nvidia.com/gpu")
    trained = run_cell(page, cells.nth(1), TRAIN)
    expect(trained.locator(".jp-Kf-state[data-state='SUCCEEDED']")).to_be_visible()
    expect(trained).to_contain_text("0.93")
    page.screenshot(path=pictures / "walk-3-lab.png")


def run_cell(page: Page, cell: Locator, source: str) -> Locator:
    """Types a cell, runs it until the kernel has taken it, and gives its output."""
    cell.locator(".cm-content").click()
    page.keyboard.insert_text(source)
    taken = cell.locator(".jp-InputArea-prompt", has_text=re.compile(r"\[(\*|\d+)\]"))
    for _ in range(20):
        # A kernel that is not connected yet takes nothing, and nothing says so.
        page.keyboard.press("Shift+Enter")
        try:
            expect(taken).to_be_visible(timeout=3000)
            break
        except AssertionError:
            cell.locator(".cm-content").click()
    expect(cell.locator(".jp-InputArea-prompt", has_text=re.compile(r"\[\d+\]"))).to_be_visible()
    return cell.locator(".jp-Cell-outputArea")


def stop(page: Page, pictures: Path) -> None:
    """As a user stops a server: on the hub's home page."""
    page.goto("/hub/home")
    page.click("#stop")
    expect(page.locator("#stop")).to_be_hidden()
    expect(page.locator("#start")).to_be_visible()
    page.screenshot(path=pictures / "walk-4-stopped.png")


def come_back(page: Page, pictures: Path) -> None:
    """The last choice is filled in; without the GPU this time; the files are there."""
    page.goto("/hub/spawn/ada")
    expect(page.locator("#kf-memory")).to_have_value("2Gi")
    expect(page.locator("#kf-workspace option:checked")).to_have_text("Your workspace")
    page.select_option("#kf-gpu", "")
    page.click("#spawn_form [type=submit]")
    page.wait_for_url(re.compile("/user/ada/lab"))
    usable(page)
    expect(page.locator(".jp-DirListing-item", has_text="kept.txt")).to_be_visible()
    page.screenshot(path=pictures / "walk-5-back.png")


def delete(page: Page, pictures: Path) -> None:
    """The volume with its files, on the page that the form links to."""
    page.goto("/hub/spawn/ada")
    page.click("text=Your volumes, and how to delete one")
    expect(page.get_by_role("heading", name="claim-ada")).to_be_visible()
    page.get_by_label("To delete it with its files").fill("claim-ada")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.screenshot(path=pictures / f"walk-6-volumes-{theme}.png")
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("claim-ada was deleted, with its files.")).to_be_visible()


def usable(page: Page) -> None:
    """JupyterLab's shell is there and the splash is gone."""
    page.wait_for_selector("#jp-MainLogo", state="attached")
    page.wait_for_selector("#jupyterlab-splash", state="detached")


def idle_servers_stop_and_busy_ones_do_not(seen: httpx.Client, api, namespace: str) -> None:
    """jupyter_server looks once a minute; `busy` was started first, so it was looked at first."""
    wait_for(lambda: not pod_of(api, namespace, "idle"), 180, "the idle server to stop itself")
    wait_for(
        lambda: (
            "nothing was running in it" in seen.get("/hub/spawn/idle", follow_redirects=False).text
        ),
        60,
        "the spawn page to say why",
    )
    busy = pod_of(api, namespace, "busy")
    assert busy and busy.status.phase == "Running"
    printed = run_in(api, busy, ["jupyter", "kf", "cancel", "long"])
    wait_for(lambda: not pod_of(api, namespace, "busy"), 180, f"the other one to stop: {printed}")


def pod_of(api, namespace: str, user: str):
    """The pod of the user's server, or None."""
    mine = [one for one in servers(api, namespace) if one.metadata.name == f"jupyter-{user}"]
    return mine[0] if mine else None


@pytest.fixture
def volume(api, namespace, tmp_path) -> Iterator[None]:
    """A folder of this machine for the claim that the spawner will make for ada."""
    folder = tmp_path / "volume"
    folder.mkdir()
    os.chown(folder, *OURS)
    core = client.CoreV1Api(api)
    name = f"volume-{namespace}"
    spec = {
        "capacity": {"storage": "10Gi"},
        "accessModes": ["ReadWriteOnce"],
        "hostPath": {"path": str(folder)},
        "claimRef": {"name": "claim-ada", "namespace": namespace},
        "persistentVolumeReclaimPolicy": "Retain",
    }
    core.create_persistent_volume({"metadata": {"name": name}, "spec": spec})
    yield
    core.delete_persistent_volume(name)
