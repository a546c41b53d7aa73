ALTER TABLE dead_letter
    ADD COLUMN error_class   text,                         -- what was thrown, if anything was
    ADD COLUMN stack         text,
    ADD COLUMN fingerprint   text,                         -- the same for what failed in the same way, whatever its ids
    ADD COLUMN origin        bigint,                       -- the offset at which it came first: what keeps a key in order
    ADD COLUMN replay        uuid,                         -- the job that sent it again
    ADD COLUMN returned_from uuid;                         -- the job that sent it again before, and it failed once more

UPDATE dead_letter
   SET error_class = CASE reason
                         WHEN 'HANDLER_FAILED' THEN split_part(error, ': ', 1)
                         WHEN 'CONSUMER_CRASHED' THEN NULL
                         WHEN 'SEQUENCE_GAP' THEN NULL
                         ELSE 'dev.lockstep.messaging.failure.UnprocessableMessageException'
                     END,
       origin = "offset";

-- As Fingerprint makes it of a letter without a stack.
UPDATE dead_letter
   SET fingerprint = left(encode(sha256(convert_to(concat_ws(E'\n', consumer, topic, coalesce(type, ''), reason,
                                                             coalesce(error_class, '')), 'UTF8')), 'hex'), 16);

ALTER TABLE dead_letter
    ALTER COLUMN fingerprint SET NOT NULL,
    ALTER COLUMN origin SET NOT NULL;

-- What is open is looked for in the order in which it is sent again; what is settled piles up, and is looked for by one of these.
CREATE INDEX dead_letter_open_place ON dead_letter (topic, partition, origin, id) WHERE state = 'open';
CREATE INDEX dead_letter_open_fingerprint ON dead_letter (fingerprint, topic, partition, origin, id) WHERE state = 'open';
CREATE INDEX dead_letter_key ON dead_letter (key_text, id);
CREATE INDEX dead_letter_fingerprint ON dead_letter (fingerprint, id);
CREATE INDEX dead_letter_group ON dead_letter (state, fingerprint, id);
CREATE INDEX dead_letter_error_class ON dead_letter (error_class, id);
CREATE INDEX dead_letter_type ON dead_letter (type, id);
CREATE INDEX dead_letter_reason ON dead_letter (reason, id);
CREATE INDEX dead_letter_topic ON dead_letter (topic, id);
CREATE INDEX dead_letter_settled ON dead_letter (settled_at) WHERE state <> 'open';
CREATE INDEX dead_letter_returned ON dead_letter (returned_from) WHERE returned_from IS NOT NULL;

-- What operators asked to have sent again of the dead letters, and how far it came.
CREATE TABLE dead_letter_replay (
    id              uuid        NOT NULL DEFAULT uuidv7() PRIMARY KEY,
    topic           text,
    type            text,
    reason          text,
    key             text,
    error_class     text,
    fingerprint     text,
    until           uuid        NOT NULL DEFAULT uuidv7(), -- letters from here on are not meant
    rate_per_second integer     NOT NULL,
    max_failures    integer     NOT NULL,
    forced          boolean     NOT NULL,
    why             text,
    requested_by    text        NOT NULL,
    state           text        NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'stopped')),
    stop_reason     text,
    replayed        bigint      NOT NULL DEFAULT 0,
    at_topic        text        NOT NULL DEFAULT '',       -- letters up to this place are done with, in this round
    at_partition    integer     NOT NULL DEFAULT 0,
    at_origin       bigint      NOT NULL DEFAULT 0,
    at_id           uuid        NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    found           boolean     NOT NULL DEFAULT false,    -- whether this round has sent anything
    created_at      timestamptz NOT NULL DEFAULT now(),
    next_at         timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz
);
CREATE INDEX dead_letter_replay_running ON dead_letter_replay (id) WHERE state = 'running';

-- As in delivery_attempt: a retry that kills the process leaves no other trace.
ALTER TABLE parked_message ADD COLUMN starts integer NOT NULL DEFAULT 0;
