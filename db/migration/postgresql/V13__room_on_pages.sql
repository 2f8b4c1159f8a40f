-- Giving a message its position writes a second version of its row, with an entry in each index. Room for it beside the
-- first: both indexes grow at their end, and a full page would be split once each entry gets its second, after a search for
-- dead ones in vain. They end up as large as before.
ALTER INDEX outbox_message_pkey SET (fillfactor = 45);
ALTER INDEX outbox_message_copy SET (fillfactor = 45);
-- On the page of the first version the second costs a third of the write-ahead log less: only what changed is logged. The
-- price is room on disk: messages that are kept take 1.6 times the pages.
ALTER TABLE outbox_message SET (fillfactor = 50);

-- A registration locks its model's row by name. On dense pages a thousand models are so few pages that PostgreSQL reads all
-- of them for each transaction; spread over ten times as many, it goes by the index.
ALTER TABLE model SET (fillfactor = 10);
