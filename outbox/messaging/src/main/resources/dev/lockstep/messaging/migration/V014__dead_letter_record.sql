-- A topic that is made anew counts its offsets from 0 again: a position alone does not tell one record from another. A record that is
-- delivered twice has one id.
ALTER TABLE dead_letter
    DROP CONSTRAINT dead_letter_consumer_topic_partition_offset_key,
    ADD CONSTRAINT dead_letter_record UNIQUE (consumer, topic, partition, "offset", message_id);
