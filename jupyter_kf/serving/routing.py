"""Which version of an endpoint gets the traffic, and how that changes in one step.

``store/endpoints/<name>/current.json`` says it to people and clients; a symbolic link in this
machine's runtime folder, replaced in one step, says it to connections: whoever connects to the
stable socket path reaches the version that was promoted last. Standard library only.

A version is promoted by its own process once it is proven, so that no notebook needs to be
alive. A lock on this machine orders promotions; a version never overtakes a newer one, unless
somebody rolls back. The previous version stays warm; versions before it see that they are
neither and end themselves. A version that was killed loses the traffic to the warm one.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_kf import layout
from jupyter_kf.blobs import explained, read_json, write_json, write_once
from jupyter_kf.errors import KfError, NotFound, ServeError

_SOCKET_PATH = 100  # bytes; the kernel's own limit is 107


@dataclass(frozen=True)
class Current:
    """The version with the traffic.

    Attributes:
        previous: the version that is kept warm for a roll back; None when there is none.
        newest: the highest version that ever had the traffic.
        socket: its own socket; `stable_socket` leads to it too.
        url: of its TCP listener, which wants the token; None when it has none.
        promoted_s: Unix time.
        instead_of: the version that died, whose traffic this one took; None after a promotion.
        back_from: the version from which somebody rolled back to this one; None otherwise.
    """

    version: int
    run: str
    model: str
    socket: str
    url: str | None = None
    previous: int | None = None
    newest: int = 0
    promoted_s: float = 0.0
    instead_of: int | None = None
    back_from: int | None = None


def endpoint_folder(store: str | os.PathLike[str], name: str) -> layout.EndpointFolder:
    """The endpoint's folder in a store."""
    return layout.EndpointFolder(Path(store) / "endpoints" / name)


def add_version(store: str | os.PathLike[str], name: str, fields: Mapping[str, Any]) -> int:
    """The next version number of an endpoint, taken; two at once get two numbers.

    Args:
        fields: kept in ``versions/<n>.json``: run, model digest.
    """
    folder = endpoint_folder(store, name)
    with explained(folder.path):
        folder.versions.mkdir(parents=True, exist_ok=True)
    n = max((found for found, _ in versions(store, name)), default=0)
    while True:
        n += 1
        content = json.dumps({**fields, "version": n, "created_s": time.time()}, indent=1)
        if write_once(folder.versions / f"{n}.json", content.encode()):
            return n


def versions(store: str | os.PathLike[str], name: str) -> list[tuple[int, dict[str, Any]]]:
    """All versions that were ever asked for, the oldest first, with their fields."""
    folder = endpoint_folder(store, name)
    numbers = sorted(int(p.stem) for p in folder.versions.glob("*.json") if p.stem.isdigit())
    return [(n, read_json(folder.versions / f"{n}.json") or {}) for n in numbers]


def current(store: str | os.PathLike[str], name: str) -> Current | None:
    """The version with the traffic; None before the first was proven.

    What a newer release of ours adds to the file is left out: a notebook's kernel may be older
    than the endpoint it asks.
    """
    fields = read_json(endpoint_folder(store, name).current)
    if fields is None:
        return None
    return Current(**{k: v for k, v in fields.items() if k in Current.__dataclass_fields__})


def promote(store: str | os.PathLike[str], name: str, candidate: Current) -> bool:
    """Gives a proven version the traffic, unless a newer one has had it.

    Returns:
        Whether it has the traffic now.
    """
    with _locked(store, name):
        now = current(store, name)
        if now is not None and now.newest > candidate.version:
            return False
        _switch(store, name, candidate, now)
    return True


def roll_back(store: str | os.PathLike[str], name: str, version: int) -> Current:
    """Gives the traffic to a version that is warm, at once.

    Raises:
        NotFound: kf-1120, no such version.
        ServeError: kf-2205, it no longer runs: start it again.
    """
    with _locked(store, name):
        now = current(store, name)
        if now is not None and now.version == version:
            return now
        known = [n for n, _ in versions(store, name)]
        if version not in known:
            raise NotFound(
                1120,
                f"endpoint `{name}` has no version {version}",
                cause=f"its versions are {known or 'none yet'}",
                fix="`%kf serve` lists them",
            )
        back = _warm(store, name, now) if now is not None and now.previous == version else None
        if now is None or back is None:
            raise ServeError(
                2205,
                f"version {version} of endpoint `{name}` no longer runs",
                cause="only the previous version is kept warm",
                fix=f"start it again: `%kf serve {name} --version {version}`",
            )
        return _switch(store, name, replace(back, back_from=now.version), now)


def fail_over(store: str | os.PathLike[str], name: str) -> Current | None:
    """Gives the traffic of a version whose process died to the previous one, if that is warm.

    A version that ends in order takes its socket's file away and is not replaced: somebody
    wanted it to end. The file of one that was killed is still there, and nobody listens. A later
    version, which somebody rolled back from, does not get the traffic either.

    Returns:
        What has the traffic from now on; None when nothing changed.
    """
    now = current(store, name)
    if now is None or now.previous is None or now.previous > now.version or not _died(now.socket):
        return None
    with _locked(store, name):
        now = current(store, name)
        warm = None if now is None or not _died(now.socket) else _warm(store, name, now)
        if now is None or warm is None:
            return None
        found = _switch(store, name, replace(warm, instead_of=now.version), now)
        Path(now.socket).unlink(missing_ok=True)
        return found


def hand_back(store: str | os.PathLike[str], name: str, version: int) -> None:
    """Gives the traffic of a version that breaks down to the previous one, if that is warm.

    Called by its own process, when nobody had asked it to end.
    """
    with _locked(store, name):
        now = current(store, name)
        if now is None or now.version != version or (now.previous or version) > version:
            return
        warm = _warm(store, name, now)
        if warm is not None:
            try:
                _switch(store, name, replace(warm, instead_of=version), now)
            except (KfError, OSError):  # a full disk may be why it breaks down
                _lead(stable_socket(store, name), warm.socket)


def _warm(store: str | os.PathLike[str], name: str, now: Current) -> Current | None:
    """The previous version, when its process answers."""
    fields = read_json(endpoint_folder(store, name).versions / f"{now.previous}.json") or {}
    ready = read_json(layout.RunFolder(Path(store) / "runs" / str(fields.get("run"))).ready)
    if now.previous is None or ready is None or not _answers(ready["socket"]):
        return None
    return Current(
        version=now.previous,
        run=fields["run"],
        model=fields["model"],
        socket=ready["socket"],
        url=ready["url"],
    )


def _switch(store: str | os.PathLike[str], name: str, to: Current, now: Current | None) -> Current:
    previous = None if now is None else now.version
    if now is not None and now.version == to.version:
        previous = now.previous
    newest = max(to.version, 0 if now is None else now.newest)
    fields = {
        **to.__dict__,
        "previous": previous,
        "newest": newest,
        "promoted_s": time.time(),
    }
    folder = endpoint_folder(store, name)
    folder.path.mkdir(parents=True, exist_ok=True)
    link = stable_socket(store, name)
    _lead(link, to.socket)
    try:
        write_json(folder.current, fields, durable=True)
    except BaseException:  # a full disk: all stays as it was
        if now is not None:
            _lead(link, now.socket)
        raise
    return Current(**fields)


def _lead(link: Path, to: str) -> None:
    """The link leads there from now on, in one step."""
    temp = link.with_name(f".{link.name}.{secrets.token_hex(4)}")
    temp.symlink_to(to)
    temp.replace(link)


def retire(store: str | os.PathLike[str], name: str, socket: str) -> None:
    """Removes a version's socket, and the stable path when it led there. At a version's end."""
    Path(socket).unlink(missing_ok=True)
    with _locked(store, name):
        link = stable_socket(store, name)
        if link.is_symlink() and str(link.readlink()) == socket:
            link.unlink(missing_ok=True)


def token(store: str | os.PathLike[str], name: str) -> str:
    """The endpoint's token for TCP, made at first use; only this user can read it."""
    folder = endpoint_folder(store, name)
    folder.path.mkdir(parents=True, exist_ok=True)
    write_secret(folder.token, secrets.token_urlsafe(32))
    return folder.token.read_text().strip()


def write_secret(path: Path, text: str) -> None:
    """Makes a file that only this user can read, whole; what is there already stays."""
    temp = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(handle, "w") as stream:
            stream.write(text)
        try:
            os.link(temp, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            temp.replace(path)
    finally:
        temp.unlink(missing_ok=True)


def stable_socket(store: str | os.PathLike[str], name: str) -> Path:
    """Where clients connect, whichever version has the traffic."""
    return sockets_dir() / f"{name}-{_hash(str(Path(store).resolve()), name)}.sock"


def version_socket(store: str | os.PathLike[str], name: str, run: str) -> Path:
    """Where one run of an endpoint listens."""
    return sockets_dir() / f"{name[:20]}-{_hash(str(Path(store).resolve()), run)}-run.sock"


def sockets_dir() -> Path:
    """This machine's folder of sockets, for this user alone.

    A Unix socket's path may have some 100 bytes: where the runtime folder is too deep, a short
    one under the temporary folder stands in for it.

    Raises:
        ServeError: kf-2209, the folder is somebody else's.
    """
    folder = layout.runtime_dir() / "sockets"
    if len(os.fsencode(folder)) > _SOCKET_PATH - 60:
        short = f"kf-{os.getuid()}-{_hash(str(folder))}"
        folder = Path(tempfile.gettempdir()) / short
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise ServeError(
            2209,
            f"{folder} can't hold sockets",
            cause="it is not a folder that only you can write to",
            fix="remove it, or set JUPYTER_KF_RUNTIME_DIR to a folder of your own",
        )
    return folder


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]


@contextlib.contextmanager
def _locked(store: str | os.PathLike[str], name: str) -> Iterator[None]:
    link = stable_socket(store, name)
    with open(link.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _answers(socket_path: str) -> bool:
    return _connect(socket_path, 2.0) is None


def _died(socket_path: str) -> bool:
    """Whether its process ended without taking its socket away; never waits."""
    return isinstance(_connect(socket_path, 0.0), ConnectionRefusedError)


def _connect(socket_path: str, timeout_s: float) -> OSError | None:
    """Why nobody can be reached there."""
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(timeout_s)
        try:
            probe.connect(socket_path)
        except OSError as error:
            return error
    return None
