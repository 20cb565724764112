"""Builds the JupyterLab extension and runs its tools; does only what changed since.

    frontend.py bundle [--if-possible]   jupyter_kf/labextension/ from labextension/
    frontend.py run SCRIPT...            scripts of labextension/package.json, one after the other
    frontend.py wheel CLONE FOLDER       a clone's wheel, as pip builds it: with packages of its own
    frontend.py chromium                 prints the path of a Chromium, installed where allowed

Packages are installed once for each yarn.lock into the user's cache, and linked from the
checkout. Like environment.py, and by its help: standard library only, no registry named.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import environment
from environment import CACHE, CHECKOUT, Missing, say

SOURCE = CHECKOUT / "labextension"
BUNDLE = CHECKOUT / "jupyter_kf" / "labextension"
VENV = CHECKOUT / ".venv"
STAMP = VENV / "bundle.sha256"
LOCKED = ("yarn.lock", ".yarnrc.yml")
PACKAGES = ("package.json", *LOCKED)
BUILT_FROM = (*PACKAGES, "tsconfig.json", "schema", "style", "src")
BUNDLES = 8  # how many stay in the cache, of other branches and of before
NODE = (20, 19)  # what the bundler asks for
# The first has no window around the page, which costs a fifth of a story's CPU.
HEADLESS = "chromium-headless-shell"
CHROMIUM = (HEADLESS, "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def main(arguments: list[str]) -> int:
    """Dispatches, and says what went wrong in a line."""
    lenient = "--if-possible" in arguments
    try:
        return _do([word for word in arguments if word != "--if-possible"])
    except Missing as missing:
        if lenient and not (BUNDLE / "package.json").exists():
            say(f"the panels in JupyterLab are left out: {missing}")
        elif lenient:
            say(f"the panels are those built last: {missing}")
        else:
            say(f"cannot set up: {missing}")
        return 0 if lenient else 1
    except subprocess.CalledProcessError as failed:
        say(f"failed ({failed.returncode}): {' '.join(map(str, failed.cmd))}")
        return 1


def _do(words: list[str]) -> int:
    if words == ["bundle"]:
        bundle()
    elif words[:1] == ["run"] and len(words) > 1:
        install()
        for script in words[1:]:
            yarn("run", script)
    elif words[:1] == ["wheel"] and len(words) == 3:
        wheel(*map(Path, words[1:]))
    elif words == ["chromium"]:
        print(chromium())
    else:
        say(f"unknown: {' '.join(words)}")
        return 2
    return 0


def bundle() -> None:
    """The built extension, anew when a source changed, and linked into `.venv`."""
    began, now = time.monotonic(), _digest(SOURCE, BUILT_FROM)
    entry = BUNDLE / "package.json"
    if not (entry.exists() and STAMP.exists() and STAMP.read_text() == now):
        install()
        made_by = f"{now} {environment.PINS.read_text()}"
        kept = CACHE / "bundles" / hashlib.sha256(made_by.encode()).hexdigest()[:16]
        shutil.rmtree(BUNDLE, ignore_errors=True)
        if not kept.exists():
            say("building the JupyterLab extension (half a minute)")
            _build()
            _keep(kept)
            say(f"built after {time.monotonic() - began:.0f} s")
        else:  # copied as new: older than its sources it would be built again
            shutil.copytree(kept, BUNDLE, copy_function=shutil.copy)
            say("the JupyterLab extension was built of these sources before")
        STAMP.write_text(now)
    environment.link_bundle()


def _build() -> None:
    shutil.rmtree(SOURCE / "lib", ignore_errors=True)
    (SOURCE / "tsconfig.tsbuildinfo").unlink(missing_ok=True)
    yarn("run", "build:prod", quiet=True)


def _keep(kept: Path) -> None:
    """Puts the bundle into the cache, whole or not at all; the last few stay there."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=kept.parent, prefix="part-"))
    shutil.copytree(BUNDLE, part, dirs_exist_ok=True)
    with contextlib.suppress(OSError):  # another checkout was first
        part.rename(kept)
    for old in sorted(kept.parent.iterdir(), key=lambda one: one.stat().st_mtime)[:-BUNDLES]:
        shutil.rmtree(old, ignore_errors=True)


def wheel(clone: Path, folder: Path) -> None:
    """What `pip wheel --no-deps CLONE` does where there is Node; only yarn's cache is ours."""
    node()
    python = ["--python", VENV / "bin" / "python"]
    command = [VENV / "bin" / "uv", "build", "--wheel", *python, "--out-dir", folder]
    subprocess.run([*command, clone], check=True, env=_settings(), stdout=sys.stderr)


def install() -> None:
    """`labextension/node_modules`: a link to packages of this yarn.lock in the user's cache."""
    node()
    folder = CACHE / "npm" / _digest(SOURCE, LOCKED)[:16]
    if not folder.exists():
        with environment.alone():
            _fill(folder)
    link = SOURCE / "node_modules"
    if not link.is_symlink() or link.resolve() != (folder / "node_modules").resolve():
        if link.is_symlink():
            link.unlink()
        elif link.exists():
            shutil.rmtree(link)
        link.symlink_to(folder / "node_modules")


def _fill(folder: Path) -> None:
    if folder.exists():  # by another set-up, while this one waited
        return
    say("installing the front end's packages (minutes when they have to be downloaded)")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name in PACKAGES:
        shutil.copy(SOURCE / name, part / name)
    yarn("install", "--immutable", folder=part, quiet=True)
    part.rename(folder)


def yarn(*words: str, folder: Path = SOURCE, quiet: bool = False) -> None:
    """JupyterLab's own yarn; with `quiet` its output is shown only when it fails."""
    command = [VENV / "bin" / "jlpm", *words]
    done = subprocess.run(
        command,
        cwd=folder,
        env=_settings(),
        stdout=subprocess.PIPE if quiet else sys.stderr,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.stderr.write(done.stdout or "")
        raise subprocess.CalledProcessError(done.returncode, command)


def node() -> None:
    """Sees that there is a Node.js that is new enough; Debian's, where that may be installed."""
    if _node_version() >= NODE:
        return
    wanted = ".".join(map(str, NODE))
    installed = _candidate("nodejs") >= NODE and environment.apt_install("nodejs")
    if installed and _node_version() >= NODE:
        return
    raise Missing(f"Node.js {wanted} or newer builds them and is not there: install it")


def chromium() -> str:
    """The path of a Chromium; Debian's, where that may be installed."""
    if named := os.environ.get("JUPYTER_KF_CHROMIUM"):
        return named
    wanted = os.environ.get("CI") and shutil.which(HEADLESS) is None
    if wanted and _candidate(HEADLESS) > (0,):  # a person's machine gets no second browser
        environment.apt_install(HEADLESS)
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None and environment.apt_install("chromium"):
        found = shutil.which("chromium")
    if found is None:
        raise Missing("no Chromium: install one, or name it in JUPYTER_KF_CHROMIUM")
    return found


def _node_version() -> tuple[int, ...]:
    program = shutil.which("node")
    if program is None:
        return (0,)
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    return tuple(map(int, re.findall(r"\d+", said)[:2])) or (0,)


def _candidate(package: str) -> tuple[int, ...]:
    """The version of a Debian package that would be installed."""
    if shutil.which("apt-cache") is None:
        return (0,)
    said = subprocess.run(["apt-cache", "policy", package], capture_output=True, text=True).stdout
    found = re.search(r"Candidate: (\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else (0,)


def _settings() -> dict[str, str]:
    """The environment for yarn: this machine's registry, and a cache of ours."""
    settings = {**os.environ, "YARN_GLOBAL_FOLDER": str(CACHE / "yarn")}
    settings["PATH"] = f"{VENV / 'bin'}{os.pathsep}{settings.get('PATH', '')}"
    # Files of packages are linked from there, which takes a third of unpacking them.
    settings.setdefault("YARN_NM_MODE", "hardlinks-global")
    settings.setdefault("JUPYTER_KF_JEST_CACHE", str(CACHE / "jest"))
    # What eslint, prettier and tsc found in files that did not change, with tools that did not.
    tools = CACHE / "tools" / _digest(SOURCE, LOCKED)[:16]
    settings.setdefault("JUPYTER_KF_TOOLS_CACHE", str(tools))
    settings["JUPYTER_KF_PYTHON"] = str(VENV / "bin" / "python")
    npm = shutil.which("npm")
    if npm and "YARN_NPM_REGISTRY_SERVER" not in settings:
        asked = subprocess.run([npm, "config", "get", "registry"], capture_output=True, text=True)
        if asked.stdout.startswith("http"):
            settings["YARN_NPM_REGISTRY_SERVER"] = asked.stdout.strip().rstrip("/")
    return settings


def _digest(folder: Path, names: tuple[str, ...]) -> str:
    """Of the content of these files and folders."""
    found = hashlib.sha256()
    for name in names:
        path = folder / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and ".test." not in file.name:
                found.update(f"{file.relative_to(folder)}\0".encode())
                found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
