"""What the pages need: the settings, the database, the clock, who may log in."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from threading import BoundedSemaphore

from flask import render_template
from sqlalchemy import Connection, Engine

from mo_gateway.errors import ConfigError
from mo_gateway.gateway.routes import open_routes
from mo_gateway.loss_clock import LossClock
from mo_gateway.routing import Route, Routes
from mo_gateway.settings import Settings
from mo_gateway.store.audit import Actor
from mo_gateway.store.users import User
from mo_gateway.users import Role, Users
from mo_gateway.web.source import Source
from mo_gateway.words import fold

from .roles import OF_ROLE, May
from .texts import gettext as _

FILES_AT_ONCE = 2  # that a process sends at a time; each keeps a thread and a connection until it is taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk(Source):
    """What every page is made from, in one process."""

    users: Users
    files: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(FILES_AT_ONCE))


def desk_of(settings: Settings, engine: Engine, clock: Callable[[], datetime]) -> Desk:
    """Put together what the pages need."""
    loss_clock = LossClock(settings.refusals_file)
    return Desk(settings=settings, engine=engine, users=Users(engine), clock=clock, loss_clock=loss_clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of somebody who is logged in."""

    desk: Desk
    user: User
    now: datetime
    remote_addr: str

    def may(self, what: May) -> bool:
        """Tell whether the user's role allows something."""
        return what in OF_ROLE[Role(self.user.role)]

    @property
    def own_keywords(self) -> tuple[str, ...] | None:
        """The keywords, folded, that a manager is kept to; None = all of them."""
        return self.user.keywords if self.user.role == Role.MANAGER else None

    @property
    def actor(self) -> Actor:
        """Who this is, for the audit trail."""
        return Actor(name=self.user.name, role=self.user.role, remote_addr=self.remote_addr)

    def first_of(self, days: int) -> date:
        """Give the first of so many dates, of which today is the last."""
        return self.now.astimezone(self.desk.settings.timezone).date() - timedelta(days=days - 1)

    def routes(self) -> tuple[Routes | None, str]:
        """Load the routes as a worker would now, or say what is wrong with them, to whom that is for."""
        try:
            return open_routes(self.desk.settings), ""
        except ConfigError as exc:
            if self.may(May.LOOK_AT_ALL):
                return None, str(exc)
            return None, _("There is a fault in the routes, which only those see who may look at all of them.")

    def sees(self, route: Route) -> bool:
        """Tell whether a route is one of the user's: a manager's are those of the own keywords."""
        own = self.own_keywords
        return own is None or (not route.keyword.is_pattern and fold(route.keyword.word) in own)

    def looking(self) -> AbstractContextManager[Connection]:
        """Read from one snapshot; or raise TooSlow where that takes too long for a page."""
        return self.desk.looking()

    def page(self, template: str, **values: object) -> str:
        """Make a page."""
        return render_template(template, visit=self, now=self.now, **values)
