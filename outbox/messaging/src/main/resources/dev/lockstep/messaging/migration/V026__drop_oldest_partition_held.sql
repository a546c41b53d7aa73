-- As in V011. A day stays for as long as anything in it is held back, too.
CREATE OR REPLACE FUNCTION drop_oldest_partition(parent text, cut_off timestamptz) RETURNS text
    LANGUAGE plpgsql
    -- What is not relayed is found by the index on xid. The guess would be that it is a third of the day.
    SET enable_seqscan = off
AS $$
DECLARE
    child text;
    day   timestamptz;
    keep  boolean := false;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('lockstep.partitions'));
    SELECT c.relname, to_timestamp(right(c.relname, 8) || '+00', 'YYYYMMDDTZH') INTO child, day
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
        keep := keep OR EXISTS (SELECT FROM outbox_held
                                 WHERE id >= uuidv7_floor(day) AND id < uuidv7_floor(day + interval '1 day'));
    END IF;
    IF keep THEN
        RETURN NULL;
    END IF;
    EXECUTE format('DROP TABLE %I', child);
    RETURN child;
END
$$;
