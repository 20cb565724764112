"""What does a test ask for? `control_plane`, `namespace`, `node`, and what stands on them.

Whatever is session-wide hangs on one `Bed` in pytest's config, not on fixture scope, so that
several rooms may import these fixtures and still share one cluster. Each part starts when the
first test asks for it. conftest.py of a room that needs a cluster imports the names it uses.
"""

import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar, cast

import pytest

from tests.cluster import build, images, instances, provider
from tests.cluster import registry as registry_program
from tests.cluster.control import ControlPlane, api_client, wait_for
from tests.cluster.controllers import JobSet, KServe, Trainer
from tests.cluster.katib import DATABASE, Katib, define_kinds
from tests.cluster.kwok import Kwok
from tests.cluster.node import Node
from tests.cluster.processes import Process
from tests.cluster.proxy import ApiProxy

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

T = TypeVar("T")


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
    """Everything one pytest run has started; ended when pytest ends.

    What failed to start fails again at once, with the same words, for every test that asks.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._started: dict[str, Any] = {}
        self._failed: dict[str, Exception] = {}

    def cluster(self) -> Cluster:
        chosen = provider.choose()
        if isinstance(chosen, provider.Given):
            return GivenCluster(chosen.kubeconfig)
        return self.plane()

    def plane(self) -> ControlPlane:
        """The test bed's own control plane, for tests that stop and start its programs."""
        if missing := provider.control_tier_missing():
            unavailable(missing.why)

        def start() -> ControlPlane:
            state = instances.create()
            self._config.add_cleanup(lambda: instances.end(state))
            return ControlPlane(state).start()

        return self._once("plane", start)

    def node(self) -> Node:
        plane = self.plane()
        self.check_node_tier()
        return self._once("node", lambda: Node(plane).start())

    @property
    def has_node(self) -> bool:
        return "node" in self._started

    @staticmethod
    def check_node_tier() -> None:
        """Skips or fails where nodes can't run."""
        if missing := provider.control_tier_missing() or provider.node_tier_missing():
            unavailable(missing.why)

    def kwok(self) -> Kwok:
        plane = self.plane()
        self._need(build.KWOK)
        return self._once("kwok", lambda: Kwok(plane).start())

    def trainer(self) -> Trainer:
        plane = self.plane()
        self._need(build.JOBSET, build.TRAINER)
        self._once("jobset", lambda: JobSet(plane).start())
        return self._once("trainer", lambda: Trainer(plane).start())

    def kserve(self) -> KServe:
        node = self.node()
        self._need(build.KSERVE)
        return self._once("kserve", lambda: KServe(node).start())

    def katib(self) -> Katib:
        node = self.node()
        self._need(build.KATIB)
        if not DATABASE.exists():
            unavailable(f"{DATABASE} not installed: run `make cluster-setup`")
        return self._once("katib", lambda: Katib(node).start())

    def katib_kinds(self) -> None:
        plane = self.plane()
        self._need(build.KATIB)
        self._once("katib-kinds", lambda: define_kinds(plane))

    def registry(self) -> None:
        node = self.node()

        def start() -> Process:
            program = [sys.executable, "-I", registry_program.__file__]
            one = Process(
                node.plane.state, "registry", node.sandbox.inside(program), forks=True
            ).start()
            one.wait_until(lambda: registry_program.UP in one.tail(), 60, "listening")
            return one

        self._once("registry", start)

    def python_image(self) -> str:
        node = self.node()

        def start() -> str:
            node.import_image(images.base())
            return images.BASE_NAME

        return self._once("python", start)

    def _once(self, name: str, start: Callable[[], T]) -> T:
        if name in self._failed:
            raise self._failed[name]
        if name not in self._started:
            try:
                self._started[name] = start()
            except Exception as error:
                self._failed[name] = error
                raise
        return cast(T, self._started[name])

    @staticmethod
    def _need(*upstreams: build.Upstream) -> None:
        if missing := provider.not_built(*upstreams):
            unavailable(missing.why)


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
def trainer(bed: Bed) -> Trainer:
    """Trainer and JobSet; TrainJobs run on `node`, and stay pending without one."""
    return bed.trainer()


@pytest.fixture
def kserve(bed: Bed) -> KServe:
    """KServe in standard mode, on `node`."""
    return bed.kserve()


@pytest.fixture
def katib(bed: Bed) -> Katib:
    """Katib on `node`: Experiments run in namespaces given to `katib.adopt`."""
    return bed.katib()


@pytest.fixture
def katib_kinds(bed: Bed) -> None:
    """Katib's kinds, checked by the API server; nothing acts on them unless `katib` runs too."""
    bed.katib_kinds()


@pytest.fixture
def python_image(bed: Bed) -> str:
    """Name of an image with Debian and Python that the node has."""
    return bed.python_image()


@pytest.fixture
def registry(bed: Bed) -> None:
    """A registry beside the node's containerd that has no image and wants a password for some."""
    bed.registry()


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

    wait_for(has_account, 60, f"a default service account in {name}")
    yield name
    core.delete_namespace(name)


__all__ = [
    "api",
    "api_proxy",
    "bed",
    "cluster",
    "control_plane",
    "katib",
    "katib_kinds",
    "kserve",
    "kwok",
    "namespace",
    "node",
    "python_image",
    "registry",
    "trainer",
]
