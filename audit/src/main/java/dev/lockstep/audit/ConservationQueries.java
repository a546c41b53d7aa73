package dev.lockstep.audit;

import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;

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
        try (SortedStream<Sum> sums = payments.stream(
                SUMS, row -> new Sum(row.getString("currency"), row.getBigDecimal("sum"), row.getLong("entries")))) {
            while (sums.hasNext()) {
                Sum sum = sums.next();
                result.count("entries", sum.entries());
                if (sum.amount().signum() != 0) {
                    result.addFinding(
                            "the ledger in " + sum.currency(),
                            "a sum of zero",
                            sum.amount().toPlainString(),
                            "payment GET /ledger/summary");
                }
            }
        }
        addFindings(
                payments,
                UNBALANCED,
                result,
                row -> new Finding(
                        "posting " + row.getString("posting"),
                        "two entries that sum to zero",
                        entries(row) + " that sum to " + row.getString("sum") + " " + row.getString("currency"),
                        "payment GET /ledger"));
        result.count("accounts", payments.one(ACCOUNTS, row -> row.getLong(1)));
        addFindings(
                payments,
                BALANCES,
                result,
                row -> new Finding(
                        "account " + row.getString("user_id"),
                        "a balance of " + row.getString("sum") + " " + row.getString("currency")
                                + ", the sum of its entries",
                        row.getString("balance"),
                        ledgerOf(row.getString("user_id"))));
        addFindings(
                payments,
                WITHOUT_ACCOUNT,
                result,
                row -> new Finding(
                        "account " + row.getString("account"),
                        "an account for its entries in " + row.getString("currency"),
                        "no account, " + entries(row),
                        ledgerOf(row.getString("account"))));
        addFindings(
                payments,
                DEPOSITS,
                result,
                row -> new Finding(
                        "deposit " + row.getString("posting"),
                        "entries of " + row.getLong("amount") + " on the account of " + row.getString("user_id"),
                        row.getString("booked"),
                        ledgerOf(row.getString("user_id"))));
    }

    private record Sum(String currency, BigDecimal amount, long entries) {}

    static void examineIdempotency(SnapshotStore orders, CheckResult result) {
        addFindings(
                orders,
                IDEMPOTENCY,
                result,
                row -> new Finding(
                        "Idempotency-Key " + row.getString("idempotency_key"),
                        "one order",
                        Count.of(row.getLong("orders"), "order"),
                        "order GET /orders/" + row.getString("first")));
    }

    private static String entries(ResultSet row) throws SQLException {
        return Count.of(row.getLong("entries"), "entry", "entries");
    }

    private static String ledgerOf(String account) {
        return "payment GET /ledger?account=" + account;
    }

    /** Adds a finding for each row of the statement. */
    private static void addFindings(
            SnapshotStore database, String sql, CheckResult result, SnapshotStore.Mapper<Finding> finding) {
        try (SortedStream<Finding> findings = database.stream(sql, finding)) {
            while (findings.hasNext()) {
                Finding found = findings.next();
                result.addFinding(found.id(), found.expected(), found.found(), found.look());
            }
        }
    }
}
