"""How does Katib run here: controller, database, suggestions, collection of metrics?

Controller, database manager and MariaDB are processes in the node's sandbox; the suggestion service
and the metrics collector are images of one static binary each, which Katib itself starts as pods.
Definitions and webhooks come from the module that the programs are built from. Upstream's
definitions leave the spec open, since a webhook checks it: `define_kinds` adds a policy, so that
the API server alone refuses what that webhook would.
"""

import json
from pathlib import Path
from typing import Any, Self

import yaml

from tests.cluster import build, images
from tests.cluster.addresses import CLUSTER_DOMAIN, NODE_IP
from tests.cluster.control import ControlPlane, wait_for
from tests.cluster.controllers import READY_TIMEOUT_S, Controller, namespace
from tests.cluster.node import Node
from tests.cluster.objects import DEFINITION, apply, documents, of_kind
from tests.cluster.processes import Process, listens
from tests.ports import free_port

NAMESPACE = "kubeflow"
MANAGER_PORT = 6789
# In namespaces with this label Katib takes Experiments, and puts its collector beside their trials.
INJECTION = {"katib.kubeflow.org/metrics-collector-injection": "enabled"}
# What the one suggestion service knows.
ALGORITHMS = ("random", "tpe", "cmaes", "sobol")
DATABASE = Path("/usr/sbin/mariadbd")
DEFINITIONS = "manifests/v1beta1/components/crd"

# The controller reads its certificates from /tmp/cert and nowhere else. In mounts of its own it has
# another /tmp, and what it needs of the machine's lies in /run. $1: its folder, $2: the programs'.
PRIVATE = """
set -e
mkdir -p /run/katib/own /run/katib/bin
mount --bind "$1" /run/katib/own
mount --bind "$2" /run/katib/bin
mount --bind /run/katib/own/resolv.conf /etc/resolv.conf
mount -t tmpfs tmpfs /tmp
ln -s /run/katib/own/certificates /tmp/cert
exec env KUBECONFIG=/run/katib/own/kubeconfig-katib \
    /run/katib/bin/katib-controller --katib-config=/run/katib/own/config.yaml
"""


class Katib(Controller):
    """Experiments get suggestions, trials and metrics, all on `node`.

    Attributes:
        database: MariaDB without accounts, on the sandbox's loopback.
        manager: stands between the database and all others.
    """

    name = "katib"
    upstream = build.KATIB
    host = NODE_IP
    definitions = (DEFINITIONS,)
    webhooks = "manifests/v1beta1/components/webhook/webhooks.yaml"

    def __init__(self, node: Node) -> None:
        super().__init__(node.plane)
        self.node = node
        self.certificates = self.folder / "certificates"
        self.database_port = free_port()
        self.database = self._inside("katib-database", self._database())
        self.manager = self._inside("katib-db-manager", self._manager())

    def start(self) -> Self:
        """The manager first looks for the database after five seconds: both start before all else.

        Raises:
            ProcessFailed: one ended or the time is over; with the end of its log.
            BinariesMissing: with what to do.
        """
        (self.folder / "database").mkdir(parents=True)
        (self.folder / "database.sql").write_text("CREATE DATABASE katib;\n")
        self.database.start()
        self.manager.start()
        self.node.import_image(images.goptuna())
        self.node.import_image(images.metrics_collector())
        super().start()
        self.manager.wait_until(
            lambda: listens(MANAGER_PORT, NODE_IP), READY_TIMEOUT_S, "connected to the database"
        )
        return self

    def adopt(self, namespace: str) -> None:
        """From now on Experiments run in this namespace: it has the label, and Katib has seen it.

        Raises:
            TimeoutError: Katib had not noticed in half a minute.
        """
        path = f"/api/v1/namespaces/{namespace}"
        label = json.dumps({"metadata": {"labels": INJECTION}}).encode()
        self.plane.request("PATCH", path, label, "application/merge-patch+json")
        # Katib looks at the namespace before it finds fault with the template.
        faulty = {
            "objective": {"type": "maximize", "objectiveMetricName": "auc"},
            "algorithm": {"algorithmName": ALGORITHMS[0]},
            "trialTemplate": {},
        }
        wait_for(
            lambda: "spec.trialTemplate" in refusal(self.plane, namespace, faulty),
            30,
            f"seen by Katib: namespace {namespace}",
        )

    def _definitions(self) -> list[dict[str, Any]]:
        """The manager is found by a Service, as in an installation, but is no pod."""
        settings = yaml.safe_dump(self._settings())
        config: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "katib-config", "namespace": NAMESPACE},
            "data": {"katib-config.yaml": settings},
        }
        return [*super()._definitions(), namespace(NAMESPACE), config, *MANAGER_SERVICE]

    def _settings(self) -> dict[str, Any]:
        """Readiness is asked every second: upstream's ten would be most of a test's time."""
        probe = {"grpc": {"port": 6789, "service": "manager.v1beta1.Suggestion"}}
        suggestion = {
            "image": images.GOPTUNA_NAME,
            "imagePullPolicy": "Never",
            "readinessProbe": {**probe, "periodSeconds": 1},
        }
        collector = {"image": images.COLLECTOR_NAME, "imagePullPolicy": "Never"}
        return {
            "apiVersion": "config.kubeflow.org/v1beta1",
            "kind": "KatibConfig",
            "init": {
                "controller": {
                    "webhookPort": self.webhook_port,
                    "healthzAddr": f"{self.host}:{self.health_port}",
                    "metricsAddr": "0",
                    "trialResources": ["Job.v1.batch"],
                }
            },
            "runtime": {
                "suggestions": [{"algorithmName": name, **suggestion} for name in ALGORITHMS],
                "metricsCollectors": [{"kind": kind, **collector} for kind in ("StdOut", "File")],
            },
        }

    def _process(self) -> Process:
        self._config(self._settings())
        self.plane.authority.kubeconfig(
            self.folder / "kubeconfig-katib", self.node.server, "katib", ["system:masters"]
        )
        names = f"nameserver {NODE_IP}\nsearch svc.{CLUSTER_DOMAIN}\noptions ndots:5\n"
        (self.folder / "resolv.conf").write_text(names)
        programs = self.upstream.binary("katib-controller").parent
        private = ["unshare", "--mount", "--propagation", "private"]
        shell = ["/bin/sh", "-c", PRIVATE, "sh", self.folder, programs]
        return self._inside(self.name, [*private, *shell])

    def _database(self) -> list[str | Path]:
        """Nothing is synced and nobody asked for a password: its data end with the cluster."""
        return [
            DATABASE,
            "--no-defaults",
            "--user=root",
            f"--datadir={self.folder / 'database'}",
            f"--tmpdir={self.folder}",
            f"--init-file={self.folder / 'database.sql'}",
            f"--socket={self.folder / 'database.sock'}",
            f"--pid-file={self.folder / 'database.pid'}",
            "--bind-address=127.0.0.1",
            f"--port={self.database_port}",
            "--skip-grant-tables",
            "--skip-log-bin",
            "--performance-schema=OFF",
            "--innodb-buffer-pool-size=8M",
            "--innodb-log-file-size=4M",
            "--innodb-flush-log-at-trx-commit=0",
        ]

    def _manager(self) -> list[str | Path]:
        where = {
            "DB_NAME": "mysql",
            "KATIB_MYSQL_DB_HOST": "127.0.0.1",
            "KATIB_MYSQL_DB_PORT": str(self.database_port),
        }
        return [
            "env",
            *(f"{name}={value}" for name, value in where.items()),
            self.upstream.binary("katib-db-manager"),
            f"--listen-address={NODE_IP}:{MANAGER_PORT}",
        ]

    def _inside(self, name: str, argv: list[str | Path]) -> Process:
        return Process(self.plane.state, name, self.node.sandbox.inside(argv), forks=True)


MANAGER_SERVICE: tuple[dict[str, Any], ...] = (
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "katib-db-manager", "namespace": NAMESPACE},
        "spec": {"ports": [{"name": "api", "port": MANAGER_PORT}]},
    },
    {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "katib-db-manager",
            "namespace": NAMESPACE,
            "labels": {"kubernetes.io/service-name": "katib-db-manager"},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [NODE_IP], "conditions": {"ready": True}}],
        "ports": [{"name": "api", "port": MANAGER_PORT}],
    },
)


def define_kinds(plane: ControlPlane) -> None:
    """Experiment, Trial and Suggestion exist and an Experiment is checked; nothing acts on them.

    Raises:
        TimeoutError: the API server did not obey the policy in half a minute.
    """
    apply(plane, of_kind(DEFINITION, documents(build.KATIB.manifest(DEFINITIONS))))
    apply(plane, [_policy(), BINDING])
    wait_for(lambda: POLICY in refusal(plane, "default", {}), 60, "refused by the policy")


def refusal(plane: ControlPlane, namespace: str, spec: dict[str, Any]) -> str:
    """Why an Experiment would not be taken; empty if it would. None is made."""
    body = {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Experiment",
        "metadata": {"name": "testbed-probe"},
        "spec": spec,
    }
    path = f"/apis/kubeflow.org/v1beta1/namespaces/{namespace}/experiments?dryRun=All"
    try:
        plane.request("POST", path, json.dumps(body).encode(), "application/json")
    except RuntimeError as error:
        return str(error)
    return ""


POLICY = "experiments.testbed"
# Katib's webhook refuses each of these too, and more: what only it can know is not here.
CHECKS = {
    "spec.objective.type must be minimize or maximize": (
        "has(object.spec.objective) && has(object.spec.objective.type)"
        " && object.spec.objective.type in ['minimize', 'maximize']"
    ),
    "spec.objective.objectiveMetricName must be specified": (
        "has(object.spec.objective) && has(object.spec.objective.objectiveMetricName)"
        " && object.spec.objective.objectiveMetricName != ''"
    ),
    "spec.algorithm.algorithmName must be specified": (
        "has(object.spec.algorithm) && has(object.spec.algorithm.algorithmName)"
        " && object.spec.algorithm.algorithmName != ''"
    ),
    "spec.maxTrialCount and spec.parallelTrialCount must be greater than 0": (
        "(!has(object.spec.maxTrialCount) || object.spec.maxTrialCount > 0)"
        " && (!has(object.spec.parallelTrialCount) || object.spec.parallelTrialCount > 0)"
    ),
    "spec.parameters[].parameterType must be double, int, discrete or categorical": (
        "!has(object.spec.parameters) || object.spec.parameters.all(one,"
        " has(one.parameterType) && has(one.feasibleSpace)"
        " && one.parameterType in ['double', 'int', 'discrete', 'categorical'])"
    ),
    "spec.trialTemplate must be specified": "has(object.spec.trialTemplate)",
}


def _policy() -> dict[str, Any]:
    rule = {
        "apiGroups": ["kubeflow.org"],
        "apiVersions": ["v1beta1"],
        "resources": ["experiments"],
        "operations": ["CREATE", "UPDATE"],
    }
    checks = [
        {"expression": f"has(object.spec) && ({expression})", "message": message}
        for message, expression in CHECKS.items()
    ]
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": POLICY},
        "spec": {"matchConstraints": {"resourceRules": [rule]}, "validations": checks},
    }


BINDING: dict[str, Any] = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicyBinding",
    "metadata": {"name": POLICY},
    "spec": {"policyName": POLICY, "validationActions": ["Deny"]},
}
