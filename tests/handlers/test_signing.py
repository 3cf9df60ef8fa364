"""Signatures are those of Standard Webhooks, so that a target can check them with any of its libraries."""

import base64
import hmac
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mo_gateway.errors import ConfigError
from mo_gateway.handlers.signing import read_secrets, signed

#: The specification's own example.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def secret_of(length: int) -> str:
    return f"whsec_{base64.b64encode(bytes(range(length))).decode()}"


def test_the_example_of_the_specification_is_signed_as_there() -> None:
    assert signed(read_secrets([SECRET]), MESSAGE_ID, AT, BODY) == {
        "webhook-id": MESSAGE_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_each_secret_makes_a_signature_in_its_place() -> None:
    other = secret_of(32)

    given = signed(read_secrets([other, SECRET]), MESSAGE_ID, AT, BODY)["webhook-signature"].split(" ")

    content = f"{MESSAGE_ID}.1614265330.".encode() + BODY
    expected = base64.b64encode(hmac.digest(bytes(range(32)), content, "sha256")).decode()
    assert given == [f"v1,{expected}", SIGNATURE]


def test_without_a_secret_there_is_an_id_and_no_signature() -> None:
    assert signed((), "mo_17", AT, BODY) == {"webhook-id": "mo_17", "webhook-timestamp": "1614265330"}


@pytest.mark.parametrize("length", [24, 32, 64])
def test_a_secret_has_24_to_64_bytes(length: int) -> None:
    assert read_secrets([secret_of(length)]) == (bytes(range(length)),)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "geheim",
        SECRET.removeprefix("whsec_"),
        SECRET.upper(),
        f"{SECRET} ",
        SECRET[:-1],
        SECRET.replace("M", "-"),
        "whsec_geheimgeheimgeheimgeheimgeheimgehe\u00ef",
        secret_of(23),
        secret_of(65),
    ],
)
def test_what_is_no_secret_is_refused_and_not_quoted(secret: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_secrets([SECRET, secret])

    assert str(caught.value) == "a secret is whsec_ and the base64 of 24 to 64 bytes, and one of these is not"


def test_the_example_of_the_docs_knows_a_signature_of_ours_from_any_other() -> None:
    page = (Path(__file__).parents[2] / "docs" / "handlers.md").read_text()
    example = re.search(r"^```python\n(import base64.*?)^```", page, re.DOTALL | re.MULTILINE)
    named: dict[str, Any] = {}
    assert example
    exec(example[1], named)
    is_genuine = named["is_genuine"]

    given = signed(read_secrets([secret_of(32), SECRET]), "mo_17", datetime.now(UTC), BODY)

    assert is_genuine(SECRET, given, BODY)
    assert not is_genuine(SECRET, given, BODY + b" ")
    assert not is_genuine(secret_of(24), given, BODY)
    assert not is_genuine(SECRET, {**given, "webhook-id": "mo_18"}, BODY)
    assert not is_genuine(SECRET, signed(read_secrets([SECRET]), "mo_17", AT, BODY), BODY)
