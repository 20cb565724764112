"""What do all our spawners share? The catalogue, the form, and one way from options to a server.

A mixin that stands before a spawner's class. Translates refusals into rejections, which the hub
does not count. May import jupyterhub, its database's sqlalchemy, traitlets, `rejecting`, and all
that is pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyterhub import orm
from jupyterhub.handlers.pages import SpawnHandler
from sqlalchemy import event
from traitlets import Bunch, HasTraits, Unicode, default, validate

from jupyter_kf_spawner import form
from jupyter_kf_spawner.asked import from_form, pruned
from jupyter_kf_spawner.catalogue import Catalogue, examine
from jupyter_kf_spawner.errors import CatalogueError, Refusal
from jupyter_kf_spawner.filled import Filled
from jupyter_kf_spawner.limits import Running
from jupyter_kf_spawner.rejecting import keep_short, rejected
from jupyter_kf_spawner.resolve import Identity, Resolved, Usage, resolve

# Whoever sets them: the hub writes them into its database before a spawner has seen them.
event.listen(orm.Spawner.user_options, "set", lambda _, options, *__: pruned(options), retval=True)

_loaded: dict[str, tuple[tuple[int, int], Catalogue]] = {}


class Choosing(HasTraits):
    """The catalogue's choices, for any spawner."""

    catalogue_file = Unicode(
        "",
        help="""
        Path of the catalogue: what users may start (`jupyter-kf-spawner check FILE`).

        It is read again when it changes; while a changed one has problems, the last good one
        holds. Left empty, the spawner it is built on does as it always did.
        """,
    ).tag(config=True)

    # The hub's own attributes of a spawner.
    log: Any
    user: Any
    user_options: Any
    orm_spawner: Any
    handler: Any
    _log_name: str

    resolved: Resolved | None = None
    """The server that is being started, or runs."""
    holds: Running | None = None
    """What it counts for in the user's limits; kept over restarts of the hub."""
    ended: str = ""
    """Why the last server ended, for its user; kept over restarts of the hub."""
    granted: dict[str, Any] | None = None
    """The options of the last start that was granted; kept over restarts of the hub."""
    refused: Filled | None = None
    """What the page that is about to be shown refused."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        keep_short(self.log)

    @validate("user_options")
    def _not_too_deep(self, proposal: Bunch) -> Any:
        """What the hub's API could not write either."""
        return pruned(proposal["value"])

    def catalogue(self) -> Catalogue | None:
        """The catalogue as it is now; None where none is configured.

        Raises:
            SpawnException: it can't be used; the log says why.
        """
        if not self.catalogue_file:
            return None
        path = Path(self.catalogue_file)
        try:
            state = path.stat()
            stamp = (state.st_mtime_ns, state.st_size)
            known = _loaded.get(self.catalogue_file)
            if known is None or known[0] != stamp:
                examined = examine(path)
                _loaded[self.catalogue_file] = (stamp, examined.catalogue)
                for problem in examined.warnings:
                    self.log.warning("%s", problem.shown(self.catalogue_file))
        except (OSError, CatalogueError) as error:
            self.log.error("The catalogue can't be used:\n%s", error)
            if self.catalogue_file not in _loaded:
                raise rejected(
                    "The list of what can be started has mistakes. Tell your admin.",
                    "catalogue",
                    whose=self._log_name,
                    status=503,
                    log=f"{path} can't be used; its problems are above",
                ) from None
        return _loaded[self.catalogue_file][1]

    def identity(self) -> Identity:
        """Who asks."""
        return Identity(self.user.name, frozenset(group.name for group in self.user.groups))

    async def usage(self, _: object) -> Usage:
        """What is there that decides about these options; a spawner that can look says more."""
        return Usage(running=self.others(), claims={})

    async def seen(self) -> Usage:
        """All that the form shows; never asked for at a start."""
        return Usage(running=self.others(), claims={})

    def others(self) -> tuple[Running, ...]:
        """What the user's other servers hold."""
        others = [one for one in self.user.spawners.values() if one is not self and one.active]
        return tuple(one.holds for one in others if getattr(one, "holds", None) is not None)

    async def choose(self, options: object) -> Resolved | None:
        """The server for these options, kept as `resolved`; None where there is no catalogue.

        Raises:
            SpawnException: refused; nothing was started, and nothing is counted.
        """
        self.resolved = self.holds = None
        catalogue = self.catalogue()
        if catalogue is None:
            return None
        try:
            self.resolved = resolve(catalogue, self.identity(), await self.usage(options), options)
        except Refusal as refusal:
            self._take_back(Filled(options, refusal.field, refused=True))
            raise rejected(str(refusal), refusal.reason, whose=self._log_name) from None
        self.granted = dict(options) if isinstance(options, Mapping) else {}
        self.holds = Running(self.resolved.cpu, self.resolved.memory, self.resolved.gpus)
        return self.resolved

    def _take_back(self, refused: Filled) -> None:
        """What was refused stays on the page that refuses it, and is nobody's last choice.

        The hub saves options before they are judged, and would fill the next page with them. It
        shows the page of a named server's refused form with the user's default spawner.
        """
        if isinstance(self.handler, SpawnHandler):
            posted = self.handler.request.method == "POST"
            (self.user.spawner if posted else self).refused = refused
        if self.orm_spawner is not None:
            self.orm_spawner.user_options = self.granted or {}

    async def options_page(self) -> str:
        """The spawn page's options as HTML; empty where there is no catalogue."""
        catalogue = self.catalogue()
        if catalogue is None:
            return ""
        notices = [self.ended] if self.ended else []
        refused, self.refused = self.refused, None
        return form.render(
            catalogue,
            self.identity(),
            await self.seen(),
            filled=refused or Filled(self.user_options),
            notices=notices + self.notices(),
            volumes_url=self.volumes_url(),
        )

    def stock_form_reader(self) -> Any:
        """How the spawner it is built on reads a form."""
        return dict

    def volumes_url(self) -> str:
        """The page on which volumes are deleted; empty where there is none."""
        return ""

    def notices(self) -> list[str]:
        """More that the page should say first."""
        return []

    def keep(self, state: dict[str, Any]) -> dict[str, Any]:
        """The hub's saved state, with what must outlive the hub."""
        if self.holds:
            state["jupyter_kf_holds"] = [self.holds.cpu, self.holds.memory, self.holds.gpus]
        if self.ended:
            state["jupyter_kf_ended"] = self.ended
        if self.granted:
            state["jupyter_kf_granted"] = self.granted
        return state

    def remember(self, state: dict[str, Any]) -> None:
        """What `keep` kept."""
        held = state.get("jupyter_kf_holds")
        self.holds = Running(*held) if held else None
        self.ended = str(state.get("jupyter_kf_ended", ""))
        self.granted = state.get("jupyter_kf_granted")

    @default("options_from_form")
    def _form_reader(self) -> Any:
        if self.catalogue_file:
            return from_form
        return self.stock_form_reader()

    @default("apply_user_options")
    def _chooser(self) -> Any:
        return _choose if self.catalogue_file else None


async def _choose(spawner: Choosing, options: object) -> None:
    await spawner.choose(options)
