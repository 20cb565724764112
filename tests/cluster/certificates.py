"""Who may talk to whom: the cluster's own authority and the certificates it signs.

Elliptic curve keys (P-256), since an RSA key takes a quarter of a second each. Everything is made
anew for every cluster and is worthless after it.
"""

import base64
import datetime as dt
import ipaddress
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = dt.timedelta(days=7)


class Authority:
    """A certificate authority in one folder: `ca.crt`, `ca.key`, and NAME.crt, NAME.key."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder = folder
        self.certificate_path = folder / "ca.crt"
        if self.certificate_path.exists():
            self._certificate = x509.load_pem_x509_certificate(self.certificate_path.read_bytes())
            self._key = _read_key(folder / "ca.key")
            return
        self._key = _new_key(folder / "ca.key")
        name = _name("jupyter-kf test bed", [])
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        builder = _builder(name, name, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        self._certificate = builder.add_extension(usage, True).sign(self._key, hashes.SHA256())
        _write_certificate(self.certificate_path, self._certificate)

    @property
    def pem(self) -> bytes:
        return self.certificate_path.read_bytes()

    @property
    def base64(self) -> str:
        """The certificate as a `caBundle` wants it."""
        return _base64(self.pem)

    def issue(
        self, name: str, common_name: str, *, groups: Sequence[str] = (), hosts: Sequence[str] = ()
    ) -> tuple[Path, Path]:
        """Certificate and key files, for a client and, with `hosts`, also for a server.

        Args:
            name: of the files.
            common_name: the Kubernetes user name.
            groups: the Kubernetes groups.
            hosts: names and addresses under which a server is reached.
        """
        key = _new_key(self.folder / f"{name}.key")
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        builder = _builder(
            _name(common_name, groups), self._certificate.subject, key.public_key()
        ).add_extension(x509.ExtendedKeyUsage(uses if hosts else uses[:1]), False)
        if hosts:
            names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
            builder = builder.add_extension(names, False)
        path = self.folder / f"{name}.crt"
        _write_certificate(path, builder.sign(self._key, hashes.SHA256()))
        return path, self.folder / f"{name}.key"

    def kubeconfig(self, path: Path, server: str, user: str, groups: Sequence[str] = ()) -> Path:
        """Write a kubeconfig for `user` with everything inside, readable by the owner alone."""
        certificate, key = self.issue(path.stem, user, groups=groups)
        credentials = {
            "client-certificate-data": _base64(certificate.read_bytes()),
            "client-key-data": _base64(key.read_bytes()),
        }
        return write_kubeconfig(path, server, self.pem, credentials)

    def signing_key(self, name: str) -> Path:
        """A key for service-account tokens; the same file serves to sign and to verify."""
        path = self.folder / f"{name}.key"
        _new_key(path)
        return path


def write_kubeconfig(path: Path, server: str, ca: bytes, credentials: dict[str, str]) -> Path:
    """A kubeconfig of one cluster, one user, one context, all called `testbed`."""
    cluster = {"server": server, "certificate-authority-data": _base64(ca)}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "testbed",
        "clusters": [{"name": "testbed", "cluster": cluster}],
        "users": [{"name": "testbed", "user": credentials}],
        "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": "testbed"}}],
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(content))
    return path


def resign_token(token: str, key_path: Path, **claims: Any) -> str:
    """The same service-account token with other claims, signed with the cluster's own key.

    The API server gives tokens of ten minutes at the least; this makes one that has expired.
    """
    header, payload, _ = token.split(".")
    content = {**json.loads(_from_base64url(payload)), **claims}
    message = f"{header}.{_base64url(json.dumps(content).encode())}"
    key = _read_key(key_path)
    r, s = decode_dss_signature(key.sign(message.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{message}.{_base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _new_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    return key


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + LIFETIME)
    )


def _name(common_name: str, groups: Sequence[str]) -> x509.Name:
    organisations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*organisations, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write_certificate(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
