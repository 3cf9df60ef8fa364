"""The rate of mutants that were killed, from what mutmut prints."""

import pytest

from .rates import counted, rate

RESULTS = """
    mo_gateway.keys.x_message_key__mutmut_1: killed
    mo_gateway.keys.x_message_key__mutmut_2: survived
    mo_gateway.keys.x_line_of__mutmut_1: timeout
    mo_gateway.store.outbox.x_add__mutmut_1: no tests
"""


def test_mutants_are_counted_by_module_and_by_what_became_of_them() -> None:
    assert counted(RESULTS.splitlines()) == {
        "mo_gateway.keys": {"killed": 1, "survived": 1, "timeout": 1},
        "mo_gateway.store.outbox": {"no tests": 1},
    }


def test_what_no_test_reaches_is_not_noticed() -> None:
    rates = [rate(of_module) for of_module in counted(RESULTS.splitlines()).values()]

    assert rates == pytest.approx([2 / 3, 0])
