-- The PostgreSQL schema, written by `mo-gateway db sql` from the migrations and the views, never by hand.

BEGIN;

CREATE TABLE mo_schema_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT mo_schema_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0001

CREATE TABLE mo_intake (
    minute TIMESTAMP WITH TIME ZONE NOT NULL,
    process TEXT NOT NULL,
    provider TEXT NOT NULL,
    outcome TEXT NOT NULL,
    n INTEGER NOT NULL,
    CONSTRAINT mo_intake_pkey PRIMARY KEY (minute, process, provider, outcome)
);

COMMENT ON TABLE mo_intake IS 'Requests counted per minute, process, provider and outcome; up to 5 s of a killed process are missing.';

COMMENT ON COLUMN mo_intake.minute IS 'The minute the requests came in.';

COMMENT ON COLUMN mo_intake.process IS 'Host and process that took them.';

COMMENT ON COLUMN mo_intake.provider IS 'Who sent them.';

COMMENT ON COLUMN mo_intake.outcome IS 'stored, duplicate, rejected or refused.';

COMMENT ON COLUMN mo_intake.n IS 'How many requests.';

CREATE TABLE mo_message (
    id BIGSERIAL NOT NULL,
    dedupe_key BYTEA NOT NULL,
    provider TEXT NOT NULL,
    msisdn TEXT NOT NULL,
    person_key BYTEA NOT NULL,
    keyword TEXT NOT NULL,
    parm TEXT NOT NULL,
    operator TEXT NOT NULL,
    operator_defaulted BOOLEAN NOT NULL,
    shortcode TEXT NOT NULL,
    country TEXT NOT NULL,
    reference TEXT,
    timestamp_raw TEXT NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deliveries INTEGER NOT NULL,
    last_received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    method TEXT NOT NULL,
    charset TEXT NOT NULL,
    raw BYTEA NOT NULL,
    marks JSONB NOT NULL,
    remote_addr TEXT NOT NULL,
    is_test BOOLEAN NOT NULL,
    CONSTRAINT mo_message_pkey PRIMARY KEY (id),
    CONSTRAINT mo_message_dedupe_key_key UNIQUE (dedupe_key)
);

COMMENT ON TABLE mo_message IS 'One row is a stored inbound SMS; written once: only deliveries and last_received_at move, and replay --charset repairs a text.';

COMMENT ON COLUMN mo_message.id IS 'Number of the message in this database.';

COMMENT ON COLUMN mo_message.dedupe_key IS 'Equal when the provider repeats itself: the TIMESTAMP digits, then a hash of all fields (16 bytes).';

COMMENT ON COLUMN mo_message.provider IS 'Who delivered it, such as spryng.';

COMMENT ON COLUMN mo_message.msisdn IS 'The sender: digits, country code first, no +.';

COMMENT ON COLUMN mo_message.person_key IS 'Keyed hash (HMAC) of the MSISDN: equal for one person, not reversible without the secret.';

COMMENT ON COLUMN mo_message.keyword IS 'First word of the SMS, as received.';

COMMENT ON COLUMN mo_message.parm IS 'All text after the keyword; may be empty.';

COMMENT ON COLUMN mo_message.operator IS 'MCC and MNC of the sender''s network, five digits.';

COMMENT ON COLUMN mo_message.operator_defaulted IS 'True when OPERATOR did not come and 20601 was put in, as the provider''s document says.';

COMMENT ON COLUMN mo_message.shortcode IS 'The number that the SMS was sent to, national format.';

COMMENT ON COLUMN mo_message.country IS 'ISO 3166-1 alpha-3.';

COMMENT ON COLUMN mo_message.reference IS 'The provider''s optional REFERENCE; NULL when absent or empty.';

COMMENT ON COLUMN mo_message.timestamp_raw IS 'The provider''s TIMESTAMP, the 14 digits that came.';

COMMENT ON COLUMN mo_message.sent_at IS 'The same as a moment, read in the configured zone.';

COMMENT ON COLUMN mo_message.received_at IS 'When this gateway first got it, by its own clock.';

COMMENT ON COLUMN mo_message.deliveries IS 'How often it came, the first time included.';

COMMENT ON COLUMN mo_message.last_received_at IS 'When it last came.';

COMMENT ON COLUMN mo_message.method IS 'HTTP method of the first delivery: POST or GET.';

COMMENT ON COLUMN mo_message.charset IS 'How the raw bytes were read.';

COMMENT ON COLUMN mo_message.raw IS 'The form as it came: the body, or the query of a GET.';

COMMENT ON COLUMN mo_message.marks IS 'JSON list of named oddities, such as operator-unlisted.';

COMMENT ON COLUMN mo_message.remote_addr IS 'Address of the caller, behind the trusted proxies.';

COMMENT ON COLUMN mo_message.is_test IS 'True for messages of trigger, simulate and probes.';

CREATE INDEX mo_message_received_at_idx ON mo_message (received_at);

CREATE TABLE mo_handling (
    id BIGSERIAL NOT NULL,
    message_id BIGINT NOT NULL,
    handler TEXT,
    state TEXT DEFAULT 'pending' NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    attempt_limit INTEGER NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    error TEXT,
    line BIGINT NOT NULL,
    CONSTRAINT mo_handling_pkey PRIMARY KEY (id),
    CONSTRAINT mo_handling_state_check CHECK (state IN ('pending', 'done', 'unrouted', 'failed', 'dead')),
    CONSTRAINT mo_handling_message_id_fkey FOREIGN KEY(message_id) REFERENCES mo_message (id),
    CONSTRAINT mo_handling_message_id_handler_key UNIQUE (message_id, handler)
);

COMMENT ON TABLE mo_handling IS 'One row is one handler''s work on one message.';

COMMENT ON COLUMN mo_handling.id IS 'Number of the handling in this database.';

COMMENT ON COLUMN mo_handling.message_id IS 'The message.';

COMMENT ON COLUMN mo_handling.handler IS 'Name of the handler; NULL until dispatch has routed the message.';

COMMENT ON COLUMN mo_handling.state IS 'pending, done, unrouted, failed (tried and due again) or dead (given up).';

COMMENT ON COLUMN mo_handling.attempts IS 'How often it was claimed; only grows: it is the fence between two workers.';

COMMENT ON COLUMN mo_handling.attempt_limit IS 'It is dead after this many attempts; a replay raises it.';

COMMENT ON COLUMN mo_handling.due_at IS 'When there is work, or when the claim''s lease ends; NULL = never.';

COMMENT ON COLUMN mo_handling.finished_at IS 'When it became done, unrouted or dead.';

COMMENT ON COLUMN mo_handling.error IS 'What went wrong at the last attempt.';

COMMENT ON COLUMN mo_handling.line IS 'The queue it waits in: a hash of sender and shortcode, whose messages are handled one by one.';

CREATE INDEX mo_handling_due_at_idx ON mo_handling (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX mo_handling_line_idx ON mo_handling (line, message_id) WHERE due_at IS NOT NULL;

CREATE INDEX mo_handling_problem_idx ON mo_handling (state, id) WHERE state IN ('unrouted', 'failed', 'dead');

CREATE TABLE mo_rejection (
    id BIGSERIAL NOT NULL,
    dedupe_key BYTEA NOT NULL,
    provider TEXT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deliveries INTEGER NOT NULL,
    method TEXT NOT NULL,
    content_type TEXT NOT NULL,
    status INTEGER NOT NULL,
    raw BYTEA NOT NULL,
    errors JSONB NOT NULL,
    remote_addr TEXT NOT NULL,
    is_test BOOLEAN NOT NULL,
    replayed_at TIMESTAMP WITH TIME ZONE,
    message_id BIGINT,
    CONSTRAINT mo_rejection_pkey PRIMARY KEY (id),
    CONSTRAINT mo_rejection_message_id_fkey FOREIGN KEY(message_id) REFERENCES mo_message (id),
    CONSTRAINT mo_rejection_dedupe_key_key UNIQUE (dedupe_key)
);

COMMENT ON TABLE mo_rejection IS 'One row is a distinct request that was rejected; kept so that it can be replayed.';

COMMENT ON COLUMN mo_rejection.id IS 'Number of the rejection in this database.';

COMMENT ON COLUMN mo_rejection.dedupe_key IS 'Hash of provider, method, media type and raw bytes: equal when the same request comes again.';

COMMENT ON COLUMN mo_rejection.provider IS 'Who sent it, such as spryng.';

COMMENT ON COLUMN mo_rejection.received_at IS 'When it first came.';

COMMENT ON COLUMN mo_rejection.last_received_at IS 'When it last came.';

COMMENT ON COLUMN mo_rejection.deliveries IS 'How often it came, the first time included.';

COMMENT ON COLUMN mo_rejection.method IS 'HTTP method: POST or GET.';

COMMENT ON COLUMN mo_rejection.content_type IS 'The request''s Content-Type; empty where none came.';

COMMENT ON COLUMN mo_rejection.status IS 'Why: 400 fields, 413 too large (raw is cut), 415 media type.';

COMMENT ON COLUMN mo_rejection.raw IS 'The form as it came, cut at MO_GATEWAY_MAX_BODY_BYTES.';

COMMENT ON COLUMN mo_rejection.errors IS 'JSON list of objects: field, value, rule.';

COMMENT ON COLUMN mo_rejection.remote_addr IS 'Address of the caller, behind the trusted proxies.';

COMMENT ON COLUMN mo_rejection.is_test IS 'True for requests of trigger, simulate and probes.';

COMMENT ON COLUMN mo_rejection.replayed_at IS 'When a replay turned it into a message; NULL before.';

COMMENT ON COLUMN mo_rejection.message_id IS 'The message a replay made of it.';

CREATE TABLE mt_message (
    id BIGSERIAL NOT NULL,
    message_id BIGINT,
    handler TEXT,
    provider TEXT NOT NULL,
    msisdn TEXT NOT NULL,
    person_key BYTEA NOT NULL,
    sender TEXT NOT NULL,
    body TEXT,
    udh TEXT,
    data TEXT,
    reference TEXT,
    parts INTEGER,
    state TEXT DEFAULT 'queued' NOT NULL,
    suppressed_reason TEXT,
    attempts INTEGER DEFAULT 0 NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    provider_id TEXT,
    error_code TEXT,
    CONSTRAINT mt_message_pkey PRIMARY KEY (id),
    CONSTRAINT mt_message_state_check CHECK (state IN ('queued', 'sent', 'failed', 'unknown', 'suppressed')),
    CONSTRAINT mt_message_message_id_fkey FOREIGN KEY(message_id) REFERENCES mo_message (id)
);

COMMENT ON TABLE mt_message IS 'One row is a reply to send.';

COMMENT ON COLUMN mt_message.id IS 'Number of the reply in this database.';

COMMENT ON COLUMN mt_message.message_id IS 'The message it answers.';

COMMENT ON COLUMN mt_message.handler IS 'The handler that wrote it.';

COMMENT ON COLUMN mt_message.provider IS 'Who is to send it.';

COMMENT ON COLUMN mt_message.msisdn IS 'Who gets it: digits, country code first, no +.';

COMMENT ON COLUMN mt_message.person_key IS 'Keyed hash (HMAC) of the MSISDN.';

COMMENT ON COLUMN mt_message.sender IS 'What the handset shows: a number, or at most 11 letters and digits.';

COMMENT ON COLUMN mt_message.body IS 'The text; NULL where udh and data are sent.';

COMMENT ON COLUMN mt_message.udh IS 'User data header, in hex.';

COMMENT ON COLUMN mt_message.data IS 'Binary content, in hex.';

COMMENT ON COLUMN mt_message.reference IS 'Our id of it, sent along and named by the delivery report.';

COMMENT ON COLUMN mt_message.parts IS 'How many SMS it is billed as; NULL until it is counted.';

COMMENT ON COLUMN mt_message.state IS 'queued, sent, failed, unknown (may have gone out) or suppressed.';

COMMENT ON COLUMN mt_message.suppressed_reason IS 'Why it was not sent.';

COMMENT ON COLUMN mt_message.attempts IS 'How often it was claimed.';

COMMENT ON COLUMN mt_message.due_at IS 'When there is work; NULL = never.';

COMMENT ON COLUMN mt_message.created_at IS 'When the handler''s work was committed.';

COMMENT ON COLUMN mt_message.sent_at IS 'When the provider took it.';

COMMENT ON COLUMN mt_message.provider_id IS 'The provider''s own id of it.';

COMMENT ON COLUMN mt_message.error_code IS 'The provider''s code, where it refused it.';

CREATE INDEX mt_message_due_at_idx ON mt_message (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX mt_message_message_id_idx ON mt_message (message_id);

CREATE TABLE mo_attempt (
    id BIGSERIAL NOT NULL,
    handling_id BIGINT,
    mt_message_id BIGINT,
    number INTEGER NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    duration_ms INTEGER,
    outcome TEXT NOT NULL,
    error TEXT,
    CONSTRAINT mo_attempt_pkey PRIMARY KEY (id),
    CONSTRAINT mo_attempt_handling_id_fkey FOREIGN KEY(handling_id) REFERENCES mo_handling (id),
    CONSTRAINT mo_attempt_mt_message_id_fkey FOREIGN KEY(mt_message_id) REFERENCES mt_message (id)
);

COMMENT ON TABLE mo_attempt IS 'One row is one try of a handler or of a send.';

COMMENT ON COLUMN mo_attempt.id IS 'Number of the attempt in this database.';

COMMENT ON COLUMN mo_attempt.handling_id IS 'The handling tried; NULL for a send.';

COMMENT ON COLUMN mo_attempt.mt_message_id IS 'The reply tried; NULL for a handler.';

COMMENT ON COLUMN mo_attempt.number IS 'Which try it was, from 1.';

COMMENT ON COLUMN mo_attempt.started_at IS 'When it began, by the worker''s clock.';

COMMENT ON COLUMN mo_attempt.duration_ms IS 'How long it took, in milliseconds; NULL when nobody saw it end.';

COMMENT ON COLUMN mo_attempt.outcome IS 'done, unrouted, failed or dead.';

COMMENT ON COLUMN mo_attempt.error IS 'What went wrong, in one line.';

CREATE INDEX mo_attempt_handling_id_idx ON mo_attempt (handling_id);

CREATE INDEX mo_attempt_mt_message_id_idx ON mo_attempt (mt_message_id);

INSERT INTO mo_schema_version (version_num) VALUES ('0001') RETURNING mo_schema_version.version_num;

-- Running upgrade 0001 -> 0002

CREATE TABLE opt_out (
    id BIGSERIAL NOT NULL,
    person_key BYTEA NOT NULL,
    msisdn TEXT NOT NULL,
    shortcode TEXT,
    keyword TEXT,
    word TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    until TIMESTAMP WITH TIME ZONE,
    message_id BIGINT,
    until_message_id BIGINT,
    confirmed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT opt_out_pkey PRIMARY KEY (id),
    CONSTRAINT opt_out_message_id_fkey FOREIGN KEY(message_id) REFERENCES mo_message (id),
    CONSTRAINT opt_out_until_message_id_fkey FOREIGN KEY(until_message_id) REFERENCES mo_message (id)
);

COMMENT ON TABLE opt_out IS 'One row is one STOP, until START; every reply is checked against it at the moment of sending.';

COMMENT ON COLUMN opt_out.id IS 'Number of the opt-out in this database.';

COMMENT ON COLUMN opt_out.person_key IS 'Keyed hash (HMAC) of the MSISDN.';

COMMENT ON COLUMN opt_out.msisdn IS 'Who wants no more: digits, country code first, no +.';

COMMENT ON COLUMN opt_out.shortcode IS 'The shortcode it was said to; NULL = all of them.';

COMMENT ON COLUMN opt_out.keyword IS 'The one keyword that is not wanted, folded; NULL = all of them.';

COMMENT ON COLUMN opt_out.word IS 'The word that was sent, or who entered it.';

COMMENT ON COLUMN opt_out.since IS 'When it was recorded; no reply goes out from then on.';

COMMENT ON COLUMN opt_out.until IS 'When a START undid it; NULL = it is in force.';

COMMENT ON COLUMN opt_out.message_id IS 'The message that proves it.';

COMMENT ON COLUMN opt_out.until_message_id IS 'The message that undid it.';

COMMENT ON COLUMN opt_out.confirmed_at IS 'When its confirmation was sent.';

CREATE INDEX opt_out_person_key_idx ON opt_out (person_key) WHERE until IS NULL;

CREATE TABLE mt_provider (
    provider TEXT NOT NULL,
    paused_at TIMESTAMP WITH TIME ZONE,
    held_until TIMESTAMP WITH TIME ZONE,
    failures INTEGER DEFAULT 0 NOT NULL,
    error TEXT,
    next_at TIMESTAMP WITH TIME ZONE,
    day TEXT,
    parts INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT mt_provider_pkey PRIMARY KEY (provider)
);

COMMENT ON TABLE mt_provider IS 'How the sending by one provider stands; each claim of a reply locks its row.';

COMMENT ON COLUMN mt_provider.provider IS 'The provider; * is all of them together.';

COMMENT ON COLUMN mt_provider.paused_at IS 'When somebody paused its replies; NULL = they go out.';

COMMENT ON COLUMN mt_provider.held_until IS 'When it is tried again after trouble of its own.';

COMMENT ON COLUMN mt_provider.failures IS 'Troubles in a row.';

COMMENT ON COLUMN mt_provider.error IS 'What the last trouble was.';

COMMENT ON COLUMN mt_provider.next_at IS 'When its rate next has room.';

COMMENT ON COLUMN mt_provider.day IS 'The day that parts counts, in the configured zone: YYYY-MM-DD; of * only.';

COMMENT ON COLUMN mt_provider.parts IS 'Parts handed over on that day.';

ALTER TABLE mt_message ADD COLUMN error TEXT;

COMMENT ON COLUMN mt_message.error IS 'What went wrong at the last attempt.';

ALTER TABLE mt_message ADD COLUMN attempt_limit INTEGER DEFAULT 12 NOT NULL;

COMMENT ON COLUMN mt_message.attempt_limit IS 'It has failed after this many attempts; a retry by hand raises it.';

ALTER TABLE mt_message ADD COLUMN expires_at TIMESTAMP WITH TIME ZONE;

COMMENT ON COLUMN mt_message.expires_at IS 'It is not sent any more after this moment; NULL = it always is.';

ALTER TABLE mt_message ADD COLUMN tried_at TIMESTAMP WITH TIME ZONE;

COMMENT ON COLUMN mt_message.tried_at IS 'When it was last claimed to be sent.';

ALTER TABLE mt_message ADD COLUMN first_tried_at TIMESTAMP WITH TIME ZONE;

COMMENT ON COLUMN mt_message.first_tried_at IS 'When it was first claimed, since a retry by hand.';

ALTER TABLE mt_message ADD COLUMN shortcode TEXT;

COMMENT ON COLUMN mt_message.shortcode IS 'The shortcode of the message it answers; by hand, its sender.';

ALTER TABLE mt_message ADD COLUMN keyword TEXT;

COMMENT ON COLUMN mt_message.keyword IS 'The keyword of the message it answers, folded; NULL = none.';

ALTER TABLE mt_message ADD COLUMN options JSONB;

COMMENT ON COLUMN mt_message.options IS 'JSON object of what only some providers know: vcard, at, group.';

ALTER TABLE mt_message ADD COLUMN is_test BOOLEAN DEFAULT false NOT NULL;

COMMENT ON COLUMN mt_message.is_test IS 'True for answers to messages of trigger, simulate and probes.';

ALTER TABLE mt_message ADD COLUMN opt_out_id BIGINT;

COMMENT ON COLUMN mt_message.opt_out_id IS 'The row of opt_out that it confirms; it goes out all the same.';

CREATE INDEX mt_message_due_idx ON mt_message (provider, due_at) WHERE due_at IS NOT NULL;

CREATE INDEX mt_message_problem_idx ON mt_message (state, id) WHERE state IN ('failed', 'unknown', 'suppressed');

CREATE INDEX mt_message_provider_id_idx ON mt_message (provider_id);

CREATE INDEX mt_message_reference_idx ON mt_message (reference);

CREATE INDEX mt_message_tried_idx ON mt_message (person_key, tried_at);

CREATE TABLE mt_report (
    id BIGSERIAL NOT NULL,
    dedupe_key BYTEA NOT NULL,
    mt_message_id BIGINT,
    provider TEXT NOT NULL,
    status TEXT NOT NULL,
    provider_status TEXT NOT NULL,
    reference TEXT,
    provider_id TEXT,
    reported_at TIMESTAMP WITH TIME ZONE,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deliveries INTEGER NOT NULL,
    raw BYTEA NOT NULL,
    remote_addr TEXT NOT NULL,
    CONSTRAINT mt_report_pkey PRIMARY KEY (id),
    CONSTRAINT mt_report_status_check CHECK (status IN ('delivered', 'failed', 'pending', 'unknown')),
    CONSTRAINT mt_report_mt_message_id_fkey FOREIGN KEY(mt_message_id) REFERENCES mt_message (id),
    CONSTRAINT mt_report_dedupe_key_key UNIQUE (dedupe_key)
);

COMMENT ON TABLE mt_report IS 'One row is a delivery report, joined to its reply whatever came first.';

COMMENT ON COLUMN mt_report.id IS 'Number of the delivery report in this database.';

COMMENT ON COLUMN mt_report.dedupe_key IS 'Hash of the provider and what the report says: equal when it comes again.';

COMMENT ON COLUMN mt_report.mt_message_id IS 'The reply; NULL while none is known.';

COMMENT ON COLUMN mt_report.provider IS 'Who sent it.';

COMMENT ON COLUMN mt_report.status IS 'Our class of it: delivered, failed, pending or unknown.';

COMMENT ON COLUMN mt_report.provider_status IS 'The provider''s own word.';

COMMENT ON COLUMN mt_report.reference IS 'Our id of the reply, as the report names it.';

COMMENT ON COLUMN mt_report.provider_id IS 'The provider''s own id of the reply.';

COMMENT ON COLUMN mt_report.reported_at IS 'When it happened, as the provider says; NULL where it does not.';

COMMENT ON COLUMN mt_report.received_at IS 'When this gateway first got it.';

COMMENT ON COLUMN mt_report.last_received_at IS 'When it last came.';

COMMENT ON COLUMN mt_report.deliveries IS 'How often it came, the first time included.';

COMMENT ON COLUMN mt_report.raw IS 'This report''s part of the request, as it came.';

COMMENT ON COLUMN mt_report.remote_addr IS 'Address of the caller, behind the trusted proxies.';

CREATE INDEX mt_report_mt_message_id_idx ON mt_report (mt_message_id);

CREATE INDEX mt_report_unknown_idx ON mt_report (received_at) WHERE mt_message_id IS NULL;

DROP INDEX mt_message_due_at_idx;

COMMENT ON COLUMN mo_message.operator IS 'MCC and MNC of the sender''s network, five digits; empty where another provider does not say.';

COMMENT ON COLUMN mo_message.timestamp_raw IS 'The provider''s TIMESTAMP, the 14 digits that came; of other providers, their time written so, 0 where none came.';

COMMENT ON COLUMN mt_message.handler IS 'The handler that wrote it; NULL for a confirmation and what was sent by hand.';

COMMENT ON COLUMN mt_message.body IS 'The text; NULL where udh and data are sent, or a vcard.';

COMMENT ON COLUMN mt_message.state IS 'queued, sent, failed, unknown (may have gone out; with due_at, it is being sent) or suppressed.';

COMMENT ON COLUMN mt_message.suppressed_reason IS 'Why it was not sent: opt-out, limit, loop, budget, expired, test or withdrawn.';

COMMENT ON COLUMN mt_message.due_at IS 'When there is work, or when the claim''s lease ends; NULL = never.';

COMMENT ON COLUMN mo_attempt.outcome IS 'done, unrouted, failed or dead; of a send: sent, failed, later or unknown.';

ALTER TABLE mo_handling ADD COLUMN may_be_stop BOOLEAN DEFAULT false NOT NULL;

COMMENT ON COLUMN mo_handling.may_be_stop IS 'True until a worker has looked whether the message is a STOP or a START, whoever waits before it.';

ALTER TABLE mo_handling ALTER COLUMN may_be_stop SET DEFAULT true;

CREATE INDEX mo_handling_may_be_stop_idx ON mo_handling (message_id, line) WHERE may_be_stop;

UPDATE mo_schema_version SET version_num='0002' WHERE mo_schema_version.version_num = '0001';

-- Running upgrade 0002 -> 0003

CREATE TABLE mo_worker (
    process TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    routes_loaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    routes INTEGER NOT NULL,
    reload_asked_at TIMESTAMP WITH TIME ZONE,
    reload_error TEXT,
    CONSTRAINT mo_worker_pkey PRIMARY KEY (process)
);

COMMENT ON TABLE mo_worker IS 'One row is a worker process, and how it stands with its routes.';

COMMENT ON COLUMN mo_worker.process IS 'Host and process.';

COMMENT ON COLUMN mo_worker.started_at IS 'When it began.';

COMMENT ON COLUMN mo_worker.seen_at IS 'When it last said that it is there.';

COMMENT ON COLUMN mo_worker.routes_loaded_at IS 'When the routes in force were loaded.';

COMMENT ON COLUMN mo_worker.routes IS 'How many routes are in force.';

COMMENT ON COLUMN mo_worker.reload_asked_at IS 'When it was asked to load its routes anew; NULL = it has.';

COMMENT ON COLUMN mo_worker.reload_error IS 'Why the last load failed; NULL = it did not.';

CREATE TABLE mo_question (
    id BIGSERIAL NOT NULL,
    line BIGINT NOT NULL,
    person_key BYTEA NOT NULL,
    shortcode TEXT NOT NULL,
    expect TEXT NOT NULL,
    note TEXT NOT NULL,
    timeout_text TEXT NOT NULL,
    message_id BIGINT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    outcome TEXT,
    answer_message_id BIGINT,
    CONSTRAINT mo_question_pkey PRIMARY KEY (id),
    CONSTRAINT mo_question_outcome_check CHECK (outcome IN ('answered', 'timed out', 'replaced', 'stopped')),
    CONSTRAINT mo_question_answer_message_id_fkey FOREIGN KEY(answer_message_id) REFERENCES mo_message (id),
    CONSTRAINT mo_question_message_id_fkey FOREIGN KEY(message_id) REFERENCES mo_message (id)
);

COMMENT ON TABLE mo_question IS 'One row is a question that a handler asked a person.';

COMMENT ON COLUMN mo_question.id IS 'Number of the question in this database.';

COMMENT ON COLUMN mo_question.line IS 'The queue of its person and shortcode, as in mo_handling.';

COMMENT ON COLUMN mo_question.person_key IS 'Keyed hash (HMAC) of the MSISDN.';

COMMENT ON COLUMN mo_question.shortcode IS 'The shortcode that the answer comes to.';

COMMENT ON COLUMN mo_question.expect IS 'Name of what takes the answer.';

COMMENT ON COLUMN mo_question.note IS 'What the asking handler wanted remembered.';

COMMENT ON COLUMN mo_question.timeout_text IS 'What is sent when no answer came in time; may be empty.';

COMMENT ON COLUMN mo_question.message_id IS 'The message that led to it.';

COMMENT ON COLUMN mo_question.asked_at IS 'When it was asked.';

COMMENT ON COLUMN mo_question.expires_at IS 'An answer sent later is an ordinary message.';

COMMENT ON COLUMN mo_question.ended_at IS 'When it was over; NULL = it waits for an answer.';

COMMENT ON COLUMN mo_question.outcome IS 'answered, timed out, replaced or stopped; NULL = it waits for an answer.';

COMMENT ON COLUMN mo_question.answer_message_id IS 'The message that answered it.';

CREATE INDEX mo_question_expires_at_idx ON mo_question (expires_at) WHERE ended_at IS NULL;

CREATE INDEX mo_question_answer_idx ON mo_question (answer_message_id);

CREATE INDEX mo_question_line_idx ON mo_question (line);

CREATE TABLE mo_subscription (
    id BIGSERIAL NOT NULL,
    list TEXT NOT NULL,
    person_key BYTEA NOT NULL,
    msisdn TEXT NOT NULL,
    shortcode TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    until TIMESTAMP WITH TIME ZONE,
    message_id BIGINT NOT NULL,
    until_message_id BIGINT,
    CONSTRAINT mo_subscription_pkey PRIMARY KEY (id),
    CONSTRAINT mo_subscription_message_id_fkey FOREIGN KEY(message_id) REFERENCES mo_message (id),
    CONSTRAINT mo_subscription_until_message_id_fkey FOREIGN KEY(until_message_id) REFERENCES mo_message (id)
);

COMMENT ON TABLE mo_subscription IS 'One row is one person''s time on a list, with the messages that prove it.';

COMMENT ON COLUMN mo_subscription.id IS 'Number of the subscription in this database.';

COMMENT ON COLUMN mo_subscription.list IS 'Name of the list.';

COMMENT ON COLUMN mo_subscription.person_key IS 'Keyed hash (HMAC) of the MSISDN.';

COMMENT ON COLUMN mo_subscription.msisdn IS 'Who is on it: digits, country code first, no +.';

COMMENT ON COLUMN mo_subscription.shortcode IS 'The shortcode that it was joined on.';

COMMENT ON COLUMN mo_subscription.since IS 'When they joined.';

COMMENT ON COLUMN mo_subscription.until IS 'When they left; NULL = they are on it.';

COMMENT ON COLUMN mo_subscription.message_id IS 'The message that proves it.';

COMMENT ON COLUMN mo_subscription.until_message_id IS 'The message that ended it.';

CREATE UNIQUE INDEX mo_subscription_person_idx ON mo_subscription (list, person_key) WHERE until IS NULL;

CREATE INDEX mo_subscription_person_key_idx ON mo_subscription (person_key);

CREATE TABLE mo_vote (
    id BIGSERIAL NOT NULL,
    poll TEXT NOT NULL,
    option TEXT,
    person_key BYTEA NOT NULL,
    message_id BIGINT NOT NULL,
    voted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    timing TEXT NOT NULL,
    last_counts BOOLEAN NOT NULL,
    CONSTRAINT mo_vote_pkey PRIMARY KEY (id),
    CONSTRAINT mo_vote_timing_check CHECK (timing IN ('in time', 'early', 'late')),
    CONSTRAINT mo_vote_message_id_fkey FOREIGN KEY(message_id) REFERENCES mo_message (id),
    CONSTRAINT mo_vote_poll_message_id_key UNIQUE (poll, message_id)
);

COMMENT ON TABLE mo_vote IS 'One row is a vote that was sent; which of a person''s votes counts is told when they are counted.';

COMMENT ON COLUMN mo_vote.id IS 'Number of the vote in this database.';

COMMENT ON COLUMN mo_vote.poll IS 'Name of the poll.';

COMMENT ON COLUMN mo_vote.option IS 'What was voted for; NULL = the text names no option.';

COMMENT ON COLUMN mo_vote.person_key IS 'Keyed hash (HMAC) of the MSISDN.';

COMMENT ON COLUMN mo_vote.message_id IS 'The message that votes.';

COMMENT ON COLUMN mo_vote.voted_at IS 'When it was sent, by the provider''s clock.';

COMMENT ON COLUMN mo_vote.timing IS 'in time, early or late; only a vote in time can count.';

COMMENT ON COLUMN mo_vote.last_counts IS 'True where a person''s last vote counts, false where the first does.';

CREATE INDEX mo_vote_message_id_idx ON mo_vote (message_id);

CREATE INDEX mo_vote_person_idx ON mo_vote (poll, person_key);

ALTER TABLE mo_handling ADD COLUMN is_observer BOOLEAN DEFAULT false NOT NULL;

COMMENT ON COLUMN mo_handling.is_observer IS 'True for the work of an observer (every_message), beside that of the one handler.';

ALTER TABLE mo_handling ADD COLUMN is_mute BOOLEAN DEFAULT false NOT NULL;

COMMENT ON COLUMN mo_handling.is_mute IS 'True while a replay runs that must not answer a second time.';

UPDATE mo_schema_version SET version_num='0003' WHERE mo_schema_version.version_num = '0002';

-- Running upgrade 0003 -> 0004

ALTER TABLE mo_handling ADD COLUMN is_claimed BOOLEAN DEFAULT false NOT NULL;

COMMENT ON COLUMN mo_handling.is_claimed IS 'True from a claim until somebody has said what became of that try.';

UPDATE mo_schema_version SET version_num='0004' WHERE mo_schema_version.version_num = '0003';

-- Running upgrade 0004 -> 0005

CREATE TABLE report_counted (
    local_date DATE NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    counted_at TIMESTAMP WITH TIME ZONE,
    number INTEGER DEFAULT 0 NOT NULL,
    is_due BOOLEAN DEFAULT true NOT NULL,
    is_closed BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT report_counted_pkey PRIMARY KEY (local_date)
);

COMMENT ON TABLE report_counted IS 'One row is a date, and how its counting stands.';

COMMENT ON COLUMN report_counted.local_date IS 'The date.';

COMMENT ON COLUMN report_counted.starts_at IS 'The moment it begins.';

COMMENT ON COLUMN report_counted.counted_at IS 'What was there at that moment is counted; NULL = nothing yet.';

COMMENT ON COLUMN report_counted.number IS 'Counts up with every change: the fence between two workers that count the same date.';

COMMENT ON COLUMN report_counted.is_due IS 'True where something has happened to its messages since it was counted.';

COMMENT ON COLUMN report_counted.is_closed IS 'True when it is over, no provider repeats its messages any more and its people are counted.';

CREATE TABLE report_day (
    local_date DATE NOT NULL,
    shortcode TEXT NOT NULL,
    keyword_folded TEXT NOT NULL,
    operator TEXT NOT NULL,
    is_test BOOLEAN NOT NULL,
    messages INTEGER NOT NULL,
    callbacks INTEGER NOT NULL,
    unique_people INTEGER NOT NULL,
    new_people INTEGER,
    handled INTEGER NOT NULL,
    unrouted INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    replies_sent INTEGER NOT NULL,
    replies_delivered INTEGER NOT NULL,
    replies_failed INTEGER NOT NULL,
    stops INTEGER NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT report_day_pkey PRIMARY KEY (local_date, shortcode, keyword_folded, operator, is_test)
);

COMMENT ON TABLE report_day IS 'One row is what one date, shortcode, first word and operator came to.';

COMMENT ON COLUMN report_day.local_date IS 'The date, in the zone of report_state.';

COMMENT ON COLUMN report_day.shortcode IS 'The number that was written to.';

COMMENT ON COLUMN report_day.keyword_folded IS 'First word, as routing compares it.';

COMMENT ON COLUMN report_day.operator IS 'MCC and MNC; empty where the provider does not say.';

COMMENT ON COLUMN report_day.is_test IS 'Of trigger, simulate, probes.';

COMMENT ON COLUMN report_day.messages IS 'Messages stored.';

COMMENT ON COLUMN report_day.callbacks IS 'How often they came, repeats included.';

COMMENT ON COLUMN report_day.unique_people IS 'Different senders.';

COMMENT ON COLUMN report_day.new_people IS 'Whose first message to this shortcode is here; NULL until it is closed.';

COMMENT ON COLUMN report_day.handled IS 'Messages that a handler has done.';

COMMENT ON COLUMN report_day.unrouted IS 'Messages that no handler took.';

COMMENT ON COLUMN report_day.failed IS 'Messages given up.';

COMMENT ON COLUMN report_day.waiting IS 'Messages that are still to be handled.';

COMMENT ON COLUMN report_day.replies_sent IS 'Replies that a provider took.';

COMMENT ON COLUMN report_day.replies_delivered IS 'Of them, reported as delivered.';

COMMENT ON COLUMN report_day.replies_failed IS 'Replies that did not go out.';

COMMENT ON COLUMN report_day.stops IS 'Messages that were a STOP.';

COMMENT ON COLUMN report_day.last_at IS 'When the newest of them was received.';

CREATE INDEX report_day_keyword_idx ON report_day (keyword_folded, shortcode);

CREATE TABLE report_hour (
    local_date DATE NOT NULL,
    hour_at TIMESTAMP WITH TIME ZONE NOT NULL,
    shortcode TEXT NOT NULL,
    messages INTEGER NOT NULL,
    callbacks INTEGER NOT NULL,
    handled INTEGER NOT NULL,
    max_wait_ms BIGINT,
    CONSTRAINT report_hour_pkey PRIMARY KEY (local_date, hour_at, shortcode)
);

COMMENT ON TABLE report_hour IS 'One row is what one hour and shortcode came to.';

COMMENT ON COLUMN report_hour.local_date IS 'The date; an hour may be of two, in some zones.';

COMMENT ON COLUMN report_hour.hour_at IS 'When the hour began, UTC.';

COMMENT ON COLUMN report_hour.shortcode IS 'The number that was written to.';

COMMENT ON COLUMN report_hour.messages IS 'Messages stored, tests aside.';

COMMENT ON COLUMN report_hour.callbacks IS 'How often they came, repeats included.';

COMMENT ON COLUMN report_hour.handled IS 'Of these messages, those that a handler has done.';

COMMENT ON COLUMN report_hour.max_wait_ms IS 'The longest time from receipt to the handler''s end; NULL = none ended.';

CREATE TABLE report_offset (
    from_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seconds INTEGER NOT NULL,
    CONSTRAINT report_offset_pkey PRIMARY KEY (from_at)
);

COMMENT ON TABLE report_offset IS 'One row is a change of the clocks in the zone of report_state.';

COMMENT ON COLUMN report_offset.from_at IS 'From this moment on.';

COMMENT ON COLUMN report_offset.seconds IS 'Local time is so many seconds ahead of UTC.';

CREATE TABLE report_person (
    local_date DATE NOT NULL,
    person_key TEXT NOT NULL,
    shortcode TEXT NOT NULL,
    keyword_folded TEXT NOT NULL,
    messages INTEGER NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_message_id BIGINT NOT NULL,
    CONSTRAINT report_person_pkey PRIMARY KEY (local_date, person_key, shortcode, keyword_folded)
);

COMMENT ON TABLE report_person IS 'One row is a sender''s day with one word on one shortcode; dates that are not closed are not here.';

COMMENT ON COLUMN report_person.local_date IS 'The date, which is closed or being closed.';

COMMENT ON COLUMN report_person.person_key IS 'Keyed hash of the sender''s number, in hex.';

COMMENT ON COLUMN report_person.shortcode IS 'The number that was written to.';

COMMENT ON COLUMN report_person.keyword_folded IS 'First word, as routing compares it.';

COMMENT ON COLUMN report_person.messages IS 'Messages, tests aside.';

COMMENT ON COLUMN report_person.first_at IS 'When the first was received.';

COMMENT ON COLUMN report_person.last_at IS 'When the last was received.';

COMMENT ON COLUMN report_person.last_message_id IS 'The last of them.';

CREATE INDEX report_person_person_key_idx ON report_person (person_key, shortcode);

CREATE TABLE report_poll (
    poll TEXT NOT NULL,
    option TEXT NOT NULL,
    votes BIGINT NOT NULL,
    unique_people BIGINT NOT NULL,
    rejected_late BIGINT NOT NULL,
    rejected_early BIGINT NOT NULL,
    rejected_double BIGINT NOT NULL,
    unreadable BIGINT NOT NULL,
    counted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT report_poll_pkey PRIMARY KEY (poll, option)
);

COMMENT ON TABLE report_poll IS 'One row is an option of a poll, counted.';

COMMENT ON COLUMN report_poll.poll IS 'Name of the poll.';

COMMENT ON COLUMN report_poll.option IS 'What was voted for; empty = the text names no option.';

COMMENT ON COLUMN report_poll.votes IS 'Votes that count: one a person.';

COMMENT ON COLUMN report_poll.unique_people IS 'Different people who sent it, counted or not.';

COMMENT ON COLUMN report_poll.rejected_late IS 'Votes that came too late.';

COMMENT ON COLUMN report_poll.rejected_early IS 'Votes that came too early.';

COMMENT ON COLUMN report_poll.rejected_double IS 'Votes of people whose other vote counts.';

COMMENT ON COLUMN report_poll.unreadable IS 'Votes in time that name no option.';

COMMENT ON COLUMN report_poll.counted_at IS 'What was there at that moment is counted.';

CREATE TABLE report_route (
    shortcode TEXT NOT NULL,
    keyword TEXT NOT NULL,
    terms TEXT NOT NULL,
    keyword_folded TEXT,
    handler TEXT NOT NULL,
    alias_of TEXT,
    source TEXT NOT NULL,
    active_from TIMESTAMP WITH TIME ZONE,
    active_to TIMESTAMP WITH TIME ZONE,
    CONSTRAINT report_route_pkey PRIMARY KEY (shortcode, keyword, terms)
);

COMMENT ON TABLE report_route IS 'One row is a word of the routes in force, as the last worker that has counted knows them.';

COMMENT ON COLUMN report_route.shortcode IS 'Where the word is taken; empty = on any shortcode.';

COMMENT ON COLUMN report_route.keyword IS 'The word as its author wrote it.';

COMMENT ON COLUMN report_route.terms IS 'What else a message must be like; empty = nothing.';

COMMENT ON COLUMN report_route.keyword_folded IS 'The word as routing compares it; NULL of a pattern and of *.';

COMMENT ON COLUMN report_route.handler IS 'Who takes it.';

COMMENT ON COLUMN report_route.alias_of IS 'The handler''s first word, where this is another one.';

COMMENT ON COLUMN report_route.source IS 'File and line.';

COMMENT ON COLUMN report_route.active_from IS 'It takes what was sent then or later; NULL = always.';

COMMENT ON COLUMN report_route.active_to IS 'It takes what was sent before; NULL = always.';

CREATE TABLE report_state (
    id INTEGER NOT NULL,
    zone TEXT,
    attempts_seen BIGINT DEFAULT 0 NOT NULL,
    reports_seen BIGINT DEFAULT 0 NOT NULL,
    views TEXT,
    CONSTRAINT report_state_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE report_state IS 'How far the counting is, and what the views are.';

COMMENT ON COLUMN report_state.id IS '1: there is one row.';

COMMENT ON COLUMN report_state.zone IS 'The zone of all local dates; NULL until a worker has begun to count.';

COMMENT ON COLUMN report_state.attempts_seen IS 'mo_attempt, up to this id.';

COMMENT ON COLUMN report_state.reports_seen IS 'mt_report, up to this id.';

COMMENT ON COLUMN report_state.views IS 'Digest of the views as they were made; NULL = there are none.';

CREATE TABLE report_word (
    local_date DATE NOT NULL,
    shortcode TEXT NOT NULL,
    word TEXT NOT NULL,
    messages INTEGER NOT NULL,
    nearest_keyword TEXT,
    distance INTEGER,
    CONSTRAINT report_word_pkey PRIMARY KEY (local_date, shortcode, word)
);

COMMENT ON TABLE report_word IS 'One row is a word that no handler took, on one date.';

COMMENT ON COLUMN report_word.local_date IS 'The date.';

COMMENT ON COLUMN report_word.shortcode IS 'The number that was written to.';

COMMENT ON COLUMN report_word.word IS 'First word, as routing compares it.';

COMMENT ON COLUMN report_word.messages IS 'Messages that no handler took, tests aside.';

COMMENT ON COLUMN report_word.nearest_keyword IS 'The keyword that may have been meant, of the routes when counted.';

COMMENT ON COLUMN report_word.distance IS 'How many letters it is away.';

CREATE INDEX mo_attempt_started_at_idx ON mo_attempt USING brin (started_at) WITH (autosummarize = on);

CREATE INDEX mt_message_created_at_idx ON mt_message USING brin (created_at) WITH (autosummarize = on);

ALTER TABLE mo_message ADD COLUMN keyword_folded TEXT;

COMMENT ON COLUMN mo_message.keyword_folded IS 'The first word as routing compares it; NULL of messages that schema 0004 or an older one stored.';

UPDATE mo_schema_version SET version_num='0005' WHERE mo_schema_version.version_num = '0004';

-- Running upgrade 0005 -> 0006

CREATE TABLE mo_user (
    id BIGSERIAL NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    keywords JSONB NOT NULL,
    password_hash TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT mo_user_pkey PRIMARY KEY (id),
    CONSTRAINT mo_user_role_check CHECK (role IN ('viewer', 'manager', 'operator', 'compliance', 'admin')),
    CONSTRAINT mo_user_name_key UNIQUE (name)
);

COMMENT ON TABLE mo_user IS 'One row is somebody who may log in to the dashboard.';

COMMENT ON COLUMN mo_user.id IS 'Number of the user in this database.';

COMMENT ON COLUMN mo_user.name IS 'Name to log in with.';

COMMENT ON COLUMN mo_user.role IS 'viewer, manager, operator, compliance or admin.';

COMMENT ON COLUMN mo_user.keywords IS 'JSON list of the keywords that a manager may see, folded; empty for the other roles.';

COMMENT ON COLUMN mo_user.password_hash IS 'argon2id, with its salt and parameters.';

COMMENT ON COLUMN mo_user.created_at IS 'When it was made.';

CREATE TABLE mo_session (
    id BIGSERIAL NOT NULL,
    token_hash BYTEA NOT NULL,
    user_id BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT mo_session_pkey PRIMARY KEY (id),
    CONSTRAINT mo_session_user_id_fkey FOREIGN KEY(user_id) REFERENCES mo_user (id) ON DELETE CASCADE,
    CONSTRAINT mo_session_token_hash_key UNIQUE (token_hash)
);

COMMENT ON TABLE mo_session IS 'One row is a browser that is logged in.';

COMMENT ON COLUMN mo_session.id IS 'Number of the session in this database.';

COMMENT ON COLUMN mo_session.token_hash IS 'SHA-256 of what the cookie holds.';

COMMENT ON COLUMN mo_session.user_id IS 'Whose.';

COMMENT ON COLUMN mo_session.created_at IS 'When somebody logged in.';

COMMENT ON COLUMN mo_session.seen_at IS 'When it was last used, to a minute.';

CREATE INDEX mo_session_user_id_idx ON mo_session (user_id);

CREATE TABLE mo_login_failure (
    id BIGSERIAL NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    name TEXT NOT NULL,
    remote_addr TEXT NOT NULL,
    CONSTRAINT mo_login_failure_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE mo_login_failure IS 'One row is a log-in that failed within the last hour: what the limit on tries is counted from.';

COMMENT ON COLUMN mo_login_failure.id IS 'Number of the failure in this database.';

COMMENT ON COLUMN mo_login_failure.at IS 'When.';

COMMENT ON COLUMN mo_login_failure.name IS 'The name that was tried, cut to a readable length.';

COMMENT ON COLUMN mo_login_failure.remote_addr IS 'Address of the caller, behind the trusted proxies.';

CREATE INDEX mo_login_failure_at_idx ON mo_login_failure (at);

CREATE TABLE mo_token (
    id BIGSERIAL NOT NULL,
    name TEXT NOT NULL,
    token_hash BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT mo_token_pkey PRIMARY KEY (id),
    CONSTRAINT mo_token_name_key UNIQUE (name),
    CONSTRAINT mo_token_token_hash_key UNIQUE (token_hash)
);

COMMENT ON TABLE mo_token IS 'One row is a token that opens the read API.';

COMMENT ON COLUMN mo_token.id IS 'Number of the token in this database.';

COMMENT ON COLUMN mo_token.name IS 'What it is for.';

COMMENT ON COLUMN mo_token.token_hash IS 'SHA-256 of the token.';

COMMENT ON COLUMN mo_token.created_at IS 'When it was made.';

CREATE TABLE mo_audit (
    id BIGSERIAL NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL,
    role TEXT,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    person_key BYTEA,
    reason TEXT NOT NULL,
    details JSONB NOT NULL,
    remote_addr TEXT NOT NULL,
    CONSTRAINT mo_audit_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE mo_audit IS 'One row is something that somebody saw or did; it can be added to, and neither changed nor deleted.';

COMMENT ON COLUMN mo_audit.id IS 'Number of the entry in this database.';

COMMENT ON COLUMN mo_audit.at IS 'When.';

COMMENT ON COLUMN mo_audit.actor IS 'Name of the user, or cli: and the host''s account.';

COMMENT ON COLUMN mo_audit.role IS 'The user''s role at that time; NULL on the command line.';

COMMENT ON COLUMN mo_audit.action IS 'What was done, such as reveal, replay, export or forget.';

COMMENT ON COLUMN mo_audit.subject IS 'What it was done to; never a number.';

COMMENT ON COLUMN mo_audit.person_key IS 'Keyed hash of the number it was done to; NULL where it was not one person''s.';

COMMENT ON COLUMN mo_audit.reason IS 'What the user gave as the reason; may be empty.';

COMMENT ON COLUMN mo_audit.details IS 'JSON object: the filter, counts, what was changed.';

COMMENT ON COLUMN mo_audit.remote_addr IS 'Address of the caller; empty on the command line.';

CREATE INDEX mo_audit_at_idx ON mo_audit (at);

CREATE INDEX mo_audit_person_key_idx ON mo_audit (person_key);

CREATE FUNCTION mo_audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'mo_audit can be added to, and neither changed nor deleted'; END $$;

CREATE TRIGGER mo_audit_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON mo_audit FOR EACH STATEMENT EXECUTE FUNCTION mo_audit_is_kept();

UPDATE mo_schema_version SET version_num='0006' WHERE mo_schema_version.version_num = '0005';

-- Running upgrade 0006 -> 0007

CREATE TABLE mo_erased_key (
    table_name TEXT NOT NULL,
    row_id BIGINT NOT NULL,
    CONSTRAINT mo_erased_key_pkey PRIMARY KEY (table_name, row_id)
);

COMMENT ON TABLE mo_erased_key IS 'One row is an erased row whose dedupe key still recognises retries; it is random a day later.';

COMMENT ON COLUMN mo_erased_key.table_name IS 'The table of the erased row.';

COMMENT ON COLUMN mo_erased_key.row_id IS 'Its number.';

CREATE TABLE report_poll_kept (
    poll TEXT NOT NULL,
    option TEXT NOT NULL,
    votes BIGINT NOT NULL,
    unique_people BIGINT NOT NULL,
    rejected_late BIGINT NOT NULL,
    rejected_early BIGINT NOT NULL,
    rejected_double BIGINT NOT NULL,
    unreadable BIGINT NOT NULL,
    up_to_vote BIGINT NOT NULL,
    CONSTRAINT report_poll_kept_pkey PRIMARY KEY (poll, option)
);

COMMENT ON TABLE report_poll_kept IS 'One row is an option of a poll whose votes may be pruned: what they came to.';

COMMENT ON COLUMN report_poll_kept.poll IS 'Name of the poll.';

COMMENT ON COLUMN report_poll_kept.option IS 'What was voted for; empty = the text names no option.';

COMMENT ON COLUMN report_poll_kept.votes IS 'Votes that count: one a person.';

COMMENT ON COLUMN report_poll_kept.unique_people IS 'Different people who sent it, counted or not.';

COMMENT ON COLUMN report_poll_kept.rejected_late IS 'Votes that came too late.';

COMMENT ON COLUMN report_poll_kept.rejected_early IS 'Votes that came too early.';

COMMENT ON COLUMN report_poll_kept.rejected_double IS 'Votes of people whose other vote counts.';

COMMENT ON COLUMN report_poll_kept.unreadable IS 'Votes in time that name no option.';

COMMENT ON COLUMN report_poll_kept.up_to_vote IS 'Votes up to this id are counted here, and may be pruned.';

ALTER TABLE report_counted ADD COLUMN is_pruned BOOLEAN DEFAULT false NOT NULL;

COMMENT ON COLUMN report_counted.is_pruned IS 'True when messages of it were pruned: it stays as it was counted.';

CREATE INDEX mo_rejection_message_id_idx ON mo_rejection (message_id) WHERE message_id IS NOT NULL;

CREATE INDEX opt_out_message_id_idx ON opt_out (message_id) WHERE message_id IS NOT NULL;

CREATE INDEX opt_out_until_message_id_idx ON opt_out (until_message_id) WHERE until_message_id IS NOT NULL;

CREATE INDEX mo_subscription_message_id_idx ON mo_subscription (message_id);

CREATE INDEX mo_subscription_until_message_id_idx ON mo_subscription (until_message_id) WHERE until_message_id IS NOT NULL;

CREATE INDEX mo_question_message_id_idx ON mo_question (message_id);

UPDATE mo_schema_version SET version_num='0007' WHERE mo_schema_version.version_num = '0006';

-- Running upgrade 0007 -> 0008

ALTER TABLE mo_message SET (fillfactor = 90);

ALTER TABLE mo_handling SET (fillfactor = 90);

UPDATE mo_schema_version SET version_num='0008' WHERE mo_schema_version.version_num = '0007';

COMMIT;

CREATE VIEW report_messages AS SELECT mo_message.id AS message_id, mo_message.provider AS provider, mo_message.shortcode AS shortcode, mo_message.country AS country, mo_message.operator AS operator, encode(mo_message.person_key, 'hex') AS person_key, mo_message.keyword AS keyword, CASE WHEN (replace(replace(replace(replace(replace(coalesce(mo_message.keyword_folded, lower(mo_message.keyword COLLATE "C") COLLATE "default"), '.', ''), '-', ''), '/', ''), '(', ''), ')', '') ~ '[0-9]{8}') THEN '#' ELSE coalesce(mo_message.keyword_folded, lower(mo_message.keyword COLLATE "C") COLLATE "default") END AS keyword_folded, mo_message.parm AS parm, mo_message.parm != '' AS has_text, mo_message.sent_at AS sent_at, mo_message.timestamp_raw AS timestamp_raw, mo_message.received_at AS received_at, ((mo_message.received_at AT TIME ZONE 'UTC') + make_interval(secs => coalesce((SELECT report_offset.seconds 
FROM report_offset 
WHERE report_offset.from_at <= mo_message.received_at ORDER BY report_offset.from_at DESC 
 LIMIT 1), 0)))::date AS received_local_date, mo_handling.finished_at AS handled_at, round(extract(epoch FROM mo_handling.finished_at - mo_message.received_at), 3)::double precision AS wait_seconds, mo_handling.state AS state, mo_handling.handler AS handler, mo_handling.attempts AS attempts, mo_message.deliveries AS deliveries, mo_message.is_test AS is_test 
FROM mo_message LEFT OUTER JOIN mo_handling ON mo_handling.message_id = mo_message.id AND NOT mo_handling.is_observer;

COMMENT ON VIEW report_messages IS 'One row is one stored message.';

COMMENT ON COLUMN report_messages.message_id IS 'Number of the message.';

COMMENT ON COLUMN report_messages.provider IS 'Who delivered it.';

COMMENT ON COLUMN report_messages.shortcode IS 'The number that it was sent to.';

COMMENT ON COLUMN report_messages.country IS 'Country of the sender. (ISO 3166-1 alpha-3)';

COMMENT ON COLUMN report_messages.operator IS 'The sender''s network; empty where not known. (MCC and MNC)';

COMMENT ON COLUMN report_messages.person_key IS 'Keyed hash of the number, in hex: equal for one person.';

COMMENT ON COLUMN report_messages.keyword IS 'First word, as received.';

COMMENT ON COLUMN report_messages.keyword_folded IS 'First word, as routing compares it; # = it may be a phone number.';

COMMENT ON COLUMN report_messages.parm IS 'All text after the first word.';

COMMENT ON COLUMN report_messages.has_text IS 'Whether anything comes after the first word.';

COMMENT ON COLUMN report_messages.sent_at IS 'When it was sent, by the provider''s clock. (UTC)';

COMMENT ON COLUMN report_messages.timestamp_raw IS 'The same as it came. (local, YYYYMMDDhhmmss)';

COMMENT ON COLUMN report_messages.received_at IS 'When this gateway first got it. (UTC)';

COMMENT ON COLUMN report_messages.received_local_date IS 'The date of that, in the configured zone.';

COMMENT ON COLUMN report_messages.handled_at IS 'When its handling ended; NULL while it has not. (UTC)';

COMMENT ON COLUMN report_messages.wait_seconds IS 'From receipt to the end of its handling. (seconds)';

COMMENT ON COLUMN report_messages.state IS 'pending, done, unrouted, failed (to be tried again) or dead (given up).';

COMMENT ON COLUMN report_messages.handler IS 'Who took it; NULL while nobody has.';

COMMENT ON COLUMN report_messages.attempts IS 'How often its handler was tried.';

COMMENT ON COLUMN report_messages.deliveries IS 'How often it came, the first time included.';

COMMENT ON COLUMN report_messages.is_test IS 'Whether trigger, simulate or a probe sent it.';

CREATE VIEW report_attempts AS SELECT mo_attempt.id AS attempt_id, coalesce(mo_handling.message_id, mt_message.message_id) AS message_id, mo_attempt.mt_message_id AS reply_id, CASE WHEN (mo_attempt.mt_message_id IS NOT NULL) THEN 'send' WHEN mo_handling.is_observer THEN 'observer' ELSE 'handler' END AS kind, coalesce(mo_handling.handler, mt_message.provider) AS target, mo_attempt.number AS number, mo_attempt.started_at AS started_at, mo_attempt.duration_ms AS duration_ms, mo_attempt.outcome AS outcome, CASE WHEN (mo_attempt.mt_message_id IS NULL) THEN split_part(mo_attempt.error, ':', 1) ELSE mt_message.error_code END AS error_class, mo_attempt.error AS error_text 
FROM mo_attempt LEFT OUTER JOIN mo_handling ON mo_handling.id = mo_attempt.handling_id LEFT OUTER JOIN mt_message ON mt_message.id = mo_attempt.mt_message_id;

COMMENT ON VIEW report_attempts IS 'One row is one try of a handler, an observer or a send.';

COMMENT ON COLUMN report_attempts.attempt_id IS 'Number of the try.';

COMMENT ON COLUMN report_attempts.message_id IS 'The message it was for.';

COMMENT ON COLUMN report_attempts.reply_id IS 'The reply that was sent; NULL of a handler.';

COMMENT ON COLUMN report_attempts.kind IS 'handler, observer or send.';

COMMENT ON COLUMN report_attempts.target IS 'The handler, or the provider of a send.';

COMMENT ON COLUMN report_attempts.number IS 'Which try it was, from 1.';

COMMENT ON COLUMN report_attempts.started_at IS 'When it began. (UTC)';

COMMENT ON COLUMN report_attempts.duration_ms IS 'How long it took. (milliseconds)';

COMMENT ON COLUMN report_attempts.outcome IS 'done, unrouted, failed or dead; of a send sent, failed, later or unknown.';

COMMENT ON COLUMN report_attempts.error_class IS 'What stands before the colon of the error; of a send, with what code the reply was last refused.';

COMMENT ON COLUMN report_attempts.error_text IS 'What went wrong; it may quote the message.';

CREATE VIEW report_replies AS SELECT mt_message.id AS reply_id, mt_message.message_id AS message_id, mt_message.handler AS handler, mt_message.provider AS provider, mt_message.shortcode AS shortcode, encode(mt_message.person_key, 'hex') AS person_key, mt_message.parts AS parts, mt_message.state AS status, mt_message.error_code AS provider_code, mt_message.error AS provider_code_text, mt_message.created_at AS queued_at, mt_message.sent_at AS sent_at, coalesce(mt_report.reported_at, mt_report.received_at) AS reported_at, mt_report.status AS delivery, mt_message.suppressed_reason AS suppressed_reason, mt_message.attempts AS attempts, mt_message.is_test AS is_test 
FROM mt_message LEFT OUTER JOIN mt_report ON mt_report.id = (SELECT mt_report.id 
FROM mt_report 
WHERE mt_report.mt_message_id = mt_message.id ORDER BY mt_report.status = 'pending', mt_report.id DESC 
 LIMIT 1);

COMMENT ON VIEW report_replies IS 'One row is one reply.';

COMMENT ON COLUMN report_replies.reply_id IS 'Number of the reply.';

COMMENT ON COLUMN report_replies.message_id IS 'The message that it answers; NULL of what was sent by hand.';

COMMENT ON COLUMN report_replies.handler IS 'Who wrote it; NULL of a confirmation and of what was sent by hand.';

COMMENT ON COLUMN report_replies.provider IS 'Who is to send it.';

COMMENT ON COLUMN report_replies.shortcode IS 'The shortcode of the message that it answers.';

COMMENT ON COLUMN report_replies.person_key IS 'Keyed hash of the number, in hex: equal for one person.';

COMMENT ON COLUMN report_replies.parts IS 'How many SMS it is billed as; NULL until it is counted.';

COMMENT ON COLUMN report_replies.status IS 'queued, sent, failed, unknown (may have gone out) or suppressed.';

COMMENT ON COLUMN report_replies.provider_code IS 'The provider''s code, where it refused it.';

COMMENT ON COLUMN report_replies.provider_code_text IS 'What went wrong; it may quote the reply.';

COMMENT ON COLUMN report_replies.queued_at IS 'When its handler''s work was committed. (UTC)';

COMMENT ON COLUMN report_replies.sent_at IS 'When the provider took it. (UTC)';

COMMENT ON COLUMN report_replies.reported_at IS 'When it was told of. (UTC)';

COMMENT ON COLUMN report_replies.delivery IS 'delivered, failed, pending or unknown; NULL while nothing is known.';

COMMENT ON COLUMN report_replies.suppressed_reason IS 'Why it was not sent, such as opt-out.';

COMMENT ON COLUMN report_replies.attempts IS 'How often sending it was tried.';

COMMENT ON COLUMN report_replies.is_test IS 'Whether it answers a test message.';

CREATE VIEW report_daily AS SELECT report_day.local_date AS local_date, report_day.shortcode AS shortcode, report_day.keyword_folded AS keyword, report_day.operator AS operator, report_day.is_test AS is_test, report_day.messages AS messages, report_day.callbacks AS callbacks, report_day.unique_people AS unique_people, report_day.new_people AS new_people, report_day.handled AS handled, report_day.unrouted AS unrouted, report_day.failed AS failed, report_day.waiting AS waiting, report_day.replies_sent AS replies_sent, report_day.replies_delivered AS replies_delivered, report_day.replies_failed AS replies_failed, report_day.stops AS stops, report_day.last_at AS last_message_at, report_counted.counted_at AS counted_at 
FROM report_day JOIN report_counted ON report_counted.local_date = report_day.local_date;

COMMENT ON VIEW report_daily IS 'One row is local date × shortcode × keyword × operator × is_test.';

COMMENT ON COLUMN report_daily.local_date IS 'The date of receipt, in the configured zone.';

COMMENT ON COLUMN report_daily.shortcode IS 'The number that was written to.';

COMMENT ON COLUMN report_daily.keyword IS 'First word, as routing compares it; # = like a phone number, * = rare ones.';

COMMENT ON COLUMN report_daily.operator IS 'The senders'' network; empty where not known. (MCC and MNC)';

COMMENT ON COLUMN report_daily.is_test IS 'Whether trigger, simulate or a probe sent them.';

COMMENT ON COLUMN report_daily.messages IS 'Messages stored: handled + unrouted + failed + waiting.';

COMMENT ON COLUMN report_daily.callbacks IS 'How often they came, the provider''s repeats included.';

COMMENT ON COLUMN report_daily.unique_people IS 'Different senders; not to be added up over rows.';

COMMENT ON COLUMN report_daily.new_people IS 'Whose first message to this shortcode is here; NULL until the date is closed.';

COMMENT ON COLUMN report_daily.handled IS 'Messages that a handler has done.';

COMMENT ON COLUMN report_daily.unrouted IS 'Messages that no handler took.';

COMMENT ON COLUMN report_daily.failed IS 'Messages given up: their state is dead.';

COMMENT ON COLUMN report_daily.waiting IS 'Messages to be handled, or to be tried again: pending or failed.';

COMMENT ON COLUMN report_daily.replies_sent IS 'Replies to them that a provider took.';

COMMENT ON COLUMN report_daily.replies_delivered IS 'Of these, reported as delivered.';

COMMENT ON COLUMN report_daily.replies_failed IS 'Replies to them that were given up; suppressed ones aside.';

COMMENT ON COLUMN report_daily.stops IS 'Messages that were a STOP.';

COMMENT ON COLUMN report_daily.last_message_at IS 'When the newest of them was received. (UTC)';

COMMENT ON COLUMN report_daily.counted_at IS 'What was there at that moment is counted here. (UTC)';

CREATE VIEW report_hourly AS SELECT report_hour.hour_at AS hour_at, report_hour.shortcode AS shortcode, CAST(sum(report_hour.messages) AS BIGINT) AS messages, CAST(sum(report_hour.callbacks) AS BIGINT) AS callbacks, CAST(sum(report_hour.callbacks - report_hour.messages) AS BIGINT) AS redeliveries, CAST(sum(report_hour.handled) AS BIGINT) AS handled, CAST(max(report_hour.max_wait_ms) / CAST(1000.0 AS DOUBLE PRECISION) AS FLOAT) AS max_wait_seconds, min(report_counted.counted_at) AS counted_at 
FROM report_hour JOIN report_counted ON report_counted.local_date = report_hour.local_date GROUP BY report_hour.hour_at, report_hour.shortcode;

COMMENT ON VIEW report_hourly IS 'One row is UTC hour × shortcode, tests aside.';

COMMENT ON COLUMN report_hourly.hour_at IS 'When the hour began. (UTC)';

COMMENT ON COLUMN report_hourly.shortcode IS 'The number that was written to.';

COMMENT ON COLUMN report_hourly.messages IS 'Messages stored.';

COMMENT ON COLUMN report_hourly.callbacks IS 'How often these came, whenever that was.';

COMMENT ON COLUMN report_hourly.redeliveries IS 'The repeats among those.';

COMMENT ON COLUMN report_hourly.handled IS 'Of these messages, those that a handler has done.';

COMMENT ON COLUMN report_hourly.max_wait_seconds IS 'Longest from receipt to handled. (seconds)';

COMMENT ON COLUMN report_hourly.counted_at IS 'What was there at that moment is counted here. (UTC)';

CREATE VIEW report_intake AS SELECT date_trunc('hour', mo_intake.minute, 'UTC') AS hour_at, mo_intake.provider AS provider, CAST(sum(CASE WHEN (mo_intake.outcome IN ('stored', 'duplicate', 'rejected')) THEN mo_intake.n ELSE 0 END) AS BIGINT) AS callbacks, CAST(sum(CASE WHEN (mo_intake.outcome IN ('stored')) THEN mo_intake.n ELSE 0 END) AS BIGINT) AS stored, CAST(sum(CASE WHEN (mo_intake.outcome IN ('duplicate')) THEN mo_intake.n ELSE 0 END) AS BIGINT) AS duplicates, CAST(sum(CASE WHEN (mo_intake.outcome IN ('rejected')) THEN mo_intake.n ELSE 0 END) AS BIGINT) AS rejected, CAST(sum(CASE WHEN (mo_intake.outcome IN ('refused')) THEN mo_intake.n ELSE 0 END) AS BIGINT) AS refused 
FROM mo_intake GROUP BY date_trunc('hour', mo_intake.minute, 'UTC'), mo_intake.provider;

COMMENT ON VIEW report_intake IS 'One row is UTC hour × provider.';

COMMENT ON COLUMN report_intake.hour_at IS 'When the hour began. (UTC)';

COMMENT ON COLUMN report_intake.provider IS 'Who sent the requests.';

COMMENT ON COLUMN report_intake.callbacks IS 'Requests that were answered for good: stored + duplicates + rejected.';

COMMENT ON COLUMN report_intake.stored IS 'New messages.';

COMMENT ON COLUMN report_intake.duplicates IS 'Repeats of what was stored before.';

COMMENT ON COLUMN report_intake.rejected IS 'Bad requests, kept.';

COMMENT ON COLUMN report_intake.refused IS 'Requests that could not be stored; the provider repeats them.';

CREATE VIEW report_keywords AS SELECT CASE WHEN (report_route.shortcode != '') THEN report_route.shortcode END AS shortcode, report_route.keyword AS keyword, report_route.alias_of AS alias_of, report_route.terms AS terms, report_route.handler AS handler, report_route.source AS source, report_route.active_from AS active_from, report_route.active_to AS active_to, CASE WHEN (report_route.keyword_folded IS NOT NULL) THEN (SELECT coalesce(CAST(sum(report_day.messages) AS BIGINT), 0) AS coalesce_1 
FROM report_day 
WHERE report_day.keyword_folded = report_route.keyword_folded AND (report_route.shortcode = '' OR report_day.shortcode = report_route.shortcode) AND NOT report_day.is_test) END AS messages_total, CASE WHEN (report_route.keyword_folded IS NOT NULL) THEN (SELECT max(report_day.last_at) AS max_1 
FROM report_day 
WHERE report_day.keyword_folded = report_route.keyword_folded AND (report_route.shortcode = '' OR report_day.shortcode = report_route.shortcode) AND NOT report_day.is_test) END AS last_message_at 
FROM report_route;

COMMENT ON VIEW report_keywords IS 'One row is shortcode × keyword or alias × terms, of the routes of the worker that counted last.';

COMMENT ON COLUMN report_keywords.shortcode IS 'Where it is taken; NULL = on any shortcode.';

COMMENT ON COLUMN report_keywords.keyword IS 'The word as its author wrote it; a pattern between slashes.';

COMMENT ON COLUMN report_keywords.alias_of IS 'The handler''s first word, where this is another one.';

COMMENT ON COLUMN report_keywords.terms IS 'What else a message must be like; empty = nothing.';

COMMENT ON COLUMN report_keywords.handler IS 'Who takes it.';

COMMENT ON COLUMN report_keywords.source IS 'File and line.';

COMMENT ON COLUMN report_keywords.active_from IS 'It takes what was sent then or later; NULL = always. (UTC)';

COMMENT ON COLUMN report_keywords.active_to IS 'It takes what was sent before; NULL = always. (UTC)';

COMMENT ON COLUMN report_keywords.messages_total IS 'Messages with this first word there, whoever took them; NULL of a pattern and of *.';

COMMENT ON COLUMN report_keywords.last_message_at IS 'When the newest was received. (UTC)';

CREATE VIEW report_unmatched AS SELECT report_word.local_date AS local_date, report_word.shortcode AS shortcode, report_word.word AS word, report_word.messages AS messages, report_word.nearest_keyword AS nearest_keyword, report_word.distance AS distance 
FROM report_word;

COMMENT ON VIEW report_unmatched IS 'One row is local date × shortcode × first word, of messages that no handler took, tests aside.';

COMMENT ON COLUMN report_unmatched.local_date IS 'The date of receipt, in the configured zone.';

COMMENT ON COLUMN report_unmatched.shortcode IS 'The number that was written to.';

COMMENT ON COLUMN report_unmatched.word IS 'First word, as routing compares it; # = it may be a phone number.';

COMMENT ON COLUMN report_unmatched.messages IS 'Messages with it.';

COMMENT ON COLUMN report_unmatched.nearest_keyword IS 'The keyword that may have been meant.';

COMMENT ON COLUMN report_unmatched.distance IS 'How many letters it is away. (letters)';

CREATE VIEW report_votes AS SELECT placed.poll AS poll, placed.option AS option, encode(placed.person_key, 'hex') AS person_key, placed.voted_at AS voted_at, placed.message_id AS message_id, placed.is_valid = 1 AS is_counted, placed.timing = 'late' AS is_late, placed.earlier AS earlier_votes 
FROM (SELECT mo_vote.poll AS poll, mo_vote.option AS option, mo_vote.person_key AS person_key, mo_vote.voted_at AS voted_at, mo_vote.message_id AS message_id, mo_vote.timing AS timing, CASE WHEN (mo_vote.timing = 'in time' AND mo_vote.option IS NOT NULL) THEN 1 ELSE 0 END AS is_valid, CASE WHEN newest.last_counts THEN row_number() OVER (PARTITION BY mo_vote.poll, mo_vote.person_key ORDER BY CASE WHEN (mo_vote.timing = 'in time' AND mo_vote.option IS NOT NULL) THEN 1 ELSE 0 END DESC, mo_vote.voted_at DESC, mo_vote.message_id DESC) ELSE row_number() OVER (PARTITION BY mo_vote.poll, mo_vote.person_key ORDER BY CASE WHEN (mo_vote.timing = 'in time' AND mo_vote.option IS NOT NULL) THEN 1 ELSE 0 END DESC, mo_vote.voted_at, mo_vote.message_id) END AS place, CAST(row_number() OVER (PARTITION BY mo_vote.poll, mo_vote.person_key ORDER BY mo_vote.voted_at, mo_vote.message_id) AS BIGINT) - 1 AS earlier 
FROM mo_vote JOIN (SELECT mo_vote.poll AS poll, max(mo_vote.id) AS id 
FROM mo_vote GROUP BY mo_vote.poll) AS ids ON ids.poll = mo_vote.poll JOIN mo_vote AS newest ON newest.id = ids.id) AS placed 
WHERE placed.place = 1;

COMMENT ON VIEW report_votes IS 'One row is poll × person: the vote that counts, or one of those that do not where none does.';

COMMENT ON COLUMN report_votes.poll IS 'Name of the poll.';

COMMENT ON COLUMN report_votes.option IS 'What was voted for; NULL = the text names no option.';

COMMENT ON COLUMN report_votes.person_key IS 'Keyed hash of the number, in hex: equal for one person.';

COMMENT ON COLUMN report_votes.voted_at IS 'When it was sent, by the provider''s clock. (UTC)';

COMMENT ON COLUMN report_votes.message_id IS 'The message that votes.';

COMMENT ON COLUMN report_votes.is_counted IS 'Whether it counts: it came in time and names an option.';

COMMENT ON COLUMN report_votes.is_late IS 'Whether it came too late.';

COMMENT ON COLUMN report_votes.earlier_votes IS 'How many votes they had sent before this one.';

CREATE VIEW report_vote_totals AS SELECT report_poll.poll AS poll, CASE WHEN (report_poll.option != '') THEN report_poll.option END AS option, report_poll.votes AS votes, coalesce(CAST(report_poll.votes AS FLOAT) / CAST(CAST(nullif(sum(report_poll.votes) OVER (PARTITION BY report_poll.poll), 0) AS FLOAT) AS FLOAT), 0.0) AS share, report_poll.unique_people AS unique_people, report_poll.rejected_late AS rejected_late, report_poll.rejected_early AS rejected_early, report_poll.rejected_double AS rejected_double, report_poll.unreadable AS unreadable, report_poll.counted_at AS counted_at 
FROM report_poll;

COMMENT ON VIEW report_vote_totals IS 'One row is poll × option.';

COMMENT ON COLUMN report_vote_totals.poll IS 'Name of the poll.';

COMMENT ON COLUMN report_vote_totals.option IS 'What was voted for; NULL = the texts name no option.';

COMMENT ON COLUMN report_vote_totals.votes IS 'Votes that count: one a person.';

COMMENT ON COLUMN report_vote_totals.share IS 'Of all votes that count. (0 to 1)';

COMMENT ON COLUMN report_vote_totals.unique_people IS 'Different people who sent it, counted or not.';

COMMENT ON COLUMN report_vote_totals.rejected_late IS 'Votes that came too late.';

COMMENT ON COLUMN report_vote_totals.rejected_early IS 'Votes that came too early.';

COMMENT ON COLUMN report_vote_totals.rejected_double IS 'Votes of people whose other vote counts.';

COMMENT ON COLUMN report_vote_totals.unreadable IS 'Votes in time that name no option.';

COMMENT ON COLUMN report_vote_totals.counted_at IS 'What was there at that moment is counted here. (UTC)';

CREATE VIEW report_subscriptions AS SELECT mo_subscription.list AS list, encode(mo_subscription.person_key, 'hex') AS person_key, CASE WHEN (mo_subscription.until IS NULL) THEN 'on' ELSE 'left' END AS state, coalesce(mo_subscription.until, mo_subscription.since) AS since_at, mo_subscription.since AS joined_at, CASE WHEN (mo_subscription.until IS NULL) THEN mo_subscription.message_id ELSE mo_subscription.until_message_id END AS caused_by_message_id, mo_subscription.shortcode AS source 
FROM mo_subscription 
WHERE NOT (EXISTS (SELECT * 
FROM mo_subscription AS later 
WHERE later.list = mo_subscription.list AND later.person_key = mo_subscription.person_key AND later.id > mo_subscription.id));

COMMENT ON VIEW report_subscriptions IS 'One row is one person on one list, as it stands now.';

COMMENT ON COLUMN report_subscriptions.list IS 'Name of the list.';

COMMENT ON COLUMN report_subscriptions.person_key IS 'Keyed hash of the number, in hex: equal for one person.';

COMMENT ON COLUMN report_subscriptions.state IS 'on or left.';

COMMENT ON COLUMN report_subscriptions.since_at IS 'When they joined, or left. (UTC)';

COMMENT ON COLUMN report_subscriptions.joined_at IS 'When they last joined. (UTC)';

COMMENT ON COLUMN report_subscriptions.caused_by_message_id IS 'The message that proves it.';

COMMENT ON COLUMN report_subscriptions.source IS 'The shortcode that they joined on.';

CREATE VIEW report_opt_outs AS SELECT events.opt_out_id AS opt_out_id, events.event AS event, encode(events.person_key, 'hex') AS person_key, events.shortcode AS shortcode, CASE WHEN (events.keyword IS NULL) THEN 'all' ELSE 'list' END AS scope, events.keyword AS list, events.word AS word, events.at AS at, events.message_id AS message_id, events.confirmed_at AS confirmed_at 
FROM (SELECT opt_out.id AS opt_out_id, 'stop' AS event, opt_out.person_key AS person_key, opt_out.shortcode AS shortcode, opt_out.keyword AS keyword, opt_out.word AS word, opt_out.since AS at, opt_out.message_id AS message_id, opt_out.confirmed_at AS confirmed_at 
FROM opt_out UNION ALL SELECT opt_out.id AS id, 'start' AS anon_1, opt_out.person_key AS person_key, opt_out.shortcode AS shortcode, opt_out.keyword AS keyword, CAST(NULL AS TEXT) AS anon_2, opt_out.until AS until, opt_out.until_message_id AS until_message_id, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS anon__1 
FROM opt_out 
WHERE opt_out.until IS NOT NULL) AS events;

COMMENT ON VIEW report_opt_outs IS 'One row is one STOP, or one START that undid it.';

COMMENT ON COLUMN report_opt_outs.opt_out_id IS 'Number of the opt-out: the same of its STOP and its START.';

COMMENT ON COLUMN report_opt_outs.event IS 'stop or start.';

COMMENT ON COLUMN report_opt_outs.person_key IS 'Keyed hash of the number, in hex: equal for one person.';

COMMENT ON COLUMN report_opt_outs.shortcode IS 'Where it was said; NULL = for all shortcodes.';

COMMENT ON COLUMN report_opt_outs.scope IS 'all, or list: one keyword only.';

COMMENT ON COLUMN report_opt_outs.list IS 'The keyword, folded; NULL of all.';

COMMENT ON COLUMN report_opt_outs.word IS 'The word that was sent, or who entered it.';

COMMENT ON COLUMN report_opt_outs.at IS 'When it was recorded. (UTC)';

COMMENT ON COLUMN report_opt_outs.message_id IS 'The message that proves it; NULL of what was entered by hand.';

COMMENT ON COLUMN report_opt_outs.confirmed_at IS 'When its confirmation was sent. (UTC)';

CREATE VIEW report_problems AS SELECT open.problem_key AS problem_key, open.kind AS kind, open.target AS target, open.cause AS cause, open.message_id AS message_id, open.since_at AS since_at, round(extract(epoch FROM (now() + make_interval(secs => 0.0)) - open.since_at), 3)::double precision AS age_seconds, open.attempts AS attempts 
FROM (SELECT 'handling-' || CAST(mo_handling.id AS TEXT) AS problem_key, CASE WHEN (mo_handling.state = 'unrouted') THEN 'unrouted' ELSE 'failed' END AS kind, mo_handling.handler AS target, split_part(mo_handling.error, ':', 1) AS cause, mo_handling.message_id AS message_id, mo_handling.finished_at AS since_at, mo_handling.attempts AS attempts 
FROM mo_handling 
WHERE mo_handling.state IN ('unrouted', 'failed', 'dead') AND mo_handling.state != 'failed' UNION ALL SELECT 'handling-' || CAST(mo_handling.id AS TEXT) AS problem_key, CASE WHEN (mo_handling.state = 'unrouted') THEN 'unrouted' ELSE 'failed' END AS kind, mo_handling.handler AS target, split_part(mo_handling.error, ':', 1) AS cause, mo_handling.message_id AS message_id, mo_message.received_at AS since_at, mo_handling.attempts AS attempts 
FROM mo_handling JOIN mo_message ON mo_message.id = mo_handling.message_id 
WHERE mo_handling.state IN ('unrouted', 'failed', 'dead') AND mo_handling.state = 'failed' UNION ALL SELECT 'rejection-' || CAST(mo_rejection.id AS TEXT) AS anon_1, 'unreadable' AS anon_2, mo_rejection.provider AS provider, CAST(mo_rejection.status AS TEXT) AS status, CAST(NULL AS INTEGER) AS anon_3, mo_rejection.received_at AS received_at, mo_rejection.deliveries AS deliveries 
FROM mo_rejection 
WHERE mo_rejection.replayed_at IS NULL UNION ALL SELECT 'reply-' || CAST(mt_message.id AS TEXT) AS anon_4, 'reply' AS anon_5, mt_message.provider AS provider, coalesce(mt_message.error_code, mt_message.state) AS coalesce_1, mt_message.message_id AS message_id, coalesce(mt_message.tried_at, mt_message.created_at) AS coalesce_2, mt_message.attempts AS attempts 
FROM mt_message 
WHERE mt_message.state IN ('failed', 'unknown', 'suppressed') AND (mt_message.state = 'failed' OR mt_message.state = 'unknown' AND mt_message.due_at IS NULL)) AS open;

COMMENT ON VIEW report_problems IS 'One row is one thing that somebody may have to do something about.';

COMMENT ON COLUMN report_problems.problem_key IS 'Name of the row behind it, such as handling-12.';

COMMENT ON COLUMN report_problems.kind IS 'failed, unrouted, unreadable (a rejected request) or reply.';

COMMENT ON COLUMN report_problems.target IS 'The handler, or the provider; NULL where nobody took it.';

COMMENT ON COLUMN report_problems.cause IS 'What stands before the colon of the error; the HTTP status; the provider''s code or reply''s state.';

COMMENT ON COLUMN report_problems.message_id IS 'The message; NULL of what is none.';

COMMENT ON COLUMN report_problems.since_at IS 'Since when. (UTC)';

COMMENT ON COLUMN report_problems.age_seconds IS 'How long. (seconds)';

COMMENT ON COLUMN report_problems.attempts IS 'How often it was tried; of unreadable, how often it came.';

CREATE VIEW report_people AS SELECT people.person_key AS person_key, people.shortcode AS shortcode, people.first_at AS first_at, people.last_at AS last_at, people.messages AS messages, people.keywords AS keywords, people.person_key IN (SELECT encode(opt_out.person_key, 'hex') AS anon_1 
FROM opt_out 
WHERE opt_out.until IS NULL AND opt_out.keyword IS NULL AND opt_out.shortcode IS NULL) OR (people.person_key, people.shortcode) IN (SELECT encode(opt_out.person_key, 'hex') AS anon_2, opt_out.shortcode 
FROM opt_out 
WHERE opt_out.until IS NULL AND opt_out.keyword IS NULL AND opt_out.shortcode IS NOT NULL) AS opted_out 
FROM (SELECT all_days.person_key AS person_key, all_days.shortcode AS shortcode, min(all_days.first_at) AS first_at, max(all_days.last_at) AS last_at, CAST(sum(all_days.messages) AS BIGINT) AS messages, count(DISTINCT all_days.keyword_folded) AS keywords, max(all_days.last_message_id) AS last_message_id 
FROM (SELECT report_person.person_key AS person_key, report_person.shortcode AS shortcode, report_person.keyword_folded AS keyword_folded, report_person.messages AS messages, report_person.first_at AS first_at, report_person.last_at AS last_at, report_person.last_message_id AS last_message_id 
FROM report_person 
WHERE report_person.local_date < (SELECT min(open.local_date) AS min_1 
FROM report_counted AS open 
WHERE NOT open.is_closed) UNION ALL SELECT encode(mo_message.person_key, 'hex') AS anon_3, mo_message.shortcode AS shortcode, CASE WHEN (replace(replace(replace(replace(replace(coalesce(mo_message.keyword_folded, lower(mo_message.keyword COLLATE "C") COLLATE "default"), '.', ''), '-', ''), '/', ''), '(', ''), ')', '') ~ '[0-9]{8}') THEN '#' ELSE coalesce(mo_message.keyword_folded, lower(mo_message.keyword COLLATE "C") COLLATE "default") END AS anon_4, 1 AS anon_5, mo_message.received_at AS received_at, mo_message.received_at AS received_at__1, mo_message.id AS id 
FROM mo_message 
WHERE NOT mo_message.is_test AND mo_message.received_at >= coalesce((SELECT min(open.starts_at) AS min_2 
FROM report_counted AS open 
WHERE NOT open.is_closed), '0001-01-01 00:00:00+00:00')) AS all_days GROUP BY all_days.person_key, all_days.shortcode) AS people;

COMMENT ON VIEW report_people IS 'One row is shortcode × person, tests aside.';

COMMENT ON COLUMN report_people.person_key IS 'Keyed hash of the number, in hex: equal for one person.';

COMMENT ON COLUMN report_people.shortcode IS 'The number that they wrote to.';

COMMENT ON COLUMN report_people.first_at IS 'When their first message was received. (UTC)';

COMMENT ON COLUMN report_people.last_at IS 'When their last message was received. (UTC)';

COMMENT ON COLUMN report_people.messages IS 'How many there were.';

COMMENT ON COLUMN report_people.keywords IS 'How many different first words they sent.';

COMMENT ON COLUMN report_people.opted_out IS 'Whether a STOP to everything there is in force.';

CREATE VIEW report_people_private AS SELECT people.person_key AS person_key, people.shortcode AS shortcode, mo_message.msisdn AS msisdn, people.last_message_id AS last_message_id 
FROM (SELECT all_days.person_key AS person_key, all_days.shortcode AS shortcode, min(all_days.first_at) AS first_at, max(all_days.last_at) AS last_at, CAST(sum(all_days.messages) AS BIGINT) AS messages, count(DISTINCT all_days.keyword_folded) AS keywords, max(all_days.last_message_id) AS last_message_id 
FROM (SELECT report_person.person_key AS person_key, report_person.shortcode AS shortcode, report_person.keyword_folded AS keyword_folded, report_person.messages AS messages, report_person.first_at AS first_at, report_person.last_at AS last_at, report_person.last_message_id AS last_message_id 
FROM report_person 
WHERE report_person.local_date < (SELECT min(open.local_date) AS min_1 
FROM report_counted AS open 
WHERE NOT open.is_closed) UNION ALL SELECT encode(mo_message.person_key, 'hex') AS anon_1, mo_message.shortcode AS shortcode, CASE WHEN (replace(replace(replace(replace(replace(coalesce(mo_message.keyword_folded, lower(mo_message.keyword COLLATE "C") COLLATE "default"), '.', ''), '-', ''), '/', ''), '(', ''), ')', '') ~ '[0-9]{8}') THEN '#' ELSE coalesce(mo_message.keyword_folded, lower(mo_message.keyword COLLATE "C") COLLATE "default") END AS anon_2, 1 AS anon_3, mo_message.received_at AS received_at, mo_message.received_at AS received_at__1, mo_message.id AS id 
FROM mo_message 
WHERE NOT mo_message.is_test AND mo_message.received_at >= coalesce((SELECT min(open.starts_at) AS min_2 
FROM report_counted AS open 
WHERE NOT open.is_closed), '0001-01-01 00:00:00+00:00')) AS all_days GROUP BY all_days.person_key, all_days.shortcode) AS people JOIN mo_message ON mo_message.id = people.last_message_id;

COMMENT ON VIEW report_people_private IS 'One row is shortcode × person, with the number; for those who may see numbers.';

COMMENT ON COLUMN report_people_private.person_key IS 'Keyed hash of the number, in hex: equal for one person.';

COMMENT ON COLUMN report_people_private.shortcode IS 'The number that they wrote to.';

COMMENT ON COLUMN report_people_private.msisdn IS 'The number: digits, country code first.';

COMMENT ON COLUMN report_people_private.last_message_id IS 'Their last message.';

CREATE VIEW report_columns AS SELECT listed.view_name AS view_name, listed.position AS position, listed.column_name AS column_name, listed.type AS type, listed.unit AS unit, listed.meaning AS meaning, listed.is_personal AS is_personal, listed.added_in AS added_in 
FROM (SELECT 'report_messages' AS view_name, 1 AS position, 'message_id' AS column_name, 'number' AS type, '' AS unit, 'Number of the message.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 2 AS position, 'provider' AS column_name, 'text' AS type, '' AS unit, 'Who delivered it.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 3 AS position, 'shortcode' AS column_name, 'text' AS type, '' AS unit, 'The number that it was sent to.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 4 AS position, 'country' AS column_name, 'text' AS type, 'ISO 3166-1 alpha-3' AS unit, 'Country of the sender.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 5 AS position, 'operator' AS column_name, 'text' AS type, 'MCC and MNC' AS unit, 'The sender''s network; empty where not known.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 6 AS position, 'person_key' AS column_name, 'text' AS type, '' AS unit, 'Keyed hash of the number, in hex: equal for one person.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 7 AS position, 'keyword' AS column_name, 'text' AS type, '' AS unit, 'First word, as received.' AS meaning, true AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 8 AS position, 'keyword_folded' AS column_name, 'text' AS type, '' AS unit, 'First word, as routing compares it; # = it may be a phone number.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 9 AS position, 'parm' AS column_name, 'text' AS type, '' AS unit, 'All text after the first word.' AS meaning, true AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 10 AS position, 'has_text' AS column_name, 'yes or no' AS type, '' AS unit, 'Whether anything comes after the first word.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 11 AS position, 'sent_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When it was sent, by the provider''s clock.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 12 AS position, 'timestamp_raw' AS column_name, 'text' AS type, 'local, YYYYMMDDhhmmss' AS unit, 'The same as it came.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 13 AS position, 'received_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When this gateway first got it.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 14 AS position, 'received_local_date' AS column_name, 'date' AS type, '' AS unit, 'The date of that, in the configured zone.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 15 AS position, 'handled_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When its handling ended; NULL while it has not.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 16 AS position, 'wait_seconds' AS column_name, 'number' AS type, 'seconds' AS unit, 'From receipt to the end of its handling.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 17 AS position, 'state' AS column_name, 'text' AS type, '' AS unit, 'pending, done, unrouted, failed (to be tried again) or dead (given up).' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 18 AS position, 'handler' AS column_name, 'text' AS type, '' AS unit, 'Who took it; NULL while nobody has.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 19 AS position, 'attempts' AS column_name, 'number' AS type, '' AS unit, 'How often its handler was tried.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 20 AS position, 'deliveries' AS column_name, 'number' AS type, '' AS unit, 'How often it came, the first time included.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_messages' AS view_name, 21 AS position, 'is_test' AS column_name, 'yes or no' AS type, '' AS unit, 'Whether trigger, simulate or a probe sent it.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_attempts' AS view_name, 1 AS position, 'attempt_id' AS column_name, 'number' AS type, '' AS unit, 'Number of the try.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_attempts' AS view_name, 2 AS position, 'message_id' AS column_name, 'number' AS type, '' AS unit, 'The message it was for.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_attempts' AS view_name, 3 AS position, 'reply_id' AS column_name, 'number' AS type, '' AS unit, 'The reply that was sent; NULL of a handler.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_attempts' AS view_name, 4 AS position, 'kind' AS column_name, 'text' AS type, '' AS unit, 'handler, observer or send.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_attempts' AS view_name, 5 AS position, 'target' AS column_name, 'text' AS type, '' AS unit, 'The handler, or the provider of a send.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_attempts' AS view_name, 6 AS position, 'number' AS column_name, 'number' AS type, '' AS unit, 'Which try it was, from 1.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_attempts' AS view_name, 7 AS position, 'started_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When it began.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_attempts' AS view_name, 8 AS position, 'duration_ms' AS column_name, 'number' AS type, 'milliseconds' AS unit, 'How long it took.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_attempts' AS view_name, 9 AS position, 'outcome' AS column_name, 'text' AS type, '' AS unit, 'done, unrouted, failed or dead; of a send sent, failed, later or unknown.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_attempts' AS view_name, 10 AS position, 'error_class' AS column_name, 'text' AS type, '' AS unit, 'What stands before the colon of the error; of a send, with what code the reply was last refused.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_attempts' AS view_name, 11 AS position, 'error_text' AS column_name, 'text' AS type, '' AS unit, 'What went wrong; it may quote the message.' AS meaning, true AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 1 AS position, 'reply_id' AS column_name, 'number' AS type, '' AS unit, 'Number of the reply.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 2 AS position, 'message_id' AS column_name, 'number' AS type, '' AS unit, 'The message that it answers; NULL of what was sent by hand.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 3 AS position, 'handler' AS column_name, 'text' AS type, '' AS unit, 'Who wrote it; NULL of a confirmation and of what was sent by hand.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 4 AS position, 'provider' AS column_name, 'text' AS type, '' AS unit, 'Who is to send it.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 5 AS position, 'shortcode' AS column_name, 'text' AS type, '' AS unit, 'The shortcode of the message that it answers.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 6 AS position, 'person_key' AS column_name, 'text' AS type, '' AS unit, 'Keyed hash of the number, in hex: equal for one person.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 7 AS position, 'parts' AS column_name, 'number' AS type, '' AS unit, 'How many SMS it is billed as; NULL until it is counted.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 8 AS position, 'status' AS column_name, 'text' AS type, '' AS unit, 'queued, sent, failed, unknown (may have gone out) or suppressed.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 9 AS position, 'provider_code' AS column_name, 'text' AS type, '' AS unit, 'The provider''s code, where it refused it.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 10 AS position, 'provider_code_text' AS column_name, 'text' AS type, '' AS unit, 'What went wrong; it may quote the reply.' AS meaning, true AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 11 AS position, 'queued_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When its handler''s work was committed.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 12 AS position, 'sent_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When the provider took it.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 13 AS position, 'reported_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When it was told of.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 14 AS position, 'delivery' AS column_name, 'text' AS type, '' AS unit, 'delivered, failed, pending or unknown; NULL while nothing is known.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 15 AS position, 'suppressed_reason' AS column_name, 'text' AS type, '' AS unit, 'Why it was not sent, such as opt-out.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 16 AS position, 'attempts' AS column_name, 'number' AS type, '' AS unit, 'How often sending it was tried.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_replies' AS view_name, 17 AS position, 'is_test' AS column_name, 'yes or no' AS type, '' AS unit, 'Whether it answers a test message.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 1 AS position, 'local_date' AS column_name, 'date' AS type, '' AS unit, 'The date of receipt, in the configured zone.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 2 AS position, 'shortcode' AS column_name, 'text' AS type, '' AS unit, 'The number that was written to.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 3 AS position, 'keyword' AS column_name, 'text' AS type, '' AS unit, 'First word, as routing compares it; # = like a phone number, * = rare ones.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 4 AS position, 'operator' AS column_name, 'text' AS type, 'MCC and MNC' AS unit, 'The senders'' network; empty where not known.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 5 AS position, 'is_test' AS column_name, 'yes or no' AS type, '' AS unit, 'Whether trigger, simulate or a probe sent them.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 6 AS position, 'messages' AS column_name, 'number' AS type, '' AS unit, 'Messages stored: handled + unrouted + failed + waiting.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 7 AS position, 'callbacks' AS column_name, 'number' AS type, '' AS unit, 'How often they came, the provider''s repeats included.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 8 AS position, 'unique_people' AS column_name, 'number' AS type, '' AS unit, 'Different senders; not to be added up over rows.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 9 AS position, 'new_people' AS column_name, 'number' AS type, '' AS unit, 'Whose first message to this shortcode is here; NULL until the date is closed.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 10 AS position, 'handled' AS column_name, 'number' AS type, '' AS unit, 'Messages that a handler has done.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 11 AS position, 'unrouted' AS column_name, 'number' AS type, '' AS unit, 'Messages that no handler took.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 12 AS position, 'failed' AS column_name, 'number' AS type, '' AS unit, 'Messages given up: their state is dead.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 13 AS position, 'waiting' AS column_name, 'number' AS type, '' AS unit, 'Messages to be handled, or to be tried again: pending or failed.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 14 AS position, 'replies_sent' AS column_name, 'number' AS type, '' AS unit, 'Replies to them that a provider took.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 15 AS position, 'replies_delivered' AS column_name, 'number' AS type, '' AS unit, 'Of these, reported as delivered.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 16 AS position, 'replies_failed' AS column_name, 'number' AS type, '' AS unit, 'Replies to them that were given up; suppressed ones aside.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 17 AS position, 'stops' AS column_name, 'number' AS type, '' AS unit, 'Messages that were a STOP.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 18 AS position, 'last_message_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When the newest of them was received.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_daily' AS view_name, 19 AS position, 'counted_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'What was there at that moment is counted here.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_hourly' AS view_name, 1 AS position, 'hour_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When the hour began.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_hourly' AS view_name, 2 AS position, 'shortcode' AS column_name, 'text' AS type, '' AS unit, 'The number that was written to.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_hourly' AS view_name, 3 AS position, 'messages' AS column_name, 'number' AS type, '' AS unit, 'Messages stored.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_hourly' AS view_name, 4 AS position, 'callbacks' AS column_name, 'number' AS type, '' AS unit, 'How often these came, whenever that was.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_hourly' AS view_name, 5 AS position, 'redeliveries' AS column_name, 'number' AS type, '' AS unit, 'The repeats among those.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_hourly' AS view_name, 6 AS position, 'handled' AS column_name, 'number' AS type, '' AS unit, 'Of these messages, those that a handler has done.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_hourly' AS view_name, 7 AS position, 'max_wait_seconds' AS column_name, 'number' AS type, 'seconds' AS unit, 'Longest from receipt to handled.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_hourly' AS view_name, 8 AS position, 'counted_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'What was there at that moment is counted here.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_intake' AS view_name, 1 AS position, 'hour_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When the hour began.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_intake' AS view_name, 2 AS position, 'provider' AS column_name, 'text' AS type, '' AS unit, 'Who sent the requests.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_intake' AS view_name, 3 AS position, 'callbacks' AS column_name, 'number' AS type, '' AS unit, 'Requests that were answered for good: stored + duplicates + rejected.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_intake' AS view_name, 4 AS position, 'stored' AS column_name, 'number' AS type, '' AS unit, 'New messages.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_intake' AS view_name, 5 AS position, 'duplicates' AS column_name, 'number' AS type, '' AS unit, 'Repeats of what was stored before.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_intake' AS view_name, 6 AS position, 'rejected' AS column_name, 'number' AS type, '' AS unit, 'Bad requests, kept.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_intake' AS view_name, 7 AS position, 'refused' AS column_name, 'number' AS type, '' AS unit, 'Requests that could not be stored; the provider repeats them.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_keywords' AS view_name, 1 AS position, 'shortcode' AS column_name, 'text' AS type, '' AS unit, 'Where it is taken; NULL = on any shortcode.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_keywords' AS view_name, 2 AS position, 'keyword' AS column_name, 'text' AS type, '' AS unit, 'The word as its author wrote it; a pattern between slashes.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_keywords' AS view_name, 3 AS position, 'alias_of' AS column_name, 'text' AS type, '' AS unit, 'The handler''s first word, where this is another one.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_keywords' AS view_name, 4 AS position, 'terms' AS column_name, 'text' AS type, '' AS unit, 'What else a message must be like; empty = nothing.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_keywords' AS view_name, 5 AS position, 'handler' AS column_name, 'text' AS type, '' AS unit, 'Who takes it.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_keywords' AS view_name, 6 AS position, 'source' AS column_name, 'text' AS type, '' AS unit, 'File and line.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_keywords' AS view_name, 7 AS position, 'active_from' AS column_name, 'moment' AS type, 'UTC' AS unit, 'It takes what was sent then or later; NULL = always.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_keywords' AS view_name, 8 AS position, 'active_to' AS column_name, 'moment' AS type, 'UTC' AS unit, 'It takes what was sent before; NULL = always.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_keywords' AS view_name, 9 AS position, 'messages_total' AS column_name, 'number' AS type, '' AS unit, 'Messages with this first word there, whoever took them; NULL of a pattern and of *.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_keywords' AS view_name, 10 AS position, 'last_message_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When the newest was received.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_unmatched' AS view_name, 1 AS position, 'local_date' AS column_name, 'date' AS type, '' AS unit, 'The date of receipt, in the configured zone.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_unmatched' AS view_name, 2 AS position, 'shortcode' AS column_name, 'text' AS type, '' AS unit, 'The number that was written to.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_unmatched' AS view_name, 3 AS position, 'word' AS column_name, 'text' AS type, '' AS unit, 'First word, as routing compares it; # = it may be a phone number.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_unmatched' AS view_name, 4 AS position, 'messages' AS column_name, 'number' AS type, '' AS unit, 'Messages with it.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_unmatched' AS view_name, 5 AS position, 'nearest_keyword' AS column_name, 'text' AS type, '' AS unit, 'The keyword that may have been meant.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_unmatched' AS view_name, 6 AS position, 'distance' AS column_name, 'number' AS type, 'letters' AS unit, 'How many letters it is away.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_votes' AS view_name, 1 AS position, 'poll' AS column_name, 'text' AS type, '' AS unit, 'Name of the poll.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_votes' AS view_name, 2 AS position, 'option' AS column_name, 'text' AS type, '' AS unit, 'What was voted for; NULL = the text names no option.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_votes' AS view_name, 3 AS position, 'person_key' AS column_name, 'text' AS type, '' AS unit, 'Keyed hash of the number, in hex: equal for one person.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_votes' AS view_name, 4 AS position, 'voted_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When it was sent, by the provider''s clock.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_votes' AS view_name, 5 AS position, 'message_id' AS column_name, 'number' AS type, '' AS unit, 'The message that votes.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_votes' AS view_name, 6 AS position, 'is_counted' AS column_name, 'yes or no' AS type, '' AS unit, 'Whether it counts: it came in time and names an option.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_votes' AS view_name, 7 AS position, 'is_late' AS column_name, 'yes or no' AS type, '' AS unit, 'Whether it came too late.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_votes' AS view_name, 8 AS position, 'earlier_votes' AS column_name, 'number' AS type, '' AS unit, 'How many votes they had sent before this one.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_vote_totals' AS view_name, 1 AS position, 'poll' AS column_name, 'text' AS type, '' AS unit, 'Name of the poll.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_vote_totals' AS view_name, 2 AS position, 'option' AS column_name, 'text' AS type, '' AS unit, 'What was voted for; NULL = the texts name no option.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_vote_totals' AS view_name, 3 AS position, 'votes' AS column_name, 'number' AS type, '' AS unit, 'Votes that count: one a person.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_vote_totals' AS view_name, 4 AS position, 'share' AS column_name, 'number' AS type, '0 to 1' AS unit, 'Of all votes that count.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_vote_totals' AS view_name, 5 AS position, 'unique_people' AS column_name, 'number' AS type, '' AS unit, 'Different people who sent it, counted or not.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_vote_totals' AS view_name, 6 AS position, 'rejected_late' AS column_name, 'number' AS type, '' AS unit, 'Votes that came too late.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_vote_totals' AS view_name, 7 AS position, 'rejected_early' AS column_name, 'number' AS type, '' AS unit, 'Votes that came too early.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_vote_totals' AS view_name, 8 AS position, 'rejected_double' AS column_name, 'number' AS type, '' AS unit, 'Votes of people whose other vote counts.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_vote_totals' AS view_name, 9 AS position, 'unreadable' AS column_name, 'number' AS type, '' AS unit, 'Votes in time that name no option.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_vote_totals' AS view_name, 10 AS position, 'counted_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'What was there at that moment is counted here.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_subscriptions' AS view_name, 1 AS position, 'list' AS column_name, 'text' AS type, '' AS unit, 'Name of the list.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_subscriptions' AS view_name, 2 AS position, 'person_key' AS column_name, 'text' AS type, '' AS unit, 'Keyed hash of the number, in hex: equal for one person.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_subscriptions' AS view_name, 3 AS position, 'state' AS column_name, 'text' AS type, '' AS unit, 'on or left.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_subscriptions' AS view_name, 4 AS position, 'since_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When they joined, or left.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_subscriptions' AS view_name, 5 AS position, 'joined_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When they last joined.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_subscriptions' AS view_name, 6 AS position, 'caused_by_message_id' AS column_name, 'number' AS type, '' AS unit, 'The message that proves it.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_subscriptions' AS view_name, 7 AS position, 'source' AS column_name, 'text' AS type, '' AS unit, 'The shortcode that they joined on.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_opt_outs' AS view_name, 1 AS position, 'opt_out_id' AS column_name, 'number' AS type, '' AS unit, 'Number of the opt-out: the same of its STOP and its START.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_opt_outs' AS view_name, 2 AS position, 'event' AS column_name, 'text' AS type, '' AS unit, 'stop or start.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_opt_outs' AS view_name, 3 AS position, 'person_key' AS column_name, 'text' AS type, '' AS unit, 'Keyed hash of the number, in hex: equal for one person.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_opt_outs' AS view_name, 4 AS position, 'shortcode' AS column_name, 'text' AS type, '' AS unit, 'Where it was said; NULL = for all shortcodes.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_opt_outs' AS view_name, 5 AS position, 'scope' AS column_name, 'text' AS type, '' AS unit, 'all, or list: one keyword only.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_opt_outs' AS view_name, 6 AS position, 'list' AS column_name, 'text' AS type, '' AS unit, 'The keyword, folded; NULL of all.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_opt_outs' AS view_name, 7 AS position, 'word' AS column_name, 'text' AS type, '' AS unit, 'The word that was sent, or who entered it.' AS meaning, true AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_opt_outs' AS view_name, 8 AS position, 'at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When it was recorded.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_opt_outs' AS view_name, 9 AS position, 'message_id' AS column_name, 'number' AS type, '' AS unit, 'The message that proves it; NULL of what was entered by hand.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_opt_outs' AS view_name, 10 AS position, 'confirmed_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When its confirmation was sent.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_problems' AS view_name, 1 AS position, 'problem_key' AS column_name, 'text' AS type, '' AS unit, 'Name of the row behind it, such as handling-12.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_problems' AS view_name, 2 AS position, 'kind' AS column_name, 'text' AS type, '' AS unit, 'failed, unrouted, unreadable (a rejected request) or reply.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_problems' AS view_name, 3 AS position, 'target' AS column_name, 'text' AS type, '' AS unit, 'The handler, or the provider; NULL where nobody took it.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_problems' AS view_name, 4 AS position, 'cause' AS column_name, 'text' AS type, '' AS unit, 'What stands before the colon of the error; the HTTP status; the provider''s code or reply''s state.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_problems' AS view_name, 5 AS position, 'message_id' AS column_name, 'number' AS type, '' AS unit, 'The message; NULL of what is none.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_problems' AS view_name, 6 AS position, 'since_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'Since when.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_problems' AS view_name, 7 AS position, 'age_seconds' AS column_name, 'number' AS type, 'seconds' AS unit, 'How long.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_problems' AS view_name, 8 AS position, 'attempts' AS column_name, 'number' AS type, '' AS unit, 'How often it was tried; of unreadable, how often it came.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_people' AS view_name, 1 AS position, 'person_key' AS column_name, 'text' AS type, '' AS unit, 'Keyed hash of the number, in hex: equal for one person.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_people' AS view_name, 2 AS position, 'shortcode' AS column_name, 'text' AS type, '' AS unit, 'The number that they wrote to.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_people' AS view_name, 3 AS position, 'first_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When their first message was received.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_people' AS view_name, 4 AS position, 'last_at' AS column_name, 'moment' AS type, 'UTC' AS unit, 'When their last message was received.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_people' AS view_name, 5 AS position, 'messages' AS column_name, 'number' AS type, '' AS unit, 'How many there were.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_people' AS view_name, 6 AS position, 'keywords' AS column_name, 'number' AS type, '' AS unit, 'How many different first words they sent.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_people' AS view_name, 7 AS position, 'opted_out' AS column_name, 'yes or no' AS type, '' AS unit, 'Whether a STOP to everything there is in force.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_people_private' AS view_name, 1 AS position, 'person_key' AS column_name, 'text' AS type, '' AS unit, 'Keyed hash of the number, in hex: equal for one person.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_people_private' AS view_name, 2 AS position, 'shortcode' AS column_name, 'text' AS type, '' AS unit, 'The number that they wrote to.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_people_private' AS view_name, 3 AS position, 'msisdn' AS column_name, 'text' AS type, '' AS unit, 'The number: digits, country code first.' AS meaning, true AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_people_private' AS view_name, 4 AS position, 'last_message_id' AS column_name, 'number' AS type, '' AS unit, 'Their last message.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_columns' AS view_name, 1 AS position, 'view_name' AS column_name, 'text' AS type, '' AS unit, 'Name of the view.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_columns' AS view_name, 2 AS position, 'position' AS column_name, 'number' AS type, '' AS unit, 'Where the column stands in it, from 1.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_columns' AS view_name, 3 AS position, 'column_name' AS column_name, 'text' AS type, '' AS unit, 'Name of the column.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_columns' AS view_name, 4 AS position, 'type' AS column_name, 'text' AS type, '' AS unit, 'text, number, moment, date, or yes or no.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_columns' AS view_name, 5 AS position, 'unit' AS column_name, 'text' AS type, '' AS unit, 'Unit of its values; empty where there is none.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_columns' AS view_name, 6 AS position, 'meaning' AS column_name, 'text' AS type, '' AS unit, 'What it says.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_columns' AS view_name, 7 AS position, 'is_personal' AS column_name, 'yes or no' AS type, '' AS unit, 'Whether it tells a number or what somebody wrote.' AS meaning, false AS is_personal, '0.1' AS added_in UNION ALL SELECT 'report_columns' AS view_name, 8 AS position, 'added_in' AS column_name, 'text' AS type, '' AS unit, 'The version that brought it.' AS meaning, false AS is_personal, '0.1' AS added_in) AS listed;

COMMENT ON VIEW report_columns IS 'One row is one column of a view.';

COMMENT ON COLUMN report_columns.view_name IS 'Name of the view.';

COMMENT ON COLUMN report_columns.position IS 'Where the column stands in it, from 1.';

COMMENT ON COLUMN report_columns.column_name IS 'Name of the column.';

COMMENT ON COLUMN report_columns.type IS 'text, number, moment, date, or yes or no.';

COMMENT ON COLUMN report_columns.unit IS 'Unit of its values; empty where there is none.';

COMMENT ON COLUMN report_columns.meaning IS 'What it says.';

COMMENT ON COLUMN report_columns.is_personal IS 'Whether it tells a number or what somebody wrote.';

COMMENT ON COLUMN report_columns.added_in IS 'The version that brought it.';

INSERT INTO report_state (id, views) VALUES (1, 'f68fd82b99ef7305036abe4fa9a34260f0ef2bdface18e560e279567cf630200');
