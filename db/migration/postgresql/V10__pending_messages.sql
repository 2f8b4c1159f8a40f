-- A subquery of its own (OFFSET 0) sees the partition's positions as parameters: the planner then takes the index on
-- positions for the few rows between them, where a join would be planned as a third of the table.
CREATE VIEW outbox_pending_messages AS
SELECT w.id, w.message_id, w.copy_no, w.partition_id, w.message_key AS model, w.message_type, w.created_at, w.position
FROM outbox_partition p
CROSS JOIN LATERAL (SELECT m.* FROM outbox_message m
                    WHERE m.partition_id = p.partition_id
                      AND m.position > p.delivered_position AND m.position <= p.last_position
                    OFFSET 0) w
UNION ALL
SELECT w.id, w.message_id, w.copy_no, w.partition_id, w.message_key AS model, w.message_type, w.created_at, w.position
FROM outbox_partition p
CROSS JOIN LATERAL (SELECT m.* FROM outbox_message m
                    WHERE m.partition_id = p.partition_id AND m.position IS NULL
                    OFFSET 0) w;
