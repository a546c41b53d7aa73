package dev.lockstep.payment;

import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/**
 * Adds the whole ledger up, however long it has become: entries up to a closing are summed once and for all, and an audit
 * reads those sums and the entries since.
 *
 * <p>An entry's number is drawn before its transaction commits, so that lower numbers may still be to come when a higher one
 * is seen. Writers hold a lock in common (the table's trigger takes it); closing takes it alone for the moment in which it
 * reads the highest number, and so has waited for every lower one.
 */
final class LedgerAudit {
    // The upper bound changes nothing but the plan: of a range with one end the planner expects a third of the table,
    // and reads all of it.
    private static final String SUMMARY = """
            WITH part AS (
                 SELECT holder, currency, sum, entries
                   FROM ledger_closed
                 UNION ALL
                 SELECT CASE WHEN account LIKE 'system:%' THEN account ELSE 'users' END, currency, sum(amount), count(*)
                   FROM ledger_entry
                  WHERE seq > (SELECT until_seq FROM ledger_closing)
                    AND seq <= (SELECT max(seq) FROM ledger_entry)
                  GROUP BY 1, 2),
            ledger AS (
                 SELECT currency,
                        sum(sum) AS sum,
                        sum(entries)::bigint AS entries,
                        coalesce(sum(sum) FILTER (WHERE holder = 'users'), 0) AS users,
                        coalesce(sum(sum) FILTER (WHERE holder = 'system:revenue'), 0) AS revenue,
                        coalesce(sum(sum) FILTER (WHERE holder = 'system:external-funds'), 0) AS external_funds
                   FROM part
                  GROUP BY currency),
            running AS (
                 SELECT currency, sum(balance) AS balances
                   FROM account
                  GROUP BY currency)
            SELECT currency, coalesce(sum, 0) AS sum, coalesce(entries, 0) AS entries, coalesce(users, 0) AS users,
                   coalesce(revenue, 0) AS revenue, coalesce(external_funds, 0) AS external_funds,
                   coalesce(balances, 0) AS balances
              FROM ledger
              FULL JOIN running USING (currency)
             ORDER BY currency
            """;

    private static final String COUNT_OPEN_ENTRIES = """
            SELECT until_seq, coalesce((SELECT max(seq) FROM ledger_entry), 0) - until_seq AS open
              FROM ledger_closing
            """;

    // A writer that never ends must not hold the others up: then the closing waits, not they.
    private static final String SET_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '3s'";

    private static final String WAIT_FOR_WRITERS =
            "SELECT pg_advisory_xact_lock(hashtextextended('lockstep ledger', 0))";

    private static final String MAX_SEQ = "SELECT coalesce(max(seq), 0) AS highest FROM ledger_entry";

    // Whoever else closed in the meantime moved until_seq, and then nothing is added here.
    private static final String CLOSE = """
            WITH moved AS (
                 UPDATE ledger_closing
                    SET until_seq = $2, closed_at = now()
                  WHERE until_seq = $1
              RETURNING until_seq)
            INSERT INTO ledger_closed (holder, currency, sum, entries)
            SELECT CASE WHEN account LIKE 'system:%' THEN account ELSE 'users' END, currency, sum(amount), count(*)
              FROM ledger_entry
             WHERE seq > $1 AND seq <= (SELECT until_seq FROM moved)
             GROUP BY 1, 2
                ON CONFLICT (holder, currency) DO UPDATE
               SET sum = ledger_closed.sum + EXCLUDED.sum, entries = ledger_closed.entries + EXCLUDED.entries
            """;

    /**
     * One currency's books.
     *
     * @param sum of all entries, which is zero
     * @param users what the entries say that users have
     * @param balances what the accounts say that users have, which is the same
     */
    record CurrencySummary(
            String currency,
            BigDecimal sum,
            long entries,
            BigDecimal users,
            BigDecimal balances,
            BigDecimal revenue,
            BigDecimal externalFunds) {
        boolean balanced() {
            return sum.signum() == 0 && users.compareTo(balances) == 0;
        }
    }

    /** Adds up all there is at one moment, in one statement. */
    Future<List<CurrencySummary>> summary(SqlClient tx) {
        return tx.preparedQuery(SUMMARY).execute().map(rows -> {
            List<CurrencySummary> summaries = new ArrayList<>(rows.size());
            for (Row row : rows) {
                summaries.add(new CurrencySummary(
                        row.getString("currency"),
                        row.getBigDecimal("sum"),
                        row.getLong("entries"),
                        row.getBigDecimal("users"),
                        row.getBigDecimal("balances"),
                        row.getBigDecimal("revenue"),
                        row.getBigDecimal("external_funds")));
            }
            return summaries;
        });
    }

    /** Closes the ledger if at least so many entries are open. Completes with whether it did. */
    Future<Boolean> close(Pool pool, long atLeast) {
        return pool.preparedQuery(COUNT_OPEN_ENTRIES).execute().compose(rows -> {
            Row row = rows.iterator().next();
            return row.getLong("open") < atLeast
                    ? Future.succeededFuture(false)
                    : pool.withTransaction(this::lastCommittedSeq)
                            .compose(highest ->
                                    pool.preparedQuery(CLOSE).execute(Tuple.of(row.getLong("until_seq"), highest)))
                            .map(true);
        });
    }

    // A transaction of its own, so that writers wait for this and not for the adding up.
    private Future<Long> lastCommittedSeq(SqlConnection tx) {
        return tx.query(SET_LOCK_TIMEOUT)
                .execute()
                .compose(limited -> tx.query(WAIT_FOR_WRITERS).execute())
                .compose(alone -> tx.query(MAX_SEQ).execute())
                .map(rows -> rows.iterator().next().getLong("highest"));
    }
}
