"""How do pods really run?

containerd, kubelet, kube-proxy and CoreDNS, in one sandbox, beside any control plane of this
package: the API server stays on the loopback, and a forwarder on the bridge brings the node to it.
Needs root and the Debian packages of setup.py; images come from images.py, never from a registry.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from tests.cluster import build
from tests.cluster.addresses import (
    CLUSTER_DOMAIN,
    HOST_IP,
    NODE_IP,
    POD_CIDR,
    POD_RANGE,
)
from tests.cluster.control import ControlPlane, wait_for
from tests.cluster.processes import Process, listens
from tests.cluster.sandbox import BRIDGE, Sandbox

NAME = "testbed-node"
PAUSE_IMAGE = "localhost/pause:1"
CNI_PLUGINS = Path("/usr/lib/cni")
PROGRAMS = ("containerd", "ctr", "runc", "iptables", "ip", "conntrack", "nsenter", "socat")
READY_TIMEOUT_S = 120.0


def missing_programs() -> list[str]:
    """Programs of this tier that are not installed."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    return missing if (CNI_PLUGINS / "bridge").exists() else [*missing, "CNI plugins"]


class Node:
    """One node, from `start` until the cluster's end.

    Attributes:
        name: of the Node object.
        kubelet: a test may kill and start it; containers go on meanwhile.
        sandbox: the namespaces it lives in.
    """

    name = NAME

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self.folder = plane.state / "node"
        self.folder.mkdir()
        self.sandbox = Sandbox(plane.state)
        self.server = f"https://{HOST_IP}:{plane.port}"
        self._socket = self.folder / "containerd.sock"

    def start(self) -> "Node":
        """Start, import the pause image and wait until the node is Ready.

        Raises:
            ProcessFailed: a program ended or the time is over; with the end of its log.
            BinariesMissing: with what to do.
        """
        from tests.cluster import images

        pause = images.pause()
        self.sandbox.start()
        self.forwarder = self._forwarder().start()
        self.containerd = self._inside("containerd", self._containerd()).start()
        self.containerd.wait_until(self._containerd_answers, READY_TIMEOUT_S, "answering")
        self.import_image(pause)
        self.kubelet = self._inside("kubelet", self._kubelet()).start()
        self.proxy = self._inside("kube-proxy", self._proxy()).start()
        self.dns = self._inside("coredns", self._coredns()).start()
        self.wait_ready()
        self.dns.wait_until(lambda: listens(53, NODE_IP), READY_TIMEOUT_S, "listening")
        return self

    def import_image(self, archive: Path) -> None:
        """Make an OCI archive's image known to the node, under the name the archive gives."""
        self._ctr("images", "import", archive)

    def remove_image(self, name: str) -> None:
        self._ctr("images", "remove", name)

    def images(self) -> list[str]:
        return self._ctr("images", "list", "--quiet").split()

    def ready(self) -> bool:
        """What the Node object says; false while it does not exist."""
        status = self.plane.read(f"/api/v1/nodes/{NAME}").get("status") or {}
        return any(
            found["type"] == "Ready" and found["status"] == "True"
            for found in status.get("conditions") or []
        )

    def wait_ready(self) -> None:
        self.kubelet.wait_until(self.ready, READY_TIMEOUT_S, "ready")

    def wait_not_ready(self) -> None:
        wait_for(lambda: not self.ready(), 60, f"{NAME} seen as not ready")

    def _ctr(self, *arguments: str | Path) -> str:
        return self.sandbox.run(["ctr", "--address", self._socket, "-n", "k8s.io", *arguments])

    def _containerd_answers(self) -> bool:
        try:
            self._ctr("version")
        except RuntimeError:
            return False
        return True

    def _inside(self, name: str, argv: list[str | Path]) -> Process:
        return Process(self.plane.state, name, self.sandbox.inside(argv), forks=True)

    def _write(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.write_text(content)
        return path

    def _forwarder(self) -> Process:
        """The API server listens on the loopback alone; this is its door on the bridge."""
        listen = f"TCP-LISTEN:{self.plane.port},bind={HOST_IP},reuseaddr,fork"
        to = f"TCP:127.0.0.1:{self.plane.port}"
        return Process(self.plane.state, "forwarder", ["socat", listen, to])

    def _containerd(self) -> list[str | Path]:
        network = self.folder / "cni"
        network.mkdir()
        (network / "bridge.conflist").write_text(json.dumps(_network(self.folder)))
        config = self._write(
            "containerd.toml",
            CONTAINERD.format(
                folder=self.folder,
                socket=self._socket,
                pause=PAUSE_IMAGE,
                plugins=CNI_PLUGINS,
                network=network,
            ),
        )
        return ["containerd", "--config", config]

    def _kubelet(self) -> list[str | Path]:
        authority = self.plane.authority
        certificate, key = authority.issue("kubelet-server", NAME, hosts=[NODE_IP, NAME])
        client = authority.kubeconfig(
            self.folder / "kubeconfig-kubelet",
            self.server,
            f"system:node:{NAME}",
            ["system:nodes"],
        )
        names = self._write("resolv.conf", f"nameserver {NODE_IP}\n")
        settings = {
            **KUBELET,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(authority.certificate_path)},
            },
            "tlsCertFile": str(certificate),
            "tlsPrivateKeyFile": str(key),
            "cgroupRoot": f"/{self.sandbox.cgroup}",
            "resolvConf": str(names),
            "containerRuntimeEndpoint": f"unix://{self._socket}",
            "podLogsDir": str(self.folder / "pod-logs"),
        }
        config = self._write("kubelet.yaml", yaml.safe_dump(settings))
        return [
            build.KUBE.binary("kubelet"),
            f"--config={config}",
            f"--kubeconfig={client}",
            f"--root-dir={self.folder / 'kubelet'}",
            f"--hostname-override={NAME}",
            f"--node-ip={NODE_IP}",
        ]

    def _proxy(self) -> list[str | Path]:
        client = self.plane.authority.kubeconfig(
            self.folder / "kubeconfig-proxy", self.server, "system:kube-proxy"
        )
        settings = {**PROXY, "clientConnection": {"kubeconfig": str(client)}}
        config = self._write("kube-proxy.yaml", yaml.safe_dump(settings))
        return [build.KUBE.binary("kube-proxy"), f"--config={config}"]

    def _coredns(self) -> list[str | Path]:
        client = self.plane.authority.kubeconfig(
            self.folder / "kubeconfig-dns", self.server, "testbed-dns", ["system:masters"]
        )
        corefile = self._write(
            "Corefile", COREFILE.format(ip=NODE_IP, domain=CLUSTER_DOMAIN, kubeconfig=client)
        )
        return [build.COREDNS.binary("coredns"), "-conf", corefile]


def _network(folder: Path) -> dict[str, Any]:
    """Pods share one bridge with the machine; the node is their gateway."""
    pool = {
        "subnet": POD_CIDR,
        "rangeStart": POD_RANGE[0],
        "rangeEnd": POD_RANGE[1],
        "gateway": NODE_IP,
    }
    bridge = {
        "type": "bridge",
        "bridge": BRIDGE,
        "isGateway": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": str(folder / "addresses"),
            "ranges": [[pool]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": "testbed", "plugins": [bridge, ports]}


# restrict_oom_score_adj: without CAP_SYS_RESOURCE no pod would start.
CONTAINERD = """
version = 2
root = "{folder}/containerd"
state = "{folder}/containerd-run"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
]
[grpc]
address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
restrict_oom_score_adj = true
disable_apparmor = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{plugins}"
conf_dir = "{network}"
"""

# The node reports every 2 s, so that a stopped kubelet is noticed within the grace period that
# control.py gives; disk pressure is the machine's business, not the tests'.
KUBELET: dict[str, Any] = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "address": NODE_IP,
    "port": 10250,
    "readOnlyPort": 0,
    "healthzBindAddress": "127.0.0.1",
    "authorization": {"mode": "Webhook"},
    "cgroupDriver": "cgroupfs",
    "clusterDNS": [NODE_IP],
    "clusterDomain": CLUSTER_DOMAIN,
    "failCgroupV1": False,
    "failSwapOn": False,
    "oomScoreAdj": 0,
    "enforceNodeAllocatable": [],
    "evictionHard": {
        "memory.available": "50Mi",
        "nodefs.available": "0%",
        "nodefs.inodesFree": "0%",
        "imagefs.available": "0%",
        "imagefs.inodesFree": "0%",
    },
    "imageGCHighThresholdPercent": 100,
    "imageGCLowThresholdPercent": 99,
    "nodeStatusUpdateFrequency": "2s",
    "nodeLeaseDurationSeconds": 8,
}

# masqueradeAll: pods of one bridge answer each other directly, past the node that has translated
# the Service's address, unless the request seems to come from the node itself.
PROXY: dict[str, Any] = {
    "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
    "kind": "KubeProxyConfiguration",
    "mode": "iptables",
    "bindAddress": NODE_IP,
    "healthzBindAddress": "127.0.0.1:10256",
    "metricsBindAddress": "127.0.0.1:10249",
    "hostnameOverride": NAME,
    "clusterCIDR": POD_CIDR,
    "iptables": {"masqueradeAll": True, "syncPeriod": "10s", "minSyncPeriod": "0s"},
    "conntrack": {
        "maxPerCore": 0,
        "tcpEstablishedTimeout": "0s",
        "tcpCloseWaitTimeout": "0s",
    },
}

# No cache: a name that did not exist a second ago must be found now.
COREFILE = """
.:53 {{
    bind {ip}
    errors
    kubernetes {domain} {{
        kubeconfig {kubeconfig} testbed
        pods verified
        ttl 0
    }}
}}
"""
