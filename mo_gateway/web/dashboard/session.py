"""The cookie of a browser, and the proof that a form was ours: nothing changes without both."""

import secrets
from hashlib import sha256
from hmac import compare_digest

from flask import Request, Response, g, request

from mo_gateway.settings import Settings

COOKIE = "mo_gateway_dashboard"
FIELD = "form"  # the hidden field that every form has


def token() -> str:
    """Give what this browser's cookie holds; a new visitor gets something random, which opens nothing."""
    if "token" not in g:
        g.token = request.cookies.get(COOKIE) or secrets.token_urlsafe(32)
    return str(g.token)


def form_proof() -> str:
    """Give what a form of this browser must send along: only who can read our pages knows it."""
    return sha256(f"form of {token()}".encode()).hexdigest()


def is_our_form(asked: Request) -> bool:
    """Tell whether a POST comes from a page of ours, shown to this same browser."""
    if asked.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    given = asked.form.get(FIELD, "")
    return COOKIE in asked.cookies and compare_digest(given.encode(), form_proof().encode())


def keep(response: Response, value: str, settings: Settings) -> None:
    """Have the browser keep a token: for this path only, out of reach of scripts and of other sites' forms."""
    response.set_cookie(
        COOKIE,
        value,
        path="/dashboard",
        secure=settings.public_url.startswith("https:"),
        httponly=True,
        samesite="Lax",
    )


def drop(response: Response) -> None:
    """Have the browser forget it."""
    response.delete_cookie(COOKIE, path="/dashboard")
