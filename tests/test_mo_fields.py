"""Fields that are right are read without marshmallow's bookkeeping, and come out as its schema gives them."""

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from mo_gateway import mo_fields
from mo_gateway.numbering import load_numbering
from mo_gateway.providers.spryng import callback_schema

from .examples import FORM

SCHEMA = callback_schema(load_numbering(None), "known-country", ZoneInfo("Europe/Amsterdam"))

#: What comes under a name: nothing, the example's value, something near it, anything, or several of them.
VALUES = {
    name: st.none()
    | st.lists(
        st.just(value) | st.sampled_from(["", f"{value}\n", f"+{value}", "20601", "٣٢"]) | st.text(), min_size=1
    )
    for name, value in FORM.items()
}


@given(st.fixed_dictionaries({name: st.just([value]) | VALUES[name] for name, value in FORM.items()}))
def test_what_is_read_field_by_field_is_what_the_schema_reads_and_what_is_wrong_is_left_to_it(
    drawn: dict[str, list[str] | None],
) -> None:
    came = {name: values for name, values in drawn.items() if values is not None}
    try:
        by_the_schema = SCHEMA.load(came)
    except ValidationError:
        by_the_schema = None

    assert mo_fields._read_by_each_field(SCHEMA, came) == by_the_schema
