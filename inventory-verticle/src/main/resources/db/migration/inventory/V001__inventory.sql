-- What there is of each product. Free space in each page lets the counters change in place, without touching an index.
CREATE TABLE product (
    product_id text        NOT NULL PRIMARY KEY,
    name       text        NOT NULL,
    unit_price bigint      NOT NULL CHECK (unit_price >= 0),
    currency   text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    available  bigint      NOT NULL CHECK (available >= 0),
    reserved   bigint      NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    position   bigint      NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- The largest count that every JSON reader takes as it is. It bounds the sum, so giving back never meets it.
    CONSTRAINT product_total_limit CHECK (available + reserved <= 9007199254740991)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Where each order stands with the stock. A released order keeps its row, so that a reservation arriving late holds nothing.
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
