"""Replies: what went out, what did not and why; what an operator does about it, once it is counted."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from mo_gateway.errors import ConfigError
from mo_gateway.gateway import Gateway
from mo_gateway.reply import Reply, SendOutcome, SendResult, Standing
from mo_gateway.store import opt_outs, standing
from mo_gateway.store.tables import mt_message, mt_provider
from mo_gateway.web.dashboard.pages import retrying
from tests.commands import HOSTILE, RAW_HOSTILE
from tests.sending import Script, add_report, queue, send_all, sender_of
from tests.stored import rows

from .visiting import Visitor, visitor, words

SENT = SendResult(outcome=SendOutcome.SENT)
REFUSED = SendResult(outcome=SendOutcome.FAILED, code="107", text="the sender is too long")
LOST = SendResult(outcome=SendOutcome.UNKNOWN, code="no-answer", text="time-out")
DOWN = SendResult(outcome=SendOutcome.LATER, code="800", text="technical error", holds=True)
PHONE = "32412345678"


def sent_as(gateway: Gateway, *answers: SendResult, **about: Any) -> list[int]:
    """Queue a reply for each of these answers, and let the provider give it."""
    provider = Script(answers=[*answers])
    ids = queue(gateway, *(Reply(f"hello {number}", **about) for number in range(len(answers))))
    send_all(sender_of(gateway, provider), provider)
    return ids


def set_reply(gateway: Gateway, reply_id: int, **values: Any) -> None:
    with gateway.engine.begin() as conn:
        conn.execute(update(mt_message).where(mt_message.c.id == reply_id).values(values))


def say_stop(gateway: Gateway, msisdn: str = PHONE) -> None:
    """Enter that somebody wants nothing more."""
    with gateway.engine.begin() as conn:
        (row,) = [row for row in rows(gateway.engine, "mt_message") if row.msisdn == msisdn][:1]
        opt_outs.add(
            conn,
            person_key=row.person_key,
            msisdn=msisdn,
            shortcode=None,
            keywords=(),
            word="STOP",
            now=datetime.now(UTC),
            message_id=None,
        )


def states(gateway: Gateway) -> list[str]:
    return [row.state for row in rows(gateway.engine, "mt_message")]


def audited(gateway: Gateway) -> list[tuple[str, str, Any]]:
    return [(row.actor, row.action, row.subject) for row in rows(gateway.engine, "mo_audit")]


def shown_ids(page: str) -> list[int]:
    """Give the replies that a page lists."""
    return [int(found) for found in re.findall(r'<th scope="row"><a href="/dashboard/replies/(\d+)"', page)]


def figures(page: str) -> dict[str, int]:
    """Give the counts on the tiles, by the address of their rows."""
    tiles = re.findall(r'<a href="/dashboard/replies\?([^"#]*)"><strong>(\d+)</strong>', page)
    return {address.replace("&amp;", "&"): int(n) for address, n in tiles}


@pytest.fixture
def somebody(gateway: Gateway) -> Visitor:
    """An admin."""
    return visitor(gateway)


# looking


def test_before_the_first_reply_the_page_says_so(somebody: Visitor) -> None:
    assert "No reply was asked for." in words(somebody.text("/replies"))


def test_each_count_leads_to_as_many_rows(gateway: Gateway, somebody: Visitor) -> None:
    delivered, undelivered, _ = sent_as(gateway, SENT, SENT, SENT)
    add_report(gateway, delivered)
    add_report(gateway, undelivered, status="failed", provider_status="Expired")
    sent_as(gateway, REFUSED, LOST)
    first, *_others = queue(gateway, Reply("later"), Reply("stopped"), Reply("limited"))
    set_reply(gateway, first + 1, state="suppressed", suppressed_reason="opt-out", due_at=None)
    set_reply(gateway, first + 2, state="suppressed", suppressed_reason="limit", due_at=None)

    found = figures(somebody.text("/replies"))

    assert found == {
        "state=queued": 1,
        "state=failed": 1,
        "state=unknown": 1,
        "since=24h&state=sent": 3,
        "since=24h&delivery=delivered": 1,
        "since=24h&delivery=failed": 1,
        "since=24h&state=suppressed&reason=opt-out": 1,
        "since=24h&state=suppressed": 2,
    }
    for address, n in found.items():
        assert len(shown_ids(somebody.text(f"/replies?{address}"))) == n, address


def test_a_count_is_of_the_time_and_the_provider_that_the_filter_names(
    gateway: Gateway, somebody: Visitor
) -> None:
    ids = sent_as(gateway, SENT, SENT, SENT)
    set_reply(gateway, ids[0], created_at=datetime.now(UTC) - timedelta(days=2))
    set_reply(gateway, ids[1], provider="sms1601")

    sent = [
        figures(somebody.text(f"/replies?{query}"))[f"{query}&state=sent"]
        for query in ("since=7d", "since=1h", "since=7d&provider=sms1601")
    ]

    assert sent == [3, 2, 1]


def test_what_is_old_is_shown_where_its_state_is_asked_for_and_else_within_a_day(
    gateway: Gateway, somebody: Visitor
) -> None:
    (failed,) = sent_as(gateway, REFUSED)
    (sent,) = sent_as(gateway, SENT)
    for reply_id in (failed, sent):
        set_reply(gateway, reply_id, created_at=datetime.now(UTC) - timedelta(days=3))

    pages = {
        query: somebody.text(f"/replies?{query}")
        for query in ("", "state=sent", "state=failed", "state=failed&state=unknown", "since=7d", f"id={sent}")
    }

    assert {query: shown_ids(page) for query, page in pages.items()} == {
        "": [],
        "state=sent": [],
        "state=failed": [failed],
        "state=failed&state=unknown": [failed],
        "since=7d": [sent, failed],
        f"id={sent}": [sent],
    }
    assert "Nothing matches in the last 24 hours." in words(pages[""])


def test_replies_are_chosen_by_provider_code_and_reason(gateway: Gateway, somebody: Visitor) -> None:
    (refused,) = sent_as(gateway, REFUSED)
    (other,) = queue(gateway, Reply("x", provider="sms1601"))
    set_reply(gateway, other, state="suppressed", suppressed_reason="limit", due_at=None)

    assert shown_ids(somebody.text("/replies?code=107")) == [refused]
    assert shown_ids(somebody.text("/replies?provider=sms1601")) == [other]
    assert shown_ids(somebody.text("/replies?reason=limit")) == [other]


def test_what_makes_no_sense_in_an_address_is_said_and_narrows_nothing(
    gateway: Gateway, somebody: Visitor
) -> None:
    sent_as(gateway, SENT)

    page = somebody.text("/replies?state=gone&since=yesterday&id=-1&delivery=lost&before=x&until=%00")

    assert len(shown_ids(page)) == 1
    for fault in ("'gone' is none of", "'yesterday' is no time", "'-1' is no number", "'lost' is none of"):
        assert fault in words(page).replace("&#39;", "'")


def test_older_replies_are_on_the_next_page(
    gateway: Gateway, somebody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mo_gateway.web.dashboard.pages.replies.ROWS", 2)
    ids = queue(gateway, *(Reply(f"hello {n}") for n in range(3)))

    page = somebody.text("/replies?state=queued")
    (older,) = re.findall(r'href="/dashboard(/replies\?[^"#]*before=\d+)#list"', page)

    assert shown_ids(page) == [ids[2], ids[1]]
    assert shown_ids(somebody.text(older.replace("&amp;", "&"))) == [ids[0]]


def test_a_reply_is_shown_with_its_tries_its_reports_and_the_code_in_words(
    gateway: Gateway, somebody: Visitor
) -> None:
    (refused,) = sent_as(gateway, REFUSED)
    (sent,) = sent_as(gateway, SENT)
    add_report(gateway, sent, status="failed", provider_status="Expired", deliveries=3)

    first, second = (words(somebody.text(f"/replies/{one}")) for one in (refused, sent))

    assert "107: the sender is too long" in first
    assert "1 so far, 12 at most." in first
    assert "✕ failed Expired" in second
    assert "Answers nothing: it was sent by hand" in second


def test_a_text_is_shown_as_its_parts_and_what_makes_it_dear_is_marked(
    gateway: Gateway, somebody: Visitor
) -> None:
    cheap, dear = queue(gateway, Reply("a" * 161), Reply(f"{'b' * 70}ë"))

    first, second = somebody.text(f"/replies/{cheap}"), somebody.text(f"/replies/{dear}")

    assert "Alphabet GSM-7 Parts 2 Units 161" in words(first)
    assert f"<li>{'a' * 153}</li>" in first
    assert "Alphabet UCS-2 Parts 2 Units 71" in words(second)
    assert "<mark>ë</mark></li>" in second


def test_no_number_is_shown_on_any_page(gateway: Gateway, somebody: Visitor) -> None:
    lost = SendResult(outcome=SendOutcome.UNKNOWN, code="x", text=f"what of {PHONE}", provider_id=PHONE)
    (reply_id,) = sent_as(gateway, lost, reference=f"for-{PHONE}")
    set_reply(gateway, reply_id, body=f"You are {PHONE}", error=f"x: {PHONE} again")
    add_report(gateway, reply_id, provider_status=PHONE)

    pages = [somebody.text(path) for path in ("/replies", f"/replies/{reply_id}", f"/replies/retry?id={reply_id}")]

    assert all(PHONE not in page for page in pages)
    assert "You are 324••••••78" in words(pages[0])


def test_hostile_texts_draw_nothing(gateway: Gateway, somebody: Visitor) -> None:
    (reply_id,) = queue(gateway, Reply(f"<script>alert(1)</script>{HOSTILE}"))
    set_reply(gateway, reply_id, error=f"x: <b>{HOSTILE}", error_code="<i>", state="failed", due_at=None)

    for path in ("/replies", f"/replies/{reply_id}", "/replies/retry", "/replies?code=%3Ci%3E"):
        page = somebody.text(path)
        assert "<script>alert" not in page
        assert "<i>" not in page
        assert not any(sign in page for sign in RAW_HOSTILE)


def test_an_erased_a_binary_and_a_group_reply_are_shown_in_words(gateway: Gateway, somebody: Visitor) -> None:
    binary, group, erased = queue(gateway, Reply(data="0102"), Reply("to many", group="fans"), Reply("gone"))
    set_reply(gateway, erased, body=None, msisdn="")

    pages = [words(somebody.text(f"/replies/{one}")) for one in (binary, group, erased)]

    assert "2 bytes, no text." in pages[0]
    assert "a group in the provider's address book" in pages[1]
    assert "(erased)" in pages[2]
    assert "(no text)" in words(somebody.text("/replies"))


@pytest.mark.parametrize("number", ["0", "812", str(2**63), "9" * 40])
def test_a_reply_that_is_not_there_is_a_page_that_says_so(number: str, somebody: Visitor) -> None:
    response = somebody.get(f"/replies/{number}")

    assert response.status_code == 404
    assert f"There is no reply {number}." in response.text


def test_every_link_leads_to_a_page(gateway: Gateway, somebody: Visitor) -> None:
    (reply_id,) = sent_as(gateway, REFUSED)

    for path in ("/replies", f"/replies/{reply_id}", "/replies/retry"):
        for address in set(re.findall('href="/dashboard(/replies[^"#]*)', somebody.text(path))):
            assert somebody.get(address.replace("&amp;", "&")).status_code == 200, address


# providers


def test_a_provider_in_trouble_is_held_and_the_page_says_when_it_is_tried_again(
    gateway: Gateway, somebody: Visitor
) -> None:
    sent_as(gateway, DOWN)
    next_try = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    with gateway.engine.begin() as conn:
        is_spryng = mt_provider.c.provider == "spryng"
        conn.execute(update(mt_provider).where(is_spryng).values(held_until=next_try))
    zone = gateway.settings.timezone

    page = words(somebody.text("/replies"))

    assert re.search(rf"Held: nothing is lost, next try [^.]*{next_try.astimezone(zone):%H:%M:%S}", page)
    assert "1 failure in a row: 800: technical error" in page


def test_what_waits_for_a_provider_without_settings_is_told(gateway: Gateway, somebody: Visitor) -> None:
    queue(gateway, Reply("x", provider="intelecom"))

    page = words(somebody.text("/replies"))

    assert "intelecom ▲ There are no settings to send by it: its replies wait. 1" in page


def test_replies_are_paused_and_go_on_again(gateway: Gateway, somebody: Visitor) -> None:
    assert somebody.post("/replies/pause", provider="*", wanted="pause").status_code == 302
    paused = words(somebody.text("/replies"))
    somebody.post("/replies/pause", provider="*", wanted="resume")
    resumed = words(somebody.text("/replies"))

    assert "Paused since" in paused
    assert "all of them ● Not paused." in resumed
    assert audited(gateway) == [
        ("the admin", "pause", "replies by all providers"),
        ("the admin", "resume", "replies by all providers"),
    ]


def test_one_provider_is_paused_by_itself(gateway: Gateway, somebody: Visitor) -> None:
    somebody.post("/replies/pause", provider="spryng", wanted="pause")

    with gateway.engine.begin() as conn:
        paused = {row["provider"]: row["paused_at"] is not None for row in standing.of_all(conn)}
    assert paused == {"*": False, "spryng": True}


@pytest.mark.parametrize("fields", [{}, {"provider": "nobody", "wanted": "pause"}, {"provider": "*"}])
def test_a_pause_of_nothing_is_refused(fields: dict[str, str], gateway: Gateway, somebody: Visitor) -> None:
    assert somebody.post("/replies/pause", **fields).status_code == 400
    assert audited(gateway) == []


def test_the_credit_is_asked_of_the_providers_and_shown(
    gateway: Gateway, somebody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Rich(Script):
        def standing(self) -> Standing:
            return Standing(is_right=True, text="Spryng has 37.5 credits for us", credit="37.5")

    queue(gateway)
    monkeypatch.setattr(retrying, "open_senders", lambda _settings: {"spryng": Rich()})
    before, response = somebody.text("/replies"), somebody.post("/replies/credit")

    assert "37.5" not in before
    assert response.status_code == 200
    assert "37.5 Spryng has 37.5 credits for us" in words(response.text)


def test_settings_that_are_wrong_are_said_instead_of_a_credit(
    somebody: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_settings: object) -> None:
        raise ConfigError("MO_GATEWAY_SPRYNG_API=rest needs MO_GATEWAY_SPRYNG_TOKEN.")

    monkeypatch.setattr(retrying, "open_senders", refuse)
    response = somebody.post("/replies/credit")

    assert response.status_code == 409
    assert "MO_GATEWAY_SPRYNG_TOKEN" in response.text


# retrying


def hidden(page: str) -> dict[str, list[str]]:
    """Give the fields of the form that a page has filled in."""
    found: dict[str, list[str]] = {}
    form = page.partition('<form method="post" action="/dashboard/replies/retry"')[2]
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form):
        found.setdefault(name, []).append(value)
    return {name: values for name, values in found.items() if name != "form"}


def retried(somebody: Visitor, query: str = "", **fields: str) -> str:
    """Look at what a retry would do, confirm it, and give the page before."""
    page = somebody.text(f"/replies/retry?{query}")
    assert somebody.post("/replies/retry", **{**hidden(page), **fields}).status_code == 302
    return words(page)


def test_all_that_failed_within_the_filter_is_counted_first_and_then_queued_again(
    gateway: Gateway, somebody: Visitor
) -> None:
    ids = sent_as(gateway, REFUSED, REFUSED, LOST, SENT)
    set_reply(gateway, ids[1], error_code="203")

    page = retried(somebody, "code=107")

    assert "spryng ✕ failed 107 1" in page
    assert "Retry 1 reply" in page
    assert states(gateway) == ["queued", "failed", "unknown", "sent"]
    assert audited(gateway) == [("the admin", "retry", "replies")]
    (entry,) = rows(gateway.engine, "mo_audit")
    assert (entry.role, entry.remote_addr) == ("admin", "127.0.0.1")
    assert '"queued_again": 1' in str(entry.details).replace("'", '"')


def test_what_may_have_gone_out_is_tried_again_only_where_that_is_ticked(
    gateway: Gateway, somebody: Visitor
) -> None:
    sent_as(gateway, REFUSED, LOST)

    page = retried(somebody)
    without = states(gateway)
    retried(somebody, "state=unknown", may_arrive_twice="yes")

    assert "Try the 1 that may have gone out too: some people may get it twice." in page
    assert without == ["queued", "unknown"]
    assert states(gateway) == ["queued", "queued"]


def test_nothing_is_tried_again_of_what_the_filter_chooses_and_was_sent(
    gateway: Gateway, somebody: Visitor
) -> None:
    sent_as(gateway, SENT, REFUSED)

    page = somebody.text("/replies/retry?state=sent")
    somebody.post("/replies/retry", state="sent")

    assert "None that the filter chooses can be tried again." in words(page)
    assert states(gateway) == ["sent", "failed"]
    assert audited(gateway) == []


def test_the_dry_run_says_who_has_since_said_stop(gateway: Gateway, somebody: Visitor) -> None:
    sent_as(gateway, REFUSED, REFUSED)
    sent_as(gateway, REFUSED, to="32400000001")
    say_stop(gateway)

    page = words(somebody.text("/replies/retry"))

    assert "Retry 3 replies" in page
    assert "1 recipient has since said STOP: nothing goes out to them." in page


def test_what_fails_after_it_was_counted_is_not_tried_again_unseen(gateway: Gateway, somebody: Visitor) -> None:
    sent_as(gateway, REFUSED)
    page = somebody.text("/replies/retry?state=failed")
    sent_as(gateway, REFUSED)

    somebody.post("/replies/retry", **hidden(page))

    assert states(gateway) == ["queued", "failed"]


def test_one_reply_is_tried_again_from_its_page(gateway: Gateway, somebody: Visitor) -> None:
    first, second = sent_as(gateway, REFUSED, REFUSED)
    page = somebody.text(f"/replies/{second}")

    assert f'href="/dashboard/replies/retry?id={second}"' in page
    retried(somebody, f"id={second}")
    assert {row.id: row.state for row in rows(gateway.engine, "mt_message")} == {first: "failed", second: "queued"}


def test_a_withdrawn_reply_is_tried_again_only_where_it_is_named(gateway: Gateway, somebody: Visitor) -> None:
    (reply_id,) = queue(gateway)
    set_reply(gateway, reply_id, state="suppressed", suppressed_reason="withdrawn", due_at=None)

    retried(somebody)
    before = states(gateway)
    retried(somebody, "state=suppressed&reason=withdrawn")

    assert (before, states(gateway)) == (["suppressed"], ["queued"])


def test_a_retry_whose_filter_makes_no_sense_does_nothing(gateway: Gateway, somebody: Visitor) -> None:
    sent_as(gateway, REFUSED)

    response = somebody.post("/replies/retry", since="long ago")

    assert response.status_code == 400
    assert states(gateway) == ["failed"]


def test_who_may_only_look_is_offered_nothing_to_do(gateway: Gateway) -> None:
    (reply_id,) = sent_as(gateway, REFUSED)
    somebody = visitor(gateway, "viewer")

    pages = [somebody.text(path) for path in ("/replies", f"/replies/{reply_id}")]

    assert all("retry" not in page and "/replies/pause" not in page for page in pages)
    assert all("/dashboard/person/" not in page for page in pages)
