-- The state of each order's saga. Every step updates the row, and the table only grows, so rows are vacuumed by their number instead of by
-- their share of the table. That keeps the partial indexes small.
CREATE TABLE saga (
    order_id      text        COLLATE "C" NOT NULL PRIMARY KEY,
    state         text        NOT NULL,
    data          jsonb       NOT NULL,
    waiting_for   text[]      NOT NULL,
    waiting_since timestamptz NOT NULL DEFAULT now(),      -- when waiting_for last changed; updated_at changes with every retry
    version       integer     NOT NULL,
    deadline      timestamptz,
    failures      integer     NOT NULL DEFAULT 0,          -- how often in succession its deadline could not be processed, and the error;
    failure       text,                                    --   the next step clears both
    traceparent   text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

CREATE INDEX saga_newest ON saga (created_at DESC, order_id DESC);

-- Two indexes, so that counting and listing active sagas reads no entries of ended ones.
CREATE INDEX saga_active ON saga (state, created_at DESC, order_id DESC) WHERE state NOT IN ('CONFIRMED', 'CANCELLED', 'ABANDONED');
CREATE INDEX saga_ended ON saga (state, created_at DESC, order_id DESC) WHERE state IN ('CONFIRMED', 'CANCELLED', 'ABANDONED');

CREATE INDEX saga_deadline ON saga (deadline) WHERE deadline IS NOT NULL;

-- Each event of a saga and the state that followed. Rows are only inserted.
CREATE TABLE saga_history (
    order_id text        COLLATE "C" NOT NULL,
    seq      bigint      GENERATED ALWAYS AS IDENTITY,
    at       timestamptz NOT NULL DEFAULT now(),
    event    text        NOT NULL,
    state    text        NOT NULL,
    detail   jsonb       NOT NULL,
    PRIMARY KEY (order_id, seq)
);
