"""Do images come about without a registry, and only once?"""

from __future__ import annotations

import json
import tarfile

import pytest
from kubernetes import client

from tests.cluster import images, paths
from tests.cluster.control import wait_for

DOCKERFILE = """
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY note.txt /srv/note.txt
RUN echo built >> /srv/note.txt
ENTRYPOINT ["cat", "/srv/note.txt"]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "note.txt").write_text("copied\n")
    return tmp_path


def test_a_dockerfile_on_the_local_base_runs_on_the_node(api, namespace, node, folder):
    name = "localhost/noted:1"
    node.import_image(images.dockerfile(folder, name))
    assert name in node.images()
    core = client.CoreV1Api(api)
    container = {"name": "main", "image": name, "imagePullPolicy": "Never"}
    spec = {"containers": [container], "restartPolicy": "Never"}
    core.create_namespaced_pod(namespace, {"metadata": {"name": "noted"}, "spec": spec})

    def done():
        return core.read_namespaced_pod("noted", namespace).status.phase == "Succeeded"

    wait_for(done, 120, "the pod succeeded")
    assert core.read_namespaced_pod_log("noted", namespace) == "copied\nbuilt\n"


def test_a_secret_of_the_build_is_read_by_its_user_and_is_in_no_history(node, folder, tmp_path):
    settings = tmp_path / "settings"
    settings.write_text("index-url = https://somebody:hunter2@packages.example/simple\n")
    mount = "--mount=type=secret,id=pip,target=/etc/pip.conf,uid=1000"
    read = f'test "$(id -u) $(wc -c </etc/pip.conf)" = "1000 {settings.stat().st_size}"'
    (folder / "Dockerfile").write_text(
        f"ARG BASE_IMAGE\nFROM ${{BASE_IMAGE}}\nUSER 1000\nRUN {mount} {read}\n"
        "RUN test ! -s /etc/pip.conf\n"
    )
    options = ["--secret", f"id=pip,src={settings}"]
    archive = images.dockerfile(folder, "localhost/secret:1", options=options)
    with tarfile.open(archive) as tar:
        blobs = [tar.extractfile(one).read() for one in tar if "blobs" in one.name and one.isfile()]
    told = [json.loads(blob) for blob in blobs if blob.startswith(b"{")]
    assert any("/etc/pip.conf" in json.dumps(one.get("history")) for one in told)
    assert "hunter2" not in json.dumps(told)


@pytest.fixture
def small(folder):
    """Without RUN, so that the tiny image of `pause` does as a base."""
    (folder / "Dockerfile").write_text("".join(DOCKERFILE.partition("COPY")[:2]) + " note.txt /\n")
    return folder


def test_the_same_content_is_built_once_and_other_content_anew(node, small):
    def build():
        return images.dockerfile(small, "localhost/small:1", base_archive=images.pause())

    first = build()
    written = first.stat().st_mtime_ns
    assert build() == first
    assert first.stat().st_mtime_ns == written
    (small / "note.txt").write_text("changed\n")
    assert build() != first


def test_a_dockerfile_that_fails_is_quoted_and_leaves_nothing(node, small):
    (small / "note.txt").unlink()
    with pytest.raises(images.ImageFailed, match=r"note\.txt"):
        images.dockerfile(small, "localhost/broken:1", base_archive=images.pause())
    assert not list((paths.cache() / "images").glob("broken-*[!k]"))
