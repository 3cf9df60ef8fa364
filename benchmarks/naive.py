"""The naive design, as somebody who knows Flask and SQLAlchemy would write it on a good day.

One ORM session and one commit a request; a pool with a connection for each thread; a unique key against
retries; SQLite in its faster journal mode. It runs no handlers.
"""

import hmac
from datetime import datetime
from hashlib import sha256
from sqlite3 import Connection

from flask import Flask, request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from sqlalchemy import URL, Engine, LargeBinary, create_engine, event, func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

SECRET = "benchmark"
TABLE = "inbound_sms"


class Base(DeclarativeBase):
    """What all tables share."""


class InboundSms(Base):
    """One message."""

    __tablename__ = TABLE

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    msisdn: Mapped[str]
    keyword: Mapped[str]
    parm: Mapped[str]
    operator: Mapped[str]
    sent_at: Mapped[datetime]
    shortcode: Mapped[str]
    country: Mapped[str]
    reference: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())


class InboundSmsSchema(Schema):
    """The rules of the provider's document."""

    class Meta:
        unknown = EXCLUDE

    msisdn = fields.String(data_key="MSISDN", required=True, validate=validate.Regexp(r"\+?[1-9][0-9]{5,14}\Z"))
    keyword = fields.String(data_key="KEYWORD", required=True, validate=validate.Length(2, 15))
    parm = fields.String(data_key="PARM", load_default="")
    operator = fields.String(data_key="OPERATOR", load_default="20601", validate=validate.Regexp(r"[0-9]{5}\Z"))
    sent_at = fields.NaiveDateTime(data_key="TIMESTAMP", required=True, format="%Y%m%d%H%M%S")
    shortcode = fields.String(data_key="SHORTCODE", required=True, validate=validate.Regexp(r"[0-9]{1,20}\Z"))
    country = fields.String(data_key="COUNTRY", required=True, validate=validate.Regexp(r"[A-Z]{3}\Z"))
    reference = fields.String(data_key="REFERENCE", load_default="", validate=validate.Length(max=100))


def create_app(database: URL, *, threads: int) -> Flask:
    """Make the application of one server process."""
    app = Flask(__name__)
    engine = open_engine(database, connections=threads)
    schema = InboundSmsSchema()

    @app.post("/spryng/mo/<secret>")
    def receive(secret: str) -> tuple[str, int]:
        if not hmac.compare_digest(secret.encode(), SECRET.encode()):
            return "Forbidden", 403
        try:
            values = schema.load(request.form)
        except ValidationError as exc:
            return str(exc.messages), 400
        key = sha256("\0".join(map(str, values.values())).encode()).digest()
        with Session(engine) as session:
            session.add(InboundSms(key=key, **values))
            try:
                session.commit()
            except IntegrityError:
                session.rollback()  # a retry: it is there already
        return "TRUE", 200

    return app


def create_tables(database: URL) -> None:
    """Make the tables, before the servers start."""
    engine = open_engine(database, connections=1)
    Base.metadata.create_all(engine)
    engine.dispose()


def open_engine(database: URL, *, connections: int) -> Engine:
    engine = create_engine(database, pool_size=connections)
    if database.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _settle)
    return engine


def _settle(connection: Connection, _record: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # else what was answered TRUE may be lost with the power
    connection.execute("PRAGMA busy_timeout = 30000")
