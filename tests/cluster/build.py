"""Are the binaries there, and if not, how are they made?

One wrapper module per upstream (`testbed/NAME/go.mod` and `go.sum`) pins what is built. The result
lies in the cache under the hash of the wrapper, with the sha256 of each binary beside it: a second
start builds nothing, a changed pin builds beside the old one. Interrupted builds go on where
they were, since Go keeps its own cache and each finished binary is moved into place at once.
"""

import fcntl
import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cluster import paths

Say = Callable[[str], None]


def say(line: str) -> None:
    """Progress for a person, past pytest's capture of the standard streams where it is a tty."""
    print(f"testbed: {line}", flush=True)


class BinariesMissing(RuntimeError):
    """Binaries are not in the cache; the message says how to get them."""


@dataclass(frozen=True)
class Upstream:
    """What is taken from one upstream project.

    Attributes:
        name: the wrapper module's folder.
        module: the required module, whose version stands in go.mod and nowhere else; empty when
            the wrapper itself is the program.
        binaries: file name -> main package.
        manifests: folders of the module that are copied beside the binaries.
        stamp: linker settings; `{version}`, `{major}` and `{minor}` are filled in.
    """

    name: str
    module: str
    binaries: dict[str, str] = field(default_factory=dict)
    manifests: tuple[str, ...] = ()
    stamp: str = ""

    @property
    def wrapper(self) -> Path:
        return paths.WRAPPERS / self.name

    @property
    def version(self) -> str:
        if not self.module:
            return "of this clone"
        text = (self.wrapper / "go.mod").read_text()
        found = re.search(rf"^require {re.escape(self.module)} (v\S+)", text, re.MULTILINE)
        if not found:
            raise ValueError(f"{self.wrapper}/go.mod does not require {self.module}")
        return found[1]

    @property
    def folder(self) -> Path:
        digest = hashlib.sha256()
        for path in sorted(self.wrapper.glob("*.*")):
            digest.update(path.read_bytes())
        digest.update(repr((self.binaries, self.manifests, self.stamp)).encode())
        return paths.cache() / digest.hexdigest()[:16]

    def binary(self, name: str) -> Path:
        """Raises BinariesMissing unless the file is there with the hash it was built with."""
        path = self.folder / "bin" / name
        if not _is_what_was_built(path, _read_built(self.folder).get(name)):
            raise BinariesMissing(f"{self.name} {self.version}: {name} is not built; {HOW}")
        return path

    def manifest(self, *parts: str) -> Path:
        """A file or folder of the module's manifests."""
        path = self.folder.joinpath("manifests", *parts)
        if not path.exists():
            raise BinariesMissing(f"{self.name}: no {'/'.join(parts)} in the cache; {HOW}")
        return path

    def built(self) -> dict[str, dict[str, Any]]:
        """Of each binary: sha256, mtime_ns, bytes, and what its build took: seconds, cpu_s."""
        return _read_built(self.folder)

    def missing(self) -> list[str]:
        """Names of binaries that are not there or not what was built."""
        built = _read_built(self.folder)
        return [
            name
            for name in self.binaries
            if not _is_what_was_built(self.folder / "bin" / name, built.get(name))
        ]


HOW = "run `make cluster-build` (needs Go 1.26 and its module proxy; half an hour when cold)"
_VERSION = "k8s.io/component-base/version"
_KUBE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
_KUBE_NODE = ("kubelet", "kube-proxy")

KUBE = Upstream(
    "kube",
    "k8s.io/kubernetes",
    {name: f"k8s.io/kubernetes/cmd/{name}" for name in (*_KUBE, *_KUBE_NODE)},
    stamp=f"-X {_VERSION}.gitVersion={{version}} "
    f"-X {_VERSION}.gitMajor={{major}} -X {_VERSION}.gitMinor={{minor}}",
)
ETCD = Upstream("etcd", "go.etcd.io/etcd/server/v3", {"etcd": "go.etcd.io/etcd/server/v3"})
KWOK = Upstream(
    "kwok",
    "sigs.k8s.io/kwok",
    {"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
    manifests=("kustomize/crd/bases", "kustomize/stage"),
)
COREDNS = Upstream("coredns", "github.com/coredns/coredns", {"coredns": "."})
JOBSET = Upstream(
    "jobset",
    "sigs.k8s.io/jobset",
    {"jobset": "sigs.k8s.io/jobset"},
    manifests=("config/components/crd/bases", "config/components/webhook"),
)
_TRAINER = "github.com/kubeflow/trainer/v2"
TRAINER = Upstream(
    "trainer",
    _TRAINER,
    {"trainer-controller-manager": f"{_TRAINER}/cmd/trainer-controller-manager"},
    manifests=("manifests/base/crds", "manifests/base/webhook", "manifests/base/runtimes"),
)
KSERVE = Upstream(
    "kserve",
    "github.com/kserve/kserve",
    {"kserve-manager": "github.com/kserve/kserve/cmd/manager"},
    manifests=("config/crd/full", "config/webhook"),
)
_KATIB = "github.com/kubeflow/katib"
KATIB = Upstream(
    "katib",
    _KATIB,
    {
        "katib-controller": f"{_KATIB}/cmd/katib-controller/v1beta1",
        "katib-db-manager": f"{_KATIB}/cmd/db-manager/v1beta1",
        "katib-goptuna": f"{_KATIB}/cmd/suggestion/goptuna/v1beta1",
        "katib-metrics-collector": f"{_KATIB}/cmd/metricscollector/v1beta1/file-metricscollector",
    },
    manifests=("manifests/v1beta1/components/crd", "manifests/v1beta1/components/webhook"),
)
PAUSE = Upstream("pause", "", {"pause": "."})
# Katib comes after KServe, whose libraries it shares: see its go.mod.
UPSTREAMS = (ETCD, PAUSE, KUBE, KWOK, COREDNS, JOBSET, TRAINER, KSERVE, KATIB)


def build(upstream: Upstream, tell: Say = say, jobs: int = 2) -> Path:
    """Make what is missing of one upstream; returns its folder in the cache.

    Raises:
        BinariesMissing: Go is not installed, or a build failed; with the end of its output.
    """
    folder = upstream.folder
    with _lock(folder):
        missing = upstream.missing()
        if missing and shutil.which("go") is None:
            raise BinariesMissing(f"{upstream.name}: Go 1.26 or newer is not on the PATH")
        for number, name in enumerate(missing, start=1):
            tell(f"building {name} {upstream.version} ({number} of {len(missing)}) ...")
            made = _build_one(upstream, name, jobs)
            cost = f"{made['seconds']:.0f} s ({made['cpu_s']:.0f} s of CPU)"
            tell(f"built {name} in {cost}, {made['bytes'] / 1e6:.0f} MB")
        if upstream.manifests and not (folder / "manifests").exists():
            _copy_manifests(upstream)
    return folder


def children_cpu_s() -> float:
    """CPU seconds of all programs that this process has started and seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _build_one(upstream: Upstream, name: str, jobs: int) -> dict[str, Any]:
    """Returns the binary's facts, with the time it took: of what Go's own cache did not have."""
    folder = upstream.folder / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{name}"
    stamp = ""
    if upstream.stamp:
        major, minor = upstream.version.lstrip("v").split(".")[:2]
        stamp = upstream.stamp.format(version=upstream.version, major=major, minor=minor)
    flags = ["-trimpath", "-buildvcs=false", "-mod=readonly", "-p", str(jobs)]
    # What a debugger would want is stripped in the end: not made, it spares a sixth of the work.
    flags += ["-gcflags=all=-dwarf=false", "-ldflags", f"-s -w {stamp}".strip()]
    began, began_cpu = time.monotonic(), children_cpu_s()
    result = subprocess.run(
        ["nice", "go", "build", *flags, "-o", str(unfinished), upstream.binaries[name]],
        cwd=upstream.wrapper,
        env={**os.environ, "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise BinariesMissing(f"{name} {upstream.version} did not build:\n{result.stderr[-3000:]}")
    took = {"seconds": time.monotonic() - began, "cpu_s": children_cpu_s() - began_cpu}
    made = {**_facts(unfinished), **took}
    built = {**_read_built(upstream.folder), name: made}
    (upstream.folder / "built.json").write_text(json.dumps(built, indent=1))
    unfinished.rename(folder / name)
    return made


def _copy_manifests(upstream: Upstream) -> None:
    """Take the module's own manifests, so that they can't differ from the binaries."""
    result = subprocess.run(
        ["go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", upstream.module],
        cwd=upstream.wrapper,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise BinariesMissing(f"{upstream.name}: no module sources\n{result.stderr[-3000:]}")
    unfinished = upstream.folder / ".manifests"
    shutil.rmtree(unfinished, ignore_errors=True)
    for part in upstream.manifests:
        shutil.copytree(
            Path(result.stdout.strip()) / part, unfinished / part, copy_function=shutil.copyfile
        )
    unfinished.rename(upstream.folder / "manifests")


def _read_built(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / "built.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _facts(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "mtime_ns": path.stat().st_mtime_ns, "bytes": path.stat().st_size}


def _is_what_was_built(path: Path, built: dict[str, Any] | None) -> bool:
    """Hashing all binaries takes seconds, so an untouched file counts as hashed already."""
    if built is None or not path.exists():
        return False
    status = path.stat()
    if (status.st_mtime_ns, status.st_size) == (built["mtime_ns"], built["bytes"]):
        return True
    return bool(_facts(path)["sha256"] == built["sha256"])


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Two starts at once build once: the second waits and finds everything there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
