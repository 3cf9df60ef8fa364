"""`subscribe`, `unsubscribe` and `store`: small, and each does what it says."""

import pytest

from mo_gateway.handlers.store import store
from mo_gateway.handlers.subscribe import subscribe
from mo_gateway.handlers.unsubscribe import unsubscribe
from mo_gateway.reply import Reply
from mo_gateway.values import Join, Leave

from .received import message


def test_joining_and_leaving_are_answered_where_a_text_is_given() -> None:
    assert subscribe("news", "Welcome, {{ parm }}.")(message(parm="Ann")) == (Join("news"), Reply("Welcome, Ann."))
    assert subscribe("news")(message()) == (Join("news"), None)
    assert unsubscribe("news", "Bye.")(message()) == (Leave("news"), Reply("Bye."))
    assert unsubscribe()(message()) == (Leave(None), None)


def test_storing_does_nothing_else() -> None:
    assert store()(message()) is None


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 81])
def test_a_name_that_is_none_is_refused_where_it_is_made(name: str) -> None:
    for make in (subscribe, unsubscribe):
        with pytest.raises(ValueError, match="the name of a list"):
            make(name)
