-- Which rows have to be sent from the table because no slot will bring them, and how far that has come. One row at most, and
-- only while a slot is being replaced; after a crash the sending goes on where it stood.
CREATE TABLE outbox_recovery (
    singleton  boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
    slot_lsn   pg_lsn      NOT NULL,                       -- where the new slot begins
    snapshot   pg_snapshot NOT NULL,                       -- taken once it was there: what is not visible comes through the slot
    sent       uuid,                                       -- up to here Kafka has acknowledged
    completed  boolean     NOT NULL DEFAULT false,
    holder     uuid,                                       -- the relay that does it
    held_until timestamptz
);
