-- Where a resend began, and whether a reader asked for it whose records were removed: of those one a topic runs at a time.
ALTER TABLE outbox_resend
    ADD COLUMN since          uuid,
    ADD COLUMN for_lost_range boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX outbox_resend_lost_range ON outbox_resend (topic) WHERE for_lost_range AND finished_at IS NULL;
