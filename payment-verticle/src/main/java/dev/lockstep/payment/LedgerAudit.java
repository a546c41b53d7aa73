package dev.lockstep.payment;

import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;

import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlClient;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import java.math.BigDecimal;
import java.util.List;

/**
 * Sums up the whole ledger, regardless of its size. Closing the ledger stores the sums of all entries up to a sequence number; an audit
 * reads those sums and only the entries after that number.
 *
 * <p>An entry draws its sequence number before its transaction commits, so a lower number may become visible after a higher one. Writers
 * therefore hold a shared advisory lock, which a trigger of the table takes. Closing takes the lock exclusively while it reads the highest
 * number, and so has waited for every lower one.
 */
final class LedgerAudit {
    // The upper bound does not change the result, only the plan: for a range with a lower bound only, the planner
    // expects a third of the table and chooses a full scan.
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

    // A pending exclusive lock blocks new writers. If one transaction stays open for long, the closing gives up instead
    // of blocking the others.
    private static final String SET_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '3s'";

    private static final String WAIT_FOR_WRITERS =
            "SELECT pg_advisory_xact_lock(hashtextextended('lockstep ledger', 0))";

    private static final String MAX_SEQ = "SELECT coalesce(max(seq), 0) AS highest FROM ledger_entry";

    // If another instance has closed the ledger in the meantime, until_seq has changed and nothing is added.
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
     * Totals of one currency.
     *
     * @param sum sum of all entries; always zero
     * @param users sum of the users' balances according to the ledger entries
     * @param balances sum of the users' balances according to the accounts; equal to {@code users}
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

    /** Computes the totals of all currencies in one statement, and therefore on one snapshot. */
    Future<List<CurrencySummary>> summary(SqlClient tx) {
        return tx.preparedQuery(SUMMARY)
                .collecting(mapping(LedgerAudit::toSummary, toList()))
                .execute()
                .map(SqlResult::value);
    }

    private static CurrencySummary toSummary(Row row) {
        return new CurrencySummary(
                row.getString("currency"),
                row.getBigDecimal("sum"),
                row.getLong("entries"),
                row.getBigDecimal("users"),
                row.getBigDecimal("balances"),
                row.getBigDecimal("revenue"),
                row.getBigDecimal("external_funds"));
    }

    /**
     * Closes the ledger if at least {@code atLeast} entries are open. Completes with false if there were fewer, or if another instance was
     * first. Uses transactions of its own.
     */
    Future<Boolean> close(Pool pool, long atLeast) {
        return pool.preparedQuery(COUNT_OPEN_ENTRIES).execute().compose(rows -> {
            Row row = rows.iterator().next();
            return row.getLong("open") < atLeast
                    ? Future.succeededFuture(false)
                    : pool.withTransaction(this::lastCommittedSeq)
                            .compose(highest ->
                                    pool.preparedQuery(CLOSE).execute(Tuple.of(row.getLong("until_seq"), highest)))
                            .map(closed -> closed.rowCount() > 0);
        });
    }

    // A separate transaction, so that writers wait only for this query and not for the summation.
    private Future<Long> lastCommittedSeq(SqlConnection tx) {
        return tx.query(SET_LOCK_TIMEOUT)
                .execute()
                .compose(limited -> tx.query(WAIT_FOR_WRITERS).execute())
                .compose(alone -> tx.query(MAX_SEQ).execute())
                .map(rows -> rows.iterator().next().getLong("highest"));
    }
}
