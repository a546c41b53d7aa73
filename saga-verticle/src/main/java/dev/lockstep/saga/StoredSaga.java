package dev.lockstep.saga;

import dev.lockstep.saga.domain.OrderId;
import dev.lockstep.saga.domain.SagaState;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A saga as read from its row.
 *
 * @param version number of times the row was saved; 0 if there is no row
 * @param traceparent trace context of the message that started the saga
 * @param age time since the saga started, by the database's clock
 */
record StoredSaga(
        OrderId orderId,
        SagaState state,
        int version,
        @Nullable String traceparent,
        Duration age) {
    static StoredSaga notStarted(OrderId orderId) {
        return new StoredSaga(orderId, new SagaState.NotStarted(), 0, null, Duration.ZERO);
    }
}
