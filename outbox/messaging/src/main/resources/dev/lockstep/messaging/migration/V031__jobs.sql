-- Jobs that were created before this send to the topic, as they were meant to.
ALTER TABLE dead_letter_replay
    ADD COLUMN destination text NOT NULL DEFAULT 'topic' CHECK (destination IN ('group', 'topic'));

ALTER TABLE outbox_resend
    ADD COLUMN rate_per_second integer     NOT NULL DEFAULT 1000,
    ADD COLUMN next_at         timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN held_back       boolean     NOT NULL DEFAULT false, -- whether it waits until Kafka has more of the outbox
    ADD COLUMN stop_reason     text;
