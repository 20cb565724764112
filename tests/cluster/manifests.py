"""The manifests of `spawner/` as kustomize makes them, in two namespaces of a test's own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import yaml

from tests.cluster import build

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = ROOT / "spawner" / "manifests"


def kustomized(folder: Path) -> str:
    """What kustomize makes of a folder."""
    command = [build.KUBE.binary("kubectl"), "kustomize", folder]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def placed(text: str, hub: str, servers: str) -> list[dict]:
    """The objects with the hub and the servers in these namespaces, without the two namespaces.

    What belongs to no namespace is called after the servers', so that two tests don't meet.
    """
    text = text.replace("jupyter-kf-servers", servers)
    for part in ("free-devices", "user-namespaces", "hub"):
        text = re.sub(rf"^(  name:) jupyter-kf-{part}", rf"\1 {servers}-{part}", text, flags=re.M)
    text = re.sub(r"(namespace|metadata\.name): jupyter-kf$", rf"\1: {hub}", text, flags=re.M)
    text = text.replace("serviceaccount:jupyter-kf:hub", f"serviceaccount:{hub}:hub")
    return [one for one in yaml.safe_load_all(text) if one["kind"] != "Namespace"]
