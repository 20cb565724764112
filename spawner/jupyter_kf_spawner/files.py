"""Which volumes does the server get: the workspace, and the data?

A volume that exists is used only when its annotation names this user. Pure. May import
`catalogue.models`, `asked`, `offers`, `resolved`, `errors`, `quantities`.
"""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_kf_spawner.asked import Asked
from jupyter_kf_spawner.catalogue.models import Catalogue
from jupyter_kf_spawner.errors import Refusal, shown
from jupyter_kf_spawner.offers import one_of
from jupyter_kf_spawner.quantities import size_text
from jupyter_kf_spawner.resolved import Identity, Mount, Usage


def workspace(
    catalogue: Catalogue, identity: Identity, usage: Usage, asked: Asked
) -> tuple[str, int]:
    """Which volume, and how large if it has to be made: "hub", "none", "new" or a claim's name.

    Raises:
        Refusal: it is not the user's, or can't be chosen here.
    """
    terms = catalogue.workspace
    wanted = asked.workspace or ("new" if terms else "hub")
    if terms is None:
        if asked.workspace or asked.workspace_size:
            raise Refusal(
                "workspace",
                "the workspace can't be chosen here",
                fix="Leave it out",
                field="workspace",
            )
        return "hub", 0
    size = asked.workspace_size if asked.workspace_size is not None else terms.size.default
    if not terms.size.min <= size <= terms.size.max:
        least, most = size_text(terms.size.min), size_text(terms.size.max)
        raise Refusal(
            "workspace_size",
            f"a workspace has {least} to {most}, not {size_text(size)}",
            fix=f"Ask for {least} to {most}",
            field="workspace_size",
        )
    if wanted == "none":
        if not terms.scratch:
            raise Refusal(
                "workspace", "a server needs a workspace here", fix="Choose one", field="workspace"
            )
        return "none", size
    claim = usage.home if wanted == "new" else wanted
    if wanted != "new" and wanted != usage.home and not terms.own:
        raise Refusal(
            "workspace",
            "another workspace can't be chosen here",
            fix="Leave it out",
            field="workspace",
        )
    if usage.claims is None:
        raise Refusal(
            "workspace",
            f"whose the volume {shown(claim, 80)} is can't be checked now, and so it is not opened",
            fix="Try again later, or start without a workspace" if terms.scratch else "Try later",
            field="workspace",
        )
    owner = usage.claims.get(claim)
    if owner != identity.name and (owner is not None or wanted not in ("new", usage.home)):
        raise Refusal(
            "workspace",
            f"the volume {shown(claim, 80)} is not yours",
            fix="Choose one that the form offers; if it should be yours, ask your admin",
            field="workspace",
        )
    return ("new" if claim == usage.home else claim), size


def mounts(catalogue: Catalogue, identity: Identity, names: Iterable[str]) -> tuple[Mount, ...]:
    """The data volumes of these names, writable for their writers only."""
    found = []
    for name in dict.fromkeys(names):
        volume = one_of("volumes", name, catalogue.volumes, identity)
        writer = bool(identity.groups & set(volume.writers))
        found.append(Mount(volume.claim, volume.mount, volume.read_only and not writer))
    return tuple(found)
