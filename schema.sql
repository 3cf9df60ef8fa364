-- The PostgreSQL schema, written by `mo-gateway db sql` from the migrations, never by hand.

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

COMMIT;
