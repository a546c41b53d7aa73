-- Where each consumer reads on. Kafka's committed offsets do not tell enough: they vanish with their topic, and do not say which topic of
-- that name they belong to.
CREATE TABLE consumer_position (
    consumer       text    NOT NULL,
    topic          text    NOT NULL,
    partition      integer NOT NULL,
    topic_id       text    NOT NULL,                       -- Kafka's id: a topic that was deleted and created again has another one
    next_offset    bigint  NOT NULL,                       -- everything before it was applied; written every few seconds
    message_time   timestamptz,                            -- of the newest message that was applied
    invalid_offset bigint,                                 -- a committed offset that is known to be of another log, and does not count
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
    to_offset   bigint,                                    -- the first one that is there again; null where nobody knows
    cause       text        NOT NULL,
    since       timestamptz NOT NULL                       -- the senders were asked for all messages from then on
);
CREATE INDEX lost_range_consumer ON lost_range (consumer, topic, id);
