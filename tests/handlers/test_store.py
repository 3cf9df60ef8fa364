"""`store`: the message is kept as every message is, and nothing else happens."""

import pytest
from marshmallow import ValidationError

from mo_gateway import keyword
from mo_gateway.handlers.store import Options, store

from .received import message


def test_storing_does_nothing_else() -> None:
    assert store()(message()) is None


def test_each_may_be_marked_as_a_handler_of_its_own() -> None:
    one, other = keyword("WIN", name="one")(store()), keyword("GAGNE", name="other")(store())

    assert one is not other
    assert one(message()) is None


def test_it_has_no_options() -> None:
    assert Options().load({}) == {}
    with pytest.raises(ValidationError, match="there is no such key"):
        Options().load({"text": "Thanks."})
