package dev.lockstep.faults;

import dev.lockstep.faults.agent.Protection;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/** Rows that another session keeps locked, as an operator does with an open {@code SELECT ... FOR UPDATE}. */
final class LockCases {
    private static final Duration LOCK_DURATION = Duration.ofSeconds(12);
    // Other orders may end a little later than usual, but must not wait for the locked row.
    private static final Duration MAX_STALL = Duration.ofSeconds(5);

    private LockCases() {}

    static List<FaultCase> all() {
        return List.of(FaultCase.of(
                "lock-row",
                "a row of each kind kept locked by an open SELECT ... FOR UPDATE: account, product, saga, order",
                Protection.ISOLATION,
                LockCases::lockEach));
    }

    /**
     * A row to lock.
     *
     * @param statement locks a row that the load needs; its parameter is the prefix of the load's names
     */
    private record Row(Service service, String statement) {}

    private static void lockEach(CaseRun run) {
        String prefix = run.load().prefix();
        List<Row> rows = List.of(
                new Row(Service.PAYMENT, "SELECT user_id FROM account WHERE user_id = ? || 'ann' FOR UPDATE"),
                new Row(Service.INVENTORY, "SELECT product_id FROM product WHERE product_id = ? || 'pen' FOR UPDATE"),
                new Row(
                        Service.SAGA,
                        "SELECT order_id FROM saga WHERE ? IS NOT NULL AND state NOT IN ('CONFIRMED', 'CANCELLED')"
                                + " ORDER BY created_at DESC LIMIT 1 FOR UPDATE"),
                new Row(
                        Service.ORDER,
                        "SELECT order_id FROM orders WHERE user_id LIKE ? || '%' AND status = 'PENDING'"
                                + " ORDER BY order_id DESC LIMIT 1 FOR UPDATE"));
        for (int round = 0; round < run.times(2, 1); round++) {
            for (Row row : rows) {
                lock(run, row, prefix);
                run.awaitProgress();
            }
        }
    }

    private static void lock(CaseRun run, Row row, String prefix) {
        try (Connection connection = DriverManager.getConnection(run.stack().jdbcUrl(row.service()))) {
            connection.setAutoCommit(false);
            Waiting.until(
                    "a row of the " + row.service().label() + " service to lock",
                    Duration.ofSeconds(30),
                    () -> hasLocked(connection, row, prefix));
            run.injected();
            checkOtherOrdersEnd(run, row);
            connection.rollback();
        } catch (SQLException cause) {
            throw new FaultsException(
                    "cannot lock a row of the " + row.service().label() + " service: " + cause.getMessage(), cause);
        }
    }

    private static boolean hasLocked(Connection connection, Row row, String prefix) {
        try (PreparedStatement statement = connection.prepareStatement(row.statement())) {
            statement.setString(1, prefix);
            try (ResultSet locked = statement.executeQuery()) {
                return locked.next();
            }
        } catch (SQLException cause) {
            throw new FaultsException(
                    Objects.requireNonNullElse(cause.getMessage(), "the row cannot be locked"), cause);
        }
    }

    // Orders that do not need the row must keep ending while it is locked.
    private static void checkOtherOrdersEnd(CaseRun run, Row row) {
        long until = System.nanoTime() + LOCK_DURATION.toNanos();
        int ended = run.stallMonitor().ended();
        long since = System.nanoTime();
        while (System.nanoTime() < until) {
            run.pause(Duration.ofMillis(100));
            if (run.stallMonitor().ended() > ended) {
                ended = run.stallMonitor().ended();
                since = System.nanoTime();
            } else if (System.nanoTime() - since > MAX_STALL.toNanos()) {
                throw new FailedCheckException("no order ended for " + MAX_STALL.toSeconds() + " s while a row of the "
                        + row.service().label() + " service was locked");
            }
        }
    }
}
