-- Where each order's saga stands. Every step of it changes the row, so rows are vacuumed by their number, not by their share
-- of a table that only grows: the small indexes below stay small.
CREATE TABLE saga (
    order_id    text        COLLATE "C" NOT NULL PRIMARY KEY,
    state       text        NOT NULL,
    data        jsonb       NOT NULL,
    waiting_for text[]      NOT NULL,
    version     integer     NOT NULL,
    deadline    timestamptz,
    traceparent text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

CREATE INDEX saga_newest ON saga (created_at DESC, order_id DESC);

-- Split, so that counting and browsing what is under way reads nothing of what has ended.
CREATE INDEX saga_active ON saga (state, created_at DESC, order_id DESC) WHERE state NOT IN ('CONFIRMED', 'CANCELLED');
CREATE INDEX saga_ended ON saga (state, created_at DESC, order_id DESC) WHERE state IN ('CONFIRMED', 'CANCELLED');

CREATE INDEX saga_deadline ON saga (deadline) WHERE deadline IS NOT NULL;

-- What each saga learned and did about it. Never changed.
CREATE TABLE saga_history (
    order_id text        COLLATE "C" NOT NULL,
    seq      bigint      GENERATED ALWAYS AS IDENTITY,
    at       timestamptz NOT NULL DEFAULT now(),
    event    text        NOT NULL,
    state    text        NOT NULL,
    detail   jsonb       NOT NULL,
    PRIMARY KEY (order_id, seq)
);
