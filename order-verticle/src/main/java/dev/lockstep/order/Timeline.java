package dev.lockstep.order;

import com.fasterxml.jackson.annotation.JsonAnyGetter;
import dev.lockstep.order.domain.OrderStatus;
import dev.lockstep.runtime.Peers.Unavailable;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * History of one order across the services, as returned over HTTP.
 *
 * @param data oldest first; every service uses its own clock, so the order of entries closer together than the clock skew is uncertain
 * @param unavailable services whose entries are missing, in whole or in part, with the reason
 * @param truncated lists that had more entries than are shown; the oldest entries are left out
 */
record Timeline(
        String orderId,
        OrderStatus status,
        List<Entry> data,
        List<Unavailable> unavailable,
        List<Truncated> truncated) {

    /**
     * One entry of the timeline.
     *
     * @param service the service that recorded the entry
     * @param kind {@code accepted}, {@code sent}, {@code consumed}, {@code saga-step}, {@code waiting}, {@code dead-letter}, or the
     *     kind of a delivery event
     * @param detail further members of the entry
     */
    record Entry(
            Instant at,
            String service,
            String kind,
            @JsonAnyGetter Map<String, Object> detail) {}

    /** A list of which only the newest {@code shown} entries are included. */
    record Truncated(String service, String list, int shown) {}
}
