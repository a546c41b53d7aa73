package dev.lockstep.messaging.tracing;

import dev.lockstep.messaging.tracing.MessageTracing.Processing;
import dev.lockstep.messaging.tracing.MessageTracing.Sending;
import io.vertx.core.Future;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** Tracing that is turned off: one object for everything. */
final class TracingOff implements MessageTracing, Sending, Processing {
    @Override
    public Sending sending() {
        return this;
    }

    @Override
    public Processing processing(String group) {
        return this;
    }

    @Override
    public @Nullable String begin(String topic, String type, String key, @Nullable String traceparent) {
        return traceparent;
    }

    @Override
    public @Nullable String begin(ConsumerRecord<byte[], byte[]> record, UUID messageId, @Nullable String traceparent) {
        return traceparent;
    }

    @Override
    public void endWith(Future<Void> transaction) {}

    @Override
    public void notHandled(String group, ConsumerRecord<byte[], byte[]> record, Outcome outcome, String reason) {}

    @Override
    public void inTrace(@Nullable String traceparent, Runnable task) {
        task.run();
    }
}
