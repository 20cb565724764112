"""Has this transform already prepared this dataset?

Each answer is one small file named by the digests it belongs to; the prepared table is an
object of the store, verified when it is read. Standard library at import.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_kf.blobs import Blobs, canonical, digest_bytes, read_json, write_json
from jupyter_kf.errors import NotFound, StoreError


def cache_path(blobs: Blobs, kind: str, key: Any) -> Path:
    """``cache/<kind>/<digest of the key>.json``."""
    return blobs.root / "cache" / kind / f"{digest_bytes(canonical(key))}.json"


def recall(blobs: Blobs, kind: str, key: Any) -> Any:
    """What was remembered for a key, or None; an entry that a crash left unwritten is none."""
    try:
        held = read_json(cache_path(blobs, kind, key))
    except ValueError:
        return None
    if isinstance(held, dict) and canonical(held.get("key")) == canonical(key):
        return held.get("value")
    return None


def remember(blobs: Blobs, kind: str, key: Any, value: Any) -> None:
    """Keeps a small JSON value for a key."""
    path = cache_path(blobs, kind, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"key": key, "value": value})


def apply(blobs: Blobs, transform: str, dataset: str) -> Any:
    """A dataset's prepared rows as a pyarrow.Table of the transform's schema_out.

    Computed once for a transform and a dataset, whoever asks first.
    """
    import pyarrow as pa

    from jupyter_kf.worker.data import load_table
    from jupyter_kf.worker.transform import load

    key = [transform.removeprefix("sha256:"), dataset.removeprefix("sha256:")]
    held = recall(blobs, "prepared", key)
    if held:
        try:
            return pa.ipc.open_file(pa.memory_map(str(blobs.checked_path(held)))).read_all()
        except (NotFound, StoreError):
            blobs.path(held).unlink(missing_ok=True)  # a cache entry is made again, not mourned
    loaded = load(blobs, transform)
    table = loaded.to_table(loaded.transform(load_table(blobs, dataset)))
    keep(blobs, transform, dataset, table)
    return table


def keep(blobs: Blobs, transform: str, dataset: str, table: Any) -> None:
    """Stores a prepared table for `apply` to find."""
    key = [transform.removeprefix("sha256:"), dataset.removeprefix("sha256:")]
    remember(blobs, "prepared", key, blobs.put(ipc(table, compression="lz4")))


def ipc(table: Any, compression: str | None = None) -> bytes:
    """A table as the bytes of an Arrow IPC file."""
    import pyarrow as pa

    out = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_file(out, table.schema, options=options) as writer:
        writer.write_table(table.combine_chunks())
    data: bytes = out.getvalue().to_pybytes()
    return data
