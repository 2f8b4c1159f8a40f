-- A database that was restored gives positions a second time. By its term a position is told from the one that was lost.
ALTER TABLE outbox_message ADD COLUMN term INTEGER DEFAULT 0 NOT NULL;
COMMENT ON COLUMN outbox_message.term IS 'A random number, drawn anew by each claim that gives positions; 0: it has none, or got it before there were terms. Two histories that have a position with the same term have all positions before it in common.';
