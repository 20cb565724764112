"""What must a machine have before the test bed can run, and how does it get it?

Debian packages for the node tier, the binaries of build.py, the images of images.py. Safe to run
again at any time: it does what is missing and says so line by line. Standard library only, since it
runs before anything is installed.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

from tests.cluster import build, images

# Program, or file, that proves a package is there -> the package that has it. What a machine has
# from elsewhere (another packaging of containerd, say) is left as it is.
PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "buildah": "buildah",
    "mmdebstrap": "mmdebstrap",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "socat": "socat",
    "/usr/sbin/mariadbd": "mariadb-server-core",
    "ip": "iproute2",
    "nsenter": "util-linux",
}


class SetupFailed(RuntimeError):
    """A package could not be installed; quotes apt's output."""


def missing_packages() -> list[str]:
    """Debian packages whose program or file is not there."""
    return [package for proof, package in PACKAGES.items() if not _is_there(proof)]


def install_packages(tell: build.Say = build.say) -> None:
    """Raises SetupFailed without root or apt-get, or when apt-get fails."""
    missing = missing_packages()
    if not missing:
        tell("Debian packages: all there")
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SetupFailed(f"install as root: {' '.join(missing)}")
    tell(f"installing {' '.join(missing)} ...")
    _apt("update")
    _apt("install", "--yes", "--no-install-recommends", *missing)
    tell("Debian packages: installed")


def everything(tell: build.Say = build.say) -> None:
    """Packages, then all binaries, then the images; the last line says what it took."""
    began = time.monotonic()
    install_packages(tell)
    for upstream in build.UPSTREAMS:
        build.build(upstream, tell)
    tell("binaries: all there")
    for make in (images.pause, images.base, images.goptuna, images.metrics_collector):
        make()
    tell("images: all there")
    minutes, cpu_minutes = (time.monotonic() - began) / 60, build.children_cpu_s() / 60
    tell(f"set-up: {minutes:.1f} min, of which {cpu_minutes:.1f} min of CPU")


def _is_there(proof: str) -> bool:
    return Path(proof).exists() if proof.startswith("/") else shutil.which(proof) is not None


def _apt(*words: str) -> None:
    result = subprocess.run(
        ["apt-get", "-o", "DPkg::Lock::Timeout=300", "--quiet", *words],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        raise SetupFailed(f"apt-get {words[0]} failed:\n{result.stdout[-3000:]}")
