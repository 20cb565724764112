"""`python -m tests.cluster VERB`: the test bed for people and for CI; `make cluster` uses it.

`up` leaves a cluster running until `down`; tests that are given its KUBECONFIG use it as it is.
"""

import argparse
import sys
from pathlib import Path

from tests.cluster import build, images, instances, setup


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("setup", help="packages, binaries and images, as far as they are missing")
    verbs.add_parser("build", help="the binaries alone; needs no root")
    verbs.add_parser("up", help="start a cluster, wait until it is ready, print its KUBECONFIG")
    verbs.add_parser("down", help="end what `up` started and what killed runs left")
    verbs.add_parser("status", help="list the clusters of this machine")
    internal = verbs.add_parser("guard", help="(internal) end a cluster when its owner dies")
    internal.add_argument("state", type=Path)
    said = parser.parse_args(argv)
    if said.verb == "guard":
        instances.guard(said.state)
        return 0
    try:
        VERBS[said.verb]()
    except (build.BinariesMissing, images.ImageFailed, setup.SetupFailed) as error:
        build.say(f"failed: {error}")
        return 1
    return 0


def _build() -> None:
    for upstream in build.UPSTREAMS:
        build.build(upstream)


def _up() -> None:
    from tests.cluster import provider
    from tests.cluster.control import ControlPlane
    from tests.cluster.node import Node

    state = instances.create(kept=True)
    try:
        plane = ControlPlane(state).start()
        build.say("control tier is ready")
        missing = provider.node_tier_missing()
        if missing is None:
            node = Node(plane).start()
            node.import_image(images.base())
            build.say(f"node tier is ready; it has the image {images.BASE_NAME}")
        else:
            build.say(f"no node tier: {missing.why}")
    except BaseException:
        instances.end(state)
        raise
    print(f"export KUBECONFIG={plane.kubeconfig}")
    print(f"export PATH={build.KUBE.binary('kubectl').parent}:$PATH")


def _down() -> None:
    ended = instances.sweep()
    for state in instances.kept():
        instances.end(state)
        ended.append(state)
    build.say(f"ended {len(ended)} cluster(s)")


def _status() -> None:
    for state in instances.running():
        kept = "until `down`" if state in instances.kept() else "of a running process"
        print(f"{state} ({kept})")


VERBS = {
    "setup": setup.everything,
    "build": _build,
    "up": _up,
    "down": _down,
    "status": _status,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
