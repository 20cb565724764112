"""Where do images come from without a registry?

Three sources, all ending as an OCI archive in the cache under the hash of what made it: one static
binary (`program`), a Debian base put together by mmdebstrap, and Dockerfiles built by buildah on
that base. Dockerfiles say `ARG BASE_IMAGE` and `FROM ${BASE_IMAGE}`, so that the published image
takes a public base and the tests the local one. `Node.import_image` makes an archive known to the
node; pods name it with `imagePullPolicy: Never`.
"""

import fcntl
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster import build, paths
from tests.cluster.sandbox import run

BASE_PACKAGES = ("python3-minimal", "libpython3-stdlib", "ca-certificates")
PAUSE_NAME = "localhost/pause:1"
BASE_NAME = "localhost/base:1"
GOPTUNA_NAME = "localhost/katib-goptuna:1"
COLLECTOR_NAME = "localhost/katib-metrics-collector:1"
PROGRAMS = ("mmdebstrap", "buildah")
# Raise it when the way images are put together changes.
RECIPE = 3
# Archives of one image that stay in the cache, and what buildah's store may grow to.
KEPT = 4
STORE_MIB = 12_000


class ImageFailed(RuntimeError):
    """An image could not be made; quotes the tool's output."""


def pause() -> Path:
    """The image of every pod's first container."""
    return program(build.PAUSE.binary("pause"), PAUSE_NAME)


def goptuna() -> Path:
    """Katib's suggestion service."""
    return program(build.KATIB.binary("katib-goptuna"), GOPTUNA_NAME)


def metrics_collector() -> Path:
    """What Katib puts beside a trial's container, to read what that prints."""
    return program(build.KATIB.binary("katib-metrics-collector"), COLLECTOR_NAME)


def program(binary: Path, name: str) -> Path:
    """An image of one static program and nothing else, which it starts."""

    def make(target: Path) -> None:
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as tar:
            entry = tarfile.TarInfo(binary.name)
            entry.size, entry.mode = binary.stat().st_size, 0o755
            with binary.open("rb") as content:
                tar.addfile(entry, content)
        write_archive(target, name, layer.getvalue(), {"Entrypoint": [f"/{binary.name}"]})

    return _cached(binary.name, [binary.read_bytes()], make)


def base(packages: Sequence[str] = BASE_PACKAGES) -> Path:
    """Debian with a small Python: `localhost/base:1`, user 1000, made in about half a minute."""

    def make(target: Path) -> None:
        build.say(f"making {BASE_NAME} with mmdebstrap (once) ...")
        command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(packages)}"]
        command += [f"--dpkgopt={option}" for option in _NO_DOCUMENTATION]
        result = subprocess.run(
            [*command, _debian_release(), "-"],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if result.returncode:
            raise ImageFailed(f"mmdebstrap: {result.stderr.decode()[-2000:]}")
        settings = {"Cmd": ["python3"], "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]}
        write_archive(target, BASE_NAME, result.stdout, settings)

    return _cached("base", [_debian_release().encode(), repr(packages).encode()], make)


def dockerfile(
    folder: Path,
    name: str,
    *,
    base_archive: Path | None = None,
    file: str = "Dockerfile",
    options: Sequence[str] = (),
) -> Path:
    """Build a Dockerfile without a registry; what its RUN lines fetch is their affair.

    Args:
        folder: the build context; every file in it counts for the cache.
        name: such as `localhost/worker:1`.
        base_archive: what `ARG BASE_IMAGE` stands for; the Debian base when None.
        options: more for `buildah bud`, such as this machine's certificates; not in the cache's
            key, since they must not change what comes out.

    Raises:
        ImageFailed: with the end of buildah's output.
    """
    below = base_archive or base()

    def make(target: Path) -> None:
        build.say(f"making {name} with buildah ...")
        argument = f"BASE_IMAGE=oci-archive:{below}"
        how = ["--isolation", "chroot", "--pull-never", "--layers"]
        what = ["--build-arg", argument, "-t", name, "-f", str(folder / file), str(folder)]
        with _store() as buildah:
            try:
                run([*buildah, "bud", *how, *options, *what], timeout_s=1800)
                # A fifth of gzip's time, on both ways.
                quick = ["--compression-format", "zstd", "--compression-level", "1"]
                run([*buildah, "push", *quick, name, f"oci-archive:{target}:{name}"], 600)
            except RuntimeError as error:
                raise ImageFailed(str(error)[-3000:]) from error

    parts = [below.name.encode(), name.encode(), file.encode()]
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            parts += [str(path.relative_to(folder)).encode(), path.read_bytes()]
    return _cached(name.rpartition("/")[2].replace(":", "-"), parts, make)


def write_archive(target: Path, name: str, layer: bytes, settings: dict[str, Any]) -> None:
    """An OCI archive of one layer.

    Args:
        target: the file to write.
        name: the full image name, for containerd.
        layer: an uncompressed tar of the root file system.
        settings: the image's `config`, such as Entrypoint and Env.
    """
    squeezed = gzip.compress(layer, compresslevel=1, mtime=0)
    diff = "sha256:" + hashlib.sha256(layer).hexdigest()
    config = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine],
        "os": "linux",
        "config": settings,
        "rootfs": {"type": "layers", "diff_ids": [diff]},
        # Without it, buildah can't make an image of an image of this one.
        "history": [{"created_by": "jupyter-kf's test bed"}],
    }
    kind = "application/vnd.oci.image"
    with tarfile.open(target, "w") as tar:
        layers = [_add_blob(tar, squeezed, f"{kind}.layer.v1.tar+gzip")]
        described = _add_blob(tar, json.dumps(config).encode(), f"{kind}.config.v1+json")
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{kind}.manifest.v1+json",
            "config": described,
            "layers": layers,
        }
        entry = _add_blob(tar, json.dumps(manifest).encode(), f"{kind}.manifest.v1+json")
        entry["annotations"] = {
            "io.containerd.image.name": name,
            "org.opencontainers.image.ref.name": name,
        }
        index = {"schemaVersion": 2, "manifests": [entry]}
        _add(tar, "index.json", json.dumps(index).encode())
        _add(tar, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')


_NO_DOCUMENTATION = tuple(
    f"path-exclude=/usr/share/{folder}/*" for folder in ("doc", "man", "locale", "info")
)


def _debian_release() -> str:
    """The machine's own: its sources and keys are at hand then."""
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    return "stable"


def _add_blob(tar: tarfile.TarFile, content: bytes, media_type: str) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    _add(tar, f"blobs/sha256/{digest}", content)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    tar.addfile(entry, io.BytesIO(content))


@contextmanager
def _store() -> Iterator[list[str]]:
    """buildah on the cache's own store, so that an unchanged instruction is not run again.

    One build at a time; a store that has grown too large begins anew.
    """
    folder = paths.cache() / "images" / "store"
    # A mount namespace of its own, so that no mount stays when this is killed.
    command = ["unshare", "--mount", "--propagation", "private", "buildah"]
    command += ["--root", str(folder / "root"), "--runroot", str(folder / "run")]
    command += ["--storage-driver", "overlay"]
    folder.parent.mkdir(exist_ok=True)
    with _lock(folder):
        if folder.exists() and int(run(["du", "-sm", folder]).split()[0]) > STORE_MIB:
            shutil.rmtree(folder)
        yield command


def _cached(label: str, parts: Sequence[bytes], make: Callable[[Path], None]) -> Path:
    digest = hashlib.sha256(str(RECIPE).encode())
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    folder = paths.cache() / "images"
    folder.mkdir(exist_ok=True)
    target = folder / f"{label}-{digest.hexdigest()[:16]}.tar"
    with _lock(target):
        if not target.exists():
            unfinished = target.with_suffix(".unfinished")
            unfinished.unlink(missing_ok=True)
            make(unfinished)
            unfinished.rename(target)
            _forget_old(folder, label)
    return target


def _forget_old(folder: Path, label: str) -> None:
    """Removes all but the newest archives of this label: each commit may make one."""
    found = [path for path in folder.glob(f"{label}-*.tar") if len(path.stem) == len(label) + 17]
    for path in sorted(found, key=lambda path: path.stat().st_mtime)[:-KEPT]:
        path.unlink(missing_ok=True)


@contextmanager
def _lock(target: Path) -> Iterator[None]:
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
