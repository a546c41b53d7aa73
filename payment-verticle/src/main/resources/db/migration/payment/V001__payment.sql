-- Accounts -----------------------------------------------------------------------------------------------------------------------------

CREATE TABLE account (
    user_id   text        COLLATE "C" PRIMARY KEY,
    currency  text        NOT NULL,
    balance   bigint      NOT NULL CONSTRAINT account_never_overdrawn CHECK (balance >= 0),
    number    bigint      GENERATED ALWAYS AS IDENTITY UNIQUE,
    opened_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
COMMENT ON TABLE account IS 'The current balance of each user: the sum of the user''s ledger entries.';
COMMENT ON COLUMN account.number IS 'The order in which accounts were opened, with gaps.';

CREATE TABLE deposit (
    posting         uuid        PRIMARY KEY,
    user_id         text        COLLATE "C" NOT NULL,
    idempotency_key text        COLLATE "C",
    amount          bigint      NOT NULL CHECK (amount > 0),
    currency        text        NOT NULL,
    opened          boolean     NOT NULL,
    balance         bigint      NOT NULL,
    at              timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE deposit IS 'Deposits and their responses, so that a retry gets the same response. Kept as long as the ledger.';
CREATE UNIQUE INDEX deposit_once ON deposit (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;


-- Payments -----------------------------------------------------------------------------------------------------------------------------

CREATE TABLE payment (
    order_id   text        COLLATE "C" PRIMARY KEY,
    status     text        NOT NULL CHECK (status IN ('CHARGED', 'DECLINED', 'REFUNDED')),
    user_id    text        COLLATE "C",
    amount     bigint      CHECK (amount >= 0),
    currency   text,
    reason     text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((amount IS NULL) = (currency IS NULL)),
    CHECK (status = 'REFUNDED' OR (user_id IS NOT NULL AND amount IS NOT NULL)),
    CHECK ((status = 'DECLINED') = (reason IS NOT NULL))
) WITH (fillfactor = 90);
COMMENT ON COLUMN payment.user_id IS 'Null for a refund that arrived before any charge.';
COMMENT ON COLUMN payment.amount IS 'The amount charged, also after the refund; the amount requested if the charge was declined; null if nothing was ever charged.';


-- Ledger -------------------------------------------------------------------------------------------------------------------------------

CREATE TABLE ledger_entry (
    seq      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    posting  uuid        NOT NULL,
    account  text        COLLATE "C" NOT NULL,
    currency text        NOT NULL,
    amount   bigint      NOT NULL,
    order_id text        COLLATE "C",
    kind     text        NOT NULL CHECK (kind IN ('DEPOSIT', 'CHARGE', 'REFUND')),
    at       timestamptz NOT NULL DEFAULT now(),
    CHECK ((kind = 'DEPOSIT') = (order_id IS NULL))
);
COMMENT ON COLUMN ledger_entry.posting IS 'Shared by the two entries that sum to zero.';

-- The last protection against charging or refunding an order twice: the second posting has the same order, kind and account.
CREATE UNIQUE INDEX ledger_entry_once ON ledger_entry (order_id, kind, account) WHERE order_id IS NOT NULL;
CREATE INDEX ledger_entry_account ON ledger_entry (account, seq);

CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % refused', TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Post the reverse instead.';
END
$$;
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

CREATE FUNCTION ledger_refuse_imbalance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong uuid;
BEGIN
    SELECT posting INTO wrong FROM written GROUP BY posting, currency HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'posting % does not sum to zero', wrong USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER ledger_entry_balanced AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_imbalance();


-- Closing of the ledger ----------------------------------------------------------------------------------------------------------------

-- The entries up to until_seq are summed once and stored in ledger_closed, so that an audit reads only the entries after them.
CREATE TABLE ledger_closing (
    singleton boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
    until_seq bigint      NOT NULL,
    closed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO ledger_closing (until_seq) VALUES (0);

CREATE TABLE ledger_closed (
    holder   text    NOT NULL CHECK (holder IN ('users', 'system:revenue', 'system:external-funds')),
    currency text    NOT NULL,
    sum      numeric NOT NULL,
    entries  bigint  NOT NULL,
    PRIMARY KEY (holder, currency)
);

-- An entry draws its number before its transaction commits. Writers share this lock, and closing the ledger takes it exclusively: once it
-- has the lock, no number below the highest one can appear any more.
CREATE FUNCTION ledger_announce_writer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('lockstep ledger', 0));
    RETURN NULL;
END
$$;
CREATE TRIGGER ledger_entry_writer BEFORE INSERT ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_announce_writer();
