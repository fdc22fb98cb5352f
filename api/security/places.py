"""Where requests come from and go to: this machine, the service's own pages, or anywhere else."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from starlette.datastructures import Headers
from starlette.types import Scope

from api.services.refusals import ForeignPage, KeysNeeded

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SAME = ("same-origin", "none")  # "none": the user's own doing, like an address that was typed


@lru_cache
def is_loopback(host: str) -> bool:
    """Whether it is a name or an address of this machine that no other can reach."""
    name = host.strip("[]").lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def require_this_machine(scope: Scope) -> None:
    """Raises KeysNeeded when anybody else could have sent it, ForeignPage when a foreign page wants to write.

    A page may call its own name an address of this machine (DNS rebinding), so that the name counts as well.
    """
    headers = Headers(scope=scope)
    for what, host in (("its address is", scope.get("server")), ("it came from", scope.get("client"))):
        if host is None or not is_loopback(host[0]):
            shown = host[0] if host else "unknown"
            raise KeysNeeded(f"{what} {shown}")
    name = headers.get("host", "")
    if not is_for_this_machine(headers):
        raise KeysNeeded(f"it was asked by the name {name!r}")
    if scope["method"] not in SAFE_METHODS and is_foreign(headers):
        raise ForeignPage


def is_for_this_machine(headers: Headers) -> bool:
    """Whether it was asked by a name of this machine."""
    return is_loopback(_without_port(headers.get("host", "")))


def came_encrypted(scope: Scope) -> bool:
    """Whether it came over https, by what trusted proxies say, or else by what browsers do.

    They name the scheme in Origin, and say where a request is from (Sec-Fetch-Site) over https alone,
    addresses of this machine apart.
    """
    headers = Headers(scope=scope)
    if scope["scheme"] == "https" or headers.get("origin", "").startswith("https://"):
        return True
    return "sec-fetch-site" in headers and not is_for_this_machine(headers)


def require_own_page(scope: Scope) -> None:
    """Raises ForeignPage unless the request is by a page of this service: browsers say so."""
    headers = Headers(scope=scope)
    says_so = "sec-fetch-site" in headers or "origin" in headers
    if not says_so or is_foreign(headers):
        raise ForeignPage


def is_foreign(headers: Headers) -> bool:
    """Whether a browser says that a page of another site asks; other programs say nothing."""
    site = headers.get("sec-fetch-site")
    if site is not None and site not in _SAME:
        return True
    origin = headers.get("origin")
    return origin is not None and origin.lower().partition("://")[2] != headers.get("host", "").lower()


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return name if port.isdecimal() else host
