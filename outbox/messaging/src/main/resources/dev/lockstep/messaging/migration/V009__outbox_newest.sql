-- The newest numbered row of a topic and key, newest day first; days to come are left out. A function, as its plan is kept: the
-- statement that appends takes arrays, of which Postgres thinks so differently by their length that it would plan this lookup,
-- through every day, anew each time. That took longer than the append itself.
CREATE FUNCTION outbox_newest(of_topic text, of_key text) RETURNS outbox
    LANGUAGE sql STABLE
AS $$
    SELECT o.*
      FROM outbox o
     WHERE o.aggregateid = of_key AND o.topic = of_topic
       AND o.sequence IS NOT NULL AND o.resend_of IS NULL
       AND o.id < uuidv7_floor(now() + interval '1 day')
     ORDER BY o.id DESC
     LIMIT 1
$$;
