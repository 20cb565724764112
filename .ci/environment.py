"""Makes the environment that the Makefile's targets run in; safe to call again and in parallel.

    environment.py main                  `.venv` at the checkout's root
    environment.py pins [--upgrade]      writes requirements.txt from what pyproject.toml asks
    environment.py proxy                 the development hub's proxy; prints its program's path

Standard library only, since it runs before anything is installed. Says in one line what takes
long, and what is missing where it can't install it. Package registries are the ones this
machine's pip uses: none is named here.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jupyter-kf"
PINS, LEFT_OUT = HERE / "requirements.txt", HERE / "left-out.txt"
BUNDLE = CHECKOUT / "jupyter_kf" / "labextension"
LINK = CHECKOUT / ".venv" / "share" / "jupyter" / "labextensions" / "jupyter-kf"
KEPT = 2  # sets of pins whose bytecode stays in the cache: this branch's and another's
# A person sees progress bars; a log needs no list of 160 packages.
QUIET = () if sys.stderr.isatty() else ("--quiet",)


class Missing(Exception):
    """Something of the machine that can't be installed here; the text says what to do."""


def main(arguments: list[str]) -> int:
    """Dispatches, and says what went wrong in a line."""
    started = time.monotonic()
    try:
        with alone():
            if arguments == ["main"]:
                make()
            elif arguments[:1] == ["pins"]:
                write_pins(arguments[1:])
            elif arguments == ["proxy"]:
                print(make_proxy())
            else:
                say(f"unknown: {' '.join(arguments)}")
                return 2
    except Missing as missing:
        say(f"cannot set up: {missing}")
        return 1
    except subprocess.CalledProcessError as failed:
        say(f"failed ({failed.returncode}): {' '.join(map(str, failed.cmd))}")
        say("the lines above say why; without network, an environment made earlier still works")
        return 1
    say(f"ready after {time.monotonic() - started:.0f} s")
    return 0


def make() -> None:
    """`.venv` with the pinned packages and this checkout's two packages, editable."""
    folder = CHECKOUT / ".venv"
    python = folder / "bin" / "python"
    if folder.exists() and not _works_in_place(folder):
        say(f"{folder} belongs to another place or Python: making it anew")
        shutil.rmtree(folder)
    if not folder.exists():
        say(f"making .venv with Python {sys.version.split()[0]}")
        _make_venv(folder)
    uv = _install_uv(folder)
    say("installing the pinned packages (minutes when they have to be downloaded)")
    pinned = ["-r", PINS, "--overrides", LEFT_OUT]
    run(uv, "pip", "install", *QUIET, "--python", python, *pinned)
    compile_installed(python)
    say("installing this checkout's two packages, editable")
    options = ["--no-deps", "--no-build-isolation"]
    editable = ["--editable", CHECKOUT, "--editable", CHECKOUT / "spawner"]
    # The extension's bundle is made by frontend.py, and linked instead of copied.
    LINK.unlink(missing_ok=True)
    BUNDLE.mkdir(exist_ok=True)
    os.environ["SKIP_JUPYTER_BUILDER"] = "1"
    run(uv, "pip", "install", *QUIET, "--python", python, *options, *editable)
    link_bundle()


def compile_installed(python: Path) -> None:
    """Bytecode of all that is installed; an earlier `.venv` of the same pins has made most of it.

    To compile the 12,800 files takes 47 s of CPU, to see that each is as new as its source 1 s:
    uv links the same sources into every environment.
    """
    made_by = f"{sys.version} {PINS.read_text()} {LEFT_OUT.read_text()}"
    kept = CACHE / "bytecode" / hashlib.sha256(made_by.encode()).hexdigest()[:16]
    kept.mkdir(parents=True, exist_ok=True)
    (packages,) = (python.parent.parent / "lib").glob("python3*/site-packages")
    _link_bytecode(kept, packages)
    # A file that this Python can't compile is its package's own affair.
    quietly = [python, "-I", "-W", "ignore", "-m", "compileall", "-qq", "-j", "0", packages]
    subprocess.run(quietly)
    _link_bytecode(packages, kept, renew=True)
    os.utime(kept)
    for old in sorted(kept.parent.iterdir(), key=lambda one: one.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _link_bytecode(source: Path, target: Path, *, renew: bool = False) -> None:
    """Links what `source` has of it below `target`: what is missing, or with `renew` what differs.

    Python never writes into such a file, it replaces it; so one may stand in many places.
    """
    for folder, _, _ in os.walk(source):
        if not folder.endswith("__pycache__"):
            continue
        into = target / Path(folder).relative_to(source)
        into.mkdir(parents=True, exist_ok=True)
        there = {entry.name: entry.inode() for entry in os.scandir(into)}
        for entry in os.scandir(folder):
            known = there.get(entry.name)
            if known is None or (renew and known != entry.inode()):
                with contextlib.suppress(OSError):  # another file system: each compiles its own
                    (into / entry.name).unlink(missing_ok=True)
                    os.link(entry.path, into / entry.name)


def link_bundle() -> None:
    """Lets this environment's JupyterLab find the extension where it is built."""
    if LINK.is_symlink() and LINK.resolve() == BUNDLE:
        return
    if LINK.is_symlink():
        LINK.unlink()
    elif LINK.exists():
        shutil.rmtree(LINK)
    LINK.parent.mkdir(parents=True, exist_ok=True)
    LINK.symlink_to(BUNDLE)


def write_pins(options: list[str]) -> None:
    """Exact versions of all that `.venv` holds, for any system and Python."""
    uv = CHECKOUT / ".venv" / "bin" / "uv"
    quiet = ["--quiet", "--no-header", "--no-annotate", "--no-emit-index-url", *options]
    asked = [CHECKOUT / "pyproject.toml", "--extra", "demo", "--extra", "polars", "--group", "dev"]
    asked.append(CHECKOUT / "spawner" / "pyproject.toml")
    everywhere = ["--universal", "--python-version", "3.11"]
    run(uv, "pip", "compile", *quiet, *everywhere, *asked, "--output-file", PINS)


def make_proxy() -> Path:
    """configurable-http-proxy in the user's cache, from the locked versions of spawner/proxy."""
    locked = CHECKOUT / "spawner" / "proxy"
    files = [locked / "package.json", locked / "package-lock.json"]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = CACHE / f"proxy-{digest}"
    program = folder / "node_modules" / ".bin" / "configurable-http-proxy"
    if not program.exists():
        if shutil.which("npm") is None:
            raise Missing(
                "npm is missing, which installs the hub's proxy; install Node 20 or newer"
            )
        say("installing the hub's proxy")
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            shutil.copy(file, folder)
        run("npm", "ci", "--prefix", folder, "--no-fund", "--no-audit", "--loglevel=error")
    return program


def _works_in_place(folder: Path) -> bool:
    """Whether the environment was made here, and its interpreter still is new enough."""
    with contextlib.suppress(OSError, IndexError):
        made_here = str(folder) in (folder / "bin" / "pip").read_text().splitlines()[0]
        check = "import sys; sys.exit(sys.version_info < (3, 11))"
        python = folder / "bin" / "python"
        return made_here and subprocess.run([python, "-I", "-c", check]).returncode == 0
    return False


def _make_venv(folder: Path) -> None:
    command = [sys.executable, "-m", "venv", folder]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode and "ensurepip" in made.stdout + made.stderr:
        shutil.rmtree(folder, ignore_errors=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        if not (apt_install("python3-venv") and apt_install(version)):
            raise Missing(f"this Python has no ensurepip; install the package {version}")
        made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode:
        raise Missing(f"`{' '.join(map(str, command))}` said: {made.stdout}{made.stderr}")


def _install_uv(folder: Path) -> Path:
    uv = folder / "bin" / "uv"
    lines = PINS.read_text().splitlines()
    pin = next(line for line in lines if line.startswith("uv=="))
    version = (
        subprocess.run([uv, "--version"], capture_output=True, text=True) if uv.exists() else None
    )
    if version is None or version.stdout.split()[1:2] != [pin.removeprefix("uv==")]:
        say(f"installing {pin}, which installs the rest")
        run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", pin)
    return uv


def apt_install(package: str) -> bool:
    """Whether Debian's package is there now; tried only where this may be done."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=300"]
    say(f"installing Debian's {package}")
    for command in (["update"], ["install", "--yes", "--no-install-recommends", package]):
        done = subprocess.run([*quiet, *command], env=environment, stdout=subprocess.DEVNULL)
    return done.returncode == 0


def run(*command: str | Path) -> None:
    """One command, its output shown, with uv set to what this machine's pip is set to."""
    subprocess.run(list(command), check=True, env=_registry_settings(), stdout=sys.stderr)


def _registry_settings() -> dict[str, str]:
    environment = {"UV_HTTP_TIMEOUT": "180", **os.environ}
    settings = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True
    ).stdout
    for line in settings.splitlines():
        name, _, value = line.partition("=")
        ours = {"index-url": "UV_DEFAULT_INDEX", "find-links": "UV_FIND_LINKS"}
        variable = ours.get(name.rpartition(".")[2])
        if variable:
            environment.setdefault(variable, value.strip("'\""))
    return environment


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One set-up at a time on this machine; a second one waits and finds the work done."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "set-up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is running: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(line: str) -> None:
    """Progress, apart from the answer on standard output."""
    print(f"[set-up] {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
