"""What each role may do; every route of the dashboard names one of these, or is open to nobody."""

from collections.abc import Mapping
from enum import StrEnum

from mo_gateway.users import Role


class May(StrEnum):
    """What a route asks of whoever calls it."""

    LOG_IN = "log in"  #: the one thing that is open to everybody
    LOOK = "look"  #: pages that show a manager the own keywords only
    LOOK_AT_ALL = "look at all"  #: pages that cannot be cut down to some keywords
    ACT = "act"  #: replay, retry, send a test
    SEE_PEOPLE = "see people"  #: reveal a number, prove consent, export and erase a person, read the trail
    ADMINISTER = "administer"  #: users


OF_ROLE: Mapping[Role, frozenset[May]] = {
    Role.VIEWER: frozenset({May.LOOK, May.LOOK_AT_ALL}),
    Role.MANAGER: frozenset({May.LOOK}),
    Role.OPERATOR: frozenset({May.LOOK, May.LOOK_AT_ALL, May.ACT}),
    Role.COMPLIANCE: frozenset({May.LOOK, May.LOOK_AT_ALL, May.SEE_PEOPLE}),
    Role.ADMIN: frozenset(May) - {May.LOG_IN},
}
