-- Settings of pages that are filled from now on; what is full stays as it is. They lock out nothing but VACUUM and other
-- changes of the same table.

-- Giving a message its position writes a second version of its row, and an entry in three indexes. Room for it beside the
-- first: with ids that begin with the time these two grow at their end, and a full page would be split once each entry gets its
-- second, after a search for dead ones in vain. They end up as large as before; REINDEX leaves them half empty.
ALTER INDEX outbox_message_pkey SET (fillfactor = 45);
ALTER INDEX outbox_message_copy SET (fillfactor = 45);
-- On the page of the first version the second logs only what changed, which is a third less. The price is room on disk:
-- messages that are kept take 1.6 times the pages.
ALTER TABLE outbox_message SET (fillfactor = 50);

-- A registration locks its model's row by name. On dense pages a thousand models are so few pages that PostgreSQL reads all
-- of them for each transaction; spread over ten times as many, it goes by the index. VACUUM FULL model spreads those that are
-- there already.
ALTER TABLE model SET (fillfactor = 10);
