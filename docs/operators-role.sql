-- For an administrator of the database (PostgreSQL): a role that reads everything of the service and changes nothing, and a login
-- for one person. Run it in the service's database after the service has started once, for example:
--
--   psql "host=... dbname=registry user=postgres sslmode=verify-full sslrootcert=global-bundle.pem" -f docs/operators-role.sql
--
-- Put in the person's name instead of ada; and where they differ, the database and the service's role (both registry here), and the
-- schema (public). The service does not make the role itself, because its user need not be allowed to.

CREATE ROLE registration_outbox_reader NOLOGIN;
GRANT CONNECT ON DATABASE registry TO registration_outbox_reader; -- the first deployment takes it from everybody
GRANT USAGE ON SCHEMA public TO registration_outbox_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO registration_outbox_reader;
-- What later releases add.
ALTER DEFAULT PRIVILEGES FOR ROLE registry IN SCHEMA public GRANT SELECT ON TABLES TO registration_outbox_reader;
-- What other sessions are doing: who holds a lock or an old snapshot.
GRANT pg_monitor TO registration_outbox_reader;

-- From here on once for each person. Then, in psql: \password ada
CREATE ROLE ada LOGIN IN ROLE registration_outbox_reader;
-- Settings are the login's own; they are not inherited from a role that it is a member of.
ALTER ROLE ada SET default_transaction_read_only = on;
ALTER ROLE ada SET statement_timeout = '30s';
ALTER ROLE ada SET idle_in_transaction_session_timeout = '60s'; -- a forgotten transaction would hold its snapshot
