"""A provider that lies quotes our credentials wherever it may write a word: none of them reaches the database."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from json import dumps
from typing import NamedTuple
from urllib.parse import quote

import pytest
from sqlalchemy import inspect

from mo_gateway.fakes.server import Call, FakeAnswer, Taken, running
from mo_gateway.gateway import Gateway, open_gateway
from mo_gateway.gateway.sending import open_senders, sender_with
from mo_gateway.metrics import Metrics
from mo_gateway.reply import Reply
from mo_gateway.web import create_app
from tests.conftest import settings_for
from tests.sending import queue, send_all
from tests.stored import rows

PASSWORD = "gehëim/wacht woord&1"
IN_QUERY = quote(PASSWORD)
DIGITS = "1234567890"  # where a provider's words are numbers


class Echo(NamedTuple):
    """What a provider answers to an SMS, and under which settings."""

    provider: str
    variables: Mapping[str, str]
    body: str
    content_type: str = "text/plain"


OF_INTELECOM = {"SERVICE_ID": "1000", "USERNAME": "user", "PASSWORD": PASSWORD}
OF_REST = {"API": "rest", "TOKEN": DIGITS}
OF_1601SMS = {"USERNAME": "user", "PASSWORD": DIGITS}
USER = {"USERNAME": "user", "PASSWORD": PASSWORD}
LOGIN = {"LOGIN": "user", "PASSWORD": PASSWORD}
IN_XML = IN_QUERY.lower(), PASSWORD.replace("&", "&amp;")  # as it may stand there

ECHOES = {
    "spryng": Echo("spryng", USER, PASSWORD),
    "spryng by REST": Echo("spryng", OF_REST, f'{{"id": "x-{DIGITS}"}}', "application/json"),
    "connectcall": Echo(
        "connectcall",
        LOGIN,
        f"<response><sms_response_code>400</sms_response_code><sms_response_text>{IN_XML[1]}</sms_response_text>"
        "</response>",
        "text/xml",
    ),
    "sms1601": Echo("sms1601", OF_1601SMS, f"OK {DIGITS}"),
    "sms1601 with an error": Echo("sms1601", OF_1601SMS, f"ERROR {DIGITS}"),
    **{
        f"pswincom {status} {word}": Echo(
            "pswincom",
            USER,
            f"<SESSION><LOGON>OK</LOGON><MSGLST><MSG><ID>1</ID><REF>{word}</REF><STATUS>{status}</STATUS>"
            f"<INFO>{word}</INFO></MSG></MSGLST></SESSION>",
            "text/xml; charset=utf-8",
        )
        for status in ("OK", "FAIL")
        for word in IN_XML
    },
    "pswincom that lets nobody in": Echo(
        "pswincom",
        USER,
        f"<SESSION><LOGON>FAIL</LOGON><REASON>no user with {IN_XML[1]}</REASON></SESSION>",
        "text/xml; charset=utf-8",
    ),
    **{
        f"intelecom {code}": Echo(
            "intelecom",
            OF_INTELECOM,
            dumps(
                {"messageStatus": [{"statusCode": code, "statusMessage": PASSWORD, "messageId": PASSWORD}]},
                ensure_ascii=code == 1,
            ),
            "application/json",
        )
        for code in (1, 3)
    },
}

REPORTS = {
    "spryng": f"/spryng/dlr/geheim?REFERENCE={IN_QUERY}&STATUS={IN_QUERY.lower()}",
    "sms1601": f"/sms1601/dlr/geheim?smsid={IN_QUERY}&status={IN_QUERY}&referentie={IN_QUERY}",
    "intelecom": f"/intelecom/dlr/geheim?messageid={IN_QUERY}&statuscode={IN_QUERY}"
    f"&customermessagereference={IN_QUERY}",
}


@dataclass
class Answering:
    """A fake that answers to everything the same."""

    echo: Echo
    taken: Sequence[Taken] = ()

    def answer(self, call: Call) -> FakeAnswer:
        return FakeAnswer(body=self.echo.body.encode(), content_type=self.echo.content_type)

    def report(self, taken: Taken, state: str) -> Call:
        raise NotImplementedError


@pytest.fixture
def gateway(sqlite_url: str) -> Iterator[Gateway]:
    gateway = open_gateway(settings_for(sqlite_url, PSWINCOM_USERNAME="user", PSWINCOM_PASSWORD=PASSWORD))
    yield gateway
    gateway.close()


def all_that_is_stored(gateway: Gateway) -> str:
    """Write out every row of every table."""
    tables = inspect(gateway.engine).get_table_names()
    return "\n".join(str(row) for table in tables for row in rows(gateway.engine, table))


def is_there(text: str) -> bool:
    # bytes are shown with the escapes of repr
    in_utf_8 = PASSWORD.encode()
    forms = (PASSWORD, DIGITS, *IN_XML, IN_QUERY, str(in_utf_8)[2:-1], in_utf_8.decode("latin-1"))
    return any(form in text for form in forms)


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES.keys())
def test_no_credential_in_an_answer_to_an_sms_is_stored(sqlite_url: str, echo: Echo) -> None:
    prefix = echo.provider.upper()
    with running(Answering(echo)) as server:
        variables = {f"{prefix}_{name}": value for name, value in {**echo.variables, "URL": server.url}.items()}
        gateway = open_gateway(settings_for(sqlite_url, **variables))
        clients = open_senders(gateway.settings)
        queue(gateway, Reply("hello", provider=echo.provider))

        send_all(sender_with(clients, gateway.settings, gateway.engine, metrics=Metrics()), clients[echo.provider])

    (row,) = rows(gateway.engine, "mt_message")
    stored = all_that_is_stored(gateway)
    gateway.close()
    assert row.attempts == 1
    assert not is_there(stored)
    assert is_there(str(echo))


@pytest.mark.parametrize("path", REPORTS.values(), ids=REPORTS.keys())
def test_no_credential_in_a_report_is_stored(gateway: Gateway, path: str) -> None:
    answer = create_app(gateway).test_client().get(path)

    assert answer.status_code == 200
    (row,) = rows(gateway.engine, "mt_report")
    assert "***" in f"{row.provider_status}{row.reference}{row.provider_id}"
    assert not is_there(all_that_is_stored(gateway))


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
@pytest.mark.parametrize("word", IN_XML)
def test_no_credential_in_a_report_in_xml_is_stored(gateway: Gateway, word: str, charset: str) -> None:
    document = f"<MSGLST><MSG><ID>1</ID><REF>{word}</REF><STATE>{word}</STATE></MSG></MSGLST>"

    answer = (
        create_app(gateway)
        .test_client()
        .post("/pswincom/dlr/geheim", data=document.encode(charset), content_type=f"text/xml; charset={charset}")
    )

    assert answer.status_code == 200
    (row,) = rows(gateway.engine, "mt_report")
    assert (row.provider_id, row.provider_status) == ("***", "***")
    assert b"wacht" not in bytes(row.raw)
