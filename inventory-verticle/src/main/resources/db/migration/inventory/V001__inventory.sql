-- Stock --------------------------------------------------------------------------------------------------------------------------------

-- The counters change with every order. Half of each page is left free, so that a new version of a row fits into the same page and no
-- index changes (heap-only tuples), and rows are vacuumed by their number.
CREATE TABLE product (
    product_id text        NOT NULL PRIMARY KEY,
    name       text        NOT NULL,
    unit_price bigint      NOT NULL CHECK (unit_price >= 0),   -- minor units
    currency   text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    available  bigint      NOT NULL CHECK (available >= 0),
    reserved   bigint      NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    position   bigint      NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- 2^53 - 1, the largest integer that every JSON reader represents exactly. The limit applies to the sum, so releasing stock never
    -- violates it.
    CONSTRAINT product_total_limit CHECK (available + reserved <= 9007199254740991)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Stock that operators added, and stock that they removed by setting a lower number. The sum for a product equals available + reserved,
-- whatever orders do. Rows are only inserted, and rarely.
CREATE TABLE stock_intake (
    seq        bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id text        NOT NULL,
    qty        bigint      NOT NULL,
    at         timestamptz NOT NULL DEFAULT now()
);


-- Reservations -------------------------------------------------------------------------------------------------------------------------

-- The stock of each order. The row of a released order is kept, so that a reservation that arrives late reserves nothing.
CREATE TABLE reservation (
    order_id   text        NOT NULL PRIMARY KEY,
    version    bigint      NOT NULL,
    state      text        NOT NULL CHECK (state IN ('HELD', 'REJECTED', 'RELEASED')),
    items      jsonb       CHECK ((items IS NOT NULL) = (state = 'HELD')),
    total      bigint      CHECK ((total IS NOT NULL) = (state = 'HELD')),
    currency   text        CHECK ((currency IS NOT NULL) = (state = 'HELD')),
    reason     text        CHECK ((reason IS NOT NULL) = (state = 'REJECTED')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
