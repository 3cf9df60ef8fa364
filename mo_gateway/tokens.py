"""Which programs may ask the read API: tokens, made and taken away. A step that somebody asks for."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from .errors import MoGatewayError
from .store import audit, tokens
from .store.audit import Actor, Deed
from .store.engine import glancing
from .users import check_name, hash_of


@dataclass(frozen=True, slots=True)
class Tokens:
    """Makes tokens and knows them again; the database has their hashes only."""

    engine: Engine

    def add(self, name: str, by: Actor, now: datetime) -> str:
        """Make a token and give it, this once; or raise MoGatewayError that says what is wrong with the name."""
        check_name(name, "a token")
        token = secrets.token_urlsafe(32)
        try:
            with self.engine.begin() as conn:
                tokens.add(conn, name=name, token_hash=hash_of(token), at=now)
                audit.add(conn, by, Deed(action="token-add", subject=f"token {name}"), now)
        except IntegrityError as exc:
            raise MoGatewayError(f"there is a token {name} already: choose another name") from exc
        return token

    def remove(self, name: str, by: Actor, now: datetime) -> None:
        """Take a token away; it opens nothing from the next request on."""
        with self.engine.begin() as conn:
            if not tokens.remove(conn, name):
                raise MoGatewayError(f"there is no token {name}: `mo-gateway token list` names them")
            audit.add(conn, by, Deed(action="token-remove", subject=f"token {name}"), now)

    def know(self, given: str) -> bool | None:
        """Tell whether this is one of the tokens, comparing all in constant time; None where there are none."""
        with glancing(self.engine).begin() as conn:
            known = tokens.hashes(conn)
        found = False
        for one in known:
            found |= compare_digest(one, hash_of(given))
        return found if known else None
