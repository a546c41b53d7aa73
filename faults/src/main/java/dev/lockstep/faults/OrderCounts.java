package dev.lockstep.faults;

import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The suite's own count of its orders. It shares no code with the auditor's count. */
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
            throw new FaultsException("cannot count the orders: " + cause.getMessage(), cause);
        }
    }

    /** The number of accepted orders that do not exist, plus the number of accepted cancellations whose order is confirmed. */
    long lost() {
        long missing = load.accepted().keySet().stream()
                .filter(id -> !orders.contains(id))
                .count();
        return missing + load.cancelled().stream().filter(confirmed::contains).count();
    }

    /** The number of orders beyond those that were requested. */
    long doubled() {
        return Math.max(0, orders.size() - load.requestedOrders());
    }

    /** The number of orders that have not ended, plus the number of clients without an answer. */
    long stuck() {
        return (long) open.size() + load.unanswered();
    }

    private static Set<String> read(String url, String sql, LoadGenerator load) throws SQLException {
        List<String> ids = Database.column(url, sql, load.prefix());
        return new HashSet<>(ids);
    }
}
