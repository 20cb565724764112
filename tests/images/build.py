"""The notebook images, built here: from a local Debian, with this machine's way to packages.

`published` is what the Dockerfiles see of the checkout, as `.dockerignore` leaves it. As a program
(`python -m tests.images.build base`) it makes images beforehand: what stands below the wheels is
kept from build to build.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cluster import images

ROOT = Path(__file__).resolve().parents[2]
ROOM = ROOT / "images"
# What python:slim has and a bare Debian lacks; tini, so that no package source is asked.
DEBIAN = ("ca-certificates", "python3", "python3-venv", "tini")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def published(folder: Path) -> Path:
    """The build context: both wheels, the pins, and this room without its texts."""
    made = folder / "context"
    command = ["make", "--no-print-directory", "build", f"DIST={folder / 'dist'}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (made / "dist").mkdir(parents=True)
    for wheel in (folder / "dist").glob("*.whl"):
        shutil.copy(wheel, made / "dist")
    (made / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "requirements.txt", made / ".ci")
    shutil.copytree(ROOM, made / "images", ignore=shutil.ignore_patterns("*.md", "*.hcl"))
    return made


def build(context: Path, image: str, below: Path | None = None) -> Path:
    """The OCI archive of `localhost/jupyter-kf-<image>:0.1.0`.

    Args:
        below: the archive it stands on; a local Debian when None.
    """
    return images.dockerfile(
        context,
        f"localhost/jupyter-kf-{image}:0.1.0",
        base_archive=below or images.base(DEBIAN),
        file=f"images/{image}/Dockerfile",
        options=_this_machines(),
    )


def _this_machines() -> list[str]:
    """Certificates and indices that this machine's pip uses, for the time of the build."""
    options = []
    if CERTIFICATES.exists():
        options += ["--volume", f"{CERTIFICATES}:/run/certificates.crt:ro"]
        options += ["--build-arg", "PIP_CERT=/run/certificates.crt"]
    names = {"PIP_INDEX_URL": "index-url", "PIP_EXTRA_INDEX_URL": "extra-index-url"}
    told = [f"{key} = {os.environ[name]}\n" for name, key in names.items() if os.environ.get(name)]
    if told:
        # May hold a password: a secret of the build, since arguments stay in the image's history.
        settings = Path(tempfile.mkdtemp()) / "pip.conf"
        settings.write_text("[global]\n" + "".join(told))
        options += ["--secret", f"id=pip,src={settings}"]
    return options


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        for wanted in sys.argv[1:]:
            print(build(published(Path(made) / wanted), wanted))
