"""``python tests/frameworks/run.py [torch|tensorflow] [pytest options]``: the two large frameworks.

Each gets an environment of its own, outside the checkout and named by the hash of what is pinned
for it: ``${XDG_CACHE_HOME:-~/.cache}/jupyter-kf/frameworks/<framework>-<hash>``. It is made once.
torch comes as a CPU wheel where pip's own find-links hold one, else as Debian's python3-torch,
else from the registry with the CUDA packages it can't be imported without (5.6 GB);
JUPYTER_KF_TORCH=wheel|debian|registry chooses. Standard library only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FRAMEWORKS = ("torch", "tensorflow")
DEBIAN_PYTHON = Path("/usr/bin/python3")


def main(argv: list[str]) -> int:
    """Makes what is missing, then runs each framework's tests in its environment."""
    chosen = [word for word in argv if word in FRAMEWORKS] or list(FRAMEWORKS)
    options = [word for word in argv if word not in FRAMEWORKS]
    worst = 0
    for framework in chosen:
        python = environment(framework)
        say(f"{framework}: testing with {python}")
        worst = max(worst, run_tests(framework, python, options))
    return worst


def run_tests(framework: str, python: Path, options: list[str]) -> int:
    """pytest in the environment, over the checkout; its exit code."""
    # one thread: two frameworks' pools that spin on shared cores take minutes instead of seconds
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    env |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_NUM_INTRAOP_THREADS": "1"}
    tests = [HERE / f"test_{framework}.py"]
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, tests)]
    return subprocess.run([*command, *options], cwd=ROOT, env=env, check=False).returncode


def environment(framework: str) -> Path:
    """The Python of a framework's environment, made when it is missing."""
    source = torch_source() if framework == "torch" else "registry"
    pinned = HERE / ("torch-debian.txt" if source == "debian" else f"{framework}.txt")
    base = DEBIAN_PYTHON if source == "debian" else Path(sys.executable)
    key = hashlib.sha256(f"{source} {sys.version} {base}\n".encode() + pinned.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "jupyter-kf" / "frameworks" / f"{framework}-{key.hexdigest()[:12]}"
    python = folder / "bin" / "python"
    if (folder / "complete").exists() and _quiet([str(python), "-c", ""]):
        say(f"{framework}: {folder} is there")
        return python
    began_s = time.monotonic()
    if source == "debian":
        install_debian_torch()
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    options = ["--system-site-packages"] if source == "debian" else []
    progress([*uv(), "venv", "-q", "--python", str(base), *options, str(folder)], "environment")
    links = [f"--find-links={place}" for place in find_links()]
    install = [*uv(), "pip", "install", "-q", "--python", str(python), *links]
    progress([*install, "-r", str(pinned)], f"{framework} from {source}")
    if not _imports(python, framework):
        raise SystemExit(f"{framework} was installed from {source} but can't be imported")
    (folder / "complete").touch()
    say(f"{framework}: {folder} made in {time.monotonic() - began_s:.0f} s")
    return python


def torch_source() -> str:
    """ "wheel", "debian" or "registry", in that order of preference."""
    asked = os.environ.get("JUPYTER_KF_TORCH")
    if asked:
        return asked
    if any(list(Path(place).glob("torch-*+cpu*.whl")) for place in find_links()):
        return "wheel"
    if DEBIAN_PYTHON.exists() and (_imports(DEBIAN_PYTHON, "torch") or _apt_offers_torch()):
        return "debian"
    return "registry"


def find_links() -> list[str]:
    """Folders of wheels that this machine's pip looks into."""
    return [place for place in os.environ.get("PIP_FIND_LINKS", "").split() if Path(place).is_dir()]


def install_debian_torch() -> None:
    """python3-torch from the distribution, unless it is there."""
    if _imports(DEBIAN_PYTHON, "torch"):
        return
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if not _quiet(["apt-cache", "show", "python3-torch"]):
        progress(["apt-get", "update", "-q"], "package lists", env)
    progress(
        ["apt-get", "install", "-y", "-q", "--no-install-recommends", "python3-torch"],
        "Debian's python3-torch",
        env,
    )


def _apt_offers_torch() -> bool:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    if not _quiet(["apt-cache", "show", "python3-torch"]):
        _quiet(["apt-get", "update", "-q"])
    return _quiet(["apt-cache", "show", "python3-torch"])


def _imports(python: Path, module: str) -> bool:
    return python.exists() and _quiet([str(python), "-c", f"import {module}"])


def _quiet(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def uv() -> list[str]:
    """uv beside this Python, or on the path."""
    beside = Path(sys.executable).with_name("uv")
    return [str(beside) if beside.exists() else "uv"]


def progress(command: list[str], what: str, env: dict[str, str] | None = None) -> None:
    """Runs a long command with one line that says what and how long; its output only on failure."""
    began_s = time.monotonic()
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        told = 0.0
        lines: list[str] = []
        while process.poll() is None:
            try:
                out, _ = process.communicate(timeout=1)
                lines.append(out)
            except subprocess.TimeoutExpired:
                spent_s = time.monotonic() - began_s
                if spent_s - told >= (1 if sys.stdout.isatty() else 20):
                    told = spent_s
                    end = "\r" if sys.stdout.isatty() else "\n"
                    sys.stdout.write(f"  {what}: {spent_s:.0f} s{end}")
                    sys.stdout.flush()
    say(f"  {what}: {time.monotonic() - began_s:.0f} s")
    if process.returncode:
        sys.stdout.write("".join(lines))
        raise SystemExit(f"{what}: {' '.join(command[:4])} ... ended with {process.returncode}")


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
