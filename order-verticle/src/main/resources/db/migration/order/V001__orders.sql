-- COLLATE "C": ids, keys and states are compared byte by byte, which is the fastest comparison for their indexes.
CREATE TABLE orders (
    order_id            uuid             PRIMARY KEY,              -- UUIDv7, so newest first is ORDER BY order_id DESC
    user_id             text COLLATE "C" NOT NULL,
    items               jsonb            NOT NULL,                 -- [{"productId","qty"}]
    status              text COLLATE "C" NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'CONFIRMED', 'CANCELLED')),
    reason              text COLLATE "C",
    total_amount        bigint,                                    -- minor units
    total_currency      text COLLATE "C",
    idempotency_key     text COLLATE "C",
    request_hash        text COLLATE "C",                          -- SHA-256 of the request with this key
    traceparent         text COLLATE "C" NOT NULL,
    cancel_requested_at timestamptz,
    created_at          timestamptz      NOT NULL DEFAULT now(),
    updated_at          timestamptz      NOT NULL DEFAULT now(),
    CONSTRAINT orders_cancelled_says_why CHECK ((status = 'CANCELLED') = (reason IS NOT NULL)),
    CONSTRAINT orders_confirmed_has_total CHECK ((status = 'CONFIRMED') = (total_amount IS NOT NULL)),
    CONSTRAINT orders_total_is_money CHECK ((total_amount IS NULL) = (total_currency IS NULL)),
    CONSTRAINT orders_key_has_hash CHECK ((idempotency_key IS NULL) = (request_hash IS NULL))
);

-- Two requests with the same key create one order. Most orders have no key, and have no entry in this index.
CREATE UNIQUE INDEX orders_idempotency_key ON orders (idempotency_key) WHERE idempotency_key IS NOT NULL;

-- A list scans one of these indexes from the cursor on, one status after the other, so the two serve every combination of filters.
CREATE INDEX orders_status ON orders (status, order_id);
CREATE INDEX orders_user ON orders (user_id, status, order_id);
