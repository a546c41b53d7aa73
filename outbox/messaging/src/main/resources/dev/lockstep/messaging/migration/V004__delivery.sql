-- Where a message came from, and how often it was tried.
ALTER TABLE inbox
    ADD COLUMN topic     text,
    ADD COLUMN partition integer,
    ADD COLUMN "offset"  bigint,
    ADD COLUMN attempts  integer NOT NULL DEFAULT 1;

ALTER TABLE parked_message
    ADD COLUMN id          uuid    NOT NULL DEFAULT uuidv7(),
    ADD COLUMN waits_for   uuid,                           -- the message before it, as long as that is missing
    ADD COLUMN waits_since timestamptz,
    ADD COLUMN asked       integer NOT NULL DEFAULT 0;     -- how often its sender was asked for that one
CREATE INDEX parked_message_id ON parked_message (id);
CREATE INDEX parked_message_message ON parked_message (consumer, message_id);
CREATE INDEX parked_message_waits_for ON parked_message (consumer, waits_for) WHERE waits_for IS NOT NULL;

-- A message that became a dead letter is no gap to those behind it.
ALTER TABLE dead_letter ADD COLUMN message_id uuid;
CREATE INDEX dead_letter_message ON dead_letter (message_id);

-- Which messages a consumer must have met on a partition: those since it first read there, or all if it began at the start.
ALTER TABLE delivery_attempt ADD COLUMN complete_since uuid NOT NULL DEFAULT uuidv7_floor(now());

-- What went wrong on the way of a message, step by step.
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
