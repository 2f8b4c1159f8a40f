-- The claim walks this index: position IS NULL, in id order.
CREATE INDEX outbox_message_unclaimed ON outbox_message (partition_id, position, id);

INSERT INTO outbox (id, partitions) VALUES (RANDOM_UUID(), ${partitions});
INSERT INTO outbox_partition (partition_id) SELECT * FROM SYSTEM_RANGE(0, ${partitions} - 1);
