"""Who may call: the secret in the path, and the address."""

from collections.abc import Sequence
from hmac import compare_digest
from ipaddress import ip_address

from werkzeug.http import parse_list_header

from mo_gateway.settings import Network


def has_secret(given: bytes, secrets: Sequence[str]) -> bool:
    """Compare with every secret in constant time; as bytes, since text beyond ASCII cannot be compared so."""
    found = False
    for secret in secrets:
        found |= compare_digest(given, secret.encode())
    return found


def is_from(address: str, networks: Sequence[Network]) -> bool:
    """Tell whether an address lies in one of the networks; IPv4 inside IPv6 counts as IPv4."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return any((mapped or ip) in network for network in networks)


def caller(peer: str, forwarded_for: str, trusted_proxies: int) -> str:
    """Give the address that called: what the outermost of so many trusted proxies wrote, else that of `peer`.

    It is werkzeug's rule (ProxyFix) on the Flask front, and its words are read by werkzeug here too.
    """
    addresses = parse_list_header(forwarded_for) if trusted_proxies and forwarded_for else []
    return (addresses[-trusted_proxies] if len(addresses) >= trusted_proxies > 0 else "") or peer
