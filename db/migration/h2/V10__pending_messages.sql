-- Two halves, so that each walks an index: messages that have a position and are not delivered, and those without one.
CREATE VIEW outbox_pending_messages AS
SELECT m.id, m.message_id, m.copy_no, m.partition_id, m.message_key AS model, m.message_type, m.created_at, m.position
FROM outbox_partition p
JOIN outbox_message m ON m.partition_id = p.partition_id
    AND m.position > p.delivered_position AND m.position <= p.last_position
UNION ALL
SELECT m.id, m.message_id, m.copy_no, m.partition_id, m.message_key AS model, m.message_type, m.created_at, m.position
FROM outbox_partition p
JOIN outbox_message m ON m.partition_id = p.partition_id AND m.position IS NULL;
