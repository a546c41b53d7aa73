package dev.lockstep.audit;

import java.util.Optional;

/** Conservation checks of ledger and stock, and the check for repeated idempotency keys, computed by the databases. */
final class ConservationQueries {
    private static final String SUMS = """
            SELECT currency, sum(amount) AS sum, count(*) AS entries FROM ledger_entry GROUP BY currency ORDER BY currency
            """;

    private static final String UNBALANCED = """
            SELECT posting::text, currency, sum(amount) AS sum, count(*) AS entries
              FROM ledger_entry
             GROUP BY posting, currency
            HAVING sum(amount) <> 0 OR count(*) <> 2
            """;

    private static final String BALANCES = """
            SELECT a.user_id, a.currency, a.balance, coalesce(e.sum, 0) AS sum
              FROM account a
              LEFT JOIN (SELECT account, currency, sum(amount) AS sum FROM ledger_entry GROUP BY account, currency) e
                ON e.account = a.user_id AND e.currency = a.currency
             WHERE a.balance <> coalesce(e.sum, 0) OR a.balance < 0
            """;

    private static final String WITHOUT_ACCOUNT = """
            SELECT e.account, e.currency, count(*) AS entries
              FROM ledger_entry e
             WHERE e.account NOT LIKE 'system:%'
               AND NOT EXISTS (SELECT FROM account a WHERE a.user_id = e.account AND a.currency = e.currency)
             GROUP BY e.account, e.currency
            """;

    private static final String DEPOSITS = """
            SELECT d.posting::text, d.user_id, d.amount, coalesce(sum(e.amount), 0) AS booked
              FROM deposit d
              LEFT JOIN ledger_entry e ON e.posting = d.posting AND e.kind = 'DEPOSIT' AND e.account = d.user_id
                                      AND e.currency = d.currency
             GROUP BY d.posting
            HAVING coalesce(sum(e.amount), 0) <> d.amount
            """;

    private static final String ACCOUNTS = "SELECT count(*) FROM account";

    private static final String PRODUCTS = """
            SELECT p.product_id, p.available, p.reserved, coalesce(i.put_in, 0)::bigint AS put_in
              FROM product p
              LEFT JOIN (SELECT product_id, sum(qty) AS put_in FROM stock_intake GROUP BY product_id) i
                ON i.product_id = p.product_id
             ORDER BY p.product_id
            """;

    private static final String IDEMPOTENCY = """
            SELECT idempotency_key, count(*) AS orders, min(order_id::text) AS first
              FROM orders
             WHERE idempotency_key IS NOT NULL
             GROUP BY idempotency_key
            HAVING count(*) > 1
            """;

    private ConservationQueries() {}

    static SortedStream<StockCheck.Product> products(SnapshotStore inventory) {
        return inventory.stream(
                PRODUCTS,
                row -> new StockCheck.Product(
                        row.getString("product_id"),
                        row.getLong("available"),
                        row.getLong("reserved"),
                        row.getLong("put_in")));
    }

    /** Checks the sums of the whole ledger: currencies, postings, balances and deposits. */
    static void examineLedger(SnapshotStore payments, CheckResult result) {
        addFindings(
                payments.stream(SUMS, row -> {
                    result.count("entries", row.getLong("entries"));
                    return row.getBigDecimal("sum").signum() == 0
                            ? Optional.empty()
                            : finding(
                                    "the ledger in " + row.getString("currency"),
                                    "a sum of zero",
                                    row.getString("sum"),
                                    "payment GET /ledger/summary");
                }),
                result);
        addFindings(
                payments.stream(
                        UNBALANCED,
                        row -> finding(
                                "posting " + row.getString("posting"),
                                "two entries that sum to zero",
                                row.getLong("entries") + " entries that sum to " + row.getString("sum") + " "
                                        + row.getString("currency"),
                                "payment GET /ledger")),
                result);
        result.count("accounts", payments.one(ACCOUNTS, row -> row.getLong(1)));
        addFindings(
                payments.stream(
                        BALANCES,
                        row -> finding(
                                "account " + row.getString("user_id"),
                                "a balance of " + row.getString("sum") + " " + row.getString("currency")
                                        + ", the sum of its entries",
                                row.getString("balance"),
                                "payment GET /ledger?account=" + row.getString("user_id"))),
                result);
        addFindings(
                payments.stream(
                        WITHOUT_ACCOUNT,
                        row -> finding(
                                "account " + row.getString("account"),
                                "an account for its entries in " + row.getString("currency"),
                                "no account, " + row.getLong("entries") + " entries",
                                "payment GET /ledger?account=" + row.getString("account"))),
                result);
        addFindings(
                payments.stream(
                        DEPOSITS,
                        row -> finding(
                                "deposit " + row.getString("posting"),
                                "entries of " + row.getLong("amount") + " on the account of "
                                        + row.getString("user_id"),
                                row.getString("booked"),
                                "payment GET /ledger?account=" + row.getString("user_id"))),
                result);
    }

    static void examineIdempotency(SnapshotStore orders, CheckResult result) {
        addFindings(
                orders.stream(
                        IDEMPOTENCY,
                        row -> finding(
                                "Idempotency-Key " + row.getString("idempotency_key"),
                                "one order",
                                row.getLong("orders") + " orders",
                                "order GET /orders/" + row.getString("first"))),
                result);
    }

    private static Optional<Finding> finding(String id, String expected, String found, String look) {
        return Optional.of(new Finding(id, expected, found, look));
    }

    private static void addFindings(SortedStream<Optional<Finding>> findings, CheckResult result) {
        try (findings) {
            while (findings.hasNext()) {
                findings.next()
                        .ifPresent(
                                found -> result.addFinding(found.id(), found.expected(), found.found(), found.look()));
            }
        }
    }
}
