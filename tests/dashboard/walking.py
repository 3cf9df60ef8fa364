"""A walk through the dashboard: from the overview along every link and every form that only asks."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from flask import Flask

from mo_gateway.web.dashboard.routes import ROUTES

BEGIN = "/dashboard/"
MOST_ALIKE = 2  # addresses of one route that ask for the same, with other values
MOST_OF_ROUTE = 10  # filters of many kinds have thousands of combinations
METHODS = {route.name: route.methods for route in ROUTES}

#: Asks for an address: what comes back is its status, its media type and its text.
Ask = Callable[[str], tuple[int, str, str]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the walk has been."""

    route: str  #: its name in `routes.ROUTES`
    address: str
    status: int
    is_page: bool  #: and not a file
    linked_from: str


def parameters_of(address: str) -> frozenset[str]:
    """Name what an address asks for."""
    return frozenset(name for name, _ in parse_qsl(urlsplit(address).query, keep_blank_values=True))


def walk(app: Flask, ask: Ask) -> list[Place]:
    """Go everywhere where links lead; of addresses that differ in values only, to the first few."""
    matching = app.url_map.bind("")
    waiting, seen = deque([(BEGIN, BEGIN)]), {BEGIN}
    been: dict[str, list[frozenset[str]]] = defaultdict(list)
    found = []
    while waiting:
        address, linked_from = waiting.popleft()
        endpoint, _ = matching.match(urlsplit(address).path, method="GET")
        route = endpoint.removeprefix("dashboard.")
        shape = parameters_of(address)
        if route not in METHODS or been[route].count(shape) >= MOST_ALIKE or len(been[route]) >= MOST_OF_ROUTE:
            continue
        been[route].append(shape)
        status, media_type, text = ask(address)
        is_page = media_type.startswith("text/html")
        found.append(Place(route, address, status, is_page, linked_from))
        for link in _links(address, text) if is_page else ():
            if link not in seen:
                seen.add(link)
                waiting.append((link, address))
    return found


def _links(address: str, text: str) -> Iterator[str]:
    """Give the addresses below `/dashboard` that a page leads to by GET."""
    page = Page()
    page.feed(text)
    for link in (*page.links, *page.questions()):
        parts = urlsplit(urljoin(f"http://here{address}", link))
        if parts.netloc == "here" and parts.path.startswith(BEGIN):
            yield parts.path + (f"?{parts.query}" if parts.query else "")


@dataclass
class _Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """The links of a page, and its forms that only ask."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self._forms: list[_Form] = []
        self._form: _Form | None = None
        self._select = ""

    def questions(self) -> Iterator[str]:
        """Give what is asked for where each form is sent as it stands."""
        return (f"{form.action.partition('?')[0]}?{urlencode(form.fields)}" for form in self._forms)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "form" and given.get("method", "get").lower() == "get":
            self._form = _Form(given.get("action", ""))
            self._forms.append(self._form)
        elif self._form and given.get("name") and tag in ("input", "select", "textarea"):
            self._select = given["name"]
            self._form.fields[self._select] = given.get("value", "")
        elif self._form and tag == "option" and "selected" in given:
            self._form.fields[self._select] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
