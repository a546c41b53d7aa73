package dev.lockstep.faults;

import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The suite's own count of its orders, which shares nothing with the auditor's. */
final class OrderCounts {
    private static final String ORDERS = "SELECT order_id::text FROM orders WHERE starts_with(user_id, ?)";
    private static final String OPEN =
            "SELECT order_id::text FROM orders WHERE starts_with(user_id, ?) AND status = 'PENDING'";
    private static final String CONFIRMED =
            "SELECT order_id::text FROM orders WHERE starts_with(user_id, ?) AND status = 'CONFIRMED'";

    private final Set<String> orders;
    private final Set<String> open;
    private final Set<String> confirmed;
    private final LoadGenerator load;

    private OrderCounts(Set<String> orders, Set<String> open, Set<String> confirmed, LoadGenerator load) {
        this.orders = orders;
        this.open = open;
        this.confirmed = confirmed;
        this.load = load;
    }

    static OrderCounts of(Stack stack, LoadGenerator load) {
        String url = stack.jdbcUrl(Service.ORDER);
        try {
            return new OrderCounts(read(url, ORDERS, load), read(url, OPEN, load), read(url, CONFIRMED, load), load);
        } catch (SQLException cause) {
            throw new FaultsException("the orders cannot be counted: " + cause.getMessage(), cause);
        }
    }

    /** Accepted orders that are not there, and cancellations that were accepted and did not hold. */
    long lost() {
        long missing = load.accepted().keySet().stream()
                .filter(id -> !orders.contains(id))
                .count();
        return missing + load.cancelled().stream().filter(confirmed::contains).count();
    }

    /** Orders beyond those that were asked for. */
    long doubled() {
        return Math.max(0, orders.size() - load.requestedOrders());
    }

    /** Orders that have not ended, and clients that still have no answer. */
    long stuck() {
        return (long) open.size() + load.unanswered();
    }

    private static Set<String> read(String url, String sql, LoadGenerator load) throws SQLException {
        List<String> ids = Database.column(url, sql, load.prefix());
        return new HashSet<>(ids);
    }
}
