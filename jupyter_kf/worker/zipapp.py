"""worker.pyz: the part of jupyter-kf that runs inside a job, as one file.

It holds the worker and the standard-library-only modules below it, so that any Python 3.11 or
later can run it, in any image, with nothing installed. Sources travel for every Python; compiled
code travels beside them for the Python that built it, which saves about 30 ms at each start.
"""

from __future__ import annotations

import hashlib
import io
import py_compile
import sys
import tempfile
import zipfile
from functools import lru_cache
from pathlib import Path

from jupyter_kf.blobs import write_once

_PACKAGE = Path(__file__).parent.parent
_BELOW = ("__init__", "errors", "names", "units", "layout", "locks", "blobs", "refs")
_SAME_TIME = (1980, 1, 1, 0, 0, 0)

_MAIN = """
import sys
from jupyter_kf.worker.__main__ import main
sys.exit(main(sys.argv[1:]))
"""

_INSIDE = """

# In the archive this package stands in front of an installed one, which the user's code may
# import as well: what is not in the archive is looked for there.
from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
"""


def sources() -> dict[str, Path]:
    """Archive names and files of everything that travels."""
    below = [_PACKAGE / f"{name}.py" for name in _BELOW]
    inside = sorted((_PACKAGE / "worker").rglob("*.py"))
    return {f"jupyter_kf/{p.relative_to(_PACKAGE).as_posix()}": p for p in (*below, *inside)}


def ensure(store: str | Path) -> Path:
    """The archive for this version of the sources and this Python; built when it is missing."""
    key = hashlib.sha256(str(sys.implementation.cache_tag).encode())
    for name, path in sources().items():
        facts = path.stat()
        key.update(f"{name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    digest = key.hexdigest()[:16]
    target = Path(store) / "worker" / f"{digest}.pyz"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        write_once(target, _built(digest))
    return target


@lru_cache(maxsize=1)
def _built(_digest: str) -> bytes:
    """`build()`, once for a process and its sources: a tenth of a second for each new store."""
    return build()


def build() -> bytes:
    """The archive's bytes; equal for equal sources and an equal Python."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py", _SAME_TIME), _MAIN)
        for name, path in sources().items():
            text = path.read_bytes()
            if name == "jupyter_kf/__init__.py":
                text += _INSIDE.encode()
            archive.writestr(zipfile.ZipInfo(name, _SAME_TIME), text)
            archive.writestr(zipfile.ZipInfo(name + "c", _SAME_TIME), _compiled(name, text))
    return out.getvalue()


def _compiled(name: str, text: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source.py", Path(folder) / "compiled.pyc"
        source.write_bytes(text)
        py_compile.compile(
            str(source),
            str(target),
            dfile=f"worker.pyz/{name}",
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        return target.read_bytes()
