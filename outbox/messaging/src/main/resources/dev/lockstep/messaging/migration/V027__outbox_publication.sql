-- The publication as it was when the replication slot was made: the ids of its catalog rows and of the transactions that wrote them. Rows that
-- are written while a publication lacks them never come through the slot. So a publication that differs means that rows may be missing, and
-- the slot is replaced.
CREATE TABLE outbox_publication (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    version   text    NOT NULL
);
