"""Which addresses may be called: a URL of a routes file must not lead into the operator's own network.

A name is looked up once, every address that it leads to is looked at, and the connection is made to those very
addresses: a name that leads somewhere else the next time gains nothing by it.
"""

import re
import socket
from collections.abc import Callable, Collection, Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from mo_gateway.errors import HandlerError
from mo_gateway.wire import PORTS, Address

Network = IPv4Network | IPv6Network

URL_RULE = "a URL such as https://www.example.com/sms, without a user name, a password or a #"
MOST = 4  # addresses that are tried

#: Beside what is private by its own nature: addresses that hold another one, and old ones of special kinds.
NEVER = tuple(
    map(
        ip_network,
        (
            "192.88.99.0/24",  # relays to 6to4
            "::/96",  # holds an IPv4 address
            "::ffff:0:0/96",  # the same, mapped
            "::ffff:0:0:0/96",  # the same, translated
            "64:ff9b::/96",  # the same, NAT64
            "64:ff9b:1::/48",  # the same
            "2001::/32",  # the same, Teredo
            "2002::/16",  # the same, 6to4
            "fec0::/10",  # site-local
        ),
    )
)

#: What a resolver takes for an IPv4 address though it does not look like one: 2130706433, 0x7f.1, 0177.0.0.1.
_ODD_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?", re.IGNORECASE)


def is_target(url: str) -> bool:
    """Tell whether a URL can be called: http or https, a host in its usual writing, no user name, no #."""
    if not url.isascii() or not url.isprintable() or any(sign in url for sign in ' #\\"<>'):
        return False
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # an address or a port that is none
        return False
    if parts.scheme not in PORTS or not host or port == 0 or "@" in parts.netloc or "%" in host:
        return False
    return _literal(host) is not None or not _ODD_NUMBER.fullmatch(host)


def check_literal(url: str, networks: Collection[Network]) -> None:
    """Raise HandlerError where a URL names an address that may not be called; a name is not looked up."""
    address = _literal(urlsplit(url).hostname or "")
    if address:
        _check(address, networks)


def checked_by(networks: Collection[Network]) -> Callable[[str, int], list[Address]]:
    """Make what `Wire` asks for the addresses of a host; one that may not be called raises HandlerError."""

    def addresses(host: str, port: int) -> list[Address]:
        found = list(dict.fromkeys(_looked_up(host, port)))
        for address in found:
            _check(address, networks)
        return found[:MOST]

    return addresses


def may_be_called(address: Address, networks: Iterable[Network]) -> bool:
    """Tell whether an address is in one of these networks, or else a public one of an ordinary kind."""
    if any(address in network for network in networks):
        return True
    is_special = address.is_multicast or address.is_reserved or any(address in network for network in NEVER)
    return address.is_global and not is_special


def _looked_up(host: str, port: int) -> Iterable[Address]:
    for _family, _type, _protocol, _name, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        yield ip_address(place[0])


def _check(address: Address, networks: Iterable[Network]) -> None:
    if not may_be_called(address, networks):
        raise HandlerError(
            f"the target is at {address}, which is no public address; MO_GATEWAY_FORWARD_NETWORKS may allow it"
        )


def _literal(host: str) -> Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return None if isinstance(address, IPv6Address) and address.scope_id else address
