"""Which volumes are mine, and how do I delete one for good? A page of the hub.

Nothing else deletes a user's files: neither a stop nor a new server does. `HANDLERS` go into
`c.JupyterHub.extra_handlers`. May import jupyterhub, `spawner`, `local`,
`cluster`.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

from jupyterhub.handlers import BaseHandler
from jupyterhub.scopes import needs_scope
from kubernetes_asyncio.client.exceptions import ApiException
from tornado import web

from jupyter_kf_spawner.cluster import Volume
from jupyter_kf_spawner.errors import shown
from jupyter_kf_spawner.local import KfLocalSpawner
from jupyter_kf_spawner.spawner import KfSpawner

NOT_NOW = "The cluster does not answer: what volumes there are can't be seen now. Try again later."


ELSEWHERE = (
    "This hub runs on one machine without Kubernetes, so there are no volumes. The files of these"
    " servers are in the folder {}, where they stay until somebody deletes them there."
)


class VolumesHandler(BaseHandler):
    """`/hub/volumes/USER`: the user's volumes, and a form of its own to delete each."""

    @web.authenticated
    @needs_scope("delete:servers")
    async def get(self, user_name: str) -> None:
        """The list; where the hub has no Kubernetes, the folder instead."""
        local = self._any_spawner(user_name)
        if isinstance(local, KfLocalSpawner):
            await self._finish(user_name, elsewhere=ELSEWHERE.format(local.home_dir))
            return
        await self._show(user_name)

    @web.authenticated
    @needs_scope("delete:servers")
    async def post(self, user_name: str) -> None:
        """Deletes the volume `volume` when `typed` is its name, it is the user's, and free."""
        name, typed = self.get_body_argument("volume", ""), self.get_body_argument("typed", "")
        spawner = self._spawner(user_name)
        found = [one for one in await spawner.volumes_of_user() or () if one.name == name]
        if not found:
            text = f"There is no volume {shown(name, 80)} of yours. Nothing was deleted."
            await self._show(user_name, text, 404)
        elif typed.strip() != name:
            text = f"Type {name} to delete it. Nothing was deleted."
            await self._show(user_name, text, 400)
        elif found[0].used_by:
            used = " and ".join(found[0].used_by)
            text = f"{name} is in use by {used}. Stop it first. Nothing was deleted."
            await self._show(user_name, text, 409)
        else:
            await self._delete(user_name, found[0])

    async def _delete(self, user_name: str, volume: Volume) -> None:
        try:
            await self._spawner(user_name).delete_volume(volume)
        except TimeoutError:
            self.log.error("volume %s of %s: no answer in time", volume.name, user_name)
            text = f"The cluster did not answer in time: {volume.name} may be deleted, or not yet."
            await self._show(user_name, f"{text} Look at this page again in a minute.", 504)
        except ApiException as error:
            self.log.error("volume %s of %s stays: %s", volume.name, user_name, error.reason)
            text = f"The cluster did not delete {volume.name}. Try again, or tell your admin."
            await self._show(user_name, text, 502)
        else:
            self.log.info("volume %s of %s was deleted for its user", volume.name, user_name)
            await self._show(user_name, f"{volume.name} was deleted, with its files.", done=True)

    def _spawner(self, user_name: str) -> KfSpawner:
        spawner = self._any_spawner(user_name)
        if not isinstance(spawner, KfSpawner):
            raise web.HTTPError(404)
        return spawner

    def _any_spawner(self, user_name: str) -> Any:
        user = self.find_user(user_name)
        if user is None:
            raise web.HTTPError(404)
        return user.spawner

    async def _show(
        self, user_name: str, said: str = "", status: int = 200, *, done: bool = False
    ) -> None:
        volumes = await self._spawner(user_name).volumes_of_user()
        self.set_status(status)
        await self._finish(
            user_name,
            volumes=volumes or (),
            said=NOT_NOW if volumes is None else said,
            done=done and volumes is not None,
        )

    async def _finish(self, user_name: str, **more: Any) -> None:
        page = self.settings["jinja2_env"].from_string(_text())
        names = {**self.template_namespace, "whose": user_name, **more}
        names["mine"] = self.current_user.name == user_name
        self.finish(await page.render_async(**names))


@functools.cache
def _text() -> str:
    return (resources.files("jupyter_kf_spawner") / "page" / "volumes.html").read_text("utf-8")


HANDLERS: list[tuple[str, Any]] = [(r"/volumes/([^/]+)", VolumesHandler)]
