-- The claim walks this index: only what has no position yet, in id order. position is in it, always NULL, so that
-- one ORDER BY serves this index and H2's.
CREATE INDEX outbox_message_unclaimed ON outbox_message (partition_id, position, id) WHERE position IS NULL;

-- A partition's row is updated with every batch: room on the page keeps that from touching its index.
ALTER TABLE outbox_partition SET (fillfactor = 50);
-- Every message's row is updated once (its position): vacuum by rows changed, not by a share of a table that keeps a day of them.
ALTER TABLE outbox_message SET (
    fillfactor = 85,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000);

INSERT INTO outbox (id, partitions) VALUES (gen_random_uuid(), ${partitions});
INSERT INTO outbox_partition (partition_id) SELECT generate_series(0, ${partitions} - 1);
