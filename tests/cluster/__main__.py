"""`python -m tests.cluster VERB`: the test bed for people and for CI; `make cluster` uses it."""

import argparse
import sys
from pathlib import Path

from tests.cluster import build, instances, provider


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("build", help="build the binaries that the cache lacks")
    verbs.add_parser("up", help="start a cluster and print its KUBECONFIG")
    verbs.add_parser("down", help="end what `up` started and what killed runs left")
    verbs.add_parser("status", help="list the clusters of this machine")
    verbs.add_parser("guard", help="(internal) end a cluster when its owner dies").add_argument(
        "state", type=Path
    )
    said = parser.parse_args(argv)
    if said.verb == "guard":
        instances.guard(said.state)
        return 0
    return {"build": _build, "up": _up, "down": _down, "status": _status}[said.verb]()


def _build() -> int:
    for upstream in build.UPSTREAMS:
        build.build(upstream)
    return 0


def _up() -> int:
    from tests.cluster.control import ControlPlane
    from tests.cluster.node import Node

    state = instances.create(kept=True)
    try:
        plane = ControlPlane(state).start()
        build.say("control tier is ready")
        missing = provider.node_tier_missing()
        if missing is None:
            Node(plane).start()
            build.say("node tier is ready")
        else:
            build.say(f"no node tier: {missing.why}")
    except BaseException:
        instances.end(state)
        raise
    print(f"export KUBECONFIG={plane.kubeconfig}")
    return 0


def _down() -> int:
    for state in [*instances.sweep(), *instances.kept()]:
        instances.end(state)
        build.say(f"ended {state.name}")
    return 0


def _status() -> int:
    for state in instances.running():
        print(state)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
