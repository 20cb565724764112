"""Which pods does a catalogue allow? Every combination's manifest, without a hub or a cluster.

The manifests are KubeSpawner's own, made by KfSpawner from traits as at a real start. May import
`spawner` and kubespawner.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from kubernetes_asyncio.client import ApiClient
from kubespawner import KubeSpawner
from traitlets.config import Config

from jupyter_kf_spawner.catalogue import Catalogue
from jupyter_kf_spawner.catalogue.models import EVERYONE
from jupyter_kf_spawner.errors import Refusal
from jupyter_kf_spawner.resolve import Identity, Resolved, Usage, resolve
from jupyter_kf_spawner.spawner import KfSpawner

SOMEBODY = "somebody"
NAMESPACE = "notebooks"


def combinations(catalogue: Catalogue) -> Iterator[tuple[str, Resolved]]:
    """Every combination that the catalogue grants, with a name.

    To a member of all its groups; and to a person in none, where that is another pod: with fewer
    variables, or a volume that is only read.

    Image, size, kind and number of GPUs, spot, the cluster's use, workspace or none, data volumes
    or none; CPU and memory at the size's defaults, which change nothing but two numbers.
    """
    members = dict(_granted(catalogue, Identity(SOMEBODY, frozenset(_groups(catalogue)))))
    yield from members.items()
    for name, one in _granted(catalogue, Identity(SOMEBODY)):
        if one != members.get(name):
            yield f"{name}, in no group", one


def _granted(catalogue: Catalogue, who: Identity) -> Iterator[tuple[str, Resolved]]:
    usage = Usage(claims={f"claim-{SOMEBODY}": SOMEBODY}, home=f"claim-{SOMEBODY}")
    unlimited = catalogue.model_copy(update={"limits": ()})
    gpus = [(name, count) for name, gpu in catalogue.gpus.items() for count in gpu.counts]
    images = [name for name, image in catalogue.images.items() if not image.redirect]
    volumes = [name for name, one in catalogue.volumes.items() if one.is_for(who.groups)]
    for image, size, (gpu, count), spot, kubeflow, scratch, data in itertools.product(
        images,
        catalogue.sizes,
        [("none", 0), *gpus],
        (False, True) if catalogue.spot else (False,),
        (False, True) if catalogue.kubeflow else (False,),
        (False, True) if catalogue.workspace and catalogue.workspace.scratch else (False,),
        (False, True) if volumes else (False,),
    ):
        options: dict[str, Any] = {"image": image, "size": size, "gpu": gpu, "spot": spot}
        options |= {"gpus": count} if count else {}
        options |= {"kubeflow": True} if kubeflow else {}
        options |= {"workspace": "none"} if scratch else {}
        options |= {"volumes": volumes} if data else {}
        words = [image, size, f"{count} {gpu}" if count else ""]
        words += ["spot" if spot else "", "kubeflow" if kubeflow else ""]
        words += ["scratch" if scratch else "", "data" if data else ""]
        try:
            yield ", ".join(filter(None, words)), resolve(unlimited, who, usage, options)
        except Refusal:
            continue


async def manifest(catalogue: Catalogue, resolved: Resolved) -> dict[str, Any]:
    """The pod of one server, as it is sent to the API server."""
    draft = Draft(catalogue, resolved)
    await draft.load_user_options()
    pod = await draft.get_pod_manifest()
    plain: dict[str, Any] = _Writer().sanitize_for_serialization(pod)
    return plain


class _Writer(ApiClient):
    """Writes objects as they are sent, and connects to nothing.

    A client reads the machine's certificates when it is made, which took more time than the pods.
    """

    def __init__(self) -> None:
        pass


class Draft(KfSpawner):
    """A spawner that only writes: it has no client, and KubeSpawner's own set-up needs one."""

    def __init__(
        self, catalogue: Catalogue, resolved: Resolved, config: Config | None = None
    ) -> None:
        hub = {"public_host": "", "base_url": "/hub/", "api_url": "http://hub:8081/hub/api"}
        user = {"name": SOMEBODY, "id": 1, "url": f"/user/{SOMEBODY}", "groups": [], "spawners": {}}
        given = {"config": config} if config else {}
        super(KubeSpawner, self).__init__(
            user=SimpleNamespace(**user), hub=SimpleNamespace(**hub), **given
        )
        self._drafted = catalogue
        self.resolved = resolved
        self.namespace = NAMESPACE
        self.pod_name = self._expand_user_properties(self.pod_name_template)
        self.pvc_name = self._expand_user_properties(self.pvc_name_template)
        self.port: int = 8888
        self.token_by_secret = False
        self._spawn_id, self._as_configured, self._of_groups = "drafted", {}, {}

    @property
    def of_groups(self) -> dict[str, Any]:
        """What `group_overrides` set."""
        return self._of_groups

    def catalogue(self) -> Catalogue:
        """The one that it was made with."""
        return self._drafted

    async def _listen(self) -> None:
        """Nothing will happen to this pod."""

    async def _check_claim(self) -> None:
        """Nobody's volume is there."""


def _groups(catalogue: Catalogue) -> set[str]:
    """Every group that decides about a pod."""
    sections = (catalogue.images, catalogue.sizes, catalogue.gpus, catalogue.volumes)
    groups = {group for part in sections for offer in part.values() for group in offer.groups}
    groups |= {group for secret in catalogue.secrets.values() for group in secret.groups}
    groups |= {group for volume in catalogue.volumes.values() for group in volume.writers}
    groups |= set(catalogue.kubeflow.groups) if catalogue.kubeflow else set()
    return groups - {EVERYONE}
