-- Where the slot stood when a relay set out to read from it, and whether it was found to be that very slot once an engine read.
-- An engine that finds no slot makes one, and nothing that committed before comes through that. Whatever ends the relay then, the
-- next one finds a slot that stands further on, and was never proven.
CREATE TABLE outbox_term (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    slot_lsn  pg_lsn  NOT NULL,
    proven    boolean NOT NULL
);
