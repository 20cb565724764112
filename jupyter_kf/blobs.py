"""Bytes by their digest, and files written whole or not at all.

Standard library only: the worker stores its own artefacts through this module on whatever
machine it runs. A blob is stored once under its sha256; reading verifies it, so an altered
file is refused instead of used.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from jupyter_kf.errors import NotFound, StoreError

_CLAIM_S = 60.0  # to rename one file takes no process so long

_CHUNK = 1 << 20


def canonical(value: Any) -> bytes:
    """One byte string per JSON value: sorted keys, no spaces, UTF-8, no NaN."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def digest_bytes(data: bytes) -> str:
    """sha256 as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: str | os.PathLike[str]) -> str:
    """sha256 of a file's bytes, read in pieces."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextlib.contextmanager
def explained(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turns the disk's refusals into errors that say what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreError(
                3001,
                f"the disk that holds {path} is full",
                cause=f"{error.strerror}; nothing half-written was kept",
                fix="free some space, or point JUPYTER_KF_STORE at a larger disk",
            ) from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR):
            raise StoreError(
                3002,
                f"{path} can't be written",
                cause=error.strerror or str(error),
                fix="make the folder writable, or point JUPYTER_KF_STORE at one that is",
            ) from error
        raise


def write_atomic(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Replaces `path` in one step; readers see the old bytes or the new, never a part.

    Args:
        durable: wait until the disk has it (fsync), for what must survive a power cut.
    """
    with explained(path):
        temp = _temp_beside(path)
        try:
            _write(temp, data, durable)
            temp.replace(path)
        except BaseException:
            temp.unlink(missing_ok=True)
            raise


def write_once(path: Path, data: bytes) -> bool:
    """Creates `path` with these bytes, whole; False when somebody else already did.

    A hard link from a finished temporary file is the one step that is both exclusive and
    whole; where the file system has no hard links, an exclusive lock folder takes its place.
    """
    with explained(path):
        temp = _temp_beside(path)
        try:
            _write(temp, data, True)
            try:
                os.link(temp, path)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS):
                    raise
                return _rename_once(temp, path)
            return True
        finally:
            temp.unlink(missing_ok=True)


def _rename_once(temp: Path, path: Path) -> bool:
    claim = path.with_name(path.name + ".claim")
    try:
        claim.mkdir()
    except FileExistsError:
        if path.exists() or time.time() - claim.stat().st_mtime < _CLAIM_S:
            return False
        with contextlib.suppress(OSError):  # its owner was killed; one of us takes it over
            taken = claim.with_name(f"{claim.name}.{secrets.token_hex(4)}")
            claim.rename(taken)
            taken.rmdir()
            return _rename_once(temp, path)
        return False
    temp.replace(path)
    return True


def write_json(path: Path, value: Any, *, durable: bool = False) -> None:
    """`write_atomic` of readable JSON."""
    write_atomic(path, json.dumps(value, indent=1, ensure_ascii=False).encode(), durable=durable)


def read_json(path: Path) -> Any:
    """The JSON in `path`; None where there is no such file."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _files_below(folder: Path, above: frozenset[tuple[int, int]] = frozenset()) -> Iterator[Path]:
    """Every file, through links to folders too, but not round and round."""
    stat = folder.stat()
    above |= {(stat.st_dev, stat.st_ino)}
    for path in folder.iterdir():
        if path.is_file():
            yield path
        elif path.is_dir():
            inner = path.stat()
            if (inner.st_dev, inner.st_ino) not in above:
                yield from _files_below(path, above)


def _check_text(name: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise StoreError(
            3007,
            f"the name of the file {name.encode(errors='surrogateescape')!r} is not UTF-8",
            cause="a list of files is JSON, which is text",
            fix="rename it, or pack the folder's files into an archive",
        ) from None


def _temp_beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")


def _write(temp: Path, data: bytes, durable: bool) -> None:
    with open(temp, "xb") as stream:
        stream.write(data)
        if durable:
            stream.flush()
            os.fsync(stream.fileno())


class Blobs:
    """The objects of a store.

    Args:
        root: the store's folder; objects live under ``objects/sha256``.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)
        self._folder = self.root / "objects" / "sha256"

    def path(self, digest: str) -> Path:
        """Where a digest's bytes are or would be."""
        digest = digest.removeprefix("sha256:")
        return self._folder / digest[:2] / digest

    def has(self, digest: str) -> bool:
        """Whether the bytes are here (unverified)."""
        return self.path(digest).exists()

    def put(self, data: bytes) -> str:
        """Stores bytes; returns their digest. Storing the same bytes again writes nothing."""
        digest = digest_bytes(data)
        target = self.path(digest)
        if not target.exists():
            with explained(target):
                target.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(target, data, durable=True)
            target.chmod(0o444)
        return digest

    def put_file(self, source: str | os.PathLike[str]) -> str:
        """Stores a file's bytes, copied in pieces and hashed on the way."""
        self._folder.mkdir(parents=True, exist_ok=True)
        temp = _temp_beside(self._folder / "incoming")
        hasher = hashlib.sha256()
        with explained(self._folder):
            try:
                with open(source, "rb") as stream, open(temp, "xb") as out:
                    while chunk := stream.read(_CHUNK):
                        hasher.update(chunk)
                        out.write(chunk)
                    out.flush()
                    os.fsync(out.fileno())
                digest = hasher.hexdigest()
                target = self.path(digest)
                target.parent.mkdir(exist_ok=True)
                if not target.exists():
                    temp.replace(target)
                    target.chmod(0o444)
            finally:
                temp.unlink(missing_ok=True)
        return digest

    def put_json(self, value: Any) -> str:
        """Stores a manifest in its canonical form; the digest is the thing's identity."""
        return self.put(canonical(value))

    def get(self, digest: str) -> bytes:
        """The verified bytes.

        Raises:
            NotFound: kf-1101, no such object.
            StoreError: kf-3003, the file no longer has this digest.
        """
        path = self.path(digest)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise self._missing(digest) from None
        if digest_bytes(data) != digest.removeprefix("sha256:"):
            raise self._altered(digest)
        return data

    def get_json(self, digest: str) -> Any:
        """A verified manifest."""
        return json.loads(self.get(digest))

    def checked_path(self, digest: str) -> Path:
        """The path of a blob after its bytes were verified; for readers that want a file."""
        path = self.path(digest)
        if not path.exists():
            raise self._missing(digest)
        if digest_file(path) != digest.removeprefix("sha256:"):
            raise self._altered(digest)
        return path

    def open(self, digest: str) -> BinaryIO:
        """A verified blob, opened for reading."""
        return open(self.checked_path(digest), "rb")

    def put_folder(self, folder: Path) -> dict[str, dict[str, Any]]:
        """Stores every file below `folder`; returns {relative path: {digest, bytes}}, sorted.

        What a link leads to is kept as if it stood there; a link that leads nowhere is no file.

        Raises:
            StoreError: kf-3007, a name is no text.
        """
        files = {}
        for path in sorted(_files_below(folder)):
            name = path.relative_to(folder).as_posix()
            if not name.isascii():
                _check_text(name)
            files[name] = {"digest": self.put_file(path), "bytes": path.stat().st_size}
        return files

    def checkout(self, files: dict[str, dict[str, Any]], folder: Path) -> Path:
        """Lays verified files out below `folder`, for loaders that want a directory."""
        import shutil  # heavy for what every job starts with

        for name, entry in files.items():
            target = folder / name
            if not target.resolve().is_relative_to(folder.resolve()):
                raise self._altered(entry["digest"])
            target.parent.mkdir(parents=True, exist_ok=True)
            data = self.checked_path(entry["digest"])
            # A copy, not a link: what a loader writes there must not reach the object.
            target.unlink(missing_ok=True)
            shutil.copyfile(data, target)
        return folder

    def _missing(self, digest: str) -> NotFound:
        return NotFound(
            1101,
            f"the store has no object {digest[:19]}",
            cause=f"{self.path(digest)} is missing",
            fix="run `%kf doctor`; if the object was deleted by hand, make the thing again",
        )

    def _altered(self, digest: str) -> StoreError:
        return StoreError(
            3003,
            f"object {digest[:19]} was altered and is refused",
            cause=f"{self.path(digest)} no longer has the sha256 that names it",
            fix="restore the file from a backup, or delete it and make the thing again",
        )
