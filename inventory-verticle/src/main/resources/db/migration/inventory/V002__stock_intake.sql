-- What was ever put in of each product, and taken out by setting it lower: the sum is available + reserved, whatever orders do.
-- Append only, and rare: people write it, not orders.
CREATE TABLE stock_intake (
    seq        bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id text        NOT NULL,
    qty        bigint      NOT NULL,
    at         timestamptz NOT NULL DEFAULT now()
);

INSERT INTO stock_intake (product_id, qty) SELECT product_id, available + reserved FROM product;
