-- Ids are UUIDv7, so the id itself is the time to partition by: the primary key stays the id alone, and is unique over
-- all partitions, which a separate time column could not give.
CREATE FUNCTION uuidv7_floor(at timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT
AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

CREATE TABLE outbox (
    id            uuid        NOT NULL DEFAULT uuidv7() PRIMARY KEY,
    aggregatetype text        NOT NULL,
    aggregateid   text,                                    -- the record's key
    type          text        NOT NULL,
    payload       bytea,                                   -- the record's value, byte for byte
    topic         text        NOT NULL,
    traceparent   text,
    headers       jsonb,                                   -- [["name","base64"],...]: all headers, instead of the usual ones
    xid           xid8        NOT NULL DEFAULT pg_current_xact_id(),
    created_at    timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (id);

CREATE INDEX outbox_aggregateid ON outbox (aggregateid, id);
-- What is not yet relayed is found by its transaction, at the newest end.
CREATE INDEX outbox_xid ON outbox (xid);

CREATE TABLE outbox_heartbeat (
    beat       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    snapshot   text        NOT NULL DEFAULT pg_current_snapshot()::text,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- The newest heartbeat that Kafka acknowledged. A row of the outbox is relayed once its transaction is visible in it.
CREATE TABLE outbox_watermark (
    singleton       boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
    beat            bigint      NOT NULL,
    snapshot        pg_snapshot NOT NULL,
    relayed         bigint      NOT NULL,
    acknowledged_at timestamptz NOT NULL
);
INSERT INTO outbox_watermark (beat, snapshot, relayed, acknowledged_at) VALUES (0, pg_current_snapshot(), 0, now());

CREATE TABLE inbox (
    message_id  uuid        NOT NULL,
    consumer    text        NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message_id, consumer)
) PARTITION BY RANGE (message_id);

-- Messages that could not be handled, and those of the same key that came after them, in order.
CREATE TABLE parked_message (
    consumer        text        NOT NULL,
    topic           text        NOT NULL,
    partition       integer     NOT NULL,
    "offset"        bigint      NOT NULL,
    message_id      uuid        NOT NULL,
    record_key      bytea,
    record_value    bytea,
    record_headers  jsonb       NOT NULL,
    record_time     timestamptz NOT NULL,
    attempts        integer     NOT NULL,
    error           text,
    first_at        timestamptz NOT NULL DEFAULT now(),
    next_attempt_at timestamptz NOT NULL,
    PRIMARY KEY (consumer, topic, partition, "offset")
);
CREATE INDEX parked_message_key ON parked_message (consumer, topic, record_key);

CREATE TABLE dead_letter (
    id             uuid        NOT NULL PRIMARY KEY,
    consumer       text        NOT NULL,
    topic          text        NOT NULL,
    partition      integer     NOT NULL,
    "offset"       bigint      NOT NULL,
    record_key     bytea,
    key_text       text,                                   -- the key, if it is text
    record_value   bytea,
    record_headers jsonb       NOT NULL,
    type           text,
    reason         text        NOT NULL,
    error          text        NOT NULL,
    attempts       integer     NOT NULL,
    first_at       timestamptz NOT NULL,
    last_at        timestamptz NOT NULL DEFAULT now(),
    state          text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'replayed', 'discarded')),
    settled_at     timestamptz,
    discard_reason text,
    UNIQUE (consumer, topic, partition, "offset")
);
CREATE INDEX dead_letter_open ON dead_letter (id) WHERE state = 'open';

-- One partition a UTC day. Attaching needs no lock that writers would wait for; creating PARTITION OF does.
CREATE FUNCTION ensure_partitions(parent text, days_back integer, days_ahead integer) RETURNS integer
    LANGUAGE plpgsql
AS $$
DECLARE
    day     timestamptz;
    child   text;
    created integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('lockstep.partitions'));
    FOR i IN -days_back .. days_ahead LOOP
        day := (date_trunc('day', now() AT TIME ZONE 'UTC') + make_interval(days => i)) AT TIME ZONE 'UTC';
        child := parent || '_p' || to_char(day AT TIME ZONE 'UTC', 'YYYYMMDD');
        IF to_regclass(child) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, parent);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child,
                           uuidv7_floor(day), uuidv7_floor(day + interval '1 day'));
            created := created + 1;
        END IF;
    END LOOP;
    RETURN created;
END
$$;

-- Drops the days that ended before the cut-off. A day of the outbox stays for as long as anything in it is not relayed.
CREATE FUNCTION drop_partitions(parent text, cut_off timestamptz) RETURNS text[]
    LANGUAGE plpgsql
AS $$
DECLARE
    child   text;
    keep    boolean;
    dropped text[] := '{}';
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('lockstep.partitions'));
    FOR child IN
        SELECT c.relname
          FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = parent::regclass
           AND to_timestamp(right(c.relname, 8) || '+00', 'YYYYMMDDTZH') + interval '1 day' <= cut_off
         ORDER BY c.relname
    LOOP
        keep := false;
        IF parent = 'outbox' THEN
            EXECUTE format('SELECT EXISTS (SELECT FROM %I, outbox_watermark w WHERE NOT pg_visible_in_snapshot(xid, w.snapshot))',
                           child) INTO keep;
        END IF;
        EXIT WHEN keep;
        EXECUTE format('DROP TABLE %I', child);
        dropped := dropped || child;
    END LOOP;
    RETURN dropped;
END
$$;
