"""Calls that schemathesis makes up from the OpenAPI document, right and wrong: it says what is answered."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.core.result import Ok

from mo_gateway.gateway import Gateway
from tests.api.asking import asker
from tests.stored import store_senders

pytestmark = [pytest.mark.attacks, pytest.mark.timeout(300)]

load_all_checks()

#: Of the years that a calendar may have those that lie in a zone's table.
schemathesis.openapi.format(
    "date-time", st.datetimes(timezones=st.timezones()).filter(lambda moment: 1900 < moment.year < 2100).map(str)
)

EXAMPLES = 40  # of each address and each mode


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_is_asked_is_answered_as_documented(mode: GenerationMode, gateway: Gateway) -> None:
    store_senders(gateway, 5)
    known = asker(gateway)
    headers = {"Authorization": f"Bearer {known.token}"}
    described = schemathesis.openapi.from_wsgi("/api/openapi.json", known.client.application, headers=headers)
    addresses = [found.ok() for found in described.get_all_operations() if isinstance(found, Ok)]
    asked = []

    for address in addresses:
        if mode.is_negative and not (address.query or address.path_parameters):
            continue  # nothing of it can be wrong

        @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
        @given(case=address.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case[Any]) -> None:
            asked.append(case.call_and_validate(headers=headers).status_code)

        ask()

    assert len(addresses) == 3  # that of the document is known from having asked for it
    assert len(asked) > EXAMPLES
    assert set(asked) <= {200, 400, 401, 404, 405}
