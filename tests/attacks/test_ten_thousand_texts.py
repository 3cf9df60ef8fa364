"""The catalogue's own number of texts from one phone, which takes a minute."""

import pytest

from mo_gateway.gateway import Gateway

from .test_costs import check_one_hour, gateway  # noqa: F401 - a fixture

pytestmark = [pytest.mark.release, pytest.mark.timeout(600)]


def test_one_phone_that_sends_10_000_texts_in_an_hour_gets_30_answers(gateway: Gateway) -> None:  # noqa: F811
    check_one_hour(gateway, 10_000)
