CREATE TABLE outbox_relay (
    partition_id  INTEGER                  NOT NULL,
    relay         VARCHAR(255)             NOT NULL,
    state         VARCHAR(20)              NOT NULL,
    breaker_state VARCHAR(20)              NOT NULL,
    last_pass_at  TIMESTAMP WITH TIME ZONE,
    last_error    TEXT,
    last_error_at TIMESTAMP WITH TIME ZONE,
    queue_depth   BIGINT,
    reported_at   TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
    PRIMARY KEY (partition_id, relay)
);
COMMENT ON TABLE outbox_relay IS 'What each instance''s relay of a partition last reported, every few seconds; rows of instances that are gone go after a day.';
COMMENT ON COLUMN outbox_relay.state IS 'starting, idle, delivering, standing_by (another instance relays), waiting (the queue takes nothing), queue_full, paused, diverged, failing, stopped.';
COMMENT ON COLUMN outbox_relay.breaker_state IS 'closed; open (the queue is left alone for a while); half_open (one try).';
COMMENT ON COLUMN outbox_relay.queue_depth IS 'Elements in the queue when this relay last looked; NULL: it has not.';

CREATE VIEW outbox_status AS
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
                  WHERE m.partition_id = p.partition_id AND m.position IS NULL
                  ORDER BY m.partition_id, m.position, m.id LIMIT 1)) AS oldest_pending_at,
             (SELECT count(*) FROM outbox_parked k JOIN outbox_message m ON m.id = k.id
              WHERE k.resolution IS NULL AND m.partition_id = p.partition_id
                AND m.position <= p.delivered_position) AS parked
      FROM outbox_partition p) s
LEFT JOIN outbox_relay r ON r.partition_id = s.partition_id AND r.relay =
    (SELECT x.relay FROM outbox_relay x WHERE x.partition_id = s.partition_id
     ORDER BY CASE x.state WHEN 'standing_by' THEN 1 WHEN 'stopped' THEN 2 ELSE 0 END, x.reported_at DESC, x.relay LIMIT 1);
COMMENT ON VIEW outbox_status IS 'One row per partition: what is pending, for how long, how far delivery is, and what the relay last reported. Costs as much as there is pending, however much was delivered.';
