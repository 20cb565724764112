"""What does a test ask for? `control_plane`, `namespace`, `node`, and what stands on them.

Whatever is session-wide hangs on one `Bed` in pytest's config, not on fixture scope, so that
several rooms may import these fixtures and still share one cluster. Each part starts when the
first test asks for it. conftest.py of a room that needs a cluster imports the names it uses.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

import pytest

from tests.cluster import build, images, instances, provider
from tests.cluster.control import ControlPlane, api_client, wait_for
from tests.cluster.kwok import Kwok
from tests.cluster.node import Node
from tests.cluster.proxy import ApiProxy

if TYPE_CHECKING:
    from kubernetes.client import ApiClient


class Cluster(Protocol):
    """What every provider gives: a kubeconfig with full rights and a client for it."""

    @property
    def kubeconfig(self) -> Path: ...

    def api_client(self) -> "ApiClient": ...


@dataclass(frozen=True)
class GivenCluster:
    """A cluster named by the environment."""

    kubeconfig: Path

    def api_client(self) -> "ApiClient":
        return api_client(self.kubeconfig)


class Bed:
    """Everything one pytest run has started; ended when pytest ends."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._plane: ControlPlane | None = None
        self._node: Node | None = None
        self._kwok: Kwok | None = None
        self._python: str | None = None

    def cluster(self) -> Cluster:
        chosen = provider.choose()
        if isinstance(chosen, provider.Given):
            return GivenCluster(chosen.kubeconfig)
        return self.plane()

    def plane(self) -> ControlPlane:
        """The test bed's own control plane, for tests that stop and start its programs."""
        chosen = provider.choose()
        if isinstance(chosen, provider.Missing):
            unavailable(chosen.why)
        if self._plane is None:
            state = instances.create()
            self._config.add_cleanup(lambda: instances.end(state))
            self._plane = ControlPlane(state).start()
        return self._plane

    def node(self) -> Node:
        plane = self.plane()
        if missing := provider.node_tier_missing():
            unavailable(missing.why)
        if self._node is None:
            self._node = Node(plane).start()
        return self._node

    def kwok(self) -> Kwok:
        plane = self.plane()
        if build.KWOK.missing():
            unavailable(f"kwok not in the cache: {build.HOW}")
        if self._kwok is None:
            self._kwok = Kwok(plane).start()
        return self._kwok

    def python_image(self) -> str:
        node = self.node()
        if self._python is None:
            node.import_image(images.base())
            self._python = images.BASE_NAME
        return self._python


BED = pytest.StashKey[Bed]()


def unavailable(why: str) -> NoReturn:
    """Skip, or fail where clusters are required."""
    if provider.required():
        pytest.fail(f"{provider.REQUIRE} is set, but: {why}", pytrace=False)
    pytest.skip(f"no Kubernetes for this test: {why}")


@pytest.fixture
def bed(request: pytest.FixtureRequest) -> Bed:
    stash = request.config.stash
    if BED not in stash:
        stash[BED] = Bed(request.config)
    return stash[BED]


@pytest.fixture
def cluster(bed: Bed) -> Cluster:
    """Any Kubernetes: the named one or the test bed's."""
    return bed.cluster()


@pytest.fixture
def control_plane(bed: Bed) -> ControlPlane:
    """The test bed's own API server, whose programs a test may stop and start."""
    return bed.plane()


@pytest.fixture
def node(bed: Bed) -> Node:
    """A node of the test bed's own cluster, on which pods really run."""
    return bed.node()


@pytest.fixture
def kwok(bed: Bed) -> Kwok:
    """The kwok controller: thousands of nodes and pods without containers."""
    return bed.kwok()


@pytest.fixture
def python_image(bed: Bed) -> str:
    """Name of an image with Debian and Python that the node has."""
    return bed.python_image()


@pytest.fixture
def api_proxy(control_plane: ControlPlane, tmp_path: Path) -> Iterator[ApiProxy]:
    """A way to the API server on which a test puts delays, errors and cuts."""
    with ApiProxy(control_plane, tmp_path) as proxy:
        yield proxy


@pytest.fixture
def api(cluster: Cluster) -> Iterator["ApiClient"]:
    """A client with full rights; `kubernetes.client.CoreV1Api(api)` and so on."""
    with cluster.api_client() as client:
        yield client


@pytest.fixture
def namespace(api: "ApiClient") -> Iterator[str]:
    """A fresh namespace in which pods can be made; deleted, without waiting, after the test."""
    from kubernetes.client import CoreV1Api, V1Namespace, V1ObjectMeta
    from kubernetes.client.exceptions import ApiException

    core = CoreV1Api(api)
    name = f"t-{secrets.token_hex(4)}"
    core.create_namespace(V1Namespace(metadata=V1ObjectMeta(name=name)))

    def has_account() -> bool:
        try:
            core.read_namespaced_service_account("default", name)
        except ApiException as error:
            if error.status != 404:
                raise
            return False
        return True

    wait_for(has_account, 30, f"a default service account in {name}")
    yield name
    core.delete_namespace(name)


__all__ = [
    "api",
    "api_proxy",
    "bed",
    "cluster",
    "control_plane",
    "kwok",
    "namespace",
    "node",
    "python_image",
]
