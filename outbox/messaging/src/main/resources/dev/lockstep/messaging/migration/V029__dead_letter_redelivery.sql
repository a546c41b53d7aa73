-- A message that was redelivered to its consumer group and failed again is a dead letter of the same record: it names the one that was
-- redelivered. A second delivery of the record by Kafka names none, and stays a repeat.
ALTER TABLE dead_letter
    ADD COLUMN redelivery_of uuid,
    DROP CONSTRAINT dead_letter_record,
    ADD CONSTRAINT dead_letter_record
        UNIQUE NULLS NOT DISTINCT (consumer, topic, partition, "offset", message_id, redelivery_of);

-- Which consumer groups of this service run, and what they read: what is redelivered to any other would wait for ever.
CREATE TABLE consumer_subscription (
    consumer text        NOT NULL,
    topic    text        NOT NULL,
    seen_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, topic)
);

-- The id under which the inbox files a message: its own, moved to the nearest day that has a partition. As MessageIds does it.
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
