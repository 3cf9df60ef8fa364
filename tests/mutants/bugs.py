"""Bugs that would lose, double or betray messages, each as one change of the code, and the tests to notice it.

What each would do is said in a sentence. A change that does not fit any more is made anew, not left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .copies import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """One bug."""

    name: str
    would: str  #: what it would do
    change: Change
    tests: Sequence[str]  #: named from the folder `tests` on; they are run in this order until one fails
    #: The error that ends a test, or one of several, where no assertion of its own fails.
    shows_as: str | tuple[str, ...] | None = None


def case(name: str, *, front: str = "flask") -> str:
    """Name a test vector of the callback, on SQLite."""
    return f"test_callback_cases.py::test_the_callback_does_what_the_case_says[sqlite-{name}-{front}]"


ACKNOWLEDGED = [
    Bug(
        name="answer before commit",
        would="TRUE is said for a message that stands in line in memory only; a crash loses it.",
        change=Change(
            file="store/writer.py",
            text="""
        self._queue.put(waiter)
        return waiter.future
""",
            instead="""
        self._queue.put(waiter)
        from mo_gateway.message import Outcome

        told: Future[Receipt] = Future()
        told.set_result(Receipt(outcome=Outcome.STORED, id=1, deliveries=1))
        return told
""",
        ),
        tests=["test_inbound.py::test_nothing_is_acknowledged_while_the_database_is_away[sqlite]"],
    ),
    Bug(
        name="true whatever became of it",
        would="The provider is told TRUE though the database has refused the message.",
        change=Change(
            file="web/callbacks.py",
            text='NOT_STORED = answers.text(503, "Not stored; send it again.")',
            instead='NOT_STORED = answers.plain(200, b"TRUE", "text/plain")',
        ),
        tests=["test_inbound.py::test_nothing_is_acknowledged_while_the_database_is_away[sqlite]"],
    ),
    Bug(
        name="nothing written for a duplicate",
        would="A retry that comes while a synchronous standby is waited for is acknowledged from one disk.",
        change=Change(
            file="store/inbox.py",
            text="""
    stored AS ({TABLE.on_postgresql("given")}),
""",
            instead="""
    new AS (
        {TABLE.on_postgresql("given").partition("DO UPDATE")[0]} DO NOTHING RETURNING id, dedupe_key, deliveries
    ),
    stored AS (
        SELECT * FROM new UNION ALL
        SELECT old.id, old.dedupe_key, old.deliveries + 1 FROM mo_message AS old JOIN given USING (dedupe_key)
    ),
""",
        ),
        tests=["test_writer.py::test_a_duplicate_is_written_too_and_so_waits_for_a_standby"],
    ),
    Bug(
        name="sqlite does not sync",
        would="A power cut loses the last messages that were acknowledged.",
        change=Change(
            file="store/sqlite.py", text="PRAGMA synchronous = FULL", instead="PRAGMA synchronous = NORMAL"
        ),
        tests=["test_writer.py::test_sqlite_commits_are_synced"],
    ),
    Bug(
        name="any postgresql is trusted",
        would="A server without fsync is used, and its crash loses what was acknowledged.",
        change=Change(
            file="store/postgresql.py",
            text='if _shown(connection, "fsync") == "off" and not allow_unsafe:',
            instead='if _shown(connection, "fsync") == "never" and not allow_unsafe:',
        ),
        tests=["test_writer.py::test_a_server_that_does_not_sync_is_refused"],
    ),
    Bug(
        name="a commit that only the primary has is enough",
        would="With synchronous_commit=local a failover loses what was acknowledged.",
        change=Change(
            file="store/postgresql.py",
            text='WEAKER_THAN_ON = ("off", "local", "remote_write")',
            instead='WEAKER_THAN_ON = ("off",)',
        ),
        tests=[
            "test_writer.py::test_a_weaker_synchronous_commit_is_strengthened",
        ],
    ),
    Bug(
        name="warnings are not read",
        would="A cancelled wait for the standby looks like success, and a failover loses the message.",
        change=Change(
            file="store/writer.py",
            text="            if warnings:\n",
            instead="            if len(warnings) > 1000:\n",
        ),
        tests=["test_writer.py::test_a_warning_from_the_server_means_not_acknowledged"],
    ),
    Bug(
        name="warnings are not read in the loop",
        would="The same on the fast front, whose writer asks PostgreSQL by itself.",
        change=Change(
            file="store/loop_writer.py",
            text="        if warnings:\n",
            instead="        if len(warnings) > 1000:\n",
        ),
        tests=["test_loop_writer.py::test_a_warning_from_the_server_means_not_acknowledged"],
    ),
    Bug(
        name="no deadline",
        would="A request waits for a database that hangs until the provider gives up, and threads run out.",
        change=Change(
            file="store/writer.py",
            text="return future.result(until - monotonic())",
            instead="return future.result(60)",
        ),
        tests=[
            "test_writer.py::"
            "test_a_request_that_waits_longer_than_the_deadline_is_refused_and_its_retry_recognised[sqlite]",
        ],
    ),
    Bug(
        name="a loop that does not hear the end",
        would="Once PostgreSQL has reset a connection, the process waits for ever and refuses all callbacks.",
        change=Change(
            file="store/asking.py",
            text="loop.add_reader(self._news, self._go_on)",
            instead="loop.add_reader(self._pgconn.socket, self._go_on)",
        ),
        tests=["test_loop_writer.py::test_a_connection_that_is_reset_is_noticed_at_once"],
        # where the next connection gets the descriptor that the loop still watches, uvloop says so at once
        shows_as=("TimeoutError", "RuntimeError: unable to perform operation on <UVPoll closed=True"),
    ),
    Bug(
        name="work in a second transaction",
        would="A crash between the two leaves a message that was acknowledged and that no handler ever sees.",
        change=Change(
            file="store/inbox.py",
            text="    _queue_on_sqlite(conn, new_ones, attempt_limit)\n",
            instead="    conn.connection.commit()\n    _queue_on_sqlite(conn, new_ones, attempt_limit)\n",
        ),
        tests=["test_writer.py::test_a_message_whose_work_cannot_be_queued_is_not_stored_either[sqlite]"],
    ),
    Bug(
        name="half a body is stored",
        would="Of a request that was cut short the beginning of its text becomes the message.",
        change=Change(
            file="web/wsgi.py",
            text="    if len(body) < min(most, get_content_length(environ) or 0):\n        raise CutShort\n",
            instead="",
        ),
        tests=[
            "test_inbound.py::test_a_body_that_is_cut_short_is_not_stored[sqlite]",
            case(
                "size_and_type: a body that ends before its announced length is not stored,"
                " because its text may be cut"
            ),
        ],
    ),
    Bug(
        name="half a body is stored by the fast front",
        would="The same where the caller goes away in the middle of a body.",
        change=Change(
            file="web/asgi.py",
            text='        if event["type"] != "http.request":\n            raise CutShort\n',
            instead='        if event["type"] != "http.request":\n            break\n',
        ),
        tests=["test_asgi.py::test_half_a_body_is_not_stored_as_a_message"],
    ),
    Bug(
        name="a long body is cut and taken",
        would="The first bytes of a request that is too long become a message, and the rest is lost.",
        change=Change(
            file="web/callbacks.py",
            text="    if len(raw) > limit:\n        return request, 413\n",
            instead="",
        ),
        tests=[case("size_and_type: a body of one byte over the limit is 413 and kept, cut at the limit")],
    ),
    Bug(
        name="bad requests are not kept",
        would="A bad request is answered and gone, so that nothing can be replayed once the fault is found.",
        change=Change(
            file="store/rejections.py",
            text="    found = insert(conn, TABLE, folded(_row(new) for new in batch))\n",
            instead="    with conn.begin_nested() as kept:\n"
            "        found = insert(conn, TABLE, folded(_row(new) for new in batch))\n"
            "        kept.rollback()\n",
        ),
        tests=[case("rejected: a rejected request is kept with all that is known of it")],
    ),
    Bug(
        name="the newest bad requests go first",
        would="Once the table of rejections is full, what is bad today is deleted and what is old stays.",
        change=Change(
            file="store/rejections.py",
            text="order_by(table.c.replayed_at.is_(None), table.c.id)",
            instead="order_by(table.c.replayed_at.is_(None), table.c.id.desc())",
        ),
        tests=["test_writer.py::test_rejections_are_bounded_and_the_newest_stay[sqlite]"],
    ),
    Bug(
        name="sqlite transactions begin as readers",
        would="A reader that turns into a writer fails beside another writer, however long it would wait.",
        change=Change(
            file="store/sqlite.py",
            text='        connection.begin_writing(options.get("mo_gateway_time_limit"))',
            instead='        connection.execute("BEGIN")',
        ),
        tests=[
            "test_writer.py::test_a_transaction_that_reads_and_then_writes_does_not_fail_beside_another_writer"
        ],
        shows_as="sqlalchemy.exc.OperationalError",
    ),
]

RECOGNISED = [
    Bug(
        name="a key without the time",
        would="Who sends the same vote twice on two days is taken for a retry, and the second SMS is lost.",
        change=Change(
            file="keys.py",
            text="    return time + _hash(*(field.encode() for field in fields), size=10)",
            instead="    del time\n"
            "    return _hash(*(field.encode() for field in fields if field != message.timestamp_raw), size=16)",
        ),
        tests=[case("retries: a TIMESTAMP one second later is another message")],
    ),
    Bug(
        name="keys of another shape",
        would="After an update the retries of what came before it are new messages, and every STOP is forgotten.",
        change=Change(file="keys.py", text="len(part).to_bytes(4)", instead="len(part).to_bytes(8)"),
        tests=["test_keys.py::test_keys_are_those_that_stand_in_every_database"],
    ),
    Bug(
        name="a key of the raw bytes",
        would="A retry by GET, or with its fields in another order, is taken for a second message.",
        change=Change(
            file="store/inbox.py",
            text="key=keys.message_key(message),",
            instead="key=keys.rejection_key(message.provider, request),",
        ),
        tests=[case("retries: a retry by GET of what came by POST is a retry")],
    ),
    Bug(
        name="copies of one batch are all new",
        would="Of copies that come together each is answered as stored, and counted as a message.",
        change=Change(
            file="store/waiters.py",
            text="is_copy = waiter.new.key in told and receipt.outcome is Outcome.STORED",
            instead="is_copy = False",
        ),
        tests=[
            "test_writer.py::test_of_copies_in_one_commit_the_first_is_stored_and_the_other_a_duplicate[sqlite]"
        ],
    ),
    Bug(
        name="digits of every script",
        would="An MSISDN in Arabic digits is stored, which no provider sends to and no other row equals.",
        change=Change(file="mo_fields.py", text="[+ ]?([1-9][0-9]{5,14})", instead=r"[+ ]?([1-9]\d{5,14})"),
        tests=[case("msisdn: Arabic digits in an MSISDN are not digits")],
    ),
    Bug(
        name="a line feed behind the digits",
        would="An MSISDN with a line feed behind it is another person, and a second line in what is exported.",
        change=Change(
            file="mo_fields.py",
            text="match = _MSISDN.fullmatch(value)",
            instead='match = re.match(_MSISDN.pattern + "$", value)',
        ),
        tests=[
            case("msisdn: an MSISDN with a line feed behind it is rejected"),
        ],
    ),
]

HANDLED = [
    Bug(
        name="no fence when a try is recorded",
        would="A worker that stood still beyond its lease records a second result, with a second reply.",
        change=Change(
            file="store/queue.py",
            text="""
        mo_handling.c.id == bindparam("claim_id"),
        mo_handling.c.attempts == bindparam("claim_attempt"),
        mo_handling.c.due_at == bindparam("claim_lease_end"),
""",
            instead="""
        mo_handling.c.id == bindparam("claim_id"),
""",
        ),
        tests=[
            "test_queue.py::test_a_lost_claim_finishes_nothing[sqlite]",
        ],
    ),
    Bug(
        name="a fence of the attempt alone",
        would="A try that was recorded already is recorded again, as nobody has claimed its message since.",
        change=Change(
            file="store/queue.py",
            text='        mo_handling.c.due_at == bindparam("claim_lease_end"),\n',
            instead="",
        ),
        tests=["test_queue.py::test_a_claim_whose_try_was_recorded_already_is_lost[sqlite]"],
    ),
    Bug(
        name="locks of the frozen",
        would="A host that freezes in a transaction keeps its locks, and nobody sends or handles any more.",
        change=Change(
            file="store/postgresql.py",
            text='settings += f"; SET {limit}"',
            instead="pass",
        ),
        tests=["test_locks.py::test_who_stands_still_in_a_transaction_loses_its_locks_with_its_lease"],
        shows_as="sqlalchemy.exc.OperationalError: (psycopg.errors.LockNotAvailable)",
    ),
    Bug(
        name="replies of a lost claim",
        would="Two workers that had the same message both queue its reply.",
        change=Change(
            file="dispatch.py",
            text="            if one.claim.id in held:\n",
            instead="            if one.claim:\n",
        ),
        tests=["test_dispatch.py::test_a_lost_claim_takes_its_replies_along[sqlite]"],
    ),
    Bug(
        name="replies in a transaction of their own",
        would="A result that is rolled back leaves its reply, and the next try queues a second one.",
        change=Change(
            file="dispatch.py",
            text="            outbox.add(conn, result.replies, origin, self.reply_rules, now=self.clock())\n",
            instead="            with self.engine.begin() as own:\n"
            "                outbox.add(own, result.replies, origin, self.reply_rules, now=self.clock())\n",
        ),
        tests=["test_values.py::test_no_reply_stays_of_a_try_whose_values_cannot_be_stored[postgresql]"],
    ),
    Bug(
        name="a handler may commit",
        would="What a handler wrote is there though its message is not done, and its next try writes it again.",
        change=Change(
            file="dispatch.py",
            text='    event.listen(conn, "commit", refuse)\n    try:\n        yield\n'
            '    finally:\n        event.remove(conn, "commit", refuse)\n',
            instead="    yield\n",
        ),
        tests=[
            "test_dispatch_in_transaction.py::"
            "test_a_handler_that_commits_is_refused_and_nothing_of_it_stays[sqlite-False]"
        ],
    ),
    Bug(
        name="no order of a sender's messages",
        would="A later SMS overtakes the one before: the answer comes before the question, BLUE before STOP.",
        change=Change(
            file="store/queue.py",
            text="            _EARLIER.c.message_id < mo_handling.c.message_id,\n",
            instead="            _EARLIER.c.message_id > 1_000_000_000,\n",
        ),
        tests=["test_queue.py::test_a_failing_message_holds_back_its_own_sender_only[sqlite]"],
    ),
    Bug(
        name="suspects together",
        would="The message that kills its worker takes those beside it along, until all of them are dead.",
        change=Change(
            file="store/queue.py",
            text="case((_PLACES.c.is_alone, _PLACES.c.place == 1), else_=~_PLACES.c.is_claimed)",
            instead="_PLACES.c.place > 0",
        ),
        tests=["test_queue.py::test_each_message_that_a_dead_worker_left_behind_is_taken_alone[sqlite]"],
    ),
    Bug(
        name="tries without end",
        would="A message that kills its handler comes again for ever.",
        change=Change(
            file="dispatch.py",
            text="dead = claim.attempt >= claim.attempt_limit",
            instead="dead = claim.attempt >= 1_000_000",
        ),
        tests=["test_dispatch.py::test_after_its_last_try_a_message_is_dead[sqlite]"],
    ),
    Bug(
        name="a message that no worker survives",
        would="A message that ends its worker is tried for ever, and takes the worker along each time.",
        change=Change(
            file="dispatch.py",
            text="if claim.attempt > claim.attempt_limit:",
            instead="if claim.attempt > 1_000_000:",
        ),
        tests=[
            "test_dispatch.py::test_a_message_that_its_workers_did_not_live_through_is_dead_and_not_tried_again[sqlite]"
        ],
    ),
    Bug(
        name="pauses that do not grow",
        would="What fails is tried again at once, over and over, by everybody together.",
        change=Change(file="retry.py", text="2**doublings, longest)", instead="1**doublings, longest)"),
        tests=["test_retry.py::test_the_first_delay_is_doubled_each_time"],
    ),
    Bug(
        name="nobody looks without being woken",
        would="A wake-up that is lost leaves its message until the next one comes, and at night that is hours.",
        change=Change(
            file="worker.py",
            text="                self._bell.wait(POLL_EVERY)\n            self._leave_slow_ones_behind()",
            instead="                self._bell.wait(60)\n            self._leave_slow_ones_behind()",
        ),
        tests=["test_worker.py::test_without_a_wake_up_it_looks_by_itself[sqlite]"],
    ),
    Bug(
        name="a replay speaks again",
        would="A replay sends everybody the reply that they have had already.",
        change=Change(
            file="dispatch.py",
            text="if result.handler and not claim.is_mute:",
            instead="if result.handler:",
        ),
        tests=["test_replay.py::test_what_is_done_is_left_alone_unless_it_is_asked_for"],
    ),
    Bug(
        name="each SMS is a vote",
        would="Who votes twice counts twice.",
        change=Change(
            file="store/values.py",
            text="partition_by=[mo_vote.c.person_key, is_valid]",
            instead="partition_by=[mo_vote.c.message_id, is_valid]",
        ),
        tests=["test_values.py::test_who_votes_twice_counts_once[sqlite]"],
    ),
    Bug(
        name="votes by our own clock",
        would="An outage of ours makes votes late that were sent in time.",
        change=Change(
            file="handlers/ballot.py",
            text="if self.closes and message.sent_at >= self.closes:",
            instead="if self.closes and message.received_at >= self.closes:",
        ),
        tests=["handlers/test_vote.py::test_the_providers_clock_says_what_is_in_time"],
    ),
]

SENT = [
    Bug(
        name="no look at the lease before sending",
        would="A process that stood still sends what another has sent meanwhile.",
        change=Change(
            file="send.py",
            text="if began - task.since > (self.lease - self.send_timeout).total_seconds():",
            instead="if began < task.since:",
        ),
        tests=["test_send.py::test_a_process_that_stood_still_beyond_its_lease_sends_nothing[sqlite]"],
    ),
    Bug(
        name="a claim leaves the reply queued",
        would="A process that is killed after the call and before its record has the SMS sent a second time.",
        change=Change(
            file="store/outbox.py", text='        state="unknown",\n', instead='        state="queued",\n'
        ),
        tests=[
            "test_send.py::test_a_process_killed_between_send_and_record_leaves_unknown_and_no_second_sms[sqlite]"
        ],
    ),
    Bug(
        name="a time-out is tried again",
        would="A provider that took the SMS and was slow to say so gets it again, and so does the phone.",
        change=Change(
            file="send.py",
            text='SendResult(outcome=SendOutcome.UNKNOWN, code="no-answer"',
            instead='SendResult(outcome=SendOutcome.LATER, code="no-answer"',
        ),
        tests=["test_send.py::test_unknown_is_never_sent_again_by_itself[sqlite]"],
    ),
    Bug(
        name="no answer means not sent",
        would="A connection that breaks after the request was written counts as never made.",
        change=Change(
            file="wire.py",
            text='with _failing_as(MaybeSent, "no whole answer", limit):',
            instead='with _failing_as(NotSent, "no whole answer", limit):',
        ),
        tests=["test_wire.py::test_without_a_whole_answer_it_may_have_been_sent"],
        shows_as="mo_gateway.wire.NotSent",
    ),
    Bug(
        name="a late result overwrites",
        would="The result of a try that was given up puts an end to what somebody has queued again by hand.",
        change=Change(
            file="store/outbox.py",
            text="        mt_message.c.attempts == claim.attempt,\n        mt_message.c.state.in_(states),\n",
            instead="",
        ),
        tests=["test_send.py::test_a_result_counts_no_more_once_the_reply_was_taken_up_by_hand[sqlite]"],
    ),
    Bug(
        name="sending is tried without end",
        would="A reply that its provider will never take is sent for ever.",
        change=Change(
            file="send.py",
            text="if claim.attempt >= claim.attempt_limit and not result.holds:",
            instead="if claim.attempt >= 1_000_000 and not result.holds:",
        ),
        tests=["test_send.py::test_tries_have_an_end[sqlite]"],
    ),
    Bug(
        name="stop is asked when a reply is queued only",
        would="Who says STOP after a reply was queued, and before it goes out, gets it all the same.",
        change=Change(
            file="send.py",
            text="if not is_confirmation and opt_outs.stands_against(conn, row):",
            instead="if is_confirmation and opt_outs.stands_against(conn, row):",
        ),
        tests=["test_consent.py::test_a_reply_that_was_queued_before_the_stop_does_not_go_out_either[sqlite]"],
    ),
    Bug(
        name="handlers do not wait for stop",
        would="A handler answers somebody whose STOP is stored and not recorded yet.",
        change=Change(
            file="store/queue.py",
            text="        ~mo_handling.c.may_be_stop,  # no handler",
            instead="        # no handler",
        ),
        tests=["test_consent.py::test_no_handler_sees_a_stop_before_it_is_recorded[sqlite]"],
    ),
    Bug(
        name="a stop of any shortcode is lifted",
        would="START on one shortcode brings back the messages of all others.",
        change=Change(
            file="store/opt_outs.py",
            text="opt_out.c.until.is_(None), _is_same(shortcode)]",
            instead="opt_out.c.until.is_(None)]",
        ),
        tests=["test_consent.py::test_start_on_one_shortcode_leaves_the_stop_on_another[sqlite]"],
    ),
]

KEPT_QUIET = [
    Bug(
        name="the beginning of the secret is enough",
        would="A secret can be found letter by letter, or left out altogether.",
        change=Change(
            file="web/access.py",
            text="found |= compare_digest(given, secret.encode())",
            instead="found |= secret.encode().startswith(given)",
        ),
        tests=[case("access: the beginning of the secret is refused")],
    ),
    Bug(
        name="a number in the log",
        would="The log names everybody who has sent an SMS.",
        change=Change(
            file="receive.py", text="msisdn=masked(new.message.msisdn),", instead="msisdn=new.message.msisdn,"
        ),
        tests=[
            "test_logs.py::test_no_secret_number_or_text_is_logged_whatever_becomes_of_a_callback[sqlite-json]"
        ],
    ),
    Bug(
        name="an error in the log, as it is",
        would="What an exception quotes, a text or a number, stands in the log.",
        change=Change(
            file="dispatch.py",
            text='error=result.error and result.error.partition(":")[0],',
            instead="error=result.error,",
        ),
        tests=[
            "test_dispatch.py::test_a_hostile_exception_text_is_kept_in_one_harmless_line_and_not_logged[sqlite]"
        ],
    ),
    Bug(
        name="a formula in a cell",
        would="A spreadsheet that opens an export runs what a stranger has sent.",
        change=Change(
            file="sheets.py",
            text="""    marked = "".join(_marked(text)) if SIGNS.intersection(text) else text""",
            instead="    marked = text",
        ),
        tests=["test_cli_optouts.py::test_a_cell_is_read_as_it_was_before_it_was_made_harmless"],
    ),
]

COUNTED = [
    Bug(
        name="a date is counted without a fence",
        would="Of two workers the one that has read older figures writes over the newer ones.",
        change=Change(
            file="store/agenda.py",
            text="""
    if changed.rowcount != 1:
""",
            instead="""
    if changed.rowcount < 0:
""",
        ),
        tests=[
            "test_tally.py::test_of_two_who_count_the_same_date_the_one_with_older_figures_writes_nothing[sqlite]"
        ],
    ),
    Bug(
        name="a closed date is closed for ever",
        would="A replay, or a delivery report that comes late, is missing in the reports.",
        change=Change(
            file="tally/__init__.py",
            text="                agenda.mark_due(conn, self._zone, dates, over=over)",
            instead="                agenda.mark_due(conn, self._zone, (), over=())",
        ),
        tests=["test_tally.py::test_a_delivery_report_that_comes_days_later_is_counted[sqlite]"],
    ),
    Bug(
        name="looked at once and for all",
        would="What a slow transaction brings after a newer one was seen is never counted.",
        change=Change(
            file="tally/__init__.py",
            text="        settled = monotonic() - 2 * self._longest_transaction.total_seconds()",
            instead="        settled = monotonic() + 1",
        ),
        tests=[
            "test_tally.py::test_how_far_was_looked_is_noted_only_when_nothing_older_can_come_any_more[sqlite]"
        ],
    ),
    Bug(
        name="people of a date that is being closed are counted twice",
        would="While a date is closed its people stand in the reports once as counted and once as open.",
        change=Change(
            file="store/views/people.py",
            text=").where(_PERSON.local_date < _first_open(_OPEN.c.local_date))",
            instead=")",
        ),
        tests=["test_tally.py::test_people_are_counted_once_while_their_date_is_closed[sqlite]"],
    ),
    Bug(
        name="who was new stays so",
        would="Whose older message turns up is new twice, and nothing ever puts that right.",
        change=Change(
            file="tally/__init__.py",
            text="            if have_people_changed:",
            instead="            if have_people_changed and not is_closed:",
        ),
        tests=["test_tally.py::test_who_was_new_is_told_anew_when_an_older_message_of_theirs_turns_up[sqlite]"],
    ),
    Bug(
        name="today comes first, and last",
        would="Where today takes long, no other date is ever counted.",
        change=Change(
            file="tally/__init__.py",
            text="""
            if one.day.date == today:
                self._count(one)
""",
            instead="""
            if one.day.date == today:
                self._count(one)
                if monotonic() - begun > A_ROUND:
                    return
""",
        ),
        tests=["test_tally.py::test_however_long_today_takes_another_date_has_its_turn[sqlite]"],
    ),
    Bug(
        name="a local date is rounded up",
        would="A message in the last instant before midnight is of the next date, on SQLite.",
        change=Change(file="store/functions.py", text="date(substr({moment}, 1, 19),", instead="date({moment},"),
        tests=["test_tally.py::test_dates_are_those_of_the_configured_zone[sqlite]"],
    ),
    Bug(
        name="a formula in an export",
        would="A spreadsheet that opens a report runs what a stranger has sent.",
        change=Change(
            file="sheets.py",
            text="""        if is_beginning and character in SIGNS:""",
            instead="""        if is_beginning and character in "":""",
        ),
        tests=["test_sheets.py::test_no_cell_of_any_reader_begins_with_a_formula"],
    ),
]

BUGS: Sequence[Bug] = (*ACKNOWLEDGED, *RECOGNISED, *HANDLED, *SENT, *KEPT_QUIET, *COUNTED)
