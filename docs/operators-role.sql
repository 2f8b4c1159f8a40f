-- A role with which operators read everything of the outbox and change nothing (PostgreSQL). The migrations do not make it: the
-- service's user need not be allowed to. Run it once as an administrator, in the service's database. Where that is not called
-- registry, or the tables are not in the schema public, put in the right name. Then give it a password (\password).
CREATE ROLE registration_outbox_reader LOGIN;
GRANT CONNECT ON DATABASE registry TO registration_outbox_reader;
GRANT USAGE ON SCHEMA public TO registration_outbox_reader;
GRANT SELECT ON outbox_status, outbox_backlog, outbox_pending_messages, outbox_parked_messages, outbox_delivered_messages,
    outbox_message_history, outbox_rewinds, outbox_throughput, outbox, outbox_message, outbox_partition, outbox_delivery,
    outbox_rewind, outbox_parked, outbox_relay, outbox_operation, shedlock TO registration_outbox_reader;

-- Nobody's forgotten query holds the service up. A setting belongs to the role that logs in and is not inherited: whoever gets
-- this role through another one (GRANT registration_outbox_reader TO somebody) needs the line for that one too.
ALTER ROLE registration_outbox_reader SET statement_timeout = '30s';
