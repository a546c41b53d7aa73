-- Where a message stands among those of its topic and key, and which one is before it. Rows without a key, and those that carry
-- headers of their own, are not numbered.
ALTER TABLE outbox
    ADD COLUMN sequence    bigint,
    ADD COLUMN previous_id uuid,
    ADD COLUMN resend_of   uuid;                           -- the message that this row sends again, under that one's id

-- What operators asked to have sent again, and how far it came.
CREATE TABLE outbox_resend (
    id           uuid        NOT NULL DEFAULT uuidv7() PRIMARY KEY,
    ids          uuid[],
    key          text,
    type         text,
    topic        text,
    position     uuid        NOT NULL,                     -- rows up to this one are done
    until        uuid        NOT NULL,                     -- this row, and those after it, are not meant
    resent       bigint      NOT NULL DEFAULT 0,
    reason       text,
    requested_by text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    finished_at  timestamptz
);
CREATE INDEX outbox_resend_unfinished ON outbox_resend (id) WHERE finished_at IS NULL;
