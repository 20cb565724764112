"""The peers' environment: made once for a list of pins, kept in the user's cache.

``python -m tests.walks.peers.environment`` makes it and prints its Python.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import subprocess
import sys
import time
import venv
from pathlib import Path

PINS = Path(__file__).with_name("requirements.txt")


def python() -> Path:
    """The environment's Python; made now, with a line of progress, when it is not there.

    Raises:
        RuntimeError: the packages can't be had; the message ends with the installer's own.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    asked = PINS.read_bytes() + platform.python_version().encode()
    folder = base / "jupyter-kf" / "peers" / hashlib.sha256(asked).hexdigest()[:12]
    found, made = folder / "bin" / "python", folder / ".made"
    if made.exists():
        return found
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            _make(folder, found)
            made.touch()
    return found


def _make(folder: Path, found: Path) -> None:
    began = time.monotonic()
    _say(f"peers' environment: installing {PINS.name} into {folder} (once, about a minute) ...")
    venv.create(folder, clear=True, with_pip=not _has_uv())
    if _has_uv():
        command = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", str(found)]
    else:
        command = [str(found), "-m", "pip", "install", "-q"]
    done = subprocess.run([*command, "-r", str(PINS)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the peers' packages can't be installed:\n{done.stderr[-2000:]}")
    _say(f"peers' environment: made in {time.monotonic() - began:.0f} s")


def _has_uv() -> bool:
    asked = [sys.executable, "-m", "uv", "--version"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def _say(line: str) -> None:
    sys.__stderr__.write(line + "\n")  # type: ignore[union-attr]
    sys.__stderr__.flush()  # type: ignore[union-attr]


if __name__ == "__main__":
    sys.stdout.write(f"{python()}\n")
