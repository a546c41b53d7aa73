-- As V014. By itself: consumers lock these two tables in either order, and one transaction that locks both would be caught in a deadlock
-- with an instance that is still at work.
ALTER TABLE parked_message
    DROP CONSTRAINT parked_message_pkey,
    ADD PRIMARY KEY (consumer, topic, partition, "offset", message_id);

DROP INDEX parked_message_key;
CREATE INDEX parked_message_key ON parked_message (consumer, topic, key_digest, partition, "offset", message_id)
    INCLUDE (next_attempt_at);
