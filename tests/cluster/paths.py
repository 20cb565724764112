"""Where does the test bed keep its things?

Three places, all outside the clone: the cache (binaries and images, worth keeping), the state
folder of one running cluster (certificates, logs, journal; removed with it), and the lock files.
"""

import os
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
WRAPPERS = HERE / "testbed"
CLONE = HERE.parent.parent


def cache() -> Path:
    """Binaries and images, keyed by content: `${XDG_CACHE_HOME:-~/.cache}/jupyter-kf/testbed`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "jupyter-kf" / "testbed"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def states() -> Path:
    """The parent of all running clusters' folders; short, since Unix sockets live below it."""
    folder = Path(tempfile.gettempdir()) / f"jupyter-kf-testbed-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else; set TMPDIR to a folder of yours")
    return folder
