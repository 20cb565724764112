"""How do Kubeflow's controllers run beside the API server, without an installation?

As processes: Trainer and JobSet on the loopback, KServe in the node's sandbox, since it listens on
all addresses it finds. Definitions and webhooks come from the very modules the programs are built
from; each webhook is turned from a Service into the URL of the process, with a certificate of the
test bed's authority. Each controller starts when the first test asks for it. Katib, which is more
than a controller, is in katib.py.
"""

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Self

import yaml

from tests.cluster import build
from tests.cluster.addresses import NODE_IP
from tests.cluster.control import ControlPlane
from tests.cluster.node import Node
from tests.cluster.objects import DEFINITION, apply, documents, of_kind
from tests.cluster.processes import Process, listens
from tests.ports import free_port

READY_TIMEOUT_S = 120.0
KSERVE_NAMESPACE = "kserve"


class Controller(ABC):
    """What they have in common: a folder with certificates, ports, a process.

    Attributes:
        process: the program; a test may kill and start it.
    """

    name = ""
    upstream = build.JOBSET
    host = "127.0.0.1"
    definitions: tuple[str, ...] = ()
    webhooks = ""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self.folder = plane.state / self.name
        self.certificates = self.folder / "k8s-webhook-server" / "serving-certs"
        self.webhook_port = free_port()
        self.health_port = free_port()

    def start(self) -> Self:
        """Define its kinds, start it, point the API server to its webhooks.

        Raises:
            ProcessFailed: it ended or the time is over; with the end of its log.
            BinariesMissing: with what to do.
        """
        self._write_certificates()
        apply(self.plane, self._definitions())
        self.process = self._process().start()
        self.process.wait_until(self._listens, READY_TIMEOUT_S, "listening")
        apply(self.plane, self._webhooks())
        return self

    def _listens(self) -> bool:
        return listens(self.webhook_port, self.host) and listens(self.health_port, self.host)

    def _definitions(self) -> list[dict[str, Any]]:
        folders = [self.upstream.manifest(part) for part in self.definitions]
        return of_kind(DEFINITION, [one for folder in folders for one in documents(folder)])

    def _webhooks(self) -> list[dict[str, Any]]:
        """Kustomize would have given these names a prefix; the test bed's is the controller's."""
        found = []
        for document in documents(self.upstream.manifest(self.webhooks)):
            if not document["kind"].endswith("WebhookConfiguration"):
                continue
            document["metadata"] = {"name": f"{self.name}-{document['metadata']['name']}"}
            for webhook in document["webhooks"]:
                path = webhook["clientConfig"]["service"]["path"]
                webhook["clientConfig"] = self._client_config(path)
            found.append(document)
        return found

    def _client_config(self, path: str) -> dict[str, str]:
        url = f"https://{self.host}:{self.webhook_port}{path}"
        return {"url": url, "caBundle": self.plane.authority.base64}

    def _write_certificates(self) -> None:
        """Where controller-runtime looks when TMPDIR is the controller's folder."""
        self.certificates.mkdir(parents=True)
        issued = self.plane.authority.issue(f"{self.name}-webhook", self.name, hosts=[self.host])
        for path, name in zip(issued, ("tls.crt", "tls.key"), strict=True):
            (self.certificates / name).write_bytes(path.read_bytes())

    def _config(self, content: dict[str, Any]) -> Path:
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(content))
        return path

    def _command(self, binary: str, kubeconfig: Path, **more: str) -> list[str | Path]:
        settings = {"TMPDIR": str(self.folder), "KUBECONFIG": str(kubeconfig), **more}
        return [
            "env",
            *(f"{name}={value}" for name, value in settings.items()),
            self.upstream.binary(binary),
        ]

    @abstractmethod
    def _process(self) -> Process:
        """The program, not started yet."""


class JobSet(Controller):
    """JobSet: several Jobs as one, with names under which their pods find each other."""

    name = "jobset"
    upstream = build.JOBSET
    definitions = ("config/components/crd/bases",)
    webhooks = "config/components/webhook/manifests.yaml"

    def _process(self) -> Process:
        config = self._config(
            {
                "apiVersion": "config.jobset.x-k8s.io/v1alpha1",
                "kind": "Configuration",
                "leaderElection": {"leaderElect": False},
                "internalCertManagement": {"enable": False},
                "webhook": {"host": self.host, "port": self.webhook_port},
                "health": {"healthProbeBindAddress": f"{self.host}:{self.health_port}"},
                "metrics": {"bindAddress": "0"},
            }
        )
        command = self._command("jobset", self.plane.kubeconfig)
        return Process(self.plane.state, self.name, [*command, f"--config={config}"])


class Trainer(Controller):
    """Trainer: TrainJob, TrainingRuntime, ClusterTrainingRuntime; needs JobSet."""

    name = "trainer"
    upstream = build.TRAINER
    definitions = ("manifests/base/crds",)
    webhooks = "manifests/base/webhook/manifests.yaml"

    def start(self) -> Self:
        super().start()
        runtimes = documents(self.upstream.manifest("manifests/base/runtimes"), deep=False)
        apply(self.plane, of_kind("ClusterTrainingRuntime", runtimes))
        return self

    def _process(self) -> Process:
        config = self._config(
            {
                "apiVersion": "config.trainer.kubeflow.org/v1alpha1",
                "kind": "Configuration",
                "leaderElection": {"leaderElect": False},
                "certManagement": {"enable": False},
                "webhook": {"host": self.host, "port": self.webhook_port},
                "health": {"healthProbeBindAddress": f"{self.host}:{self.health_port}"},
                "metrics": {"bindAddress": "0"},
            }
        )
        command = self._command("trainer-controller-manager", self.plane.kubeconfig)
        return Process(self.plane.state, self.name, [*command, f"--config={config}"])


class KServe(Controller):
    """KServe in standard mode: an InferenceService becomes a Deployment and a Service."""

    name = "kserve"
    upstream = build.KSERVE
    host = NODE_IP
    definitions = ("config/crd/full",)
    webhooks = "config/webhook/manifests.yaml"

    def __init__(self, node: Node) -> None:
        super().__init__(node.plane)
        self.node = node

    def _definitions(self) -> list[dict[str, Any]]:
        """LLM and local-model kinds need controllers of their own, which are not built here."""
        found = documents(self.upstream.manifest("config/crd/full"), deep=False)
        found += documents(self.upstream.manifest("config/crd/full/clusterstoragecontainer"))
        kinds = of_kind(DEFINITION, found)
        settings = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "inferenceservice-config", "namespace": KSERVE_NAMESPACE},
            "data": {name: json.dumps(value) for name, value in KSERVE_SETTINGS.items()},
        }
        return [*kinds, namespace(KSERVE_NAMESPACE), settings]

    def _process(self) -> Process:
        client = self.plane.authority.kubeconfig(
            self.folder / "kubeconfig-kserve", self.node.server, "kserve", ["system:masters"]
        )
        command = [
            *self._command("kserve-manager", client, POD_NAMESPACE=KSERVE_NAMESPACE),
            f"--webhook-port={self.webhook_port}",
            f"--health-probe-addr={self.host}:{self.health_port}",
            "--metrics-addr=0",
        ]
        inside = self.node.sandbox.inside(command)
        return Process(self.plane.state, self.name, inside, forks=True)


NO_IMAGE = "localhost/none:1"
SMALL = {"memoryRequest": "50Mi", "memoryLimit": "500Mi", "cpuRequest": "10m", "cpuLimit": "1"}
# No ingress, no Knative: pods and Services alone, and a claim mounted as it is.
KSERVE_SETTINGS: dict[str, Any] = {
    "deploy": {"defaultDeploymentMode": "Standard"},
    "ingress": {
        "ingressGateway": "kserve/kserve-ingress-gateway",
        "kserveIngressGateway": "kserve/kserve-ingress-gateway",
        "ingressDomain": "example.com",
        "ingressClassName": "none",
        "urlScheme": "http",
        "disableIstioVirtualHost": True,
        "disableIngressCreation": True,
    },
    "storageInitializer": {"image": NO_IMAGE, **SMALL, "enableDirectPvcVolumeMount": True},
    "inferenceService": {"resource": SMALL},
    "credentials": {"storageSpecSecretName": "storage-config"},
    "logger": {"image": NO_IMAGE, **SMALL, "defaultUrl": "http://default-broker"},
    "batcher": {"image": NO_IMAGE, **SMALL},
    "agent": {"image": NO_IMAGE, **SMALL},
    "router": {"image": NO_IMAGE, **SMALL},
    "metricsAggregator": {
        "enableMetricAggregation": "false",
        "enablePrometheusScraping": "false",
    },
}


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
