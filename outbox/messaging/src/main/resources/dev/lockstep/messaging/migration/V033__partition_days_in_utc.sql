-- A partition is one UTC day. These functions add a day to a timestamptz, which is 23 or 25 hours in a session whose TimeZone changes to
-- or from summer time on that day. With these settings they do not depend on the session that calls them.
ALTER FUNCTION ensure_partitions(text, integer, integer) SET timezone TO 'UTC';
ALTER FUNCTION drop_oldest_partition(text, timestamptz) SET timezone TO 'UTC';
