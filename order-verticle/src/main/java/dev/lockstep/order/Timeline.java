package dev.lockstep.order;

import com.fasterxml.jackson.annotation.JsonAnyGetter;
import dev.lockstep.order.domain.OrderStatus;
import dev.lockstep.runtime.Peers.Unavailable;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * What happened to one order, as it is answered over HTTP.
 *
 * @param data the oldest first; services keep their own time, so what lies closer together than their clocks is not sure of its
 *     order
 * @param unavailable whose part is missing, in whole or in part, and why
 * @param truncated which lists had more than is shown; what is missing of them is the oldest
 */
record Timeline(
        String orderId,
        OrderStatus status,
        List<Entry> data,
        List<Unavailable> unavailable,
        List<Truncated> truncated) {

    /**
     * One thing that happened.
     *
     * @param service where
     * @param kind what: {@code accepted}, {@code sent}, {@code consumed}, {@code saga-step}, {@code waiting}, {@code
     *     dead-letter}, or the kind of an incident of delivery
     * @param detail the members beside these
     */
    record Entry(
            Instant at,
            String service,
            String kind,
            @JsonAnyGetter Map<String, Object> detail) {}

    /** A list that had more than the newest so many. */
    record Truncated(String service, String list, int shown) {}
}
