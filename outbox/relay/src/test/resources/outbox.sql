-- The tables that the relay works on, with one partition for everything.
CREATE TABLE outbox (
    id            uuid        NOT NULL DEFAULT uuidv7() PRIMARY KEY,
    aggregatetype text        NOT NULL,
    aggregateid   text,
    type          text        NOT NULL,
    payload       bytea,
    topic         text        NOT NULL,
    traceparent   text,
    headers       jsonb,
    xid           xid8        NOT NULL DEFAULT pg_current_xact_id(),
    created_at    timestamptz NOT NULL DEFAULT now(),
    sequence      bigint,
    previous_id   uuid,
    resend_of     uuid
) PARTITION BY RANGE (id);

CREATE TABLE outbox_all PARTITION OF outbox FOR VALUES FROM (MINVALUE) TO (MAXVALUE);

CREATE INDEX outbox_xid ON outbox (xid);

CREATE TABLE outbox_heartbeat (
    beat       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    snapshot   text        NOT NULL DEFAULT pg_current_snapshot()::text,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE outbox_watermark (
    singleton       boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
    beat            bigint      NOT NULL,
    snapshot        pg_snapshot NOT NULL,
    relayed         bigint      NOT NULL,
    acknowledged_at timestamptz NOT NULL
);

INSERT INTO outbox_watermark (beat, snapshot, relayed, acknowledged_at) VALUES (0, pg_current_snapshot(), 0, now());

CREATE TABLE outbox_recovery (
    singleton  boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
    slot_lsn   pg_lsn      NOT NULL,
    snapshot   pg_snapshot NOT NULL,
    sent       uuid,
    completed  boolean     NOT NULL DEFAULT false,
    holder     uuid,
    held_until timestamptz
);

CREATE TABLE outbox_term (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    slot_lsn  pg_lsn  NOT NULL,
    proven    boolean NOT NULL
);

CREATE TABLE outbox_publication (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    version   text    NOT NULL
);

CREATE TABLE outbox_held (
    id       uuid        NOT NULL PRIMARY KEY,
    topic    text        NOT NULL,
    key_hash bigint      NOT NULL,
    position bigint      GENERATED ALWAYS AS IDENTITY,
    xid      xid8        NOT NULL,
    refusal  text,
    held_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_held_position ON outbox_held (topic, position);
CREATE INDEX outbox_held_key ON outbox_held (topic, key_hash, position);
CREATE INDEX outbox_held_xid ON outbox_held (xid);

CREATE TABLE outbox_held_topic (
    topic  text        NOT NULL PRIMARY KEY,
    rows   bigint      NOT NULL,
    row_id uuid        NOT NULL,
    reason text        NOT NULL,
    since  timestamptz NOT NULL DEFAULT now()
);
