-- Roles for people and programs that ask SQL, on PostgreSQL. Run it once, after `mo-gateway db upgrade`, as a role that
-- may create roles and give rights on the views; a later `db upgrade` that makes the views anew gives these rights again:
--
--   psql -v ON_ERROR_STOP=1 -f reader.sql mo_gateway
--
-- mo_reader reads every view, but no phone number, and of what somebody wrote only first words; mo_compliance reads
-- all of it.
-- Neither reads a table. A person gets a role of their own in one of them:
--
--   CREATE ROLE anna LOGIN PASSWORD '…' IN ROLE mo_reader;
--   ALTER ROLE anna SET default_transaction_read_only = on;
--   ALTER ROLE anna SET statement_timeout = '30s';
--   ALTER ROLE anna SET idle_in_transaction_session_timeout = '5min';

CREATE ROLE mo_reader NOLOGIN;
CREATE ROLE mo_compliance NOLOGIN;

GRANT USAGE ON SCHEMA public TO mo_reader, mo_compliance;

-- What is for mo_reader, by column where a view has others too.
GRANT SELECT (message_id, provider, shortcode, country, operator, person_key, keyword_folded, has_text, sent_at, timestamp_raw, received_at, received_local_date, handled_at, wait_seconds, state, handler, attempts, deliveries, is_test) ON report_messages TO mo_reader;
GRANT SELECT (attempt_id, message_id, reply_id, kind, target, number, started_at, duration_ms, outcome, error_class) ON report_attempts TO mo_reader;
GRANT SELECT (reply_id, message_id, handler, provider, shortcode, person_key, parts, status, provider_code, queued_at, sent_at, reported_at, delivery, suppressed_reason, attempts, is_test) ON report_replies TO mo_reader;
GRANT SELECT ON report_daily TO mo_reader;
GRANT SELECT ON report_hourly TO mo_reader;
GRANT SELECT ON report_intake TO mo_reader;
GRANT SELECT ON report_keywords TO mo_reader;
GRANT SELECT ON report_unmatched TO mo_reader;
GRANT SELECT ON report_votes TO mo_reader;
GRANT SELECT ON report_vote_totals TO mo_reader;
GRANT SELECT ON report_subscriptions TO mo_reader;
GRANT SELECT (opt_out_id, event, person_key, shortcode, scope, list, at, message_id, confirmed_at) ON report_opt_outs TO mo_reader;
GRANT SELECT ON report_problems TO mo_reader;
GRANT SELECT ON report_people TO mo_reader;
GRANT SELECT ON report_columns TO mo_reader;

-- All of them.
GRANT SELECT ON report_messages, report_attempts, report_replies, report_daily, report_hourly, report_intake, report_keywords, report_unmatched, report_votes, report_vote_totals, report_subscriptions, report_opt_outs, report_problems, report_people, report_people_private, report_columns TO mo_compliance;
