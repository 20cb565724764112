"""KfSpawner: KubeSpawner with the catalogue's choices, safe pods, and a story while it starts.

Thin: it fills KubeSpawner's traits and adds to its manifests; KubeSpawner does the rest, and all of
it where no catalogue is configured. May import kubespawner, `telling` and what it may.
"""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import secrets
from typing import Any, ClassVar

from jupyterhub.utils import url_path_join
from kubernetes_asyncio.client.exceptions import ApiException
from kubespawner.objects import make_namespace
from kubespawner.slugs import is_valid_label, safe_slug
from traitlets import Bool, default

from jupyter_kf_spawner import asked, cluster, namespaces, story
from jupyter_kf_spawner.errors import Refusal, shown
from jupyter_kf_spawner.pods import LABEL, applied, traits, undone
from jupyter_kf_spawner.rejecting import rejected
from jupyter_kf_spawner.resolve import Usage
from jupyter_kf_spawner.telling import SPAWN_ID, Telling


class KfSpawner(Telling):
    """Notebook servers as pods, chosen from a catalogue."""

    token_by_secret = Bool(
        True, help="Hand the hub's token to the pod by a Secret, not in the pod's text."
    ).tag(config=True)
    show_free_devices = Bool(
        False, help="Show free GPUs on the form; the hub must be allowed to list nodes and pods."
    ).tag(config=True)

    volumes_page = Bool(
        False,
        help="""
        Link to the page on which users delete their volumes, on the form.

        The page is `c.JupyterHub.extra_handlers = jupyter_kf_spawner.volumes.HANDLERS`.
        """,
    ).tag(config=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.catalogue_file and self.profile_list and not KfSpawner._told_of_profiles:
            KfSpawner._told_of_profiles = True
            self.log.warning("profile_list is not offered: catalogue_file takes its place")
        self.api: Any = cluster.AdoptingApi(self.api, SPAWN_ID)
        self._as_configured: dict[str, Any] = {}
        self._of_groups: dict[str, Any] = {}
        self._foreign = False
        self._looked_at = ""

    _told_of_profiles: ClassVar[bool] = False

    @default("options_form")
    def _options_form_default(self) -> Any:
        if self.catalogue_file:
            return KfSpawner.options_page
        return super()._options_form_default()

    # A server that is deleted is one thing, its files another: volumes.py deletes those.
    @default("delete_pvc")
    def _keep_volumes(self) -> bool:
        return not self.catalogue_file

    def stock_form_reader(self) -> Any:
        """KubeSpawner's profiles."""
        return self._options_from_form

    async def usage(self, options: object) -> Usage:
        """The user's other servers, and whose the volume is that these options name."""
        catalogue = self.catalogue()
        wanted = asked.read(options).workspace or "new"
        owners: dict[str, str] | None = None
        if catalogue is not None and catalogue.workspace is not None and wanted != "none":
            claim = self._looked_at = self.pvc_name if wanted == "new" else wanted
            owners = await cluster.owner_of(self.api, self.namespace, claim)
            if owners == {} and claim == self.pvc_name:
                # It was deleted: KubeSpawner would go on as if it were there.
                self._pvc_exists = False
        # Counted last: other servers of this user were chosen while the cluster was asked.
        return Usage(running=self.others(), home=self.pvc_name, claims=owners)

    async def _check_claim(self) -> None:
        """Whose the workspace's claim is, where KubeSpawner took another than we looked at.

        It goes on with the name of its version 6 when there is a claim of that name.
        """
        of_user = self.resolved is not None and self.resolved.workspace == "new"
        if not of_user or self.pvc_name == self._looked_at:
            return
        owners = await cluster.owner_of(self.api, self.namespace, self.pvc_name)
        if owners is None or owners.get(self.pvc_name) != self.user.name:
            raise rejected(
                "Your workspace has a volume of an older hub, which does not carry your name."
                " Tell your admin.",
                "workspace",
                whose=self._log_name,
                log=f"the claim {self.pvc_name} needs the annotation {cluster.OWNER}="
                f"{shown(self.user.name, 80)}, if it is that user's",
            )

    async def seen(self) -> Usage:
        """The user's servers and volumes, free devices where they show, and the quota's rest."""
        owners, free, left = await asyncio.gather(
            self._owners(),
            self._free_devices(),
            cluster.quota_left(self.api, self.namespace),
        )
        usage = Usage(running=self.others(), home=self.pvc_name, claims=owners)
        return dataclasses.replace(usage, free=free, quota=left)

    async def _owners(self) -> dict[str, str] | None:
        label = safe_slug(self.user.name, is_valid=is_valid_label)
        return await cluster.claims(self.api, self.namespace, label, self.pvc_name)

    async def volumes_of_user(self) -> list[cluster.Volume] | None:
        """The volumes that carry the user's name; None when they can't be seen."""
        await self._start_watching_pods()
        label = safe_slug(self.user.name, is_valid=is_valid_label)
        pods = self.pod_reflector.pods.values() if self.pod_reflector else ()
        return await cluster.volumes(self.api, self.namespace, label, self.user.name, pods)

    async def delete_volume(self, volume: cluster.Volume) -> None:
        """Deletes one of them, as its user asked for."""
        await cluster.delete_volume(self.api, self.namespace, volume)

    def volumes_url(self) -> str:
        """The page that lists and deletes volumes, where the hub has it."""
        if not self.volumes_page:
            return ""
        return str(url_path_join(self.hub.base_url, "volumes", self.user.escaped_name))

    async def _free_devices(self) -> dict[str, int] | None:
        return await cluster.free_devices(self.api) if self.show_free_devices else None

    async def load_user_options(self) -> None:
        """Fills the traits for the server that was chosen; KubeSpawner's profiles otherwise."""
        catalogue = self.catalogue()
        if catalogue is None:
            try:
                await super().load_user_options()
            except ValueError as error:  # KubeSpawner's word for a profile that there is not
                said = shown(str(error), 300).strip("'\"")
                raise rejected(
                    f"{said}. Choose one that the page offers.", "profile", whose=self._log_name
                ) from None
            return
        resolved = self.resolved or await self.choose(self.user_options)
        if resolved is None:
            return
        wanted = traits(catalogue, resolved, self.namespace)
        configured = {name: copy.deepcopy(getattr(self, name)) for name in wanted}
        values = applied(configured, wanted)
        self._check_groups(values)
        self._as_configured = configured
        for name, value in values.items():
            setattr(self, name, value)

    def _apply_overrides(self, spawner_override: dict[str, Any]) -> None:
        """As KubeSpawner's, for `group_overrides` and profiles, and what was set is remembered."""
        super()._apply_overrides(spawner_override)
        for name, override in spawner_override.items():
            now = copy.deepcopy(getattr(self, name))
            if isinstance(override, dict) and isinstance(now, dict):
                now = {key: value for key, value in now.items() if key in override}
            self._of_groups[name] = now

    def _check_groups(self, values: dict[str, Any]) -> None:
        """What a group is given or held to by `group_overrides` must not get lost in silence."""
        if names := ", ".join(undone(self._of_groups, values)):
            raise rejected(
                f"What the hub has for your group contradicts its catalogue ({names})."
                " Tell your admin.",
                "configuration",
                whose=self._log_name,
                log=f"group_overrides sets {names} for {self._log_name}, and the catalogue sets"
                " it too: move it into the catalogue (amounts: `limits` with `groups`), or leave"
                " it out of group_overrides",
            )

    async def _ensure_namespace(self) -> None:
        """KubeSpawner takes any namespace of that name; here it must be marked as the user's."""
        if not self.catalogue_file:
            await super()._ensure_namespace()
            return
        wanted = make_namespace(
            self.namespace,
            labels=self._expand_all(self.user_namespace_labels),
            annotations=self._expand_all(self.user_namespace_annotations),
        )
        self._foreign = True
        try:
            await namespaces.ensure(
                self.api, namespaces.marked(wanted, self.user.name), self.user.name
            )
        except Refusal as refusal:
            raise rejected(str(refusal), refusal.reason, whose=self._log_name, status=409) from None
        self._foreign = False

    def clear_state(self) -> None:
        """Forgets the last server's choices, so that the next begins from the configuration."""
        for name, value in self._as_configured.items():
            setattr(self, name, value)
        self._as_configured = {}
        super().clear_state()

    def get_state(self) -> dict[str, Any]:
        """KubeSpawner's state, and what the server holds."""
        return self.keep(super().get_state())

    def load_state(self, state: dict[str, Any]) -> None:
        """What `get_state` gave."""
        super().load_state(state)
        self.remember(state)

    async def get_pod_manifest(self) -> Any:
        """KubeSpawner's pod, marked as this start's, and ready only when the server answers."""
        await self._check_claim()
        pod = await super().get_pod_manifest()
        await self._listen()
        pod.metadata.annotations[SPAWN_ID] = self._spawn_id
        container = pod.spec.containers[0]
        if self.resolved is not None and not {"restartPolicy", "restart_policy"} & set(
            self.extra_pod_config
        ):
            # Started again in silence it would have lost its kernels, and nobody would know why.
            pod.spec.restart_policy = "Never"
        if container.readiness_probe is None and self.resolved is not None:
            container.readiness_probe = {
                "tcpSocket": {"port": "notebook-port"},
                "periodSeconds": 1,
                "failureThreshold": 600,
            }
        if self.token_by_secret and self.resolved is not None:
            await self._hide_token(pod)
        return pod

    @property
    def token_secret(self) -> str:
        """Name of the token's Secret: no user's pod or certificates can be called so."""
        return f"{self.pod_name}.token"

    async def _hide_token(self, pod: Any) -> None:
        stored = cluster.take_token(pod, self.token_secret)
        metadata = {
            "name": self.token_secret,
            "labels": {LABEL + "spawned": "true"},
            "annotations": {cluster.OWNER: self.user.name, SPAWN_ID: self._spawn_id},
        }
        if stored:
            secret = {"metadata": metadata, "stringData": stored, "type": "Opaque"}
            await cluster.put_secret(self.api, self.namespace, secret)

    async def start(self) -> Any:
        """The server's URL.

        Raises:
            SpawnException: it will not start for a reason that is not the hub's: not counted.
        """
        self._told, self._spawn_id, self.ended = [], secrets.token_hex(8), ""
        starting = asyncio.ensure_future(self._answering(super().start()))
        try:
            return await self._watched(starting)
        except ApiException as error:
            if error.status is None or not 400 <= error.status < 500 or error.status == 429:
                raise
            refused = story.of_refusal(error.status, str(error.body or error.reason))
            self._told.append(refused)
            log = f"{error.status} {error.body!r}"
            raise rejected(
                refused.text, refused.reason, whose=self._log_name, status=409, log=log
            ) from None
        finally:
            if not starting.done():
                starting.cancel()
            self._events.forget(self._pod)

    async def stop(self, now: bool = False) -> None:
        """As KubeSpawner's, and the token's Secret goes too."""
        if self._foreign:  # nothing of this user was made in that namespace
            return
        await super().stop(now)
        self.holds = None
        if self.token_by_secret and self.catalogue_file:
            try:
                await cluster.drop_secret(
                    self.api, self.namespace, self.token_secret, self.user.name
                )
            except (ApiException, TimeoutError) as error:
                self.log.warning("the Secret of %s stays: %r", self._log_name, error)

    async def delete_forever(self) -> None:
        """As KubeSpawner's, but never another user's volume."""
        if self.delete_pvc and self.catalogue_file:
            owners = await self._owners()
            owner = (owners or {}).get(self.pvc_name)
            if owners is None or owner not in (None, self.user.name):
                self.log.error("Not deleting volume %s: it may be another's", self.pvc_name)
                return
        await super().delete_forever()
