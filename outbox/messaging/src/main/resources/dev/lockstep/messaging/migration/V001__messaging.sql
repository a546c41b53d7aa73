-- The tables of the library, in the database of each service: outbox, inbox, parked messages, dead letters and their operation.


-- Days as partitions -------------------------------------------------------------------------------------------------------------------

-- Ids are UUIDv7 and begin with their time, so the id itself is the partition key. The primary key is the id alone, which makes ids
-- unique over all partitions. With a time column as the partition key, Postgres would require that column in the primary key.

-- The smallest UUIDv7 of a time.
CREATE FUNCTION uuidv7_floor(at timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE STRICT
AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Creates the partitions of the days around today that are missing, one for each UTC day, and returns their number. Attaching a partition
-- takes no lock that writers wait for; CREATE TABLE ... PARTITION OF does.
CREATE FUNCTION ensure_partitions(parent text, days_back integer, days_ahead integer) RETURNS integer
    LANGUAGE plpgsql
    -- Adding a day to a timestamptz adds 23 or 25 hours on a day of a clock change, unless the time zone is UTC.
    SET timezone TO 'UTC'
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

-- Drops the oldest day that ended before the cut-off and returns its partition's name, or null if no day can be dropped. A day of the
-- outbox is kept, and so are the days after it, while any of its rows is not relayed or is held back.
--
-- One call drops one day, because DROP locks the whole parent until the commit, and after a long time without a relay there are many days
-- to drop. The rows are checked before that lock is taken.
CREATE FUNCTION drop_oldest_partition(parent text, cut_off timestamptz) RETURNS text
    LANGUAGE plpgsql
    -- Rows that are not relayed are found by the index on xid. The planner would estimate that they are a third of the day.
    SET enable_seqscan = off
    SET timezone TO 'UTC'
AS $$
DECLARE
    child text;
    day   timestamptz;
    keep  boolean := false;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('lockstep.partitions'));
    SELECT c.relname, to_timestamp(right(c.relname, 8) || '+00', 'YYYYMMDDTZH') INTO child, day
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = parent::regclass
       AND to_timestamp(right(c.relname, 8) || '+00', 'YYYYMMDDTZH') + interval '1 day' <= cut_off
     ORDER BY c.relname
     LIMIT 1;
    IF child IS NULL THEN
        RETURN NULL;
    END IF;
    IF parent = 'outbox' THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %I, outbox_watermark w
                                        WHERE xid >= pg_snapshot_xmin(w.snapshot)
                                          AND NOT pg_visible_in_snapshot(xid, w.snapshot))', child) INTO keep;
        keep := keep OR EXISTS (SELECT FROM outbox_held
                                 WHERE id >= uuidv7_floor(day) AND id < uuidv7_floor(day + interval '1 day'));
    END IF;
    IF keep THEN
        RETURN NULL;
    END IF;
    EXECUTE format('DROP TABLE %I', child);
    RETURN child;
END
$$;


-- Outbox -------------------------------------------------------------------------------------------------------------------------------

-- The columns id, aggregatetype, aggregateid, type and payload are those that Debezium's outbox event router expects.
CREATE TABLE outbox (
    id            uuid        NOT NULL DEFAULT uuidv7() PRIMARY KEY,
    aggregatetype text        NOT NULL,
    aggregateid   text,                                    -- the record's key
    type          text        NOT NULL,
    topic         text        NOT NULL,
    payload       bytea,                                   -- the record's value, byte for byte
    traceparent   text,
    headers       jsonb,                                   -- [["name","base64"],...]: all headers, instead of the usual ones
    sequence      bigint,                                  -- numbers the messages of a topic and key. Null for rows without a key
    previous_id   uuid,                                    --   and for rows with headers of their own
    resend_of     uuid,                                    -- the row that this row sends again, under the id of that row
    xid           xid8        NOT NULL DEFAULT pg_current_xact_id(),
    created_at    timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (id);

CREATE INDEX outbox_aggregateid ON outbox (aggregateid, id);
-- Rows that are not yet relayed are found by their transaction, at the newest end of this index.
CREATE INDEX outbox_xid ON outbox (xid);

-- The newest numbered row of a topic and key. It searches the newest day first, and no future days. It is a function so that its plan is
-- kept: the statement that appends takes arrays, and Postgres plans that statement anew for each array length. Planning this lookup
-- through all days each time took longer than the append itself.
CREATE FUNCTION outbox_newest(of_topic text, of_key text) RETURNS outbox
    LANGUAGE sql STABLE
AS $$
    SELECT o.*
      FROM outbox o
     WHERE o.aggregateid = of_key AND o.topic = of_topic
       AND o.sequence IS NOT NULL AND o.resend_of IS NULL
       AND o.id < uuidv7_floor(now() + interval '1 day')
     ORDER BY o.id DESC
     LIMIT 1
$$;

-- Resends that operators or readers requested, and their progress.
CREATE TABLE outbox_resend (
    id              uuid        NOT NULL DEFAULT uuidv7() PRIMARY KEY,
    ids             uuid[],                                -- the filters; null matches all rows
    key             text,
    type            text,
    topic           text,
    since           uuid,                                  -- the first row of a resend for a lost range
    position        uuid        NOT NULL,                  -- rows up to this one are done
    until           uuid        NOT NULL,                  -- this row and later ones are not part of the resend
    resent          bigint      NOT NULL DEFAULT 0,
    rate_per_second integer     NOT NULL,
    next_at         timestamptz NOT NULL DEFAULT now(),
    held_back       boolean     NOT NULL DEFAULT false,    -- whether it waits because very many rows are pending
    for_lost_range  boolean     NOT NULL DEFAULT false,    -- whether a reader requested it whose records were removed from the topic
    reason          text,
    requested_by    text        NOT NULL,
    stop_reason     text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz
);
CREATE INDEX outbox_resend_unfinished ON outbox_resend (id) WHERE finished_at IS NULL;
-- At most one resend for lost ranges runs for each topic.
CREATE UNIQUE INDEX outbox_resend_lost_range ON outbox_resend (topic) WHERE for_lost_range AND finished_at IS NULL;


-- Relay --------------------------------------------------------------------------------------------------------------------------------

CREATE TABLE outbox_heartbeat (
    beat       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    snapshot   text        NOT NULL DEFAULT pg_current_snapshot()::text,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- The newest heartbeat that Kafka acknowledged. An outbox row is relayed once its transaction is visible in the snapshot, unless the row
-- is in outbox_held.
CREATE TABLE outbox_watermark (
    singleton       boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
    beat            bigint      NOT NULL,
    snapshot        pg_snapshot NOT NULL,
    relayed         bigint      NOT NULL,                  -- how many rows were relayed since the outbox was created
    acknowledged_at timestamptz NOT NULL
);
INSERT INTO outbox_watermark (beat, snapshot, relayed, acknowledged_at) VALUES (0, pg_current_snapshot(), 0, now());

-- Rows that the relay has read from the slot and Kafka refuses, and the rows that wait behind them. The relay inserts a row before it
-- confirms the row's batch to the slot, and deletes it once Kafka has acknowledged it. A row in this table is pending, whatever the
-- watermark says.
CREATE TABLE outbox_held (
    id       uuid        NOT NULL PRIMARY KEY,
    topic    text        NOT NULL,
    key_hash bigint      NOT NULL,                         -- rows of a topic with the same hash wait for each other
    position bigint      GENERATED ALWAYS AS IDENTITY,     -- the order in which they came through the slot
    xid      xid8        NOT NULL,
    refusal  text,                                         -- Kafka's error for this row; null if the row waits behind another one
    held_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_held_position ON outbox_held (topic, position);
CREATE INDEX outbox_held_key ON outbox_held (topic, key_hash, position);
CREATE INDEX outbox_held_xid ON outbox_held (xid);

-- One row for each topic with rows in outbox_held, so that those rows need not be counted.
CREATE TABLE outbox_held_topic (
    topic  text        NOT NULL PRIMARY KEY,
    rows   bigint      NOT NULL,
    row_id uuid        NOT NULL,                           -- a row that Kafka refused
    reason text        NOT NULL,                           -- Kafka's error for that row
    since  timestamptz NOT NULL DEFAULT now()
);

-- The position of the slot when a relay began to read from it, and whether that relay then verified that it reads from that very slot. An
-- engine that finds no slot creates one, which does not return the changes committed before. If the relay ends before it has noticed,
-- the next relay finds a slot at a later position that was never verified.
CREATE TABLE outbox_term (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    slot_lsn  pg_lsn  NOT NULL,
    proven    boolean NOT NULL
);

-- The replacement of a lost slot: which rows must be sent from the table because no slot returns them, and how many of them are sent. It
-- has a row only while a slot is being replaced. After a crash, sending continues where it ended.
CREATE TABLE outbox_recovery (
    singleton  boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
    slot_lsn   pg_lsn      NOT NULL,                       -- where the new slot begins
    snapshot   pg_snapshot NOT NULL,                       -- taken after the slot was created: the slot returns what it does not show
    sent       uuid,                                       -- Kafka has acknowledged the rows up to this one
    completed  boolean     NOT NULL DEFAULT false,
    holder     uuid,                                       -- the relay that sends them
    held_until timestamptz
);

-- The publication at the time when the slot was created: the ids of its catalog rows and of the transactions that wrote them. Rows written
-- while a publication does not contain the table never come through the slot. If the publication has changed, rows may be missing, and
-- the relay replaces the slot.
CREATE TABLE outbox_publication (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    version   text    NOT NULL
);


-- Inbox --------------------------------------------------------------------------------------------------------------------------------

-- The messages that a consumer has handled, and those that it has parked. The claim commits with the effects of the message.
CREATE TABLE inbox (
    message_id  uuid        NOT NULL,
    consumer    text        NOT NULL,
    topic       text,
    partition   integer,
    "offset"    bigint,
    attempts    integer     NOT NULL DEFAULT 1,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message_id, consumer)
) PARTITION BY RANGE (message_id);

-- The id under which the inbox stores a message: its own id, moved to the nearest day that has a partition. MessageIds implements the
-- same rule.
CREATE FUNCTION inbox_id(message uuid, retention interval, days_ahead integer) RETURNS uuid
    LANGUAGE sql STABLE STRICT
AS $$
    SELECT CASE
               WHEN message < uuidv7_floor(earliest)
                   THEN (left(replace(uuidv7_floor(earliest)::text, '-', ''), 12) || substr(replace(message::text, '-', ''), 13))::uuid
               WHEN message >= uuidv7_floor(latest + interval '1 ms')
                   THEN (left(replace(uuidv7_floor(latest)::text, '-', ''), 12) || substr(replace(message::text, '-', ''), 13))::uuid
               ELSE message
           END
      FROM (SELECT date_trunc('day', (now() - retention) AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS earliest,
                   (date_trunc('day', now() AT TIME ZONE 'UTC') + make_interval(days => days_ahead)) AT TIME ZONE 'UTC' AS latest) AS kept
$$;


-- Consumers ----------------------------------------------------------------------------------------------------------------------------

-- The batch that each partition has started. A batch that ends the process is found by its count of starts. The row is overwritten at the
-- start of each batch, so half of each page is left free for the new version.
CREATE TABLE delivery_attempt (
    consumer       text    NOT NULL,
    topic          text    NOT NULL,
    partition      integer NOT NULL,
    "offset"       bigint  NOT NULL,
    starts         integer NOT NULL,
    -- The consumer must have received all messages of the partition since then: since its first read, or since the start of the topic.
    complete_since uuid    NOT NULL,
    PRIMARY KEY (consumer, topic, partition)
) WITH (fillfactor = 50);

-- The next offset of each consumer on each partition. Kafka's committed offsets are not sufficient: they are deleted with their topic, and
-- they do not say to which topic of that name they belong.
CREATE TABLE consumer_position (
    consumer       text    NOT NULL,
    topic          text    NOT NULL,
    partition      integer NOT NULL,
    topic_id       text    NOT NULL,                       -- Kafka's id: a topic that was deleted and created again has another one
    next_offset    bigint  NOT NULL,                       -- all records before it were applied; written every few seconds
    message_time   timestamptz,                            -- of the newest message that was applied
    invalid_offset bigint,                                 -- a committed offset that is known to belong to another log, and is ignored
    PRIMARY KEY (consumer, topic, partition)
) WITH (fillfactor = 50);

-- Records that were removed from a topic before the consumer had read them.
CREATE TABLE lost_range (
    id          uuid        NOT NULL DEFAULT uuidv7() PRIMARY KEY,
    consumer    text        NOT NULL,
    topic       text        NOT NULL,
    partition   integer     NOT NULL,
    topic_id    text        NOT NULL,
    from_offset bigint      NOT NULL,
    to_offset   bigint,                                    -- the first record that still exists; null if it is unknown
    cause       text        NOT NULL,
    since       timestamptz NOT NULL                       -- the senders were asked for all messages since then
);
CREATE INDEX lost_range_consumer ON lost_range (consumer, topic, id);

-- The consumer groups of this service that are running, and the topics that they read. A message redelivered to any other group would wait
-- forever.
CREATE TABLE consumer_subscription (
    consumer text        NOT NULL,
    topic    text        NOT NULL,
    seen_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, topic)
);

-- The events in the delivery of a message after its first failure.
CREATE TABLE delivery_incident (
    id         uuid    NOT NULL DEFAULT uuidv7() PRIMARY KEY,
    consumer   text    NOT NULL,
    message_id uuid    NOT NULL,
    key        text,
    topic      text    NOT NULL,
    partition  integer NOT NULL,
    "offset"   bigint  NOT NULL,
    event      text    NOT NULL,
    attempt    integer NOT NULL,
    error      text
);
CREATE INDEX delivery_incident_key ON delivery_incident (key, id);


-- Parked messages ----------------------------------------------------------------------------------------------------------------------

-- Messages that failed and are retried, and the messages of the same key that came after them, in order. A recreated topic counts its
-- offsets from 0 again, so the position alone does not identify a record. A record that is delivered twice has one message id.
CREATE TABLE parked_message (
    id              uuid        NOT NULL DEFAULT uuidv7(),
    consumer        text        NOT NULL,
    topic           text        NOT NULL,
    partition       integer     NOT NULL,
    "offset"        bigint      NOT NULL,
    message_id      uuid        NOT NULL,
    record_key      bytea,
    record_value    bytea,
    record_headers  jsonb       NOT NULL,
    record_time     timestamptz NOT NULL,
    -- A key may be too long for an index entry. A record without a key waits for no other record, so its position takes the key's place.
    key_digest      bytea       NOT NULL
                    GENERATED ALWAYS AS (coalesce(sha256(record_key), int4send(partition) || int8send("offset"))) STORED,
    attempts        integer     NOT NULL,
    starts          integer     NOT NULL DEFAULT 0,        -- as in delivery_attempt: a retry that ends the process leaves no other trace
    error           text,
    first_at        timestamptz NOT NULL DEFAULT now(),
    next_attempt_at timestamptz NOT NULL,
    waits_for       uuid,                                  -- the predecessor of this message, while it is missing
    waits_since     timestamptz,
    asked           integer     NOT NULL DEFAULT 0,        -- how often the sender was asked to resend the predecessor
    dead_letter     uuid,                                  -- the dead letter that this message redelivers, if it is a redelivery
    PRIMARY KEY (consumer, topic, partition, "offset", message_id)
);
CREATE INDEX parked_message_id ON parked_message (id);
-- In the order in which the first message of each key is searched, with all columns that the search needs.
CREATE INDEX parked_message_key ON parked_message (consumer, topic, key_digest, partition, "offset", message_id)
    INCLUDE (next_attempt_at);
CREATE INDEX parked_message_key_waits ON parked_message (consumer, topic, key_digest) WHERE waits_for IS NOT NULL;
CREATE INDEX parked_message_message ON parked_message (consumer, message_id);
CREATE INDEX parked_message_waits_for ON parked_message (consumer, waits_for) WHERE waits_for IS NOT NULL;
-- For operators. A hash index, because a key may be too long for an entry of a B-tree.
CREATE INDEX parked_message_record_key ON parked_message USING hash (record_key);


-- Dead letters -------------------------------------------------------------------------------------------------------------------------

-- Messages that cannot succeed, with the failure that explains why.
CREATE TABLE dead_letter (
    id             uuid        NOT NULL PRIMARY KEY,
    consumer       text        NOT NULL,
    topic          text        NOT NULL,
    partition      integer     NOT NULL,
    "offset"       bigint      NOT NULL,
    message_id     uuid,
    record_key     bytea,
    key_text       text,                                   -- the key, if it is text
    record_value   bytea,
    record_headers jsonb       NOT NULL,
    type           text,
    reason         text        NOT NULL,
    error          text        NOT NULL,
    error_class    text,                                   -- the class of the exception, if there was one
    stack          text,
    fingerprint    text        NOT NULL,                   -- equal for dead letters that failed in the same way, whatever their ids
    attempts       integer     NOT NULL,
    first_at       timestamptz NOT NULL,
    last_at        timestamptz NOT NULL DEFAULT now(),
    state          text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'replayed', 'discarded')),
    settled_at     timestamptz,
    discard_reason text,
    origin         bigint      NOT NULL,                   -- the offset at which the message first stood; it keeps a key in order
    replay         uuid,                                   -- the job that replayed it
    returned_from  uuid,                                   -- the job that replayed the message before it failed again
    redelivery_of  uuid,                                   -- the dead letter whose redelivery failed again
    -- A second delivery of a record by Kafka is a repeat. A redelivery to the consumer group that fails again is a dead letter of the same
    -- record, and names the one that was redelivered.
    CONSTRAINT dead_letter_record UNIQUE NULLS NOT DISTINCT (consumer, topic, partition, "offset", message_id, redelivery_of)
);

-- Open dead letters are searched in the order in which they are replayed. Settled ones accumulate, and are searched by one column.
CREATE INDEX dead_letter_open ON dead_letter (id) WHERE state = 'open';
CREATE INDEX dead_letter_open_place ON dead_letter (topic, partition, origin, id) WHERE state = 'open';
CREATE INDEX dead_letter_open_fingerprint ON dead_letter (fingerprint, topic, partition, origin, id) WHERE state = 'open';
CREATE INDEX dead_letter_settled ON dead_letter (settled_at) WHERE state <> 'open';
CREATE INDEX dead_letter_topic ON dead_letter (topic, id);
CREATE INDEX dead_letter_type ON dead_letter (type, id);
CREATE INDEX dead_letter_reason ON dead_letter (reason, id);
CREATE INDEX dead_letter_key ON dead_letter (key_text, id);
CREATE INDEX dead_letter_error_class ON dead_letter (error_class, id);
CREATE INDEX dead_letter_fingerprint ON dead_letter (fingerprint, id);
CREATE INDEX dead_letter_group ON dead_letter (state, fingerprint, id);
-- Open dead letters are counted by reason every few seconds.
CREATE INDEX dead_letter_open_reason ON dead_letter (topic, reason) WHERE state = 'open';
-- A message whose predecessor is a dead letter does not wait for it.
CREATE INDEX dead_letter_message ON dead_letter (message_id);
CREATE INDEX dead_letter_returned ON dead_letter (returned_from) WHERE returned_from IS NOT NULL;

-- Replays of dead letters that operators requested, and their progress.
CREATE TABLE dead_letter_replay (
    id              uuid        NOT NULL DEFAULT uuidv7() PRIMARY KEY,
    topic           text,                                  -- the filters; null matches all dead letters
    type            text,
    reason          text,
    key             text,
    error_class     text,
    fingerprint     text,
    until           uuid        NOT NULL DEFAULT uuidv7(), -- this dead letter and later ones are not part of the replay
    destination     text        NOT NULL CHECK (destination IN ('group', 'topic')),
    rate_per_second integer     NOT NULL,
    max_failures    integer     NOT NULL,
    forced          boolean     NOT NULL,
    why             text,
    requested_by    text        NOT NULL,
    state           text        NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'stopped')),
    stop_reason     text,
    replayed        bigint      NOT NULL DEFAULT 0,
    at_topic        text        NOT NULL DEFAULT '',       -- this pass has read the dead letters up to this place
    at_partition    integer     NOT NULL DEFAULT 0,
    at_origin       bigint      NOT NULL DEFAULT 0,
    at_id           uuid        NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    found           boolean     NOT NULL DEFAULT false,    -- whether this pass has replayed any
    created_at      timestamptz NOT NULL DEFAULT now(),
    next_at         timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz
);
CREATE INDEX dead_letter_replay_running ON dead_letter_replay (id) WHERE state = 'running';


-- Operators ----------------------------------------------------------------------------------------------------------------------------

-- The actions of operators. A row is written in the transaction of the action, so it exists if, and only if, the action took effect.
CREATE TABLE operator_action (
    id      uuid        NOT NULL DEFAULT uuidv7() PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT now(),
    who     text        NOT NULL,
    action  text        NOT NULL,
    target  text        NOT NULL,
    reason  text,
    details jsonb       NOT NULL
);
CREATE INDEX operator_action_who ON operator_action (who, id);
CREATE INDEX operator_action_action ON operator_action (action, id);
CREATE INDEX operator_action_target ON operator_action (target, id);
