"""Who may log in to the dashboard: users, their passwords and sessions. A step that somebody asks for."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from .errors import MoGatewayError
from .store import audit, users
from .store.audit import Actor, Deed
from .store.engine import READ_ONLY
from .store.users import User
from .words import fold

SHORTEST_PASSWORD = 12  # characters

#: Log-ins that may fail within this time before no password is looked at any more.
LIMIT_WITHIN = timedelta(minutes=15)
MOST_OF_BOTH = 5  # of one name from one address
MOST_OF_ADDRESS = 20
MOST_OF_NAME = 50  # from all addresses; it is much higher, or strangers could lock a user out


class Role(StrEnum):
    """What a user is."""

    VIEWER = "viewer"  #: sees everything, no number and no person's file
    MANAGER = "manager"  #: sees the own keywords
    OPERATOR = "operator"  #: replays, retries and tests
    COMPLIANCE = "compliance"  #: reveals numbers, proves consent, erases persons, reads the audit trail
    ADMIN = "admin"  #: may do all of it


class WrongPassword(MoGatewayError):
    """There is no user with this name and password; it is not said which of the two is wrong."""


class TooManyTries(MoGatewayError):
    """So many log-ins have failed that no password is looked at for a while."""

    def __init__(self, minutes: int) -> None:
        super().__init__(f"too many log-ins have failed: try again in {minutes} minutes")
        self.minutes = minutes


@dataclass(frozen=True, slots=True)
class Login:
    """A browser that is let in."""

    user: User
    token: str  #: for the cookie; the database has its hash only


class Users:
    """Makes users and lets them in; of the checks of passwords, each of which takes 64 MB, two run at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._hasher = PasswordHasher()
        self._checks = BoundedSemaphore(2)

    def add(self, name: str, password: str, role: Role, keywords: Sequence[str], by: Actor, now: datetime) -> None:
        """Make a user; or raise MoGatewayError that says what is wrong with the name or the password."""
        check_name(name)
        folded = _keywords_of(role, keywords)
        password_hash = self._hash_of_new(password)
        try:
            with self._engine.begin() as conn:
                users.add(conn, name=name, role=role, keywords=folded, password_hash=password_hash, at=now)
                details = {"role": role.value, "keywords": folded}
                audit.add(conn, by, Deed(action="user-add", subject=f"user {name}", details=details), now)
        except IntegrityError as exc:
            raise MoGatewayError(f"there is a user {name} already: choose another name") from exc

    def set_role(self, name: str, role: Role, keywords: Sequence[str], by: Actor, now: datetime) -> None:
        """Give a user another role; it holds from the next page on."""
        folded = _keywords_of(role, keywords)
        with self._engine.begin() as conn:
            user = _found(users.by_name(conn, name), name)
            users.set_role(conn, user.id, role, folded)
            details = {"role": role.value, "keywords": folded, "before": user.role}
            audit.add(conn, by, Deed(action="user-role", subject=f"user {name}", details=details), now)

    def set_password(self, name: str, password: str, by: Actor, now: datetime) -> None:
        """Give a user another password, and log all the user's browsers out."""
        password_hash = self._hash_of_new(password)
        with self._engine.begin() as conn:
            users.set_password(conn, _found(users.by_name(conn, name), name).id, password_hash)
            audit.add(conn, by, Deed(action="user-password", subject=f"user {name}"), now)

    def remove(self, name: str, by: Actor, now: datetime) -> None:
        """Take a user away; what the audit trail says of this user stays."""
        with self._engine.begin() as conn:
            users.remove(conn, _found(users.by_name(conn, name), name).id)
            audit.add(conn, by, Deed(action="user-remove", subject=f"user {name}"), now)

    def log_in(self, name: str, password: str, remote_addr: str, now: datetime) -> Login:
        """Let somebody in; or raise WrongPassword, or TooManyTries and then the password was not looked at."""
        with self._engine.begin() as conn:
            _check_tries(users.failures(conn, name, remote_addr, now - LIMIT_WITHIN))
            users.add_failure(conn, name, remote_addr, now)  # before it is looked at: many may come at once
            found = users.by_name(conn, name)
        user, password_hash = found or (None, self._nobodys_hash)  # as long as for one who is there
        if not self._is_right(password, password_hash) or user is None:
            raise WrongPassword("there is no user with this name and password")
        return self._let_in(user, password, password_hash, remote_addr, now)

    def log_out(self, token: str) -> None:
        """End the session of a browser."""
        with self._engine.begin() as conn:
            users.end_session(conn, hash_of(token))

    def exist(self) -> bool:
        """Tell whether anybody may log in at all."""
        with self._engine.execution_options(**READ_ONLY).begin() as conn:
            return users.exist(conn)

    def of_session(self, token: str, now: datetime) -> User | None:
        """Give whose browser it is, or None where nobody is logged in with it."""
        with self._engine.execution_options(**READ_ONLY).begin() as conn:
            found = users.in_session(conn, hash_of(token), now)
        if found is None:
            return None
        user, is_to_be_noted = found
        if is_to_be_noted:
            with self._engine.begin() as conn:
                users.note_use(conn, hash_of(token), now)
        return user

    def _let_in(self, user: User, password: str, password_hash: str, remote_addr: str, now: datetime) -> Login:
        token = secrets.token_urlsafe(32)
        with self._engine.begin() as conn:
            if self._hasher.check_needs_rehash(password_hash):
                users.rehash(conn, user.id, self._hasher.hash(password))
            users.forget_failures(conn, user.name, remote_addr)
            users.begin_session(conn, user.id, hash_of(token), now)
            actor = Actor(name=user.name, role=user.role, remote_addr=remote_addr)
            audit.add(conn, actor, Deed(action="log-in"), now)
        return Login(user, token)

    @cached_property
    def _nobodys_hash(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe())

    def _is_right(self, password: str, password_hash: str) -> bool:
        with self._checks:
            try:
                return self._hasher.verify(password_hash, password)
            except (VerificationError, InvalidHashError):
                return False

    def _hash_of_new(self, password: str) -> str:
        if len(password) < SHORTEST_PASSWORD:
            raise MoGatewayError(
                f"the password has {len(password)} characters: it needs {SHORTEST_PASSWORD} at least"
            )
        with self._checks:
            return self._hasher.hash(password)


def hash_of(token: str) -> bytes:
    """Give what the database knows of a token; it is long and random, so a fast hash will do."""
    return sha256(token.encode()).digest()


def _found(found: tuple[User, str] | None, name: str) -> User:
    if found is None:
        raise MoGatewayError(f"there is no user {name}: `mo-gateway user list` names them")
    return found[0]


def check_name(name: str, what: str = "a user") -> None:
    """Raise MoGatewayError where a name is none that one can read and type."""
    if not name or name != name.strip() or not name.isprintable() or len(name) > users.LONGEST_NAME:
        raise MoGatewayError(
            f"{name!r} is no name for {what}: 1 to {users.LONGEST_NAME} characters, no white space around them"
        )


def _keywords_of(role: Role, keywords: Sequence[str]) -> list[str]:
    if (role is Role.MANAGER) != bool(keywords):
        needs = "needs the keywords to see" if role is Role.MANAGER else "sees all keywords, and is given none"
        raise MoGatewayError(f"a {role} {needs}")
    return sorted({fold(keyword) for keyword in keywords})


def _check_tries(failures: tuple[int, int, int]) -> None:
    if any(n >= most for n, most in zip(failures, (MOST_OF_BOTH, MOST_OF_ADDRESS, MOST_OF_NAME), strict=True)):
        raise TooManyTries(int(LIMIT_WITHIN.total_seconds() // 60))
