-- By hash, as a key may be longer than an entry of a B-tree.
CREATE INDEX parked_message_record_key ON parked_message USING hash (record_key);

-- What is open is counted every few seconds.
CREATE INDEX dead_letter_open_reason ON dead_letter (topic, reason) WHERE state = 'open';
