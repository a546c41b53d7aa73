-- Rows that the relay has read from the slot and Kafka refuses, and the rows that wait behind them. A row is written before the slot is
-- told that its batch is done, and deleted once Kafka has acknowledged it: a row that is in here is pending, whatever the watermark says.
CREATE TABLE outbox_held (
    id       uuid        NOT NULL PRIMARY KEY,
    topic    text        NOT NULL,
    key_hash bigint      NOT NULL,                          -- rows of a topic with the same hash wait for each other
    position bigint      GENERATED ALWAYS AS IDENTITY,      -- the order in which they came through the slot
    xid      xid8        NOT NULL,
    refusal  text,                                          -- what Kafka said of this row; null if it waits behind another
    held_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_held_position ON outbox_held (topic, position);
CREATE INDEX outbox_held_key ON outbox_held (topic, key_hash, position);
CREATE INDEX outbox_held_xid ON outbox_held (xid);

-- One row for each topic with rows in outbox_held, so that nobody has to count those.
CREATE TABLE outbox_held_topic (
    topic  text        NOT NULL PRIMARY KEY,
    rows   bigint      NOT NULL,
    row_id uuid        NOT NULL,                            -- a row that Kafka refused
    reason text        NOT NULL,                            -- and what it said
    since  timestamptz NOT NULL DEFAULT now()
);
