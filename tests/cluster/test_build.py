"""Are binaries built once, found again, and never trusted when they are not what was built?

The one upstream that is a few lines of this clone is built for real, into a cache of its own.
"""

import itertools
import re
import shutil
import subprocess

import pytest

from tests.cluster import build
from tests.cluster.fixtures import unavailable


@pytest.fixture
def said(tmp_path, monkeypatch):
    """The progress that a build tells; the cache is empty, Go's own is not."""
    if shutil.which("go") is None:
        unavailable("Go is not on the PATH")
    asked = subprocess.run(["go", "env", "GOCACHE"], check=True, capture_output=True, text=True)
    monkeypatch.setenv("GOCACHE", asked.stdout.strip())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return []


def test_a_second_build_builds_nothing_and_tells_nothing(said):
    folder = build.build(build.PAUSE, said.append)
    assert len(said) == 2
    assert "building pause" in said[0] and re.search(r"\d s \(\d+ s of CPU\), \d+ MB", said[1])
    written = build.PAUSE.binary("pause").stat().st_mtime_ns
    assert build.build(build.PAUSE, said.append) == folder
    assert len(said) == 2
    assert build.PAUSE.binary("pause").stat().st_mtime_ns == written


def test_a_binary_that_was_changed_is_refused_and_built_anew(said):
    folder = build.build(build.PAUSE, said.append)
    binary = build.PAUSE.binary("pause")
    whole = binary.read_bytes()
    binary.write_bytes(whole[:-1] + b"?")
    with pytest.raises(build.BinariesMissing, match="make cluster-build"):
        build.PAUSE.binary("pause")
    build.build(build.PAUSE, said.append)
    assert (folder / "bin" / "pause").read_bytes() == whole


def test_another_pin_is_built_beside_the_old_one(said, tmp_path, monkeypatch):
    before = build.build(build.PAUSE, said.append)
    wrappers = tmp_path / "wrappers"
    shutil.copytree(build.PAUSE.wrapper, wrappers / "pause")
    monkeypatch.setattr("tests.cluster.paths.WRAPPERS", wrappers)
    assert build.PAUSE.folder == before
    (wrappers / "pause" / "go.mod").write_text("module testbed/pause\n\ngo 1.26.1\n")
    assert build.PAUSE.missing() == ["pause"]
    assert before.joinpath("bin", "pause").exists()


def test_without_go_the_build_says_what_it_needs(said, monkeypatch):
    monkeypatch.setenv("PATH", "/no/such/folder")
    with pytest.raises(build.BinariesMissing, match=r"Go 1\.26 or newer"):
        build.build(build.PAUSE, said.append)


@pytest.mark.parametrize("upstream", build.UPSTREAMS, ids=lambda one: one.name)
def test_every_pin_is_committed_and_names_no_registry(upstream):
    pins = ["go.mod", *(["go.sum"] if upstream.module else [])]
    for text in ((upstream.wrapper / pin).read_text() for pin in pins):
        assert not re.search(r"https?://|\breplace\b.*=> *[./]", text)
    assert upstream.version.startswith("v") or not upstream.module


# Katib asks for a newer one, of which few packages are used.
APART = {"github.com/google/go-containerregistry"}


def required(upstream):
    """Module -> version, of one wrapper."""
    text = (upstream.wrapper / "go.mod").read_text()
    return dict(re.findall(r"^(?:require )?\s*([\w.-]+\.[\w./-]+) (v\S+)", text, re.M))


@pytest.mark.parametrize(
    "sharing",
    [(build.KWOK, build.JOBSET, build.TRAINER), (build.KSERVE, build.KATIB)],
    ids=lambda upstreams: upstreams[0].name,
)
def test_wrappers_that_share_libraries_ask_for_the_same_versions(sharing):
    """One patch version apart, a library and all that uses it is compiled twice."""
    for one, other in itertools.combinations(map(required, sharing), 2):
        common = (one.keys() & other.keys()) - APART
        assert len(common) > 40
        assert {name: one[name] for name in common} == {name: other[name] for name in common}
