package dev.lockstep.bench.scenario;

import dev.lockstep.bench.process.PgBench.Script;
import java.util.List;

/**
 * The write of one order as scripts of pgbench: the same two rows in the same tables as the order service writes, one order a transaction.
 * The ids begin with the time and ascend in each session, as those of the service do.
 */
final class OrderScripts {
    // One id in both statements. pgbench has no UUIDs, so the server makes one of the start of the run, the session and
    // a counter.
    private static final String COUNT = "\\set n :n + 1\n";
    private static final String ID =
            "(lpad(to_hex(:started::bigint), 12, '0') || '7' || lpad(to_hex(:client_id::bigint), 3, '0')"
                    + " || '8' || lpad(to_hex(:n::bigint), 15, '0'))::uuid";
    private static final String TRACE = "'00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'";
    private static final String ITEMS = "'[{\"productId\":\"p1\",\"qty\":2}]'";
    private static final String INSERT_ORDER =
            "INSERT INTO orders (order_id, user_id, items, traceparent) VALUES (%s, 'u1', " + ITEMS + "::jsonb, "
                    + TRACE + ")";
    private static final String OUTBOX_COLUMNS =
            "INSERT INTO outbox (aggregatetype, aggregateid, type, topic, payload, traceparent, sequence) ";
    private static final String OUTBOX_ROW = "'order', %1$s::text, 'OrderCreated', 'order.created',"
            + " convert_to('{\"orderId\":\"' || %1$s::text ||"
            + " '\",\"userId\":\"u1\",\"items\":[{\"productId\":\"p1\",\"qty\":2}]}', 'UTF8'), "
            + TRACE + ", 1";

    private OrderScripts() {}

    static List<Script> all() {
        String order = INSERT_ORDER.formatted(ID);
        String outbox = OUTBOX_COLUMNS + "VALUES (" + OUTBOX_ROW.formatted(ID) + ")";
        String both = "WITH placed AS (" + INSERT_ORDER.formatted("uuidv7()") + " RETURNING order_id) " + OUTBOX_COLUMNS
                + "SELECT " + OUTBOX_ROW.formatted("order_id") + " FROM placed";
        return List.of(
                new Script("interactive", COUNT + "BEGIN;\n" + order + ";\n" + outbox + ";\nCOMMIT;\n"),
                new Script(
                        "pipelined",
                        COUNT + "\\startpipeline\nBEGIN;\n" + order + ";\n" + outbox + ";\nCOMMIT;\n\\endpipeline\n"),
                new Script("one statement", both + ";\n"));
    }
}
