"""Builds the panels when a wheel or an editable install is made of a clone; hatch calls it.

What it needs and does not find is said in a sentence with its fix. May import nothing but
the standard library and hatch-jupyter-builder, which calls it from the checkout's root.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatch_jupyter_builder import npm_builder
from hatch_jupyter_builder.utils import is_stale

BUNDLE, SOURCE = Path("jupyter_kf/labextension"), Path("labextension")
BUILT_FROM = ("package.json", "yarn.lock", ".yarnrc.yml", "tsconfig.json", "schema", "style", "src")
NODE = (20, 19)  # what the bundler asks for
WITHOUT = "or install the released package, which has them built: pip install jupyter-kf"


def build(target: str, version: str, **options: Any) -> None:
    """Makes `jupyter_kf/labextension/`, unless it is newer than all that it is made of.

    Args:
        target: ``wheel`` or ``sdist``.
        version: ``standard`` or ``editable``.
        options: of `npm_builder`.
    """
    sources = [SOURCE / name for name in BUILT_FROM]
    built = (BUNDLE / "static" / "style.js").exists()
    if built and not any(is_stale(BUNDLE, source) for source in sources):
        return
    found, wanted = _node(), ".".join(map(str, NODE))
    if found < NODE:
        here = f"there is {'.'.join(map(str, found))}" if found else "there is none"
        raise SystemExit(
            f"jupyter-kf: Node.js {wanted} or newer builds the panels in JupyterLab, and {here}\n"
            f"Cause: {'those built are older than' if built else 'a clone has only'} their source\n"
            f"Fix: install Node.js and try again; {WITHOUT}"
        )
    try:
        npm_builder(target, version, **options)
    except subprocess.CalledProcessError as failed:
        raise SystemExit(
            "jupyter-kf: the panels in JupyterLab could not be built\n"
            f"Cause: `{' '.join(map(str, failed.cmd))}` ended with code {failed.returncode}, and "
            "said why above\n"
            f"Fix: mend that (packages come from the registry that yarn uses); {WITHOUT}"
        ) from None


def _node() -> tuple[int, ...]:
    """Node's version, major and minor; empty when there is none."""
    program = shutil.which("node")
    if program is None:
        return ()
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    return tuple(map(int, re.findall(r"\d+", said)[:2]))
