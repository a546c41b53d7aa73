-- A key may be longer than an entry of an index. A record without one waits for nobody: its place stands for it.
ALTER TABLE parked_message ADD COLUMN key_digest bytea NOT NULL
    GENERATED ALWAYS AS (coalesce(sha256(record_key), int4send(partition) || int8send("offset"))) STORED;

-- In the order in which the first of each key is looked for, with all that is asked about it.
DROP INDEX parked_message_key;
CREATE INDEX parked_message_key ON parked_message (consumer, topic, key_digest, partition, "offset") INCLUDE (next_attempt_at);
CREATE INDEX parked_message_key_waits ON parked_message (consumer, topic, key_digest) WHERE waits_for IS NOT NULL;
