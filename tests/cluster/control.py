"""How does a Kubernetes control plane run without nodes, root or a container?

etcd, kube-apiserver, kube-controller-manager and kube-scheduler, as processes on free ports of the
loopback. It gives what is decided in the API server and the controllers: authentication, RBAC,
admission, quota, validation, defaults, watches, events, scheduling. Nothing runs in pods; the
node tier (node.py) adds that to the very same API server, which is why its certificate and its
advertised address already name the test bed's bridge.
"""

import json
import secrets
import ssl
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

from tests.cluster import build
from tests.cluster.addresses import API_SERVICE_IP, HOST_IP, SERVICE_CIDR
from tests.cluster.certificates import Authority
from tests.cluster.processes import Process, ProcessFailed, listens
from tests.ports import free_port

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

READY_TIMEOUT_S = 120.0


class ControlPlane:
    """The four programs, and the files by which one talks to them.

    Attributes:
        server: URL of the API server.
        kubeconfig: full rights, by client certificate.
        token: full rights too, for use through a proxy.
        authority: signs certificates for whoever joins.
    """

    def __init__(self, state: Path) -> None:
        self.state = state
        self.authority = Authority(state / "certificates")
        self.port = free_port()
        self.server = f"https://127.0.0.1:{self.port}"
        self.kubeconfig = self.authority.kubeconfig(
            state / "kubeconfig", self.server, "testbed-admin", ["system:masters"]
        )
        self.token = secrets.token_urlsafe(24)
        self.token_key = self.authority.signing_key("service-accounts")
        tls = ssl.create_default_context(cadata=self.authority.pem.decode())
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=tls), urllib.request.ProxyHandler({})
        )
        self._etcd_port = free_port()
        self.etcd = self._etcd()
        self.api_server = self._api_server()
        self.controller_manager = self._controller_manager()
        self.scheduler = self._scheduler()

    def start(self) -> "ControlPlane":
        """Start and wait until pods could be made.

        Raises:
            ProcessFailed: a program ended or the time is over; with the end of its log.
            BinariesMissing: with what to do.
        """
        self.etcd.start()
        self.etcd.wait_until(lambda: listens(self._etcd_port), READY_TIMEOUT_S, "listening")
        self.api_server.start()
        self.wait_ready()
        self.controller_manager.start()
        self.scheduler.start()
        self._wait_for_default_account()
        return self

    def wait_ready(self) -> None:
        """Wait until /readyz says ok, as after `api_server.start()`."""
        self.api_server.wait_until(self._is_ready, READY_TIMEOUT_S, "ready")

    def api_client(self) -> "ApiClient":
        """A client with full rights."""
        return api_client(self.kubeconfig)

    def _is_ready(self) -> bool:
        return self._ask("GET", "/readyz")[0] == 200

    def _wait_for_default_account(self) -> None:
        account = "/api/v1/namespaces/default/serviceaccounts/default"

        def exists() -> bool:
            return bool(self.read(account))

        self.controller_manager.wait_until(exists, READY_TIMEOUT_S, "making service accounts")

    def read(self, path: str) -> dict[str, Any]:
        """One object as it is, with full rights and without the client library; empty if none."""
        status, body = self._ask("GET", path)
        return dict(json.loads(body)) if status == 200 else {}

    def request(self, method: str, path: str, body: bytes, content_type: str) -> dict[str, Any]:
        """Raises RuntimeError with the server's words unless the answer is 2xx."""
        status, answer = self._ask(method, path, body, content_type)
        if status // 100 != 2:
            raise RuntimeError(f"{method} {path}: {status} {answer.decode()[-2000:]}")
        return dict(json.loads(answer))

    def _ask(
        self, method: str, path: str, body: bytes | None = None, content_type: str = ""
    ) -> tuple[int, bytes]:
        """HTTP status and body; 0 while nobody answers."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            headers["Content-Type"] = content_type
        request = urllib.request.Request(self.server + path, body, headers, method=method)
        try:
            with self._opener.open(request, timeout=30) as answer:
                return int(answer.status), answer.read()
        except HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def _etcd(self) -> Process:
        """Synced to disk never: its data are worth nothing after a crash of the machine."""
        peer = free_port()
        client_url = f"http://127.0.0.1:{self._etcd_port}"
        argv: list[str | Path] = [
            build.ETCD.binary("etcd"),
            f"--data-dir={self.state / 'etcd'}",
            f"--listen-client-urls={client_url}",
            f"--advertise-client-urls={client_url}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]
        return Process(self.state, "etcd", argv)

    def _api_server(self) -> Process:
        hosts = ["127.0.0.1", "localhost", HOST_IP, API_SERVICE_IP, "kubernetes"]
        hosts += [f"kubernetes.{domain}" for domain in _SERVICE_DOMAINS]
        certificate, key = self.authority.issue("api-server", "kube-apiserver", hosts=hosts)
        to_kubelet, to_kubelet_key = self.authority.issue(
            "api-server-to-kubelet", "kube-apiserver", groups=["system:masters"]
        )
        tokens = self.state / "tokens.csv"
        tokens.touch(mode=0o600)
        tokens.write_text(f'{self.token},testbed-admin,testbed-admin,"system:masters"\n')
        ca = self.authority.certificate_path
        argv: list[str | Path] = [
            build.KUBE.binary("kube-apiserver"),
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--advertise-address={HOST_IP}",
            f"--service-cluster-ip-range={SERVICE_CIDR}",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            f"--client-ca-file={ca}",
            f"--token-auth-file={tokens}",
            f"--kubelet-certificate-authority={ca}",
            f"--kubelet-client-certificate={to_kubelet}",
            f"--kubelet-client-key={to_kubelet_key}",
            "--kubelet-preferred-address-types=InternalIP",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.token_key}",
            f"--service-account-signing-key-file={self.token_key}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged=true",
            "--delete-collection-workers=8",
            "--profiling=false",
        ]
        return Process(self.state, "kube-apiserver", argv)

    def _controller_manager(self) -> Process:
        config = self._component_kubeconfig("kube-controller-manager")
        argv: list[str | Path] = [
            build.KUBE.binary("kube-controller-manager"),
            *_client_flags(config),
            f"--root-ca-file={self.authority.certificate_path}",
            f"--service-account-private-key-file={self.token_key}",
            f"--service-cluster-ip-range={SERVICE_CIDR}",
            f"--cluster-signing-cert-file={self.authority.certificate_path}",
            f"--cluster-signing-key-file={self.authority.folder / 'ca.key'}",
            "--use-service-account-credentials",
            "--kube-api-qps=300",
            "--kube-api-burst=600",
            "--allocate-node-cidrs=false",
            # A node that stops reporting becomes NotReady after 20 s instead of 50 s.
            "--node-monitor-period=2s",
            "--node-monitor-grace-period=20s",
        ]
        return Process(self.state, "kube-controller-manager", argv)

    def _scheduler(self) -> Process:
        config = self._component_kubeconfig("kube-scheduler")
        argv: list[str | Path] = [build.KUBE.binary("kube-scheduler"), *_client_flags(config)]
        return Process(self.state, "kube-scheduler", argv)

    def _component_kubeconfig(self, component: str) -> Path:
        path = self.state / f"kubeconfig-{component}"
        return self.authority.kubeconfig(path, self.server, f"system:{component}")


_SERVICE_DOMAINS = ("default", "default.svc", "default.svc.cluster.local")


def _client_flags(kubeconfig: Path) -> list[str]:
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--secure-port={free_port()}",
        "--leader-elect=false",
    ]


def api_client(kubeconfig: Path) -> "ApiClient":
    """A client for any kubeconfig."""
    from kubernetes import config

    load: Any = config.new_client_from_config
    client: ApiClient = load(str(kubeconfig))
    return client


def wait_for(
    condition: Callable[[], bool],
    timeout_s: float,
    what: str,
    *,
    every_s: float = 0.1,
    said: Callable[[], object] | None = None,
) -> None:
    """Ask every `every_s` seconds until `condition` is true.

    Args:
        said: what is the case instead, for the error.

    Raises:
        TimeoutError: "not WHAT within N s".
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            more = f": {said()}" if said else ""
            raise TimeoutError(f"not {what} within {timeout_s:.0f} s{more}")
        time.sleep(every_s)


__all__ = ["ControlPlane", "ProcessFailed", "wait_for"]
