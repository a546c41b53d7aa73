-- Drops the oldest day that ended before the cut-off and returns its name, or null if there is none or its turn has not come: a day of
-- the outbox stays for as long as anything in it is not relayed, and so do those after it.
--
-- One day a transaction, looked at before the lock is taken: DROP keeps everybody from the whole of the parent until the commit, and
-- after days without a relay there are many to drop.
CREATE FUNCTION drop_oldest_partition(parent text, cut_off timestamptz) RETURNS text
    LANGUAGE plpgsql
    -- What is not relayed is found by the index on xid. The guess would be that it is a third of the day.
    SET enable_seqscan = off
AS $$
DECLARE
    child text;
    keep  boolean := false;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('lockstep.partitions'));
    SELECT c.relname INTO child
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = parent::regclass
       AND to_timestamp(right(c.relname, 8) || '+00', 'YYYYMMDDTZH') + interval '1 day' <= cut_off
     ORDER BY c.relname
     LIMIT 1;
    IF child IS NULL THEN
        RETURN NULL;
    END IF;
    IF parent = 'outbox' THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %I, outbox_watermark w
                                        WHERE xid >= pg_snapshot_xmin(w.snapshot)
                                          AND NOT pg_visible_in_snapshot(xid, w.snapshot))', child) INTO keep;
    END IF;
    IF keep THEN
        RETURN NULL;
    END IF;
    EXECUTE format('DROP TABLE %I', child);
    RETURN child;
END
$$;

DROP FUNCTION drop_partitions(text, timestamptz);
