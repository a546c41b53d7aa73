-- waiting_since: since when a saga waits for just what it waits for now; updated_at moves with every retry.
-- failures, failure: how often in a row, and why, its deadline could not be let pass. Both are cleared by the next step.
ALTER TABLE saga
    ADD COLUMN waiting_since timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN failures      integer     NOT NULL DEFAULT 0,
    ADD COLUMN failure       text;

UPDATE saga SET waiting_since = updated_at WHERE state NOT IN ('CONFIRMED', 'CANCELLED');

DROP INDEX saga_active, saga_ended;
CREATE INDEX saga_active ON saga (state, created_at DESC, order_id DESC)
 WHERE state NOT IN ('CONFIRMED', 'CANCELLED', 'ABANDONED');
CREATE INDEX saga_ended ON saga (state, created_at DESC, order_id DESC)
 WHERE state IN ('CONFIRMED', 'CANCELLED', 'ABANDONED');
