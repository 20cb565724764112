"""What a name means: an append-only list of versions, each the digest of a manifest.

Standard library only: the worker registers what it made, on whatever machine it runs.
A version is a file created once, so two writers of one name both land, one after the other,
and nothing is overwritten.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_kf.blobs import canonical, explained, read_json, write_once
from jupyter_kf.errors import NotFound, did_you_mean
from jupyter_kf.names import check_name, is_short_digest, short, versioned


@dataclass(frozen=True)
class Entry:
    """One version of a name.

    Attributes:
        n: counts from 1.
        digest: of the manifest.
        created_s: Unix time in seconds.
        note: what is known about it besides its identity: run, metrics, profile, certificate.
    """

    kind: str
    name: str
    n: int
    digest: str
    created_s: float
    note: Mapping[str, Any]

    @property
    def ref(self) -> str:
        """What means this version: ``name@3``."""
        return versioned(self.name, self.n)


class Refs:
    """The names of a store.

    Args:
        root: the store's folder; versions live under ``refs/<kind>/<name>/<n>.json``.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._folder = Path(root) / "refs"

    def add(
        self, kind: str, name: str, digest: str, note: Mapping[str, Any] | None = None
    ) -> Entry:
        """The next version of a name; the newest again when it has this digest and this note."""
        folder = self._folder / kind / check_name(name)
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
        digest, kept = digest.removeprefix("sha256:"), dict(note or {})
        newest = self.newest(kind, name)
        if newest and newest.digest == digest and canonical(dict(newest.note)) == canonical(kept):
            return newest
        n = newest.n if newest else 0
        while True:
            n += 1
            fields = {"digest": digest, "created_s": time.time(), "note": kept}
            if write_once(folder / f"{n}.json", json.dumps(fields, indent=1).encode()):
                return Entry(kind, name, n, digest, fields["created_s"], kept)  # type: ignore[arg-type]

    def names(self, kind: str) -> list[str]:
        """All names of a kind, sorted."""
        try:
            return sorted(p.name for p in (self._folder / kind).iterdir() if p.is_dir())
        except FileNotFoundError:
            return []

    def versions(self, kind: str, name: str) -> list[Entry]:
        """All versions of a name, the oldest first."""
        found = (self._read(kind, name, n) for n in self._numbers(kind, name))
        return [entry for entry in found if entry]

    def newest(self, kind: str, name: str) -> Entry | None:
        """The highest version of a name."""
        numbers = self._numbers(kind, name)
        return self._read(kind, name, numbers[-1]) if numbers else None

    def resolve(self, kind: str, text: str) -> Entry:
        """The version that `text` means: name, name@3, a digest or the beginning of one.

        Raises:
            NotFound: kf-1102 no such name, kf-1103 no such version, kf-1104 no such digest or
                more than one.
        """
        name, _, version = text.partition("@")
        if version:
            found = self._read(kind, name, int(version)) if version.isdigit() else None
            return found or self._no_version(kind, name, version)
        newest = self.newest(kind, name) if name in self.names(kind) else None
        if newest:
            return newest
        if is_short_digest(text):
            return self.by_digest(kind, text)
        raise NotFound(
            1102,
            f"there is no {kind} `{text}`",
            cause=did_you_mean(text, self.names(kind)),
            fix=_HOW.get(kind, "see `%kf help`"),
        )

    def by_digest(self, kind: str, text: str) -> Entry:
        """The first version that had the digest which begins with `text`.

        The same bytes may be given a second name later; what was made of them was not.
        """
        start = text.removeprefix("sha256:")
        hits = [
            entry
            for name in self.names(kind)
            for entry in self.versions(kind, name)
            if entry.digest.startswith(start)
        ]
        digests = {entry.digest for entry in hits}
        if len(digests) == 1:
            return min(hits, key=lambda entry: entry.created_s)
        raise NotFound(
            1104,
            f"{len(digests) or 'no'} {kind}s begin with {text}",
            cause=", ".join(map(short, sorted(digests))) or "the store has no such digest",
            fix="give more digits, or the name",
        )

    def _numbers(self, kind: str, name: str) -> list[int]:
        try:
            found = [path.name for path in (self._folder / kind / name).iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(int(m[1]) for f in found if (m := re.fullmatch(r"(\d+)\.json", f)))

    def _read(self, kind: str, name: str, n: int) -> Entry | None:
        fields = read_json(self._folder / kind / name / f"{n}.json")
        if fields is None:
            return None
        return Entry(kind, name, n, fields["digest"], fields["created_s"], fields["note"])

    def _no_version(self, kind: str, name: str, version: str) -> Entry:
        known = [str(n) for n in self._numbers(kind, name)]
        if not known:
            raise NotFound(
                1103,
                f"there is no {kind} `{name}`, so it has no version {version}",
                cause=did_you_mean(name, self.names(kind)),
                fix=_HOW.get(kind, "see `%kf help`"),
            )
        raise NotFound(
            1103,
            f"{kind} `{name}` has no version {version}",
            cause=f"it has {', '.join(known)}",
            fix=f"write {versioned(name, int(known[-1]))}",
        )


_HOW = {
    "dataset": "make it: `%kf data NAME FRAME`",
    "transform": "make it: `%%kf transform NAME --data DATASET`",
    "model": "train it: `%%kf train NAME --data DATASET`",
    "study": "search: `%kf tune NAME --param ... --metric ...`",
}
