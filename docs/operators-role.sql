-- A role for operators that reads everything of the outbox and changes nothing (PostgreSQL). The migrations do not make it:
-- the service's user need not be allowed to. Run once by an administrator, in the service's database; where the tables are
-- not in the schema public, put their schema in. Then: GRANT registration_outbox_reader TO somebody;
CREATE ROLE registration_outbox_reader NOLOGIN;
GRANT USAGE ON SCHEMA public TO registration_outbox_reader;
GRANT SELECT ON outbox_status, outbox_backlog, outbox_pending_messages, outbox_parked_messages, outbox_delivered_messages,
    outbox_message_history, outbox_rewinds, outbox_throughput, outbox, outbox_message, outbox_partition, outbox_delivery,
    outbox_rewind, outbox_parked, outbox_relay, outbox_operation, shedlock TO registration_outbox_reader;
ALTER ROLE registration_outbox_reader SET statement_timeout = '30s';
