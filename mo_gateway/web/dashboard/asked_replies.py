"""Which replies an address asks for: the same filter for the list, its counts and a retry."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from mo_gateway.moments import read_moment
from mo_gateway.store.replies import DELIVERIES, STATES, TAKEN_UP, Chosen

from .asked import Conditions, one_of, read_all, row_number

#: The names in an address that choose replies, as on the command line.
NAMES = ("since", "until", "state", "delivery", "provider", "code", "reason", "id")

#: What has an index by its state, so that all of it is shown, however old it is.
FOUND_BY_STATE = (set(TAKEN_UP), {"queued"})
WINDOW = timedelta(hours=24)  # of everything else, where the address names none


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Conditions):
    """A choice of replies, as it stands in the address."""

    chosen: Chosen
    is_window_ours: bool = False  #: the address names no time, and WINDOW is what is shown

    def within(self, since: str) -> str:
        """Write the query of the same choice within another time, up to now."""
        others = [pair for pair in self.given if pair[0] not in ("since", "until")]
        return urlencode([("since", since), *others])

    def window(self, now: datetime) -> Chosen:
        """Give all replies of the same time and provider, whatever became of them."""
        chosen = self.chosen
        since = chosen.since or (chosen.until or now) - WINDOW
        return Chosen(provider=chosen.provider, since=since, until=chosen.until)

    def counted(self, **values: str) -> str:
        """Write the query that leads to rows of `window`."""
        kept = {name: value for name, value in self.given if name in ("since", "until", "provider")}
        if "until" not in kept:
            kept.setdefault("since", f"{WINDOW // timedelta(hours=1)}h")
        return urlencode({**kept, **values})


def replies_asked(args: MultiDict[str, str], zone: ZoneInfo, now: datetime) -> Asked:
    """Read which replies are meant."""
    found, given, faults = read_all(args, NAMES, lambda found, name, value: _read(found, name, value, zone, now))
    chosen = Chosen(**found)
    states = set(chosen.states)
    is_found_by_state = states and not chosen.delivery and any(states <= few for few in FOUND_BY_STATE)
    is_window_ours = not (chosen.ids or chosen.since or (is_found_by_state and not chosen.until))
    if is_window_ours:
        chosen = replace(chosen, since=(chosen.until or now) - WINDOW)
    return Asked(chosen=chosen, given=given, faults=faults, is_window_ours=is_window_ours)


def _read(found: dict[str, Any], name: str, value: str, zone: ZoneInfo, now: datetime) -> None:
    """Read one condition; or raise ValueError."""
    if name in ("since", "until"):
        found[name] = read_moment(value, zone, now, end_of_day=name == "until")
    elif name == "id":
        found["ids"] = (*found.get("ids", ()), row_number(value))
    elif name == "state":
        found["states"] = (*found.get("states", ()), one_of(STATES, value))
    elif name == "delivery":
        found["delivery"] = one_of(DELIVERIES, value)
    else:
        found[name] = value
