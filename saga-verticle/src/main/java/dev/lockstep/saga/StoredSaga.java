package dev.lockstep.saga;

import dev.lockstep.saga.domain.OrderId;
import dev.lockstep.saga.domain.SagaState;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A saga as its row has it.
 *
 * @param version how often the row was saved; 0 for a saga that has none
 * @param traceparent of the message that started it
 * @param age how long ago it was started, by the database's clock
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
