-- The gateway as a role that owns nothing, on PostgreSQL: it does its work, and can neither edit nor drop the audit trail.
-- Run it once, after `mo-gateway db upgrade`, as the role that owns the tables:
--
--   psql -v ON_ERROR_STOP=1 -f roles.sql mo_gateway
--
-- The owner goes on running `mo-gateway db upgrade` and `db copy`; everything else runs as a role of its own in this one:
--
--   CREATE ROLE gateway LOGIN PASSWORD '…' IN ROLE mo_gateway_app;

CREATE ROLE mo_gateway_app NOLOGIN;

GRANT USAGE ON SCHEMA public TO mo_gateway_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO mo_gateway_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO mo_gateway_app;

-- What later versions make is for it too.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO mo_gateway_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO mo_gateway_app;

-- The trail is added to and read, and which schema there is is the owner's.
REVOKE UPDATE, DELETE ON mo_audit FROM mo_gateway_app;
REVOKE INSERT, UPDATE, DELETE ON mo_schema_version FROM mo_gateway_app;

-- `mo-gateway forget` vacuums what it has emptied. Before PostgreSQL 17 only the owner may; forget says so then.
DO $$ BEGIN
    IF current_setting('server_version_num')::integer >= 170000 THEN
        EXECUTE 'GRANT MAINTAIN ON mo_message, mo_rejection, mo_handling, mo_attempt, mt_message, mt_report, opt_out,'
            ' mo_vote, mo_subscription, mo_question, report_day, report_person, report_word, mt_provider'
            ' TO mo_gateway_app';
    END IF;
END $$;
