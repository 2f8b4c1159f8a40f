-- The claim compares (partition_id, id) as a row. Only this index serves that: once the driver has the claim prepared on
-- the server, its plan knows no values, and with a condition on id alone it took the primary key, sorted all that was
-- pending for every batch, and walked all that was delivered for the first.
DROP INDEX outbox_message_unclaimed;
CREATE INDEX outbox_message_unclaimed ON outbox_message (partition_id, id) WHERE position IS NULL;

-- Messages without a position leave the other index: it was the next best one for the claim, again with a sort of all
-- that is pending; and a registration has one index less to write.
ALTER TABLE outbox_message DROP CONSTRAINT outbox_message_position;
CREATE UNIQUE INDEX outbox_message_position ON outbox_message (partition_id, position) WHERE position IS NOT NULL;

-- As before, but for the oldest message without a position: it is found by that index.
CREATE OR REPLACE VIEW outbox_status AS
SELECT s.partition_id, s.state, s.pending, s.oldest_pending_at,
       CAST(EXTRACT(EPOCH FROM (CURRENT_TIMESTAMP - s.oldest_pending_at)) * 1000 AS BIGINT) AS oldest_pending_age_ms,
       s.parked, s.last_position, s.delivered_position, s.purged_position, s.last_delivered_at,
       r.relay, r.state AS relay_state, r.breaker_state, r.last_pass_at, r.last_error, r.last_error_at, r.queue_depth,
       r.reported_at
FROM (SELECT p.partition_id, p.state, p.last_position, p.delivered_position, p.purged_position, p.last_delivered_at,
             p.last_position - p.delivered_position
                 + (SELECT count(*) FROM outbox_message m
                    WHERE m.partition_id = p.partition_id AND m.position IS NULL) AS pending,
             COALESCE(
                 (SELECT m.created_at FROM outbox_message m
                  WHERE m.partition_id = p.partition_id AND m.position > p.delivered_position
                  ORDER BY m.position LIMIT 1),
                 (SELECT m.created_at FROM outbox_message m
                  WHERE m.position IS NULL AND (m.partition_id, m.id) >= (p.partition_id, 0)
                      AND (m.partition_id, m.id) < (p.partition_id + 1, 0)
                  ORDER BY m.partition_id, m.id LIMIT 1)) AS oldest_pending_at,
             (SELECT count(*) FROM outbox_parked k
              WHERE k.resolution IS NULL AND EXISTS
                  (SELECT 1 FROM outbox_message m WHERE m.id = k.id
                   AND m.partition_id = p.partition_id AND m.position <= p.delivered_position)) AS parked
      FROM outbox_partition p) s
LEFT JOIN outbox_relay r ON r.partition_id = s.partition_id AND r.relay =
    (SELECT x.relay FROM outbox_relay x WHERE x.partition_id = s.partition_id
     ORDER BY CASE x.state WHEN 'standing_by' THEN 1 WHEN 'stopped' THEN 2 ELSE 0 END, x.reported_at DESC, x.relay LIMIT 1);
